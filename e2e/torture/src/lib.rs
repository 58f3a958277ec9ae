//! Rollouts under faults: a proxy between Trimtab and a real API server kills, cuts, refuses and delays at chosen
//! writes, and each rollout must end like the undisturbed one.
//!
//! In: the programs of the test bed. Out: a [`session::Session`] with the result of each plan.

pub mod bed;
pub mod end;
pub mod fault;
mod hands;
mod narrowed;
pub mod plan;
pub mod proxy;
pub mod run;
pub mod scenario;
mod second;
pub mod session;
mod site;
mod stream;
mod strikes;
pub mod table;
pub mod writes;
