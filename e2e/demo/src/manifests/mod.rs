//! The demo's world as Kubernetes objects.
//!
//! In: the fleet. Out: JSON that the API server accepts, namespaces first. Pure.

mod namespaces;
mod nodes;
mod pods;
mod workloads;

pub use namespaces::namespace;
pub use nodes::{nodes, racks_for};
pub use workloads::workload;

/// The label that identifies a workload's pods.
pub const NAME_LABEL: &str = "app.kubernetes.io/name";

/// Where the objects go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The demo's own nodes: workloads are bound to their pools.
    OwnNodes,
    /// An existing cluster: pods run a small image anywhere.
    ExistingCluster,
}
