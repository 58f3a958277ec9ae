//! The rows of the world: what decisions need of each object, and nothing else.
//!
//! Strings are interned, rows are shared by `Arc`: cloning one is a reference count.

mod admission;
mod cluster;
mod guard;
mod labels;
mod pod;
mod resources;
mod selector;
mod uid;
mod workload;

pub use admission::{QosClass, pod_total};
pub use cluster::{NamespaceRow, NodeCapacity, NodeRow};
pub use guard::{
    HpaMetric, HpaRow, HpaTarget, HpaTargetValue, LimitRangeItem, LimitRangeRow, LimitRangeScope, LimitRatio, PdbRow,
    QuotaAmounts, QuotaRow, ResourceAmounts, VpaMode, VpaRow,
};
pub use labels::Labels;
pub use pod::{
    ContainerKind, Controller, ControllerKind, PodContainer, PodPhase, PodResize, PodRow, ResizeState, Termination,
};
pub use resources::Resources;
pub use selector::{Requirement, Selector, SelectorOperator};
pub use uid::Uid;
pub use workload::{Owner, ResourceManager, Runtime, RuntimeName, Template, TemplateContainer, WorkloadRow};
