//! Words for people. In: pods, gates, times. Out: short lists and sentences, never longer than a status field takes.

use jiff::{SignedDuration, Timestamp};
use trimtab_api::{
    delivery::DeliveryMode,
    gates::ClosedGate,
    verification::{Check, Verdict},
};
use trimtab_core::text;

use crate::view::Pod;

/// How many names a sentence carries before it says how many more there are.
const NAMES: usize = 3;

/// What the message fields of a status take, in characters.
const MESSAGE: usize = 1024;

/// `pod web-1`, `pods web-1, web-2`, `pods web-1, web-2, web-3 and 4 more`.
pub fn pods<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> String {
    let names: Vec<&str> = pods.into_iter().map(|p| p.name.as_str()).collect();
    let word = if names.len() == 1 { "pod" } else { "pods" };
    let shown = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => format!("{word} {shown}"),
        more => format!("{word} {shown} and {more} more"),
    }
}

/// `1 pod`, `3 pods`.
pub fn count(pods: usize) -> String {
    text::count(pods, "pod")
}

/// The messages of gates, one after the other.
pub fn gates(gates: &[ClosedGate]) -> String {
    gates.iter().map(|g| format!("{}: {}", g.gate, g.message)).collect::<Vec<_>>().join("; ")
}

/// The checks with this verdict, with their words.
pub fn checks(checks: &[Check], verdict: Verdict) -> String {
    let said: Vec<_> =
        checks.iter().filter(|c| c.verdict == verdict).map(|c| format!("{}: {}", c.name, c.message)).collect();
    said.join("; ")
}

/// What a way of delivery does, as the end of a sentence.
pub fn delivery(mode: DeliveryMode) -> &'static str {
    match mode {
        DeliveryMode::Admission => "new pods get it at their creation, the template is as it was",
        DeliveryMode::Template => "the workload's template has it",
        DeliveryMode::Auto | DeliveryMode::Git | DeliveryMode::Manual => {
            "new pods get it once somebody applies the patch in status.patch"
        }
    }
}

/// `message` as long as a status field takes.
pub fn cut(message: &str) -> String {
    text::cut(message, MESSAGE)
}

/// `message` and `end`, of which the message gives way where both are too long.
pub fn cut_before(message: &str, end: &str) -> String {
    let room = MESSAGE.saturating_sub(end.chars().count());
    cut(&(message.chars().take(room).collect::<String>() + end))
}

/// A time `seconds` after `time`; the end of time where there is none.
pub fn after(time: Timestamp, seconds: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
