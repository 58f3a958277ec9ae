//! The guard of approvals: whether it is in force, and which approvals it vouches for.
//!
//! Who may approve is decided by the API server, by the admission policy `trimtab-approval` of
//! `policies/approval.yaml`. Trimtab honours no approval unless that policy and its binding exist, unaltered. In: these
//! objects as the API server returns them, and an object of any kind that people approve. Out: a [`GuardFault`], or none.
//!
//! | module | what it does |
//! |---|---|
//! | [`manifests`] | the manifests that are shipped, and the objects in them |
//! | [`expected`] | the objects as they have to be, with the account of the installation |
//! | [`arrivals`] | which approvals arrived while the guard was in force |
//! | [`check`] | compares them with the cluster; since when the guard is in force |
//! | [`releases`] | the guards of all releases, by digest |
//! | `unbroken` | since when approvals are guarded without a gap, while one release replaces another |
//! | [`trust`] | whether an approval was made under the guard |
//! | [`watch`] | keeps the answer up to date |

pub mod arrivals;
pub mod check;
pub mod expected;
mod fault;
pub mod manifests;
pub mod releases;
pub mod trust;
mod unbroken;
pub mod watch;

pub use check::{check, check_all, since};
pub use expected::{Expected, ShippedGuard, account};
pub use fault::GuardFault;
pub use manifests::{Kind, MANIFESTS, NAME};
pub use trust::trustworthy;
pub use watch::{Guard, InForce};
