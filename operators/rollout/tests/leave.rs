//! What is remembered of a workload when a Recommendation goes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use points::{LONG, NOW, at};
use trimtab_api::applied_sizes::{UndoneChange, WorkloadHistory};
use trimtab_rollout::{
    Session,
    ask::{Request, Step},
    step,
    view::Deletion,
};

/// What another Recommendation left, which was undone so often.
fn known(rollbacks: i32) -> WorkloadHistory {
    let undone = UndoneChange {
        proposal_digest: "sha256:other".to_owned(),
        ended: Time(LONG),
        rollbacks,
        message: "worse than before".to_owned(),
    };
    WorkloadHistory { uid: "u1".to_owned(), rejected: None, undone: Some(undone) }
}

/// What is noted before one goes whose rollout was undone for `reason`; `None`: nothing, or nothing else than is known.
fn noted(reason: &str, rollbacks: i32, known: Option<WorkloadHistory>) -> Option<(String, i32)> {
    let mut view = at("RolledBack");
    view.deletion = Some(Deletion::Alone);
    view.history = known;
    let rollout = view.rollout.as_mut().unwrap();
    rollout.rollbacks = rollbacks;
    rollout.undo.as_mut().unwrap().reason = reason.to_owned();
    match step(&view, Session::default(), None, NOW).1 {
        Step::Ask(Request::Remember(history)) => history.undone.map(|u| (u.proposal_digest, u.rollbacks)),
        Step::Ask(Request::Release) => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_change_that_was_undone_is_remembered_and_a_deletion_is_not() {
    let own = |rollbacks| Some(("sha256:one".to_owned(), rollbacks));
    assert_eq!(noted("ChecksFailed", 1, None), own(1));
    assert_eq!(noted("ChecksFailed", 1, Some(known(1))), own(1), "the newest");
    assert_eq!(noted("Deleted", 1, None), None);
    assert_eq!(noted("Deleted", 2, None), own(1), "the one before it");
}

#[test]
fn a_deletion_takes_nothing_back_of_what_was_remembered() {
    assert_eq!(noted("Deleted", 1, Some(known(1))), None, "it began before that was noted");
    assert_eq!(noted("Deleted", 3, Some(known(2))), None, "it began after that was noted, and counted it");
    assert_eq!(noted("Deleted", 4, Some(known(2))), Some(("sha256:one".to_owned(), 3)), "it was undone itself since");
}
