//! One step of the machine. In: a view, the session, the response to its last request, the time. Out: the new session,
//! and one request or how long to wait.
//!
//! Each step decides from the view alone, so that a crash between any two of them costs nothing: the status shows what
//! was begun; what is changed shows how far it got.

use jiff::Timestamp;

use crate::{
    answer::{Answered, take_in},
    before_writing,
    change::Change,
    parts::Phase,
    protocol::{Key, Request, Response, Step},
    session::{Refusal, Session},
    standing::Standing,
    steps::{paused, soon, unreadable, write},
    text, turn_back,
};

/// The next step. `response` answers the request of the last step, if that made one.
pub fn step<C: Change>(
    view: &C::View,
    session: Session<C>,
    response: Option<Response>,
    now: Timestamp,
) -> (Session<C>, Step<C>) {
    let mut session = session;
    session.forget(now);
    let (asked, undoing) = (session.asked.take(), session.undoing.take());
    if under_way::<C>(view).is_none() {
        session.refusal = None;
        session.settled();
    } else if undoing.is_some() && matches!(response, Some(Response::Unknown { .. })) {
        // The undo may already be in the status. A stale view must not let the run go forward again.
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

/// The standing of the object once `run` is written: what it would wait for then.
pub fn once_written<C: Change>(view: &C::View, run: &C::Run, now: Timestamp) -> Standing {
    match step::<C>(&C::with_run(view, run), Session::default(), None, now).1 {
        Step::Wait { standing, .. } => standing,
        Step::Ask(_) | Step::LookAgain { .. } => C::standing(run),
    }
}

fn under_way<C: Change>(view: &C::View) -> Option<&C::Run> {
    C::run(view).filter(|run| C::phase(run) != Phase::Ended)
}

/// Why the run is undone, if `request` writes an undo.
fn why<C: Change>(request: &Request<C>) -> Option<Refusal> {
    let Request::WriteStatus(run) = request else { return None };
    let undo = C::undoes(run).filter(|_| C::phase(run) == Phase::Undoing)?;
    let digest = C::digest(run).to_owned();
    Some(Refusal { digest, reason: undo.reason.clone(), message: undo.message.clone() })
}

fn decide<C: Change>(view: &C::View, session: &Session<C>, now: Timestamp) -> Step<C> {
    let header = C::header(view);
    if header.is_deleted {
        return C::leave(view, session, now);
    }
    let Some(run) = under_way::<C>(view) else {
        return C::rest(view, session, now);
    };
    if !header.is_protected {
        return Step::Ask(Request::Protect);
    }
    let over = C::over(run, now);
    if let Err(gate) = header.approval_known
        && over.is_none()
    {
        return paused(&gate.reason, gate.message.clone(), Some(soon(now)));
    }
    if let Some(fault) = C::fault(run) {
        return unreadable(&fault);
    }
    if let Some((reason, message)) = over.filter(|_| C::phase(run) != Phase::Undoing) {
        return write(C::undoing(view, run, reason, &message, now));
    }
    let Some(target) = C::target(view, run) else {
        return C::left_behind(view, run, session, now);
    };
    match C::phase(run) {
        Phase::Undoing => C::undo(view, run, target, session, now),
        _ => forward(view, run, target, session, now),
    }
}

/// The next step of a run that is neither being undone nor ended.
fn forward<C: Change>(
    view: &C::View,
    run: &C::Run,
    target: &C::Target,
    session: &Session<C>,
    now: Timestamp,
) -> Step<C> {
    if let Some((reason, message)) = turn_back::why(view, run, target, session, now) {
        return write(C::undoing(view, run, &reason, &message, now));
    }
    let gates = C::header(view).forward_gates;
    if let Some(gate) = gates.first() {
        let message = format!("paused at {}: {}", C::position(view, run), text::gates(gates));
        return paused(&gate.reason, message, Some(soon(now)));
    }
    C::forward(view, run, target, session, now)
}
