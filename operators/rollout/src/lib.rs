//! The rollout machine: applies an approved proposal, a few pods at a time, verifies, and undoes.
//!
//! In: a [`view::View`] of one Recommendation and its workload, the response to the last request, and the time. Out: a
//! [`Step`]: one request, or how long to wait. What is the same for all changes is decided by [`trimtab_engine::machine`];
//! [`Sizing`] is the rest. No clock, no client, no I/O: the same step runs in tables, under property tests with crashes
//! and conflicts, in a model checker, and against a real API server.

pub mod back_off;
pub mod effect;
pub mod elsewhere;
pub mod rejection;
pub mod sizes;
pub mod start;
pub mod start_gates;
pub mod undone;
pub mod view;

mod change;
mod deliver;
mod forward;
mod known;
mod leave;
mod left_behind;
mod leftover;
mod pods;
mod rest;
mod set_back;
mod sizing;
mod standing;
mod status;
mod text;
mod turn_back;
mod undo;
mod waits;

pub use sizing::{Memory, Request, Session, Sizing, Step};
pub use status::watch_end;
