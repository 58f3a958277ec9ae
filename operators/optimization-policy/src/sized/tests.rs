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

fn container(kind: ContainerKind, request: i64) -> SizedContainer {
    let sizes = sizes((request, -1), (request, -1));
    SizedContainer { name: "c".into(), kind, from: sizes, to: sizes }
}

#[test]
fn a_pod_asks_for_what_the_scheduler_counts() {
    use ContainerKind::{App, Init, Sidecar};
    for (containers, expected) in [
        (vec![], 0),
        (vec![(App, 1), (App, 2)], 3),
        (vec![(Init, 5), (App, 1), (App, 2)], 5),
        (vec![(Init, 2), (Init, 2), (App, 1), (App, 2)], 3),
        (vec![(Sidecar, 4), (App, 1)], 5),
        (vec![(Sidecar, 4), (Init, 5), (App, 1)], 9),
        (vec![(Init, 5), (Sidecar, 4), (App, 1)], 5),
    ] {
        let pod: Vec<_> = containers.iter().map(|(kind, request)| container(*kind, *request)).collect();
        assert_eq!(pod_request(&pod, |c| c.from), (expected, expected), "{containers:?}");
        assert_eq!(pod_limit(&pod, |c| c.from), (0, 0));
    }
}

#[test]
fn the_class_of_a_pod_is_that_of_kubernetes() {
    for (all, class) in [
        (vec![(-1, -1, -1, -1)], QosClass::BestEffort),
        (vec![(0, 0, 0, -1)], QosClass::BestEffort),
        (vec![(5, -1, -1, -1)], QosClass::Burstable),
        (vec![(5, 5, 6, 6)], QosClass::Guaranteed),
        (vec![(-1, 5, -1, 6)], QosClass::Guaranteed),
        (vec![(5, 5, 6, 7)], QosClass::Burstable),
        (vec![(5, 5, 6, 6), (-1, -1, -1, -1)], QosClass::Burstable),
        (vec![(5, 5, -1, -1)], QosClass::Burstable),
    ] {
        let pod: Vec<_> = all
            .iter()
            .map(|(cr, cl, mr, ml)| SizedContainer {
                from: sizes((*cr, *cl), (*mr, *ml)),
                ..container(ContainerKind::App, 1)
            })
            .collect();
        assert_eq!(qos(&pod, |c| c.from), class, "{all:?}");
    }
}

#[test]
fn an_arrow_is_short() {
    for (from, to, expected) in [(500, 120, "500m→120m"), (0, 120, "-→120m"), (120, 120, "120m"), (0, 0, "-")] {
        assert_eq!(arrow(from, to, amount::cpu), expected);
    }
}

#[test]
fn a_patch_says_what_the_template_does_not() {
    // The request is only filled in from its limit: raising the limit alone would raise the request too.
    let scene = a_deployment().limited_to("1", "");
    let mut sized = SizedContainer::unchanged(&scene.row.template.containers[0], &Defaults::default());
    sized.to.cpu_limit = Some(2000);
    let patch = patch(WorkloadKind::Deployment, &[sized], &scene.row.template);
    let resources = &patch["spec"]["template"]["spec"]["containers"][0]["resources"];
    assert_eq!(resources, &json!({"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}));
}
