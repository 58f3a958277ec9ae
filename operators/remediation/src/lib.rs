//! RemediationActions as changes of the engine: what is planned, which request comes next, how it is undone, and how well it
//! worked.
//!
//! In: the spec of an action, what was read of its targets, decisions, gates, checks, and the time. Out: a plan with digest and risk,
//! or why there is none; one request at a time with its preconditions; the run for the status; the standing for its conditions.
//! No clock, no client, no I/O. Anything may be lost between two steps: what has to hold stands in the status.

mod acting;
pub mod budgets;
mod change;
mod cordon;
pub mod drain;
pub mod effect;
pub mod field;
mod forward;
mod leave;
pub mod locks;
pub mod object;
pub mod observed;
mod outcome;
pub mod plan;
pub mod planning;
pub mod refusal;
mod rest;
pub mod retention;
pub mod risk;
pub mod run;
mod scale;
pub mod settings;
mod standing;
mod status;
mod turn_back;
mod undo;
mod verdict;
pub mod view;
pub mod writer;

#[cfg(test)]
mod testkit;

pub use acting::{Acting, Memory, REASONS, Request, Seen, SeenField, Session, Stage, Step};
pub use cordon::UNSCHEDULABLE;
pub use rest::NOT_BEFORE;
pub use scale::REPLICAS;
pub use status::refreshed;
