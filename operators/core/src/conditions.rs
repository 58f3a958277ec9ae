//! Merging conditions into a status, following the Kubernetes API conventions.
//!
//! In: an object's present conditions, the observations, and the time. Out: its new conditions. The transition time
//! moves only when the status flips, so writing the same observation twice changes nothing.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::text::printable;

/// The longest message that Kubernetes accepts in a condition.
const MAX_MESSAGE: usize = 32_768;

/// An observed condition, before it is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The condition's type, one of `trimtab_api::conditions::types`.
    pub kind: &'static str,
    /// Whether it is true, false, or unknown.
    pub status: Status,
    /// The reason, one CamelCase word.
    pub reason: String,
    /// The message, a sentence for people.
    pub message: String,
}

/// The status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It is unknown.
    Unknown,
}

impl Status {
    /// The status as Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl Observation {
    /// `kind` holds.
    pub fn yes(kind: &'static str, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, status: Status::True, reason: reason.into(), message: message.into() }
    }

    /// `kind` does not hold.
    pub fn no(kind: &'static str, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, status: Status::False, reason: reason.into(), message: message.into() }
    }

    /// It is unknown whether `kind` holds.
    pub fn unknown(kind: &'static str, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, status: Status::Unknown, reason: reason.into(), message: message.into() }
    }
}

/// The conditions that result from `before` and the observations `now`, in the order of the latter. Conditions no
/// longer observed are dropped. `runbook` returns the link to the page about a reason, if any, for the message.
pub fn merge(
    before: &[Condition],
    observed: &[Observation],
    runbook: impl Fn(&str) -> Option<String>,
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    observed
        .iter()
        .map(|o| {
            let link = runbook(&o.reason).map_or_else(String::new, |page| {
                // Some messages end with a sentence of advice.
                if o.message.ends_with('.') { format!(" See {page}") } else { format!("; see {page}") }
            });
            let old = before.iter().find(|c| c.type_ == o.kind && c.status == o.status.as_str());
            Condition {
                type_: o.kind.to_owned(),
                status: o.status.as_str().to_owned(),
                reason: o.reason.clone(),
                message: message(&o.message, &link),
                observed_generation: generation,
                last_transition_time: old.map_or_else(|| Time(whole_seconds(now)), |c| c.last_transition_time.clone()),
            }
        })
        .collect()
}

/// The link for [`merge`] where no reason has a page: all is well, or the state is intended.
pub fn no_page(_: &str) -> Option<String> {
    None
}

/// `now` without its fraction: the API server stores whole seconds, and a different time would be a change.
pub fn whole_seconds(now: Timestamp) -> Timestamp {
    now - SignedDuration::from_nanos(i64::from(now.subsec_nanosecond()))
}

/// `message` on one line, cut so that it fits into a condition with the link behind it.
fn message(message: &str, link: &str) -> String {
    let line = printable(message);
    let end = line.floor_char_boundary(MAX_MESSAGE.saturating_sub(link.len()));
    line[..end].to_owned() + link
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Observation, merge, no_page};
    use jiff::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_transition_time_moves_only_when_the_status_flips() {
        let first = merge(&[], &[Observation::no("Ready", "Analyzing", "first pass")], no_page, Some(1), at(100));
        let same = merge(&first, &[Observation::no("Ready", "MetricsStale", "old data")], no_page, Some(2), at(200));
        assert_eq!(same[0].last_transition_time.0, at(100));
        assert_eq!((same[0].reason.as_str(), same[0].observed_generation), ("MetricsStale", Some(2)));
        let flipped = merge(&same, &[Observation::yes("Ready", "Analyzed", "done")], no_page, Some(2), at(300));
        assert_eq!(flipped[0].last_transition_time.0, at(300));
    }

    #[test]
    fn a_message_stays_on_one_line() {
        let observed = [Observation::no("Ready", "ForeignSeries", "cluster=\"a\nb\u{1b}[2K\"")];
        let made = merge(&[], &observed, no_page, None, at(1));
        assert_eq!(made[0].message, "cluster=\"a\\u{a}b\\u{1b}[2K\"");
    }

    #[test]
    fn the_same_truth_twice_is_no_change() {
        let observed =
            [Observation::yes("Ready", "Analyzed", "done"), Observation::unknown("Overlapping", "Analyzing", "-")];
        let first = merge(&[], &observed, no_page, Some(1), at(100));
        assert_eq!(merge(&first, &observed, no_page, Some(1), at(500)), first);
    }

    #[test]
    fn a_reason_with_a_runbook_says_where_it_is_however_long_the_message() {
        let page = |reason: &str| (reason == "MetricsStale").then(|| "https://example.org/MetricsStale".to_owned());
        let observed =
            [Observation::no("Ready", "MetricsStale", "old data"), Observation::yes("Other", "Fine", "well")];
        let merged = merge(&[], &observed, page, None, at(100));
        assert_eq!(merged[0].message, "old data; see https://example.org/MetricsStale");
        assert_eq!(merged[1].message, "well");
        let advice = [Observation::no("Ready", "MetricsStale", "old data. Wait.")];
        let merged = merge(&[], &advice, page, None, at(100));
        assert_eq!(merged[0].message, "old data. Wait. See https://example.org/MetricsStale");
        let long = [Observation::no("Ready", "MetricsStale", "ü".repeat(20_000))];
        let merged = merge(&[], &long, page, None, at(100));
        assert!(merged[0].message.len() <= super::MAX_MESSAGE && merged[0].message.ends_with("/MetricsStale"));
    }

    #[test]
    fn fractions_of_a_second_are_not_kept() {
        let now = Timestamp::from_millisecond(100_900).unwrap();
        assert_eq!(
            merge(&[], &[Observation::yes("Ready", "A", "")], no_page, None, now)[0].last_transition_time.0,
            at(100)
        );
    }
}
