//! The reconciler with a kind of object that has nothing to do with sizes: a lamp, which is lit once somebody approves it,
//! and put out by an undo. It shows what a controller gets from the driver alone: the order of requests, what is told, and
//! what happens when an answer is lost, an object changes, or another instance led before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bed;
mod change;
mod lamp;
mod lamps;
mod order;
mod own_writes;
mod sessions;
mod terms;
mod told;
