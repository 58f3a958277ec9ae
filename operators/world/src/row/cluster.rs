//! Rows of cluster-scoped objects: namespaces and nodes.

use std::sync::Arc;

use super::Labels;

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceRow {
    /// Its name.
    pub name: Arc<str>,
    /// All of its labels.
    pub labels: Labels,
    /// Annotations that begin with `trimtab.dev/`.
    pub annotations: Labels,
    /// Whether it is being deleted.
    pub terminating: bool,
}

/// What a node has, or offers to pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeCapacity {
    /// CPU in millicores.
    pub cpu: u64,
    /// Memory in bytes.
    pub memory: u64,
    /// How many pods may run.
    pub pods: u64,
    /// GPUs: the sum of extended resources whose name ends in `/gpu`, such as `nvidia.com/gpu`.
    pub gpus: u64,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name.
    pub name: Arc<str>,
    /// The cloud's id of the machine (`aws:///eu-central-1a/i-0abc`), where there is one.
    pub provider_id: Option<Arc<str>>,
    /// Its addresses and host names, by which a scrape may know it.
    pub addresses: Box<[Box<str>]>,
    /// All of its labels: a price book may name any of them.
    pub labels: Labels,
    /// What the machine has.
    pub capacity: NodeCapacity,
    /// What is left for pods after what the system keeps.
    pub allocatable: NodeCapacity,
    /// Whether its `Ready` condition is `True`.
    pub ready: bool,
    /// Whether it is cordoned.
    pub unschedulable: bool,
}
