//! The effect of each response of the server, and the conditions of each standing.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use jiff::SignedDuration;
use points::{NOW, at, gate, words};
use trimtab_api::rollout_strategy::IfInfeasible;
use trimtab_core::conditions::Status;
use trimtab_engine::{
    machine::step,
    protocol::{Cause, Response},
    standing::{Standing, conditions},
};
use trimtab_rollout::{Request, Session, Step};

fn refused(cause: Cause) -> Response {
    Response::Refused { cause, reason: "Invalid".to_owned(), message: "no".to_owned() }
}

/// The machine's reaction to `response`, and how many seconds later it repeats the request, if it waits.
fn answer(point: &str, response: Response) -> (String, Option<i64>) {
    let view = at(point);
    let (session, first) = step(&view, Session::default(), None, NOW);
    assert!(matches!(first, Step::Ask(_)), "{point} has a request");
    let (session, next) = step(&view, session, Some(response), NOW);
    let (Step::Wait { until: Some(until), .. } | Step::LookAgain { until }) = &next else {
        return (words(&view, &next), None);
    };
    let just_before = until.checked_sub(SignedDuration::from_millis(1)).unwrap();
    let (session, early) = step(&view, session, None, just_before);
    if !matches!(next, Step::LookAgain { .. }) {
        assert!(matches!(early, Step::Wait { .. }), "{point}: asked again before the time");
    }
    let (_, again) = step(&view, session, None, *until);
    assert_eq!(words(&view, &again), words(&view, &first), "{point}: the same again once the time is over");
    (words(&view, &next), Some(until.as_second() - NOW.as_second()))
}

#[test]
fn each_answer_has_its_consequence() {
    let unknown = || Response::Unknown { message: "timeout".to_owned() };
    let halted = || Response::Halted { message: "ann: incident".to_owned() };
    let cases = [
        ("not begun", Response::Stale, "~", Some(1)),
        ("Resizing, step 1", Response::Stale, "~", Some(1)),
        ("Undoing", Response::Stale, "~", Some(1)),
        ("Resizing, step 1", unknown(), "~Paused NoAnswer", Some(1)),
        ("Resizing, step 1", halted(), "~Paused Halted", Some(10)),
        ("Undoing", halted(), "~Paused Halted", Some(10)),
        ("Delivering", halted(), "~Paused Halted", Some(10)),
        ("Resizing, step 1", refused(Cause::Permission), "~Paused Forbidden", Some(10)),
        ("Resizing, step 1", refused(Cause::Other), "Undoing ResizeRefused", None),
        ("Resizing, step 1", refused(Cause::Node), "Undoing ResizeInfeasible", None),
        ("Delivering", refused(Cause::Permission), "~Paused Forbidden", Some(10)),
        ("Delivering", refused(Cause::Other), "Undoing DeliveryRefused", None),
        ("Undoing", refused(Cause::Other), "~Paused UndoBlocked", Some(10)),
        ("Undoing", refused(Cause::Permission), "~Paused UndoBlocked", Some(10)),
        ("not begun", refused(Cause::Other), "~Paused WriteRefused", Some(10)),
        ("not begun", unknown(), "~Paused NoAnswer", Some(1)),
    ];
    for (point, response, says, delay) in cases {
        let words = format!("{point}: {response:?}");
        assert_eq!(answer(point, response), (says.to_owned(), delay), "{words}");
    }
}

#[test]
fn a_pod_whose_resize_is_refused_for_want_of_room_is_evicted_where_that_is_wanted() {
    for (if_infeasible, entry, expected) in [
        (IfInfeasible::Evict, true, "evict web-1"),
        (IfInfeasible::Evict, false, "put"),
        (IfInfeasible::Undo, true, "Undoing ResizeInfeasible"),
    ] {
        let mut view = at("Resizing, step 1");
        view.settings.if_infeasible = if_infeasible;
        view.sizes_entry = entry;
        let (session, first) = step(&view, Session::default(), None, NOW);
        assert_eq!(words(&view, &first), "web-1 new");
        let (_, next) = step(&view, session, Some(refused(Cause::Node)), NOW);
        assert_eq!(words(&view, &next), expected);
    }
}

