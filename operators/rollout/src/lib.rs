//! The rollout machine: applies an approved proposal, a few pods at a time, verifies, and undoes.
//!
//! In: a [`view::View`] of one Recommendation and its workload, the [`ask::Response`] to the last request, and the
//! time. Out: a [`ask::Step`]: one request, or how long to wait. No clock, no client, no I/O: the same step runs in
//! tables, under property tests with crashes and conflicts, in a model checker, and against a real API server.

pub mod ask;
pub mod back_off;
pub mod elsewhere;
pub mod gate;
pub mod machine;
pub mod pace;
pub mod rejection;
pub mod session;
pub mod sizes;
pub mod standing;
pub mod start;
pub mod start_gates;
pub mod undone;
pub mod view;

mod answer;
mod before_writing;
mod deliver;
mod forward;
mod known;
mod leave;
mod left_behind;
mod leftover;
mod next;
mod pods;
mod rest;
mod set_back;
mod status;
mod text;
mod turn_back;
mod undo;
mod waits;

pub use machine::step;
pub use session::Session;
pub use status::watch_end;
