//! What blocks an approved change of sizes, what approves one without a person, and how one is verified.
//!
//! In: rows of the world, settings of a policy, and the time, all borrowed in [`Input`]. Out: the closed gates, each
//! with a reason and a message that a person can act on; a policy's verdict; the verdicts of checks. No clock, no client,
//! no I/O. Missing or contradictory input closes a gate.

pub mod approve;
pub mod delivery;
mod gates;
pub mod input;
mod pod_resize;
pub mod reasons;
pub mod rules;
mod sizes;
pub mod verify;

#[cfg(test)]
mod testkit;
#[cfg(test)]
mod tests;

pub use gates::{FORWARD, START};
pub use input::Input;
pub use pod_resize::PodResize;
pub use rules::Rules;
