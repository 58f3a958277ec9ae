//! VerticalPodAutoscalers, where the server has them: what else sizes the pods of a workload.
//!
//! In: a VerticalPodAutoscaler as the API server sends it. Out: its target, its update mode and the resources it
//! controls. A change wakes the target workload.

use std::sync::Arc;

use serde::Deserialize;
use trimtab_core::WorkloadId;

use super::{Tabled, Watched, kind::Api};
use crate::{
    intern::Interner,
    row::HpaTarget,
    tables::{Dirty, Key, Table, Tables},
    wire::{Head, Parts, TargetRef},
    world::World,
};

pub(crate) const API: Api =
    Api::new("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler", "verticalpodautoscalers").optional();

/// When a VerticalPodAutoscaler writes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VpaMode {
    /// Never: it only recommends.
    Off,
    /// At pod creation only.
    Initial,
    /// By recreating or resizing pods: `Recreate`, `InPlaceOrRecreate`, `Auto`, and modes of later versions.
    Always,
}

/// A VerticalPodAutoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpaRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The target whose pods it sizes.
    pub target: HpaTarget,
    /// When it writes.
    pub mode: VpaMode,
    /// `updateMode` as written; `Auto` where unset.
    pub update_mode: Arc<str>,
    /// Whether it sizes CPU of any container.
    pub cpu: bool,
    /// Whether it sizes memory of any container.
    pub memory: bool,
}

impl VpaRow {
    /// Whether it writes pod requests, and so would compete with Trimtab.
    pub fn writes(&self) -> bool {
        self.mode != VpaMode::Off && (self.cpu || self.memory)
    }
}

/// `autoscaling.k8s.io/v1` VerticalPodAutoscaler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VerticalPodAutoscaler;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct VpaSpec {
    target_ref: Option<TargetRef>,
    update_policy: Option<UpdatePolicy>,
    resource_policy: Option<ResourcePolicy>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UpdatePolicy {
    update_mode: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourcePolicy {
    container_policies: Option<Vec<ContainerPolicy>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerPolicy {
    container_name: Option<String>,
    mode: Option<String>,
    controlled_resources: Option<Vec<String>>,
}

impl VpaSpec {
    /// Whether it sizes CPU, and memory, of any container.
    fn controls(&self) -> (bool, bool) {
        let policies = self.resource_policy.as_ref().and_then(|p| p.container_policies.as_deref()).unwrap_or_default();
        // A policy named `*` is for all containers without a policy of their own; without one those are sized too.
        if !policies.iter().any(|p| p.container_name.as_deref() == Some("*")) {
            return (true, true);
        }
        let on = policies.iter().filter(|p| p.mode.as_deref() != Some("Off"));
        on.fold((false, false), |(cpu, memory), policy| {
            let named = |resource: &str| {
                policy.controlled_resources.as_ref().is_none_or(|list| list.iter().any(|r| r == resource))
            };
            (cpu || named("cpu"), memory || named("memory"))
        })
    }
}

impl Watched for VerticalPodAutoscaler {
    type Wire = Parts<Head, VpaSpec>;
    type Store = Table<VpaRow>;
}

impl Tabled for VerticalPodAutoscaler {
    type Row = VpaRow;

    fn row((namespace, name): Key, object: Self::Wire, interner: &mut Interner) -> VpaRow {
        let spec = object.spec;
        let written = spec.update_policy.as_ref().and_then(|p| p.update_mode.as_deref()).unwrap_or("Auto");
        let (cpu, memory) = spec.controls();
        VpaRow {
            mode: match written {
                "Off" => VpaMode::Off,
                "Initial" => VpaMode::Initial,
                _ => VpaMode::Always,
            },
            update_mode: interner.text(written),
            target: spec.target_ref.unwrap_or_default().row(&namespace, interner),
            cpu,
            memory,
            namespace,
            name,
        }
    }

    fn matters(row: &VpaRow) -> impl PartialEq {
        row
    }

    fn wakes(row: &VpaRow, dirty: &mut Dirty) {
        dirty.workloads.extend(row.target.workload.clone());
    }
}

impl Tables {
    /// The vertical autoscalers whose target is a workload.
    pub fn vpas_for(&self, id: &WorkloadId) -> Vec<Arc<VpaRow>> {
        let sizes = |row: &&Arc<VpaRow>| row.target.workload.as_ref() == Some(id);
        self.stores.vertical_pod_autoscaler.of(&id.namespace).filter(sizes).cloned().collect()
    }
}

impl World {
    /// See [`Tables::vpas_for`].
    pub fn vpas_for(&self, id: &WorkloadId) -> Vec<Arc<VpaRow>> {
        self.read(|t| t.vpas_for(id))
    }
}
