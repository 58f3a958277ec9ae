//! The driver of rollouts, with everything that it uses, on an API server in memory: what is sent, in which order, and
//! what people read. What the machine decides is tested where it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod approved_for;
mod bed;
mod faults;
mod fixtures;
mod kept_limit;
mod meter;
mod order;
mod orphaned;
mod outdated;
mod places;
mod recreated;
mod renamed;
mod set_back;
mod siblings;
