//! What a gate is: a name, the reasons for which it closes, and the question that it asks.

use trimtab_api::recommendation_rollout::ClosedGate;

use crate::facts::Facts;

/// The longest message that the schema takes.
const MAX_MESSAGE: usize = 1024;

/// One gate of the chain.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Its name, in one CamelCase word.
    pub name: &'static str,
    /// Whether it also holds a rollout that is under way.
    pub forward: bool,
    /// The reasons for which it closes.
    pub reasons: &'static [Reason],
    /// Looks at the facts.
    pub(crate) question: fn(&Facts<'_>) -> Option<Closing>,
}

/// A reason for which a gate closes, as the documentation lists it.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// The reason, in one CamelCase word.
    pub word: &'static str,
    /// When it is given.
    pub when: &'static str,
    /// What opens the gate again.
    pub opens: &'static str,
}

/// Why a gate is closed: one of its reasons, and the message with objects and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// A gate's answer.
pub(crate) fn closing(reason: &'static str, message: impl Into<String>) -> Option<Closing> {
    Some(Closing { reason, message: message.into() })
}

impl Gate {
    /// `None` where it is open.
    pub fn ask(&self, facts: &Facts<'_>) -> Option<ClosedGate> {
        (self.question)(facts).map(|c| closed(self.name, c.reason, &c.message))
    }
}

/// A closed gate as the status lists it.
pub fn closed(gate: &str, reason: &str, message: &str) -> ClosedGate {
    ClosedGate { gate: gate.to_owned(), reason: reason.to_owned(), message: cut(message, MAX_MESSAGE) }
}

/// `text`, at most `most` characters of it.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// `1 pod`, `2 pods`.
pub(crate) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
