//! Steps shared by all kinds of change. In: a run, a reason or gates. Out: the request or the wait.

use jiff::Timestamp;
use trimtab_api::gates::ClosedGate;

use crate::{
    parts::Parts,
    protocol::{Request, Step},
    standing::Standing,
    text::after,
};

/// Polling interval for what no watch reports, in seconds: measured checks, and the passing of time.
const POLL_S: i64 = 15;

/// A request to write `run` into the status.
pub fn write<C: Parts>(run: C::Run) -> Step<C> {
    Step::Ask(Request::WriteStatus(Box::new(run)))
}

/// A wait because something blocks the change.
pub fn paused<C: Parts>(reason: &str, message: String, until: Option<Timestamp>) -> Step<C> {
    Step::Wait { until, standing: Standing::Paused { reason: reason.to_owned(), message } }
}

/// A wait because the status contradicts itself. Only a person can fix it.
pub fn unreadable<C: Parts>(fault: &str) -> Step<C> {
    let message = format!("{fault}; nothing is changed: {}", C::WORDS.unreadable);
    paused(C::WORDS.unreadable_reason, message, None)
}

/// A wait because gates are closed.
pub fn blocked<C: Parts>(gates: Vec<ClosedGate>, until: Timestamp) -> Step<C> {
    Step::Wait { until: Some(until), standing: Standing::Blocked(gates) }
}

/// When to poll next for what no watch reports.
pub fn soon(now: Timestamp) -> Timestamp {
    after(now, POLL_S)
}
