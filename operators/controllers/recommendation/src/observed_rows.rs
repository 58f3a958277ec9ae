//! The rows of one workload, all read at one moment. In: the world. Out: [`ObservedRows`].

use std::sync::Arc;

use trimtab_core::WorkloadId;
use trimtab_world::{
    World,
    row::{HpaRow, LimitRangeRow, NamespaceRow, PdbRow, PodRow, QuotaRow, VpaRow, WorkloadRow},
};

/// The rows of one workload, read at one moment.
#[derive(Debug, Default)]
pub struct ObservedRows {
    /// The workload.
    pub workload: Option<Arc<WorkloadRow>>,
    /// Its namespace.
    pub namespace: Option<Arc<NamespaceRow>>,
    /// Its pods.
    pub pods: Vec<Arc<PodRow>>,
    /// Its HorizontalPodAutoscalers.
    pub hpas: Vec<Arc<HpaRow>>,
    /// Its VerticalPodAutoscalers.
    pub vpas: Vec<Arc<VpaRow>>,
    /// Its PodDisruptionBudgets.
    pub pdbs: Vec<Arc<PdbRow>>,
    /// The ResourceQuotas of its namespace.
    pub quotas: Vec<Arc<QuotaRow>>,
    /// The LimitRanges of its namespace.
    pub limit_ranges: Vec<Arc<LimitRangeRow>>,
}

impl ObservedRows {
    /// Reads the rows of `id` from the world.
    pub fn at(world: &World, id: &WorkloadId) -> Self {
        world.read(|t| {
            let workload = t.workload(id);
            Self {
                namespace: t.namespace(&id.namespace),
                pods: t.pods_of(id),
                hpas: t.hpas_for(id),
                vpas: t.vpas_for(id),
                pdbs: workload.as_ref().map(|w| t.pdbs_for(&id.namespace, &w.template.labels)).unwrap_or_default(),
                quotas: t.quotas(&id.namespace),
                limit_ranges: t.limit_ranges(&id.namespace),
                workload,
            }
        })
    }
}
