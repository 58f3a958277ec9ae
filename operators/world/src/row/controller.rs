//! The controller of an object.
//!
//! In: its controller owner reference. Out: the kind and the name of its controller.

use std::sync::Arc;

use trimtab_core::WorkloadKind;

/// The kind of object that controls a pod, a ReplicaSet or a Job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ControllerKind {
    /// `apps` ReplicaSet.
    ReplicaSet,
    /// A workload kind, of the expected API group.
    Workload(WorkloadKind),
    /// Any other, by its kind.
    Other(Arc<str>),
}

impl ControllerKind {
    /// The kind as Kubernetes spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::ReplicaSet => "ReplicaSet",
            Self::Workload(kind) => kind.as_str(),
            Self::Other(kind) => kind,
        }
    }
}

/// The controller owner reference of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Controller {
    /// Its kind.
    pub kind: ControllerKind,
    /// Its name, in the namespace of the object.
    pub name: Arc<str>,
}
