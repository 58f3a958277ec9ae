//! What keeps an approved change from being carried out, what approves one without a person, and how one is verified.
//!
//! In: rows of the world, numbers of a policy, and the time, all borrowed in [`facts::Facts`]. Out: the gates that are
//! closed, each with a reason and a message that a person can act on; the approval that is honoured; the verdicts of
//! checks. No clock, no client, no I/O. Missing or contradictory facts close a gate.

pub mod approve;
pub mod delivery;
pub mod facts;
pub mod gate;
mod gates;
pub mod mode;
pub mod rules;
mod sizes;
pub mod verify;
pub mod windows;

#[cfg(test)]
mod testkit;

pub use facts::Facts;
pub use gate::{Gate, Reason};
pub use gates::GATES;
pub use rules::{Fault, Rules};

use trimtab_api::recommendation_rollout::ClosedGate;

/// The most gates that a status lists.
const MOST: usize = 32;

/// The gates that keep a rollout from starting, in the order in which they are asked. None: it may start.
pub fn start_gates(facts: &Facts<'_>) -> Vec<ClosedGate> {
    GATES.iter().filter_map(|gate| gate.ask(facts)).take(MOST).collect()
}

/// The gates that keep a rollout that is under way from going forward. They do not hold an undo.
pub fn forward_gates(facts: &Facts<'_>) -> Vec<ClosedGate> {
    GATES.iter().filter(|gate| gate.forward).filter_map(|gate| gate.ask(facts)).take(MOST).collect()
}

#[cfg(test)]
mod tests;
