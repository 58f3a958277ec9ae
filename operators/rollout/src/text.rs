//! Text for people. In: pods, gates, times. Out: short lists and sentences, never longer than a status field accepts.

use jiff::{SignedDuration, Timestamp};
use trimtab_api::{
    delivery::DeliveryMode,
    gates::ClosedGate,
    verification::{Check, Verdict},
};
use trimtab_core::{conditions::whole_seconds, text};

use crate::view::Pod;

/// How many names a sentence lists before it only counts the rest.
const NAMES: usize = 3;

/// The maximum length of a message field of a status, in characters.
const MESSAGE: usize = 1024;

/// `pod web-1`, `pods web-1, web-2`, `pods web-1, web-2, web-3 and 4 more`.
pub fn pods<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> String {
    let names: Vec<&str> = pods.into_iter().map(|p| p.name.as_str()).collect();
    let word = if names.len() == 1 { "pod" } else { "pods" };
    format!("{word} {}", text::first_of(&names, NAMES))
}

/// `1 pod`, `3 pods`.
pub fn count(pods: usize) -> String {
    text::count(pods, "pod")
}

/// `0 of 1 pod has the new size`, `2 of 3 pods have the new size`.
pub fn new_size(new: usize, pods: usize) -> String {
    format!("{} {} the new size", text::part(new, pods, "pod"), text::verb(pods, "has", "have"))
}

/// The progress of a status with its noun: `1/3 pods`, `0/1 pod`.
pub fn progress(progress: &str) -> String {
    format!("{progress} {}", if is_of_one(progress) { "pod" } else { "pods" })
}

/// The same with the verb: `1/3 pods have`, `0/1 pod has`.
pub fn progress_has(of: &str) -> String {
    format!("{} {}", progress(of), if is_of_one(of) { "has" } else { "have" })
}

/// Whether the whole is a single pod.
fn is_of_one(progress: &str) -> bool {
    progress.ends_with("/1")
}

/// The messages of gates, one after the other. Some end with a sentence of advice, whose full stop only the last keeps.
pub fn gates(gates: &[ClosedGate]) -> String {
    let last = gates.len().saturating_sub(1);
    let said = gates.iter().enumerate().map(|(nth, g)| {
        let message = if nth < last { g.message.trim_end_matches('.') } else { g.message.as_str() };
        format!("{}: {message}", g.gate)
    });
    said.collect::<Vec<_>>().join("; ")
}

/// The checks with this verdict, with their messages.
pub fn checks(checks: &[Check], verdict: Verdict) -> String {
    let said: Vec<_> =
        checks.iter().filter(|c| c.verdict == verdict).map(|c| format!("{}: {}", c.name, c.message)).collect();
    said.join("; ")
}

/// What a delivery mode does, as the end of a sentence.
pub fn delivery(mode: DeliveryMode) -> &'static str {
    match mode {
        DeliveryMode::Admission => "new pods get it at creation, the template is unchanged",
        DeliveryMode::Template => "the workload's template has it",
        DeliveryMode::Auto | DeliveryMode::Git | DeliveryMode::Manual => {
            "new pods get it once somebody applies the patch in status.patch"
        }
    }
}

/// `message`, cut to the length of a status field.
pub fn cut(message: &str) -> String {
    text::cut(message, MESSAGE)
}

/// `message` and `end`; the message is cut if both together are too long.
pub fn cut_before(message: &str, end: &str) -> String {
    let room = MESSAGE.saturating_sub(end.chars().count());
    cut(&(message.chars().take(room).collect::<String>() + end))
}

/// `time` for a message: rounded up to a whole second, so that it is over by then.
pub fn whole_seconds_up(time: Timestamp) -> Timestamp {
    let whole = whole_seconds(time);
    if whole < time { after(whole, 1) } else { whole }
}

/// The time `seconds` after `time`; the maximum if that is out of range.
pub fn after(time: Timestamp, seconds: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;

    use super::{gates, new_size, progress, progress_has, whole_seconds_up};
    use trimtab_api::gates::ClosedGate;

    #[test]
    fn messages_of_gates_are_joined_without_a_full_stop_before_the_semicolon() {
        let gate = |message: &str| ClosedGate {
            gate: "Guard".to_owned(),
            reason: "Missing".to_owned(),
            message: message.to_owned(),
        };
        let advice = gate("it is missing. Apply it.");
        assert_eq!(gates(&[advice.clone(), advice]), "Guard: it is missing. Apply it; Guard: it is missing. Apply it.");
        assert_eq!(gates(&[]), "");
    }

    #[test]
    fn one_pod_is_singular() {
        assert_eq!(new_size(0, 1), "0 of 1 pod has the new size");
        assert_eq!(new_size(1, 3), "1 of 3 pods have the new size");
        assert_eq!([progress("1/1"), progress("1/11"), progress("0/0")], ["1/1 pod", "1/11 pods", "0/0 pods"]);
        assert_eq!([progress_has("0/1"), progress_has("1/3")], ["0/1 pod has", "1/3 pods have"]);
    }

    #[test]
    fn times_in_messages_are_whole_and_not_too_early() {
        for (time, shown) in [
            ("2026-11-30T11:32:38.24095355Z", "2026-11-30T11:32:39Z"),
            ("2026-11-30T11:32:38.999999999Z", "2026-11-30T11:32:39Z"),
            ("2026-11-30T11:32:38Z", "2026-11-30T11:32:38Z"),
        ] {
            let time: Timestamp = time.parse().unwrap();
            assert_eq!(whole_seconds_up(time).to_string(), shown);
        }
        assert_eq!(whole_seconds_up(Timestamp::MAX), Timestamp::MAX);
    }
}
