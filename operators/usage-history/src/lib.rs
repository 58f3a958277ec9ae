//! Usage histories of workloads: read from a usage source, kept in memory, and across restarts in UsageProfiles.
//!
//! In: samples per pod and container (`trimtab-sources`), and which workload a pod belongs to. Out: one
//! [`trimtab_sizing::ContainerHistory`] per container of a workload, on which decisions are based.

mod exported;
mod guest;
mod histories;
mod judge;
mod kills;
mod ledger;
pub mod levels;
mod neighbours;
mod news;
mod present;
pub mod profile;
mod refresh;
mod sink;
mod sizes;
mod staging;
pub mod store;
mod vanished;
mod whose;
pub mod world;

pub use histories::Containers;
pub use neighbours::Mixture;
pub use present::Sampled;
pub use refresh::{Failure, Refresh, Span};
pub use sink::Resolver;
pub use store::UsageStore;
pub use whose::Whose;
pub use world::WorldResolver;
