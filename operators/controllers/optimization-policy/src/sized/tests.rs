#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::testkit::a_deployment;

fn sizes(cpu: (i64, i64), memory: (i64, i64)) -> Sizes {
    let some = |v: i64| (v >= 0).then_some(v);
    Sizes {
        cpu_request: some(cpu.0),
        cpu_limit: some(cpu.1),
        memory_request: some(memory.0),
        memory_limit: some(memory.1),
    }
}

#[test]
fn a_pod_asks_for_what_its_containers_do_together() {
    let sizes = sizes((5, 7), (6, -1));
    let one = SizedContainer { name: "c".into(), kind: ContainerKind::App, from: sizes, to: Sizes::default() };
    let pod = [one.clone(), one];
    assert_eq!((pod_request(&pod, |c| c.from), pod_request(&pod, |c| c.to)), ((10, 12), (0, 0)));
    let total = pod_total(&pod, |c| c.from);
    assert_eq!((total.cpu_limit, total.memory_limit), (Some(14), None));
    assert_eq!((qos(&pod, |c| c.from), qos(&pod, |c| c.to)), (QosClass::Burstable, QosClass::BestEffort));
}

#[test]
fn an_arrow_is_short() {
    for (from, to, expected) in
        [(500, 120, "500m→120m"), (0, 120, "unset→120m"), (120, 0, "120m→unset"), (120, 120, "120m"), (0, 0, "-")]
    {
        assert_eq!(arrow(from, to, amount::cpu), expected);
    }
}

#[test]
fn a_patch_says_what_the_template_does_not() {
    // The request is only defaulted from its limit: raising the limit alone would raise the request too.
    let scene = a_deployment().limited_to("1", "");
    let mut sized = SizedContainer::unchanged(&scene.row.template.containers[0], &Defaults::default());
    sized.to.cpu_limit = Some(2000);
    let patch = patch(WorkloadKind::Deployment, &[sized], &scene.row.template);
    let resources = &patch["spec"]["template"]["spec"]["containers"][0]["resources"];
    assert_eq!(resources, &json!({"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}));
}

#[test]
fn amounts_of_zero_are_unset_and_taken_out_with_what_changes() {
    let scene = a_deployment().resources(|r| {
        *r = row::Resources { cpu_request: None, cpu_limit: Some(0), memory_request: Some(0), memory_limit: Some(0) };
    });
    let container = &scene.row.template.containers[0];
    let defaults = Defaults { memory_limit: Some(1 << 30), memory_request: Some(1 << 20), ..Defaults::default() };
    assert_eq!(
        super::sizes(container, &defaults),
        Sizes::default(),
        "a written 0 keeps defaults out, and bounds nothing"
    );
    let mut sized = SizedContainer::unchanged(container, &Defaults::default());
    assert_eq!(qos(std::slice::from_ref(&sized), |c| c.from), QosClass::BestEffort);
    sized.to.memory_request = Some(64 << 20);
    // A request above a limit of 0 would be rejected.
    let patch = patch(WorkloadKind::Deployment, &[sized], &scene.row.template);
    let resources = &patch["spec"]["template"]["spec"]["containers"][0]["resources"];
    assert_eq!(resources, &json!({"requests": {"memory": "64Mi"}, "limits": {"memory": null}}));
}
