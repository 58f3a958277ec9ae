//! What other Recommendations of a workload show while they exist: what is not tried again, how long a change waits,
//! and which size no policy approves.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use points::{LONG, NOW, at, former, new};
use trimtab_api::{
    applied_sizes::{RejectedSize, UndoneChange, WorkloadHistory},
    approval::Approver,
    rollout::Stage,
};
use trimtab_engine::{gates::back_off::REJECTED_BEFORE, standing::Standing};
use trimtab_rollout::{
    Request, Session, Step,
    elsewhere::{Elsewhere, Past, Rejection},
    view::{Deletion, View},
};

fn next(view: &View) -> Step {
    points::answered(view, Session::default()).1
}

/// The reason and the message of the first gate that is closed.
fn blocked(view: &View) -> (String, String) {
    match next(&View { protected: true, ..view.clone() }) {
        Step::Wait { standing: Standing::Blocked(gates), .. } => (gates[0].reason.clone(), gates[0].message.clone()),
        other => panic!("{other:?}"),
    }
}

fn ago(hours: i64) -> Timestamp {
    NOW.checked_sub(SignedDuration::from_hours(hours)).unwrap()
}

fn undone(digest: &str, rollbacks: i32, ended: Timestamp) -> UndoneChange {
    let message = "worse than before: OOMKills: 1".to_owned();
    UndoneChange { proposal_digest: digest.to_owned(), ended: Time(ended), rollbacks, message, rejected: None }
}

fn on(name: &str, undone: UndoneChange) -> Elsewhere {
    let ended = Some(undone.ended.0);
    Elsewhere { on: name.to_owned(), undone: Some(undone), ended, ..Elsewhere::default() }
}

#[test]
fn what_another_undid_is_not_tried_again_and_says_where() {
    let mut view = at("not begun");
    view.elsewhere = vec![on("theirs", undone("sha256:two", 1, LONG)), on("mine", undone("sha256:one", 1, LONG))];
    let (reason, message) = blocked(&view);
    assert!(reason == "RolledBackBefore" && message.contains(", on Recommendation mine; another"), "{message}");
    view.elsewhere.pop();
    assert!(matches!(next(&view), Step::Ask(Request::WriteStatus(_))), "another change, long ago");
    view.history = Some(WorkloadHistory {
        rejected: Vec::new(),
        undone: vec![undone("sha256:one", 1, LONG), undone("sha256:2", 1, LONG)],
    });
    let (reason, message) = blocked(&view);
    assert!(reason == "RolledBackBefore" && message.contains(", according to AppliedSizes; another"), "{message}");
}

#[test]
fn the_back_off_that_ends_last_counts() {
    let mut view = at("not begun");
    view.elsewhere = vec![on("theirs", undone("sha256:2", 1, ago(1))), on("mine", undone("sha256:3", 2, ago(30)))];
    let (reason, message) = blocked(&view);
    let said = "undone on Recommendation theirs (worse than before: OOMKills: 1); another may start";
    assert!(reason == "BackingOff" && message.contains(said), "{message}");
    view.elsewhere[0].undone.as_mut().unwrap().ended = Time(ago(10));
    let (_, message) = blocked(&view);
    assert!(message.contains("on Recommendation mine (") && message.contains("2 in a row"), "{message}");
}

#[test]
fn undos_in_a_row_are_counted_over_all_until_a_change_holds() {
    let mut view = at("not begun");
    view.elsewhere = vec![on("mine", undone("sha256:two", 3, LONG))];
    let count = |view: &View| match next(view) {
        Step::Ask(Request::WriteStatus(begun)) => (begun.stage, begun.rollbacks),
        other => panic!("{other:?}"),
    };
    assert_eq!(count(&view), (Stage::Resizing, 3));
    let mut last = at("RolledBack").rollout.unwrap();
    let own = undone("sha256:old", 1, ago(70));
    (last.proposal_digest, last.started, last.ended) =
        (own.proposal_digest.clone(), Time(ago(72)), Some(Time(ago(70))));
    last.undo.as_mut().unwrap().message.clone_from(&own.message);
    view.history = Some(WorkloadHistory { rejected: Vec::new(), undone: vec![undone("sha256:0", 4, LONG), own] });
    view.rollout = Some(last);
    assert_eq!(count(&view), (Stage::Resizing, 1), "a change held before its own was undone");
    view.elsewhere = vec![on("mine", undone("sha256:two", 3, ago(69)))];
    match next(&view) {
        Step::Wait { standing: Standing::Blocked(gates), .. } => {
            assert!(gates[0].message.contains("3 in a row"), "{}", gates[0].message);
        }
        other => panic!("{other:?}"),
    }
    view.elsewhere[0].undone.as_mut().unwrap().rollbacks = 2;
    assert_eq!(count(&view), (Stage::Resizing, 2), "its own was the first");
}

