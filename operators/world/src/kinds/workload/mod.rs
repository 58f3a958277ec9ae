//! What all kinds of workload share: the shape of their specs and statuses, their row, and how it is joined with their pods.
//!
//! In: a workload as the API server sends it, and what its kind says in its own way ([`Workload`]). Out: its row. A change of
//! anything but counters of pods wakes it.

mod lending;
mod managed;
mod owner;
mod row;
mod store;
mod template;
mod volume;
mod wire;

pub use row::{Owner, ResourceManager, Runtime, RuntimeName, Template, TemplateContainer, WorkloadRow};
pub(super) use store::{Workloads, put};
pub(super) use template::TemplateWire;
pub(super) use wire::{Generation, WorkloadHead, WorkloadSpec, WorkloadStatus, WorkloadWire};

/// How many pods a workload has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replicas {
    /// How many it wants.
    pub(super) desired: u32,
    /// How many are ready.
    pub(super) ready: u32,
    /// How many are of the newest template.
    pub(super) updated: u32,
}

/// A kind of workload: what it says in its own way.
pub(super) trait Workload {
    /// How many pods it has.
    fn replicas(spec: &WorkloadSpec, status: &WorkloadStatus) -> Replicas;

    /// Whether it has ended for good.
    fn finished(_status: &WorkloadStatus) -> bool {
        false
    }

    /// The Deployment that it takes its template from, if it has none of its own.
    fn template_from(_spec: &WorkloadSpec) -> Option<&str> {
        None
    }
}
