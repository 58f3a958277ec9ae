//! What a gate is: a name, the reasons for which it closes, and a check. In: the check's input. Out: nothing, or why
//! it is closed. A chain is a slice of gates, in the order of evaluation; there is one for each purpose.

use trimtab_api::gates::ClosedGate;

use crate::text::cut;

/// The most gates that a status lists.
const MOST: usize = 32;

/// The input type of the gates of a chain.
pub trait Inputs {
    /// The input of one evaluation, borrowed.
    type Of<'a>;
}

/// One gate of a chain.
#[derive(Debug)]
pub struct Gate<I: Inputs> {
    /// Its name, in one CamelCase word.
    pub name: &'static str,
    /// The reasons for which it closes.
    pub reasons: &'static [Reason],
    /// Evaluates the input.
    pub check: for<'a> fn(&I::Of<'a>) -> Option<Blocked>,
}

/// A reason for which a gate closes, as the documentation lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
pub struct Blocked {
    /// The word of the reason.
    pub reason: &'static str,
    /// The message.
    pub message: String,
}

/// The result of a closed gate.
pub fn blocked(reason: &'static str, message: impl Into<String>) -> Option<Blocked> {
    Some(Blocked { reason, message: message.into() })
}

impl<I: Inputs> Gate<I> {
    /// The gate as the status lists it; `None` if it is open.
    pub fn ask(&self, input: &I::Of<'_>) -> Option<ClosedGate> {
        (self.check)(input).map(|b| closed(self.name, b.reason, &b.message))
    }
}

/// The gates of `chain` that are closed.
pub fn closed_gates<I: Inputs>(chain: &[Gate<I>], input: &I::Of<'_>) -> Vec<ClosedGate> {
    chain.iter().filter_map(|gate| gate.ask(input)).take(MOST).collect()
}

/// A closed gate as the status lists it.
pub fn closed(gate: &str, reason: &str, message: &str) -> ClosedGate {
    ClosedGate { gate: gate.to_owned(), reason: reason.to_owned(), message: cut(message) }
}
