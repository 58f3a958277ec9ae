//! The guard of approvals: whether it is in force, and which approvals it vouches for.
//!
//! Who may approve is decided by the API server, by the admission policy `trimtab-approval` of `policies/approval.yaml`.
//! Trimtab honours no approval unless that policy and its binding are there, unaltered. What goes in are the two objects
//! as the API server shows them, and a Recommendation; what comes out is a [`GuardFault`] or that all is well.
//!
//! | module | what it does |
//! |---|---|
//! | [`expected`] | the policy and the binding as they have to be, from the manifest that is part of this build |
//! | [`arrivals`] | which approvals came while the guard was in force |
//! | [`check`] | compares with what is there; since when it is in force |
//! | [`trust`] | whether an approval was made under the guard |
//! | [`watch`] | keeps the answer up to date |

pub mod arrivals;
pub mod check;
pub mod expected;
mod fault;
pub mod trust;
pub mod watch;

pub use check::{check, since};
pub use expected::{Expected, NAME};
pub use fault::{GuardFault, Kind};
pub use trust::trustworthy;
pub use watch::{Guard, InForce};
