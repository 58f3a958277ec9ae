//! Usage histories of workloads: filled from a usage source, kept in memory, and across restarts in UsageProfiles.
//!
//! In: samples per pod and container (`trimtab-sources`), and which workload a pod belongs to. Out: one
//! [`trimtab_sizing::ContainerHistory`] per container of a workload, on which decisions stand.

mod histories;
mod kills;
mod ledger;
pub mod levels;
mod present;
pub mod profile;
mod refresh;
mod sink;
mod staging;
pub mod store;
pub mod world;

pub use histories::Containers;
pub use present::Sampled;
pub use refresh::{Failure, Refresh, Span};
pub use sink::Resolver;
pub use store::UsageStore;
pub use world::WorldResolver;
