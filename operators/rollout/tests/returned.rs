//! Pods that come back after an undo, with the size that was undone. In: a rollout that was undone, and one of its four pods.
//! Out: the undo once more, or nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use points::{NOW, answered, at, edited, says};
use trimtab_api::rollout::{RolloutResult, RolloutStatus, Stage};
use trimtab_engine::session::Session;
use trimtab_rollout::{Request, Step, view::View};

/// It was undone, and a pod comes back that kept the size.
fn came_back() -> View {
    let mut view = at("RolledBack");
    (view.pods[1].spec, view.pods[1].sized_by_trimtab) = (points::new(), vec!["app".to_owned()]);
    recorded(view)
}

/// The same once what it shows is on record: that comes before its status is written over.
fn recorded(mut view: View) -> View {
    if let Step::Ask(Request::Remember(record)) = answered(&view, Session::default()).1 {
        view.history = Some(*record);
    }
    view
}

/// What is written for `view`.
fn written(view: &View) -> RolloutStatus {
    match answered(&recorded(view.clone()), Session::default()).1 {
        Step::Ask(Request::WriteStatus(run)) => *run,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pod_that_comes_back_gets_its_former_size_and_it_stays_one_undo() {
    let mut view = came_back();
    let before = view.rollout.clone().unwrap();
    let undoing = written(&view);
    assert_eq!((undoing.stage, undoing.result), (Stage::Undoing, None));
    let undo = undoing.undo.clone().unwrap();
    assert_eq!((undo.reason.as_str(), &undo.since), ("ChecksFailed", &before.undo.as_ref().unwrap().since));
    assert!(undo.message.ends_with("Readiness: 3 of 4; pod web-2 came back with the new size"), "{}", undo.message);
    view.rollout = Some(undoing);
    assert_eq!(says(&view), "web-2 former");
    (view.pods[1].spec, view.pods[1].sized_by_trimtab) = (points::former(), vec!["app".to_owned()]);
    let ended = written(&view);
    assert_eq!((ended.result, ended.rollbacks), (Some(RolloutResult::RolledBack), before.rollbacks));
    // It is said once, however often pods come back.
    view.rollout = Some(ended);
    view.pods[2].spec = points::new();
    view.pods[2].sized_by_trimtab = vec!["app".to_owned()];
    assert_eq!(written(&view).undo.unwrap().message, undo.message);
}

#[test]
fn what_anything_else_may_have_given_stays() {
    type Change = fn(&mut View);
    let others: [(&str, Change); 8] = [
        ("somebody resized it", |v| v.pods[1].sized_by_trimtab.clear()),
        ("it has yet another size", |v| v.pods[1].spec = edited()),
        ("another Recommendation has the workload", |v| v.taken = true),
        ("new pods get a size by an entry", |v| v.has_entry = true),
        ("the template has it", |v| v.target.as_mut().unwrap().template_sizes = points::new()),
        ("the workload was recreated", |v| v.target.as_mut().unwrap().uid = "u2".to_owned()),
        ("it goes", |v| v.pods[1].terminating = true),
        ("a person approved it again", |v| {
            let undo = v.rollout.as_mut().unwrap().undo.as_mut().unwrap();
            "Rejected".clone_into(&mut undo.reason);
            undo.since = Time(NOW - SignedDuration::from_hours(48));
        }),
    ];
    assert_eq!(says(&came_back()), "Undoing ChecksFailed");
    for (why, change) in others {
        let mut view = came_back();
        change(&mut view);
        assert!(!says(&view).starts_with("Undoing"), "{why}: {}", says(&view));
    }
}
