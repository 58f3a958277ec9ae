//! Responses to requests. In: the request and its response. Out: what the session remembers of it, and whether the
//! response itself requires a wait.

use jiff::Timestamp;
use trimtab_api::conditions::recommendation as reasons;

use crate::{
    back_off::growing,
    change::Change,
    parts::Phase,
    protocol::{Cause, Key, Response},
    session::{Refusal, Session},
    text::{after, cut},
};

/// Retry interval while a person has to act, in seconds: missing permissions, a disruption budget, the emergency stop.
const PERSON_S: i64 = 10;

/// What a response means.
pub(crate) enum Answered {
    /// Decide the next step from the view.
    GoOn,
    /// The view is stale: wait for a newer one, until this time at the latest.
    LookAgain(Timestamp),
}

/// Handles `response` to the request `asked`.
pub(crate) fn take_in<C: Change>(
    view: &C::View,
    session: &mut Session<C>,
    asked: &Key<C>,
    response: Response,
    now: Timestamp,
) -> Answered {
    if let Key::Effect(key) = asked
        && response != Response::Done
    {
        C::not_accepted(view, session, key, !matches!(response, Response::Unknown { .. }));
    }
    match response {
        Response::Done => {
            session.done(asked);
            match asked {
                Key::Effect(key) => C::accepted(view, session, key, now),
                Key::Status(stage) => C::written(view, session, stage),
                _ => {}
            }
        }
        // An earlier attempt succeeded and its response was lost: the status is already written.
        Response::Stale if is_in::<C>(view, Phase::Ended) && is_end(asked) => session.done(asked),
        // The view now shows who holds the place.
        Response::Stale if matches!(asked, Key::Reserve(_)) => {}
        // What is to be recorded does not depend on the record that was read.
        Response::Stale if matches!(asked, Key::Remember(_)) => {
            let words = |until| format!("{}: somebody else changed the object; retrying at {until}", asked.words());
            session.rest(asked.clone(), now, growing, reasons::NO_ANSWER, words);
        }
        Response::Stale => return Answered::LookAgain(after(now, 1)),
        Response::Unknown { message } => {
            let words = |until| format!("{}: no response ({message}); retrying at {until}", asked.words());
            session.rest(asked.clone(), now, growing, reasons::NO_ANSWER, words);
        }
        Response::Halted { message } => session.rest_all(now, PERSON_S, reasons::HALTED, &message),
        Response::NoBudget { message } => {
            let words =
                |until| format!("{}: blocked by a disruption budget ({message}); retrying at {until}", asked.words());
            session.rest(asked.clone(), now, |_| PERSON_S, reasons::NO_DISRUPTION_BUDGET, words);
        }
        Response::Refused { cause: Cause::NotYet { after_s }, reason, message } => {
            let words =
                |until| format!("{}: the API server asks to wait ({message}); retrying at {until}", asked.words());
            session.rest(asked.clone(), now, |_| i64::from(after_s).max(1), &reason, words);
        }
        Response::Refused { cause, reason, message } => {
            let said = format!("{}: {reason}: {message}", asked.words());
            refused(view, session, asked, cause, &said, now);
        }
    }
    Answered::GoOn
}

fn refused<C: Change>(
    view: &C::View,
    session: &mut Session<C>,
    asked: &Key<C>,
    cause: Cause,
    said: &str,
    now: Timestamp,
) {
    let change = match asked {
        Key::Effect(key) if C::is_of_the_change(key) => Some(key),
        _ => None,
    };
    let forward = C::run(view).filter(|run| !matches!(C::phase(run), Phase::Undoing | Phase::Ended));
    if let (Some(run), Some(key)) = (forward, change)
        && cause != Cause::Permission
    {
        if let Some(reason) = C::refused(view, run, session, key, cause) {
            let digest = C::digest(run).to_owned();
            session.refusal = Some(Refusal { digest, reason: reason.to_owned(), message: cut(said) });
        }
        return;
    }
    let (why, what) = if is_in::<C>(view, Phase::Undoing) && change.is_some() {
        (reasons::UNDO_BLOCKED, "the former values cannot be restored")
    } else if cause == Cause::Permission {
        (reasons::FORBIDDEN, "Trimtab lacks a permission")
    } else {
        (reasons::WRITE_REFUSED, "the API server refused it")
    };
    let words = |until| format!("{what}: {said}; retrying at {until}");
    session.rest(asked.clone(), now, |tries| growing(tries).max(PERSON_S), why, words);
}

fn is_in<C: Change>(view: &C::View, phase: Phase) -> bool {
    C::run(view).is_some_and(|run| C::phase(run) == phase)
}

fn is_end<C: Change>(asked: &Key<C>) -> bool {
    matches!(asked, Key::Status(stage) if C::is_end(stage))
}
