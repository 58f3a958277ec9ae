//! Responses to requests. In: the request and its response. Out: what the session remembers of it, and whether the
//! response itself requires a wait.

use jiff::Timestamp;
use trimtab_api::{conditions::recommendation as reasons, rollout::Stage};

use crate::{
    ask::{Cause, Response},
    known::may_evict,
    session::{Key, Refusal, Session, growing},
    set_back,
    text::{after, cut},
    view::View,
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
pub(crate) fn take_in(view: &View, session: &mut Session, asked: &Key, response: Response, now: Timestamp) -> Answered {
    match response {
        Response::Done => done(view, session, asked, now),
        // An earlier attempt succeeded and its response was lost: the status is already written.
        Response::Stale if ended(view) && matches!(asked, Key::Status(Stage::Ended, _)) => session.done(asked),
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
        Response::Halted { message } => {
            session.rest(Key::All, now, |_| PERSON_S, reasons::HALTED, |_| message.clone());
        }
        Response::NoBudget { message } => {
            let words =
                |until| format!("{}: blocked by a disruption budget ({message}); retrying at {until}", asked.words());
            session.rest(asked.clone(), now, |_| PERSON_S, reasons::NO_DISRUPTION_BUDGET, words);
        }
        Response::Refused { cause, reason, message } => {
            let said = format!("{}: {reason}: {message}", asked.words());
            refused(view, session, asked, cause, &said, now);
        }
    }
    Answered::GoOn
}

fn done(view: &View, session: &mut Session, asked: &Key, now: Timestamp) {
    session.done(asked);
    set_back::accepted(view, session, asked, now);
    if let Key::Remember(record) = asked {
        session.remembered = Some(record.clone());
    }
    let undone = view.rollout.as_ref().filter(|r| r.stage == Stage::Undoing);
    if let (Key::Put | Key::Drop, Some(rollout)) = (asked, undone) {
        session.taken_back = Some(rollout.proposal_digest.clone());
    }
}

fn refused(view: &View, session: &mut Session, asked: &Key, cause: Cause, said: &str, now: Timestamp) {
    let forward = view.rollout.as_ref().filter(|r| !matches!(r.stage, Stage::Undoing | Stage::Ended));
    let change = !asked.is_record() && *asked != Key::Drop;
    if let Some(rollout) = forward
        && change
        && cause != Cause::Permission
    {
        if let Key::Resize(uid, _) = asked
            && cause == Cause::Node
            && may_evict(view, rollout)
        {
            session.never_fits.push((rollout.proposal_digest.clone(), uid.clone()));
            return;
        }
        let why = match asked {
            Key::Put | Key::Patch => reasons::DELIVERY_REFUSED,
            _ if cause == Cause::Node => reasons::RESIZE_INFEASIBLE,
            _ => reasons::RESIZE_REFUSED,
        };
        let digest = rollout.proposal_digest.clone();
        session.refusal = Some(Refusal { digest, reason: why.to_owned(), message: cut(said) });
        return;
    }
    let undoing = view.rollout.as_ref().is_some_and(|r| r.stage == Stage::Undoing);
    let (why, what) = if undoing && change {
        (reasons::UNDO_BLOCKED, "the former values cannot be restored")
    } else if cause == Cause::Permission {
        (reasons::FORBIDDEN, "Trimtab lacks a permission")
    } else {
        (reasons::WRITE_REFUSED, "the API server refused it")
    };
    let words = |until| format!("{what}: {said}; retrying at {until}");
    session.rest(asked.clone(), now, |tries| growing(tries).max(PERSON_S), why, words);
}

fn ended(view: &View) -> bool {
    view.rollout.as_ref().is_some_and(|r| r.stage == Stage::Ended)
}
