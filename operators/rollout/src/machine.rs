//! One step of the machine. In: a view, what this run remembers, the answer to its last request, the time. Out: what it
//! remembers from now on, and one request or how long to wait.
//!
//! Each step decides from the view alone, so that a crash between any two of them costs nothing: the status says what was
//! begun, the pods, the template and AppliedSizes say how far it came.

use jiff::Timestamp;
use trimtab_api::{
    approval::Decision,
    conditions::recommendation as reasons,
    gates::ClosedGate,
    rollout::{RolloutResult, RolloutStatus, Stage},
};

use crate::{
    answer::{Answered, take_in},
    ask::{Request, Response, Standing, Step},
    before_writing, forward, leave, rest,
    session::{Key, Refusal, Session},
    status::{ended, fault},
    text::after,
    undo,
    view::{Target, View},
};

/// How soon to look again at what no watch tells of, in seconds: measured checks, and time itself.
const POLL_S: i64 = 15;

/// What to do next. `response` is the answer to the request that the last step asked for, if it asked for one.
pub fn step(view: &View, session: Session, response: Option<Response>, now: Timestamp) -> (Session, Step) {
    let mut session = session;
    session.forget(now);
    let (asked, undoing) = (session.asked.take(), session.undoing.take());
    if view.rollout.as_ref().is_none_or(|r| r.stage == Stage::Ended) {
        session.refusal = None;
    } else if undoing.is_some() && matches!(response, Some(Response::Unknown { .. })) {
        // It may stand in the status. A view that is behind must not bring it forward once more.
        session.refusal = undoing;
    }
    let answered = asked.zip(response);
    if let Some((asked, response)) = answered.clone()
        && let Answered::LookAgain(wait) = take_in(view, &mut session, &asked, response, now)
    {
        return (session, wait);
    }
    let next = before_writing::asked_first(view, decide(view, &session, now), answered.as_ref(), now);
    let next = session.hold_back(next, now);
    if let Step::Ask(request) = &next {
        session.asked = Some(Key::of(request));
        session.undoing = why(request);
    }
    (session, next)
}

/// Why `request` writes that a rollout is undone, where it does.
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
        return rest::decide(view, now);
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
        return superseded(view, rollout, now);
    };
    match rollout.stage {
        Stage::Undoing => undo::decide(view, rollout, target, session, now),
        _ => forward::decide(view, rollout, target, session, now),
    }
}

/// The workload, where it is the very one that `rollout` is about and is not being deleted.
pub(crate) fn own_target<'a>(view: &'a View, rollout: &RolloutStatus) -> Option<&'a Target> {
    view.target.as_ref().filter(|t| t.uid == rollout.target_uid && !t.terminating)
}

/// The workload is gone or another: its entry goes, its pods are nobody's business here.
pub(crate) fn superseded(view: &View, rollout: &RolloutStatus, now: Timestamp) -> Step {
    if view.sizes_entry {
        return Step::Ask(Request::DropSizes);
    }
    write(ended(view, rollout, RolloutResult::Superseded, now))
}

/// Whether the decision that is honoured for this very proposal is `decision`.
pub(crate) fn decided(view: &View, decision: Decision) -> bool {
    decided_on(view, decision, &view.digest)
}

/// Whether the decision that is honoured for the proposal with this digest is `decision`.
pub(crate) fn decided_on(view: &View, decision: Decision, digest: &str) -> bool {
    view.approval.as_ref().is_some_and(|a| a.decision == decision && a.proposal_digest == digest)
}

/// A request for `status`.
pub(crate) fn write(status: RolloutStatus) -> Step {
    Step::Ask(Request::WriteStatus(Box::new(status)))
}

/// A wait because something stands in the way.
pub(crate) fn paused(reason: &str, message: String, until: Option<Timestamp>) -> Step {
    Step::Wait { until, standing: Standing::Paused { reason: reason.to_owned(), message } }
}

/// A wait because the status contradicts itself. Only a person can mend it.
pub(crate) fn unreadable(fault: &str) -> Step {
    let message = format!(
        "{fault}; nothing is changed on such ground: set the pods right by hand, then remove status.rollout or delete the \
         Recommendation"
    );
    paused(reasons::ROLLOUT_UNREADABLE, message, None)
}

/// A wait because gates are closed.
pub(crate) fn blocked(gates: Vec<ClosedGate>, until: Timestamp) -> Step {
    Step::Wait { until: Some(until), standing: Standing::Blocked(gates) }
}

/// When to look again at what no watch tells of.
pub(crate) fn soon(now: Timestamp) -> Timestamp {
    after(now, POLL_S)
}
