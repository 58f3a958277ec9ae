//! Text for people. In: gates, checks, times. Out: sentences, never longer than a status field accepts.

use jiff::{SignedDuration, Timestamp};
use trimtab_api::{
    gates::ClosedGate,
    verification::{Check, Verdict},
};
use trimtab_core::{conditions::whole_seconds, text};

/// The maximum length of a message field of a status, in characters.
const MESSAGE: usize = 1024;

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

    use super::{gates, whole_seconds_up};
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
