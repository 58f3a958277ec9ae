//! Deletion of a Recommendation: when it is protected and released, what is recorded, and how the next one uses that.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use points::{LONG, NOW, at, edited, former, new};
use trimtab_api::{
    applied_sizes::{RejectedSize, UndoneChange, WorkloadHistory},
    approval::{Approver, Decision},
    rollout::{RolloutResult, Stage},
};
use trimtab_engine::{
    header::Place,
    machine::step,
    protocol::{Cause, Response},
    standing::Standing,
};
use trimtab_rollout::{
    Request, Session, Step,
    view::{Deletion, View},
};

fn next(view: &View) -> Step {
    points::answered(view, Session::default()).1
}

fn words(view: &View) -> String {
    points::words(view, &next(view))
}

fn decide(view: &mut View, decision: Decision) {
    view.approval.as_mut().unwrap().decision = decision;
}

fn rejected(containers: Vec<trimtab_api::resources::ContainerResources>) -> Option<RejectedSize> {
    Some(RejectedSize { by: "eve".to_owned(), since: Time(LONG), containers })
}

fn undone(digest: &str, rollbacks: i32, ended: jiff::Timestamp) -> Option<UndoneChange> {
    let message = "worse than before: OOMKills: 1".to_owned();
    Some(UndoneChange { proposal_digest: digest.to_owned(), ended: Time(ended), rollbacks, message, rejected: None })
}

fn history(rejected: Option<RejectedSize>, undone: Option<UndoneChange>) -> Option<WorkloadHistory> {
    Some(WorkloadHistory { rejected: rejected.into_iter().collect(), undone: undone.into_iter().collect() })
}

