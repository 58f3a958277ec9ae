//! What all workload kinds share: the shape of spec and status, the row, and the join with pods.
//!
//! In: a workload as the API server sends it, and its kind's specifics ([`Workload`]). Out: its row. Any change except
//! in pod counters wakes it.

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
    /// Desired pods.
    pub(super) desired: u32,
    /// Ready pods.
    pub(super) ready: u32,
    /// Pods of the newest template.
    pub(super) updated: u32,
}

/// A workload kind: what is specific to it.
pub(super) trait Workload {
    /// Its pod counts.
    fn replicas(spec: &WorkloadSpec, status: &WorkloadStatus) -> Replicas;

    /// Whether it has finished for good.
    fn finished(_status: &WorkloadStatus) -> bool {
        false
    }

    /// The Deployment that it takes its template from, if it has none of its own.
    fn template_from(_spec: &WorkloadSpec) -> Option<&str> {
        None
    }
}