#[test]
fn a_pod_that_cannot_be_restored_does_not_keep_the_others() {
    let mut view = at("Undoing");
    view.pods[3].spec = points::new();
    let (session, first) = step(&view, Session::default(), None, NOW);
    assert_eq!(words(&view, &first), "web-2 former");
    let (_, next) = step(&view, session, Some(refused(Cause::Other)), NOW);
    assert_eq!(words(&view, &next), "web-4 former");
}

#[test]
fn an_end_that_stands_already_was_changed_by_nobody_else() {
    let mut view = at("Undoing");
    view.sizes_entry = false;
    for pod in &mut view.pods {
        pod.spec = points::former();
    }
    let (session, first) = points::answered(&view, Session::default());
    let Step::Ask(Request::WriteStatus(end)) = first else { panic!("{first:?}") };
    // The write succeeded, its response was lost, and the watch shows it before the second attempt is refused.
    view.rollout = Some(*end);
    let (_, next) = step(&view, session, Some(Response::Stale), NOW);
    assert!(matches!(next, Step::Wait { standing: Standing::RolledBack(_), .. }), "{next:?}");
}

#[test]
fn a_conflict_says_nothing_of_a_rollout_that_has_ended_meanwhile() {
    let view = at("Undoing");
    let (session, first) = step(&view, Session::default(), None, NOW);
    assert!(words(&view, &first).ends_with("former"), "{first:?}");
    // The process before had ended it: the watch shows that before the server answers.
    let mut view = at("RolledBack");
    view.approval = None;
    let (session, next) = step(&view, session, Some(Response::Stale), NOW);
    assert_eq!(words(&view, &next), "~");
    assert_eq!(words(&view, &step(&view, session, None, NOW).1), "~RolledBack");
}

#[test]
fn delays_grow_while_nobody_answers() {
    let view = at("Resizing, step 1");
    let (mut session, mut now, mut delays) = (Session::default(), NOW, Vec::new());
    for _ in 0..7 {
        let (asked, next) = step(&view, session, None, now);
        assert_eq!(words(&view, &next), "web-1 new");
        let (held, wait) = step(&view, asked, Some(Response::Unknown { message: String::new() }), now);
        let Step::Wait { until: Some(until), .. } = wait else { panic!("{wait:?}") };
        delays.push(until.as_second() - now.as_second());
        (session, now) = (held, until);
    }
    assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30]);
}

#[test]
fn conditions_say_where_it_stands() {
    let text = || "words".to_owned();
    let paused = |reason: &str| Standing::Paused { reason: reason.to_owned(), message: text() };
    let (yes, no, unknown) = (Status::True, Status::False, Status::Unknown);
    let cases = [
        (Standing::Pending, "PendingApproval", no, unknown, None),
        (Standing::Rejected, "Rejected", no, no, Some("Stalled")),
        (Standing::Blocked(vec![gate("Window", "Closed")]), "Blocked", no, unknown, Some("Reconciling")),
        (Standing::RollingOut(text()), "RollingOut", no, unknown, Some("Reconciling")),
        (Standing::Verifying(text()), "Verifying", no, unknown, Some("Reconciling")),
        (paused("Halted"), "Halted", no, unknown, Some("Reconciling")),
        (paused("not a word"), "Paused", no, unknown, Some("Reconciling")),
        (Standing::Undoing(text()), "RollingBack", no, unknown, Some("Reconciling")),
        (Standing::Applied(text()), "Applied", yes, yes, None),
        (Standing::NotDelivered(text()), "SizeNotDelivered", no, yes, Some("Stalled")),
        (Standing::RolledBack(text()), "RolledBack", no, no, Some("Stalled")),
        (Standing::Superseded(text()), "Superseded", no, no, Some("Stalled")),
    ];
    for (standing, reason, ready, succeeded, third) in cases {
        let observed = conditions(&standing);
        let kinds: Vec<_> = observed.iter().map(|o| (o.kind, o.status)).collect();
        let mut expected = vec![("Ready", ready), ("Succeeded", succeeded)];
        expected.extend(third.map(|kind| (kind, yes)));
        assert_eq!(kinds, expected, "{standing:?}");
        assert!(observed.iter().all(|o| o.reason == reason && !o.message.is_empty()), "{observed:?}");
    }
}