/// What is recorded of `view`, which is deleted; `None` if it is released without a record.
fn remembered(view: &mut View) -> Option<WorkloadHistory> {
    view.deletion = Some(Deletion::Alone);
    match next(view) {
        Step::Ask(Request::Remember(history)) => {
            view.history = Some((*history).clone());
            assert_eq!(words(view), "release", "it is remembered once");
            Some(*history)
        }
        Step::Ask(Request::Release) => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_protected_before_the_first_write_and_as_long_as_something_would_be_lost() {
    type Change = fn(&mut View);
    let nothing: Change = |_| {};
    let owned: Change = |v| v.owned = true;
    let table: [(&str, Change, &str, &str); 17] = [
        ("not begun", nothing, "protect", "Resizing/1"),
        ("not begun", |v| v.approval = None, "~Pending", "release"),
        ("not begun", |v| decide(v, Decision::Rejected), "protect", "remember"),
        // Of what is approved, hundreds may wait for one gate.
        ("not begun", |v| v.start_gates = vec![points::gate("Window", "Closed")], "protect", "~Blocked Window"),
        // Its owner may be deleted, and it with its owner, just after somebody decides.
        ("not begun", |v| (v.owned, v.approval) = (true, None), "protect", "~Pending"),
        (
            "not begun",
            |v| (v.owned, v.start_gates) = (true, vec![points::gate("Window", "Closed")]),
            "protect",
            "~Blocked Window",
        ),
        (
            "not begun",
            |v| (v.owned, v.approval, v.seen) = (true, None, Err(points::gate("World", "WorldIncomplete"))),
            "~Pending",
            "release",
        ),
        ("RolledBack", |v| (v.owned, v.target) = (true, None), "protect", "~RolledBack"),
        ("Resizing, step 1", owned, "protect", "web-1 new"),
        ("Resizing, step 1", nothing, "protect", "web-1 new"),
        ("Undoing", nothing, "protect", "web-2 former"),
        ("Applied", nothing, "protect", "~Applied"),
        ("Applied", |v| v.approval = None, "protect", "~Applied"),
        ("Applied", |v| v.rollout.as_mut().unwrap().result = Some(RolloutResult::Superseded), "drop", "drop"),
        ("RolledBack", nothing, "protect", "~RolledBack"),
        ("RolledBack", |v| v.target = None, "protect", "~RolledBack"),
        ("RolledBack", |v| v.target.as_mut().unwrap().uid = "u2".to_owned(), "protect", "~RolledBack"),
    ];
    for (point, change, without, with) in table {
        let mut view = at(point);
        change(&mut view);
        view.protected = false;
        assert_eq!(words(&view), without, "{point}, without the finalizer");
        view.protected = true;
        assert_eq!(words(&view), with, "{point}, with it");
    }
}

#[test]
fn what_was_decided_is_remembered() {
    let mut view = at("not begun");
    assert_eq!(remembered(&mut view), None, "nothing was");

    let mut view = at("not begun");
    decide(&mut view, Decision::Rejected);
    let no = RejectedSize { by: "ann".to_owned(), since: Time(NOW), containers: new() };
    assert_eq!(remembered(&mut view), history(Some(no.clone()), None));

    let mut view = at("RolledBack");
    let back = UndoneChange {
        proposal_digest: "sha256:one".to_owned(),
        ended: Time(NOW),
        rollbacks: 1,
        message: "worse than before: Readiness: 3 of 4".to_owned(),
        rejected: None,
    };
    assert_eq!(remembered(&mut view), history(None, Some(back.clone())));
    view.deletion = None;
    view.history = None;
    decide(&mut view, Decision::Rejected);
    assert_eq!(remembered(&mut view), history(Some(no), Some(back)));
}

#[test]
fn what_is_remembered_already_stays_unless_something_newer_takes_its_place() {
    // Nothing newer: the record stays as it was.
    let mut view = at("not begun");
    view.history = history(rejected(edited()), undone("sha256:old", 3, LONG));
    assert_eq!(remembered(&mut view), None);

    // A person has since approved what had been rejected.
    let mut view = at("not begun");
    view.history = history(rejected(new()), undone("sha256:old", 3, LONG));
    assert_eq!(remembered(&mut view), history(None, undone("sha256:old", 3, LONG)));
    view.approval.as_mut().unwrap().by = Approver::policy("shop");
    view.history = history(rejected(new()), None);
    assert_eq!(remembered(&mut view), None, "a policy lifts no person's no");

    // Another change was undone before it. Both are remembered, and its own count counts what was before it.
    for (when, rollbacks) in [(LONG, 1), (NOW, 3)] {
        let mut view = at("RolledBack");
        view.history = history(None, undone("sha256:old", 3, when));
        let all = remembered(&mut view).unwrap().undone;
        let all: Vec<_> = all.iter().map(|undone| (undone.proposal_digest.as_str(), undone.rollbacks)).collect();
        assert_eq!(all, [("sha256:old", 3), ("sha256:one", rollbacks)], "the count does not decrease");
    }
}

#[test]
fn eight_undone_changes_are_remembered_each_once() {
    let ago = |days: i64| NOW.checked_sub(jiff::SignedDuration::from_hours(24 * days)).unwrap();
    let digests = |history: &WorkloadHistory| -> Vec<String> {
        history.undone.iter().map(|undone| undone.proposal_digest.clone()).collect()
    };
    let mut view = at("RolledBack");
    let known = (1..=8).rev().filter_map(|days| undone(&format!("sha256:{days}"), 1, ago(days))).collect();
    view.history = Some(WorkloadHistory { undone: known, ..WorkloadHistory::default() });
    let all = digests(&remembered(&mut view).unwrap());
    let expected = ["sha256:7", "sha256:6", "sha256:5", "sha256:4", "sha256:3", "sha256:2", "sha256:1", "sha256:one"];
    assert_eq!(all, expected, "the oldest is dropped");
    // It was undone before: the later undo counts, and what failed once can never be approved again.
    let rejection = |ended| UndoneChange { rejected: Some(Time(ended)), ..undone("sha256:one", 1, ended).unwrap() };
    for (before, reason, rejected) in [
        (rejection(LONG), "Rejected", true),
        (rejection(LONG), "ChecksFailed", false),
        (undone("sha256:one", 1, LONG).unwrap(), "Rejected", false),
    ] {
        let mut view = at("RolledBack");
        view.rollout.as_mut().and_then(|rollout| rollout.undo.as_mut()).unwrap().reason = reason.to_owned();
        view.history = history(None, Some(before));
        let all = remembered(&mut view).unwrap().undone;
        assert_eq!((all.len(), all[0].ended.0, all[0].rejected.is_some()), (1, NOW, rejected), "{reason}");
    }
}

#[test]
fn what_was_undone_is_recorded_before_something_else_is_written_over_it() {
    // Another proposal begins.
    let mut view = at("RolledBack");
    (view.digest, view.proposal) = ("sha256:two".to_owned(), edited());
    view.approval.as_mut().unwrap().proposal_digest = "sha256:two".to_owned();
    view.rollout.as_mut().unwrap().ended = Some(Time(LONG));
    let (session, first) = step(&view, Session::default(), None, NOW);
    assert_eq!(points::words(&view, &first), "reserve", "who has no place records nothing");
    view.place = Some(Place { uid: "u1".to_owned(), announced: false });
    let (session, second) = step(&view, session, Some(Response::Done), NOW);
    let record = match second {
        Step::Ask(Request::Remember(record)) => record,
        other => panic!("{other:?}"),
    };
    assert_eq!(record.undone[0].proposal_digest, "sha256:one");
    // The server refuses the record: nothing begins, and the place is free for others.
    let refused =
        || Response::Refused { cause: Cause::Other, reason: "Invalid".to_owned(), message: "too large".to_owned() };
    let (refusing, third) = step(&view, session.clone(), Some(refused()), NOW);
    assert_eq!(points::words(&view, &third), "give back");
    view.place = None;
    let (_, third) = step(&view, refusing, Some(Response::Done), NOW);
    assert_eq!(points::words(&view, &third), "~Paused WriteRefused");
    view.place = Some(Place { uid: "u1".to_owned(), announced: false });
    view.history = Some(*record);
    let (_, third) = step(&view, session, Some(Response::Done), NOW);
    assert_eq!(points::words(&view, &third), "Resizing/1");

    // An earlier change, which is in force, is undone as well: that does not wait for a record that is refused.
    let mut view = at("RolledBack");
    view.rollout.as_mut().unwrap().original = edited();
    view.deletion = Some(Deletion::Alone);
    let (session, first) = step(&view, Session::default(), None, NOW);
    assert_eq!(points::words(&view, &first), "remember");
    let unknown = Response::Unknown { message: "timeout".to_owned() };
    assert_eq!(points::words(&view, &step(&view, session.clone(), Some(unknown), NOW).1), "~Paused NoAnswer");
    assert_eq!(points::words(&view, &step(&view, session, Some(refused()), NOW).1), "Undoing Deleted");
}

#[test]
fn that_it_was_undone_because_it_went_says_nothing_against_it() {
    let gone = |rollbacks| {
        let mut view = at("RolledBack");
        let rollout = view.rollout.as_mut().unwrap();
        rollout.undo.as_mut().unwrap().reason = "Deleted".to_owned();
        rollout.rollbacks = rollbacks;
        view
    };
    assert_eq!(remembered(&mut gone(1)), None);
    // Even so, the earlier undo is not forgotten, nor its count.
    for rollbacks in [1, 3] {
        let mut view = gone(rollbacks);
        view.history = history(None, undone("sha256:old", 2, LONG));
        assert_eq!(remembered(&mut view), None, "{rollbacks}: it stays as it is");
    }
}

#[test]
fn what_somebody_rejected_before_waits_for_a_person() {
    let stands = |containers, approved: bool| {
        let mut view = at("not begun");
        (view.protected, view.history) = (approved, history(rejected(containers), None));
        view.approval = view.approval.filter(|_| approved);
        next(&view)
    };
    match stands(new(), false) {
        Step::Wait { standing: Standing::RejectedBefore(message), .. } => {
            assert!(message.starts_with("eve rejected this size at "), "{message}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(stands(former(), false), Step::Wait { standing: Standing::Pending, .. }), "another size");
    assert!(matches!(stands(new(), true), Step::Ask(Request::Remember(_))), "a person approved it since");
}

#[test]
fn the_next_one_waits_as_long_as_this_one_would_have() {
    let mut view = at("not begun");
    view.history = history(None, undone("sha256:old", 2, NOW));
    match next(&view) {
        Step::Wait { standing: Standing::Blocked(gates), .. } => assert_eq!(gates[0].reason, "BackingOff"),
        other => panic!("{other:?}"),
    }
    view.history = history(None, undone("sha256:old", 2, LONG));
    match next(&view) {
        Step::Ask(Request::WriteStatus(begun)) => assert_eq!((begun.stage, begun.rollbacks), (Stage::Resizing, 2)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_undone_is_not_carried_out_again_by_the_next_one() {
    let blocked = |view: &View| match next(view) {
        Step::Wait { standing: Standing::Blocked(gates), .. } => gates[0].reason.clone(),
        other => format!("{other:?}"),
    };
    let mut view = at("not begun");
    view.history = history(None, undone("sha256:one", 1, LONG));
    assert_eq!(blocked(&view), "RolledBackBefore");
    // Not even once it has a history of its own.
    let mut last = at("RolledBack").rollout.unwrap();
    (last.proposal_digest, last.started, last.ended) = ("sha256:two".to_owned(), Time(LONG), Some(Time(LONG)));
    view.rollout = Some(last);
    assert_eq!(blocked(&view), "RolledBackBefore");
    view.history = history(None, undone("sha256:old", 1, LONG));
    assert_eq!(words(&view), "remember", "both were undone long ago, and one is not on record yet");
    view.history = history(None, undone("sha256:old", 1, NOW));
    assert_eq!(blocked(&view), "BackingOff", "the back-off that ends last counts");
    let last = view.rollout.as_mut().unwrap();
    (last.result, last.ended) = (Some(RolloutResult::Applied), Some(Time(NOW)));
    view.sizes_entry = true;
    assert_eq!(words(&view), "Resizing/1", "a change that held ended the row");
}

#[test]
fn a_status_that_may_say_undoing_is_not_gone_back_on() {
    let mut view = at("Resizing, step 2");
    view.policy_deleted = Some("shop".to_owned());
    let (session, asked) = step(&view, Session::default(), None, NOW);
    assert_eq!(points::words(&view, &asked), "Undoing PolicyDeleted");
    // No response, the watch is stale, and the reason no longer holds.
    view.policy_deleted = None;
    let unknown = Response::Unknown { message: "timeout".to_owned() };
    let (session, held) = step(&view, session, Some(unknown), NOW);
    assert_eq!(points::words(&view, &held), "~Paused NoAnswer");
    let later = NOW.checked_add(jiff::SignedDuration::from_secs(2)).unwrap();
    let (_, again) = step(&view, session, None, later);
    assert_eq!(points::words(&view, &again), "Undoing PolicyDeleted");
}

#[test]
fn a_status_that_was_certainly_not_written_binds_nobody() {
    let mut view = at("Resizing, step 2");
    view.policy_deleted = Some("shop".to_owned());
    let (session, _) = step(&view, Session::default(), None, NOW);
    view.policy_deleted = None;
    let (session, again) = step(&view, session, Some(Response::Stale), NOW);
    assert_eq!(points::words(&view, &again), "~");
    assert_eq!(points::words(&view, &step(&view, session, None, NOW).1), "web-2 new");
}

#[test]
fn the_end_says_whether_the_same_can_be_proposed_again() {
    for (reason, ends) in [
        ("ChecksFailed", "; this proposal is not applied again; another one can start after the back-off"),
        (
            "PolicyDeleted",
            "; this Recommendation does not apply it again, but a policy may propose it again in a new one",
        ),
        ("Deleted", "; this Recommendation does not apply it again, but a policy may propose it again in a new one"),
        (
            "Rejected",
            "; only a person's approval after that applies it again; it or another one can start after the back-off",
        ),
    ] {
        let mut view = at("RolledBack");
        view.rollout.as_mut().and_then(|rollout| rollout.undo.as_mut()).unwrap().reason = reason.to_owned();
        view.approval = None;
        let Step::Wait { standing: Standing::RolledBack(message), .. } = next(&view) else { panic!("{reason}") };
        assert!(message.ends_with(ends), "{message}");
        // The same object never applies it again by itself; the next one does, unless it is recorded.
        view.deletion = Some(Deletion::Alone);
        let recorded = matches!(next(&view), Step::Ask(Request::Remember(_)));
        assert_eq!(recorded, !reason.ends_with("Deleted"), "{reason}");
    }
}

#[test]
fn the_undo_of_one_whose_workload_is_gone_ends_before_it_goes() {
    let write = |view: &mut View, expected: &str| {
        let step = next(view);
        assert_eq!(points::words(view, &step), expected);
        let Step::Ask(Request::WriteStatus(rollout)) = step else { panic!("{step:?}") };
        view.rollout = Some(*rollout);
    };
    let mut view = at("Undoing");
    (view.deletion, view.target) = (Some(Deletion::Alone), None);
    // The pods have the size of an earlier change then, which is not left there either.
    view.rollout.as_mut().unwrap().original = edited();
    assert_eq!(words(&view), "web-2 former");
    view.pods.iter_mut().for_each(|p| p.spec = former());
    write(&mut view, "Ended RolledBack");
    // That undo is on record before it is written over.
    let record = match next(&view) {
        Step::Ask(Request::Remember(record)) => *record,
        other => panic!("{other:?}"),
    };
    view.history = Some(record);
    write(&mut view, "Undoing Superseded");
    view.pods.iter_mut().for_each(|p| p.spec = edited());
    write(&mut view, "Ended Superseded");
    assert_eq!(words(&view), "release");
}

#[test]
fn what_cannot_be_remembered_keeps_nothing_from_going() {
    let mut view = at("RolledBack");
    view.deletion = Some(Deletion::Alone);
    let (session, asked) = step(&view, Session::default(), None, NOW);
    assert_eq!(points::words(&view, &asked), "remember");
    // The kind that holds the record is being removed, too: the driver gives up, and no view ever shows the record.
    let (_, next) = step(&view, session, Some(Response::Done), NOW);
    assert_eq!(points::words(&view, &next), "release");
}

#[test]
fn a_rejection_stands_while_its_record_fails_and_a_failure_that_lasts_is_told() {
    let message = || "no".to_owned();
    let refused = || Response::Refused { cause: Cause::Permission, reason: "Forbidden".to_owned(), message: message() };
    let failures: [(&dyn Fn() -> Response, &str); 3] = [
        (&refused, "~Paused Forbidden"),
        (&|| Response::Unknown { message: message() }, "~Paused NoAnswer"),
        (&|| Response::Stale, "~Paused NoAnswer"),
    ];
    for (fails, told) in failures {
        let mut view = at("not begun");
        decide(&mut view, Decision::Rejected);
        let (mut session, mut asked) = step(&view, Session::default(), None, NOW);
        let mut now = NOW;
        for said in ["~Rejected", "~Rejected", told] {
            assert_eq!(points::words(&view, &asked), "remember");
            let (after, waits) = step(&view, session, Some(fails()), now);
            assert_eq!(points::words(&view, &waits), said);
            let Step::Wait { until: Some(until), .. } = waits else { panic!("{waits:?}") };
            assert!(until > now, "it is tried again");
            now = until;
            (session, asked) = step(&view, after, None, now);
        }
    }
}
