//! One step of the machine. In: a view, the session, the response to its last request, the time. Out: the new session,
//! and one request or how long to wait.
//!
//! Each step decides from the view alone, so that a crash between any two of them costs nothing: the status shows what
//! was begun; the pods, the template and AppliedSizes show how far it got.

use jiff::Timestamp;
use trimtab_api::rollout::{RolloutStatus, Stage};

use crate::{
    answer::{Answered, take_in},
    ask::{Request, Response, Standing, Step},
    before_writing, forward,
    known::own_target,
    leave, left_behind,
    next::{paused, soon, unreadable},
    rest,
    session::{Key, Refusal, Session},
    standing,
    status::fault,
    undo,
    view::View,
};

/// The next step. `response` answers the request of the last step, if that made one.
pub fn step(view: &View, session: Session, response: Option<Response>, now: Timestamp) -> (Session, Step) {
    let mut session = session;
    session.forget(now);
    let (asked, undoing) = (session.asked.take(), session.undoing.take());
    if view.rollout.as_ref().is_none_or(|r| r.stage == Stage::Ended) {
        session.refusal = None;
        session.settled();
    } else if undoing.is_some() && matches!(response, Some(Response::Unknown { .. })) {
        // The undo may already be in the status. A stale view must not let the rollout go forward again.
        session.refusal = undoing;
    }
    let answered = asked.zip(response);
    if let Some((asked, response)) = answered.clone()
        && let Answered::LookAgain(until) = take_in(view, &mut session, &asked, response, now)
    {
        return (session, Step::LookAgain { until });
    }
    let next = before_writing::asked_first(view, decide(view, &session, now), &session, answered.as_ref(), now);
    let next = session.hold_back(next, now);
    if let Step::Ask(request) = &next {
        session.asked = Some(Key::of(request));
        session.undoing = why(request);
    }
    (session, next)
}

/// The standing of the Recommendation once `rollout` is written: what it would wait for then.
pub fn once_written(view: &View, rollout: &RolloutStatus, now: Timestamp) -> Standing {
    let view = View { rollout: Some(rollout.clone()), ..view.clone() };
    match step(&view, Session::default(), None, now).1 {
        Step::Wait { standing, .. } => standing,
        Step::Ask(_) | Step::LookAgain { .. } => standing::of(rollout),
    }
}

/// Why the rollout is undone, if `request` writes an undo.
fn why(request: &Request) -> Option<Refusal> {
    let Request::WriteStatus(status) = request else { return None };
    let undo = status.undo.as_ref().filter(|_| status.stage == Stage::Undoing)?;
    let digest = status.proposal_digest.clone();
    Some(Refusal { digest, reason: undo.reason.clone(), message: undo.message.clone() })
}

fn decide(view: &View, session: &Session, now: Timestamp) -> Step {
    if view.deletion.is_some() {
        return leave::decide(view, session, now);
    }
    let Some(rollout) = view.rollout.as_ref().filter(|r| r.stage != Stage::Ended) else {
        return rest::decide(view, session, now);
    };
    if !view.protected {
        return Step::Ask(Request::Protect);
    }
    if let Err(gate) = &view.approval_known {
        return paused(&gate.reason, gate.message.clone(), Some(soon(now)));
    }
    if let Some(fault) = fault(rollout) {
        return unreadable(&fault);
    }
    let Some(target) = own_target(view, rollout) else {
        return left_behind::decide(view, rollout, session, now);
    };
    match rollout.stage {
        Stage::Undoing => undo::decide(view, rollout, target, session, now),
        _ => forward::decide(view, rollout, target, session, now),
    }
}
