//! Exactly the gates that block the start of a rollout are reported.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use points::{LONG, NOW, answered, at, edited, former, gate, new, says};
use trimtab_api::{
    resources::ContainerResources,
    rollout::{RolloutResult, RolloutStatus},
};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_engine::{machine::step, standing::Standing};
use trimtab_rollout::{Request, Session, Step, elsewhere::Elsewhere, view::View};

fn closed(view: &View) -> Vec<(String, String)> {
    match step(view, Session::default(), None, NOW).1 {
        Step::Wait { standing: Standing::Blocked(gates), .. } => {
            gates.into_iter().map(|gate| (gate.gate, gate.message)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_workload_that_is_not_measured_because_a_gate_is_closed_is_no_gate() {
    let mut view = at("not begun");
    view.baseline = Err("not yet".to_owned());
    let unmeasured = closed(&view);
    assert_eq!(unmeasured.len(), 1);
    assert!(unmeasured[0].0 == "Baseline" && unmeasured[0].1.ends_with("not yet"), "{unmeasured:?}");

    type Hold = fn(&mut View);
    let held: [(&str, Hold); 3] = [
        ("Window", |view| view.start_gates = vec![gate("Window", "WindowClosed")]),
        ("Policy", |view| view.forward_gates = vec![gate("Policy", "PolicySuspended")]),
        ("Target", |view| view.target = None),
    ];
    for (expected, hold) in held {
        let mut view = view.clone();
        hold(&mut view);
        let names: Vec<String> = closed(&view).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [expected]);
    }
}

/// All pods have a size that Trimtab gave them for another workload, before this one adopted them.
fn adopted() -> View {
    let mut view = at("not begun");
    for pod in &mut view.pods {
        (pod.spec, pod.sized_by_trimtab) = (edited(), vec!["app".to_owned()]);
    }
    view
}

/// Another proposal than that of the last rollout, approved.
fn propose(view: &mut View) {
    view.digest = "sha256:two".to_owned();
    view.approval.as_mut().unwrap().proposal_digest = view.digest.clone();
}

fn leftover(view: &View) -> String {
    let mut closed = closed(view);
    assert_eq!(closed.len(), 1, "{closed:?}");
    let (gate, message) = closed.remove(0);
    assert!(gate == "Pods" && message.contains("left its size on"), "{gate}: {message}");
    message
}

#[test]
fn a_size_that_trimtab_gave_for_another_workload_is_none_to_return_to() {
    let message = leftover(&adopted());
    for said in ["pods web-1, web-2, web-3 and 1 more of 4 pods", "(app: requests.cpu 900m instead of 500m)"] {
        assert!(message.contains(said), "{message}");
    }
    assert!(message.ends_with("kubectl rollout restart deployment/web"), "{message}");
    // Those that were created since have the template's size: to restart the others says more than to wait.
    let mut view = adopted();
    view.pods.iter_mut().skip(1).for_each(|pod| (pod.spec, pod.sized_by_trimtab) = (former(), Vec::new()));
    assert!(leftover(&view).contains("pod web-1 of 4 pods"));
    view.pods.reverse();
    assert!(leftover(&view).contains("pod web-1 of 4 pods"));
    for (kind, way) in
        [(WorkloadKind::DaemonSet, "restart daemonset/web"), (WorkloadKind::Rollout, "rollouts restart web")]
    {
        let mut view = adopted();
        view.target.as_mut().unwrap().id = WorkloadId::new(kind, "shop", "web");
        assert!(leftover(&view).ends_with(way), "{}", leftover(&view));
    }
}

#[test]
fn of_several_containers_only_those_count_that_trimtab_sized() {
    let named =
        |name: &str, size: Vec<ContainerResources>| ContainerResources { name: name.to_owned(), ..size[0].clone() };
    let both = |app, log| vec![named("app", app), named("log", log)];
    let mut view = adopted();
    view.proposal = both(new(), new());
    view.target.as_mut().unwrap().template_sizes = both(former(), former());
    // A webhook gives one container another size than the template; the other was changed and undone.
    for pod in &mut view.pods {
        (pod.spec, pod.sized_by_trimtab) = (both(former(), edited()), vec!["app".to_owned()]);
    }
    assert_eq!(says(&view), "Resizing/1");
    view.pods[2].sized_by_trimtab.push("log".to_owned());
    assert!(leftover(&view).contains("pod web-3 of 4 pods (log: requests.cpu 900m instead of 500m)"));
}

#[test]
fn the_size_of_this_workload_and_of_others_than_trimtab_is_one_to_return_to() {
    type Explain = fn(&mut View);
    let explained: [(&str, Explain); 6] = [
        ("a webhook or a LimitRange gave it", |v| v.pods.iter_mut().for_each(|p| p.sized_by_trimtab.clear())),
        ("the template gives it", |v| v.target.as_mut().unwrap().template_sizes = edited()),
        ("a change of this workload is in force", |v| {
            v.rollout = at("Applied").rollout;
            propose(v);
        }),
        ("new pods get it by the entry of a Recommendation that is gone", |v| v.has_entry = true),
        ("another Recommendation changed this workload", |v| {
            v.elsewhere = vec![Elsewhere { on: "mine".to_owned(), ended: Some(LONG), ..Elsewhere::default() }];
        }),
        ("they have the size of the template again", |v| v.pods.iter_mut().for_each(|pod| pod.spec = former())),
    ];
    for (why, explain) in explained {
        let mut view = adopted();
        view.protected = true;
        explain(&mut view);
        let Step::Ask(Request::WriteStatus(begun)) = answered(&view, Session::default()).1 else {
            panic!("{why}: {:?}", closed(&view))
        };
        assert_eq!(begun.former, view.pods[0].spec, "{why}");
    }
    // A rejection elsewhere is no change, and a change of a workload of before says nothing of this one's pods.
    let mut view = adopted();
    view.elsewhere = vec![Elsewhere { on: "mine".to_owned(), ..Elsewhere::default() }];
    view.rollout = at("Applied").rollout.map(|rollout| RolloutStatus {
        target_uid: "u0".to_owned(),
        result: Some(RolloutResult::Superseded),
        ended: Some(Time(LONG)),
        ..rollout
    });
    propose(&mut view);
    leftover(&view);
}
