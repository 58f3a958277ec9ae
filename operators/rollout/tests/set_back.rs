//! A size that something else sets back: a mutating webhook, or a VerticalPodAutoscaler.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use jiff::Timestamp;
use points::{NOW, at, former, new, words};
use trimtab_engine::{machine::step, protocol::Response, standing::Standing};
use trimtab_rollout::{Session, Step, view::View};

/// What follows after the next resize of `view`, which must be `resize`, is accepted, and nothing in the view changes.
fn accepted(view: &View, session: Session, resize: &str, now: Timestamp) -> (Session, Step) {
    let (session, asked) = step(view, session, None, now);
    assert_eq!(words(view, &asked), resize);
    step(view, session, Some(Response::Done), now)
}

/// Until when it waits, and the reason and the message of the pause.
fn paused(step: &Step) -> (Timestamp, &str, &str) {
    match step {
        Step::Wait { until: Some(until), standing: Standing::Paused { reason, message } } => (*until, reason, message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_resize_that_is_set_back_is_tried_again_after_growing_delays_and_given_up() {
    let view = at("Resizing, step 1");
    let (mut session, mut now, mut delays) = (Session::default(), NOW, Vec::new());
    for _ in 0..4 {
        let (held, wait) = accepted(&view, session, "web-1 new", now);
        let (until, reason, message) = paused(&wait);
        assert_eq!(reason, "ResizeSetBack");
        assert!(message.contains("pod web-1 was resized, and something else set its size back"), "{message}");
        delays.push(until.as_second() - now.as_second());
        (session, now) = (held, until);
    }
    assert_eq!(delays, [1, 2, 4, 8]);
    let (_, last) = accepted(&view, session, "web-1 new", now);
    assert_eq!(words(&view, &last), "Undoing ResizeSetBack");
}

#[test]
fn it_counts_however_late_the_size_is_set_back() {
    let view = at("Resizing, step 1");
    let mut kept = view.clone();
    kept.pods[0].spec = new();
    let (mut session, mut now) = (Session::default(), NOW);
    for _ in 0..5 {
        let (asked, resize) = step(&view, session, None, now);
        assert_eq!(words(&view, &resize), "web-1 new");
        let (watched, next) = step(&kept, asked, Some(Response::Done), now);
        assert_eq!(words(&kept, &next), "Watching/1", "nothing waits for a size that is kept");
        // An autoscaler comes to it a minute later.
        (session, now) = (watched, now.checked_add(jiff::SignedDuration::from_mins(1)).unwrap());
    }
    assert_eq!(words(&view, &step(&view, session, None, now).1), "Undoing ResizeSetBack");
}

#[test]
fn an_undo_that_is_set_back_goes_on_with_growing_delays_and_the_other_pods() {
    let mut view = at("Undoing");
    view.pods[3].spec = new();
    let (session, next) = accepted(&view, Session::default(), "web-2 former", NOW);
    assert_eq!(words(&view, &next), "web-4 former");
    view.pods[3].spec = former();
    let (mut session, mut next) = step(&view, session, Some(Response::Done), NOW);
    let (mut now, mut delays) = (NOW, Vec::new());
    for _ in 0..8 {
        let (until, reason, message) = paused(&next);
        assert_eq!(reason, "UndoBlocked");
        assert!(message.contains("pod web-2 was resized, and something else set its size back"), "{message}");
        delays.push(until.as_second() - now.as_second());
        now = until;
        (session, next) = accepted(&view, session, "web-2 former", now);
    }
    assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30, 30]);
}

#[test]
fn what_was_resized_just_now_can_be_undone_at_once() {
    let mut view = at("Resizing, step 1");
    let (session, _) = accepted(&view, Session::default(), "web-1 new", NOW);
    view.rollout = at("Undoing").rollout;
    view.pods[0].spec = new();
    assert_eq!(words(&view, &step(&view, session, None, NOW).1), "web-1 former");
}