#[test]
fn what_a_person_rejected_elsewhere_applies_again_by_a_persons_later_yes_and_by_no_policys() {
    let person = Approver::person("ann");
    for (case, rejected, by, since, expected) in [
        ("later", Some(ago(48)), person.clone(), NOW, "begins"),
        ("earlier", Some(ago(48)), person.clone(), ago(49), "only a person's approval after that applies it again"),
        (
            "of a policy",
            Some(ago(48)),
            Approver::policy("shop"),
            NOW,
            "only a person's approval after that applies it again",
        ),
        ("of what failed", None, person, NOW, "another proposal can be applied"),
    ] {
        let change = UndoneChange { rejected: rejected.map(Time), ..undone("sha256:one", 1, ago(47)) };
        let record = WorkloadHistory { undone: vec![change.clone()], ..WorkloadHistory::default() };
        for (elsewhere, history) in [(vec![on("mine", change)], None), (Vec::new(), Some(record))] {
            let mut view = at("not begun");
            (view.elsewhere, view.history) = (elsewhere, history);
            let approval = view.approval.as_mut().unwrap();
            (approval.by, approval.since) = (by.clone(), Time(since));
            let said = match next(&view) {
                Step::Ask(Request::WriteStatus(_) | Request::Remember(_)) => "begins".to_owned(),
                Step::Wait { standing: Standing::Blocked(gates), .. } => {
                    let reason = if rejected.is_some() { REJECTED_BEFORE.word } else { "RolledBackBefore" };
                    assert_eq!((gates[0].reason.as_str(), gates.len()), (reason, 1), "{case}");
                    gates[0].message.clone()
                }
                other => panic!("{case}: {other:?}"),
            };
            assert!(said.ends_with(expected), "{case}: {said}");
        }
    }
    // It was rejected, and a check failed when it was applied again.
    let rejected = UndoneChange { rejected: Some(Time(LONG)), ..undone("sha256:one", 1, LONG) };
    let mut view = at("not begun");
    view.elsewhere = vec![on("mine", rejected), on("theirs", undone("sha256:one", 2, LONG))];
    assert!(blocked(&view).1.ends_with(", on Recommendation theirs; another proposal can be applied"));
}

#[test]
fn a_persons_later_yes_does_not_shorten_the_back_off() {
    let mut view = at("not begun");
    view.elsewhere = vec![on("mine", UndoneChange { rejected: Some(Time(ago(2))), ..undone("sha256:one", 1, ago(1)) })];
    assert_eq!(blocked(&view).0, "BackingOff");
}

#[test]
fn what_another_rejected_waits_for_a_person() {
    let rejected = |containers, since| Elsewhere {
        on: "mine".to_owned(),
        rejected: Some(Rejection { by: "eve".to_owned(), since, containers }),
        ..Elsewhere::default()
    };
    let stands = |elsewhere, approved: bool| {
        let mut view = at("not begun");
        (view.protected, view.elsewhere) = (false, vec![elsewhere]);
        view.approval = view.approval.filter(|_| approved);
        next(&view)
    };
    for (since, said) in [
        (Some(LONG), format!("eve rejected this size at {LONG}, on Recommendation mine; no policy")),
        (None, "eve rejected this size, on Recommendation mine; no policy".to_owned()),
    ] {
        match stands(rejected(new(), since), false) {
            Step::Wait { standing: Standing::RejectedBefore(message), .. } => {
                assert!(message.starts_with(&said), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
    let another = stands(rejected(former(), Some(LONG)), false);
    assert!(matches!(another, Step::Wait { standing: Standing::Pending, .. }), "another size");
    assert!(matches!(stands(rejected(new(), Some(LONG)), true), Step::Ask(Request::Protect)), "a person approved it");
}

#[test]
fn a_rejection_elsewhere_undoes_nothing_and_is_not_recorded_here() {
    for point in ["Resizing, step 2", "Verifying", "Applied"] {
        let calm = at(point);
        let mut view = calm.clone();
        let rejected = Some(Rejection { by: "eve".to_owned(), since: Some(LONG), containers: new() });
        view.elsewhere = vec![Elsewhere { rejected, ..on("mine", undone("sha256:one", 1, NOW)) }];
        assert_eq!(next(&view), next(&calm), "{point}");
    }
    let mut view = at("not begun");
    view.elsewhere = vec![on("mine", undone("sha256:two", 1, LONG))];
    view.deletion = Some(Deletion::Alone);
    assert_eq!(next(&view), Step::Ask(Request::Release));
}

#[test]
fn only_what_has_ended_is_shown_and_a_deletion_says_nothing_against_a_change() {
    let shown = |point: &str| Elsewhere::ended("mine", &at(point).rollout.unwrap());
    assert_eq!((shown("Verifying"), shown("Undoing")), (None, None));
    let applied = Elsewhere { on: "mine".to_owned(), ended: Some(NOW), ..Elsewhere::default() };
    assert_eq!(shown("Applied"), Some(applied.clone()));
    let mut rollout = at("RolledBack").rollout.unwrap();
    let change = Elsewhere::ended("mine", &rollout).unwrap().undone.unwrap();
    assert_eq!((change.proposal_digest.as_str(), change.rollbacks), ("sha256:one", 1));
    rollout.undo.as_mut().unwrap().reason = "Deleted".to_owned();
    assert_eq!(Elsewhere::ended("mine", &rollout), Some(applied));
}

#[test]
fn the_last_end_is_the_latest_of_all() {
    let rejected = Some(RejectedSize { by: "eve".to_owned(), since: Time(NOW), containers: new() });
    let record = WorkloadHistory {
        rejected: rejected.into_iter().collect(),
        undone: vec![undone("sha256:1", 1, ago(2)), undone("sha256:0", 2, LONG)],
    };
    let others = [on("mine", undone("sha256:2", 1, ago(3))), Elsewhere::default()];
    assert_eq!(Past { record: Some(&record), others: &others }.last_ended(), Some(ago(2)));
    assert_eq!(Past { record: None, others: &others }.last_ended(), Some(ago(3)));
    assert_eq!(Past { record: None, others: &[] }.last_ended(), None);
}
