//! Usage histories of workloads: filled from a usage source, kept in memory, and across restarts in UsageProfiles.
//!
//! In: samples per pod and container (`trimtab-sources`), and which workload a pod belongs to. Out: one
//! [`trimtab_sizing::ContainerHistory`] per container of a workload, on which decisions stand.

mod ledger;
pub mod profile;
mod sink;
pub mod store;

pub use sink::Resolver;
pub use store::{Failure, Refresh, Span, UsageStore};
