//! What every change that Trimtab makes has in common, whatever it changes: what blocks it, who approves it, when it may
//! start, how often it is tried, and how it is judged.
//!
//! In: settings, decisions, responses and results of checks, and the time. Out: closed gates, the honoured decision,
//! delays, verdicts. It knows no sizes, pods or kinds. No clock, no client, no I/O.

pub mod approval;
pub mod approval_guard;
pub mod back_off;
pub mod change;
pub mod checks;
pub mod gate;
pub mod gates;
pub mod header;
pub mod input;
pub mod invalid_field;
pub mod limits;
pub mod machine;
pub mod mode;
pub mod pace;
pub mod parts;
pub mod protocol;
pub mod query;
pub mod session;
pub mod standing;
pub mod steps;
pub mod text;
pub mod windows;

mod answer;
mod before_writing;
mod turn_back;

#[cfg(test)]
mod testkit;
