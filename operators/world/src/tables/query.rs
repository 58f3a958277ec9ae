//! What can be asked of the tables. Every answer is a cheap clone, and in the order of names.

use std::{collections::BTreeMap, sync::Arc};

use trimtab_core::{CustomKind, WorkloadId, WorkloadKind};

use super::Tables;
use crate::{
    kind::Kind,
    row::{
        HpaRow, Labels, LimitRangeRow, NamespaceRow, NodeRow, PdbRow, PodPhase, PodRow, QuotaRow, VpaRow, WorkloadRow,
    },
};

impl Tables {
    /// All namespaces.
    pub fn namespaces(&self) -> Vec<Arc<NamespaceRow>> {
        self.namespaces.values().cloned().collect()
    }

    /// The namespace `name`.
    pub fn namespace(&self, name: &str) -> Option<Arc<NamespaceRow>> {
        self.namespaces.get(name).cloned()
    }

    /// All nodes.
    pub fn nodes(&self) -> Vec<Arc<NodeRow>> {
        self.nodes.values().cloned().collect()
    }

    /// The node `name`.
    pub fn node(&self, name: &str) -> Option<Arc<NodeRow>> {
        self.nodes.get(name).cloned()
    }

    /// The workload `id`.
    pub fn workload(&self, id: &WorkloadId) -> Option<Arc<WorkloadRow>> {
        self.spaces.get(&id.namespace)?.workloads.get(&(id.kind, id.name.clone())).cloned()
    }

    /// All workloads, by namespace, then kind, then name.
    pub fn workloads(&self) -> Vec<Arc<WorkloadRow>> {
        self.spaces.values().flat_map(|s| s.workloads.values().cloned()).collect()
    }

    /// The workloads of a namespace, by kind, then name.
    pub fn workloads_in(&self, namespace: &str) -> Vec<Arc<WorkloadRow>> {
        self.spaces.get(namespace).map(|s| s.workloads.values().cloned().collect()).unwrap_or_default()
    }

    /// The pods that are there for a workload, by maker, then name; also those that have ended or are being deleted.
    pub fn pods_of(&self, id: &WorkloadId) -> Vec<Arc<PodRow>> {
        let Some(space) = self.spaces.get(&id.namespace) else { return Vec::new() };
        // Without the workload itself its name may be a left-over on orphans.
        if !space.workloads.contains_key(&(id.kind, id.name.clone())) {
            return Vec::new();
        }
        let makers = space.makers_of(id);
        makers.iter().flat_map(|m| space.pods_of.get(m)).filter_map(|name| space.pods.get(name).cloned()).collect()
    }

    /// The pods of a namespace.
    pub fn pods_in(&self, namespace: &str) -> Vec<Arc<PodRow>> {
        let mut pods: Vec<_> =
            self.spaces.get(namespace).map(|s| s.pods.values().cloned().collect()).unwrap_or_default();
        pods.sort_by(|a: &Arc<PodRow>, b| a.name.cmp(&b.name));
        pods
    }

    /// One pod.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<Arc<PodRow>> {
        self.spaces.get(namespace)?.pods.get(name).cloned()
    }

    /// The workload of a pod that is there: through its ReplicaSet or Job up to the Deployment or CronJob, if all of them exist.
    pub fn workload_of_pod(&self, namespace: &str, name: &str) -> Option<WorkloadId> {
        let space = self.spaces.get(namespace)?;
        space.workload_above(space.pods.get(name)?.controller.as_ref()?)
    }

    /// The pods of a namespace that run or wait and belong to no workload, counted by what is at the top of their owners as
    /// far as it is known; none for those that have no owner at all.
    pub fn unowned(&self, namespace: &str) -> BTreeMap<Option<Arc<str>>, u32> {
        let mut counts = BTreeMap::new();
        let Some(space) = self.spaces.get(namespace) else { return counts };
        let runs = |p: &&Arc<PodRow>| !p.terminating && !matches!(p.phase, PodPhase::Succeeded | PodPhase::Failed);
        for pod in space.pods.values().filter(runs) {
            match &pod.controller {
                Some(maker) if space.workload_above(maker).is_some() => {}
                maker => *counts.entry(maker.as_ref().map(|maker| space.top_kind(maker))).or_default() += 1,
            }
        }
        counts
    }

    /// The autoscalers whose target is a workload.
    pub fn hpas_for(&self, id: &WorkloadId) -> Vec<Arc<HpaRow>> {
        let Some(space) = self.spaces.get(&id.namespace) else { return Vec::new() };
        space.hpas.values().filter(|h| h.target.workload.as_ref() == Some(id)).cloned().collect()
    }

    /// The vertical autoscalers whose target is a workload.
    pub fn vpas_for(&self, id: &WorkloadId) -> Vec<Arc<VpaRow>> {
        let Some(space) = self.spaces.get(&id.namespace) else { return Vec::new() };
        space.vpas.values().filter(|v| v.target.workload.as_ref() == Some(id)).cloned().collect()
    }

    /// The disruption budgets of a namespace that guard pods with `labels`.
    pub fn pdbs_for(&self, namespace: &str, labels: &Labels) -> Vec<Arc<PdbRow>> {
        let Some(space) = self.spaces.get(namespace) else { return Vec::new() };
        space.pdbs.values().filter(|p| p.selector.as_ref().is_some_and(|s| s.matches(labels))).cloned().collect()
    }

    /// The quotas of a namespace.
    pub fn quotas(&self, namespace: &str) -> Vec<Arc<QuotaRow>> {
        self.spaces.get(namespace).map(|s| s.quotas.values().cloned().collect()).unwrap_or_default()
    }

    /// The limit ranges of a namespace.
    pub fn limit_ranges(&self, namespace: &str) -> Vec<Arc<LimitRangeRow>> {
        self.spaces.get(namespace).map(|s| s.limit_ranges.values().cloned().collect()).unwrap_or_default()
    }

    /// How many objects of each kind there are. Jobs count those of CronJobs too.
    pub fn counts(&self) -> Vec<(Kind, usize)> {
        let of = |kind: WorkloadKind| {
            self.spaces.values().map(|s| s.workloads.keys().filter(|(k, _)| *k == kind).count()).sum::<usize>()
        };
        let sum = |count: fn(&super::Space) -> usize| self.spaces.values().map(count).sum::<usize>();
        let custom = CustomKind::all().map(Kind::Custom);
        Kind::ALL
            .into_iter()
            .chain(custom)
            .map(|kind| {
                let count = match kind {
                    Kind::Namespace => self.namespaces.len(),
                    Kind::Node => self.nodes.len(),
                    Kind::Pod => sum(|s| s.pods.len()),
                    Kind::ReplicaSet => sum(|s| s.replica_sets.len()),
                    Kind::Job => of(WorkloadKind::Job) + sum(|s| s.runs.len()),
                    Kind::HorizontalPodAutoscaler => sum(|s| s.hpas.len()),
                    Kind::VerticalPodAutoscaler => sum(|s| s.vpas.len()),
                    Kind::PodDisruptionBudget => sum(|s| s.pdbs.len()),
                    Kind::ResourceQuota => sum(|s| s.quotas.len()),
                    Kind::LimitRange => sum(|s| s.limit_ranges.len()),
                    Kind::Deployment
                    | Kind::StatefulSet
                    | Kind::DaemonSet
                    | Kind::CronJob
                    | Kind::Rollout
                    | Kind::Custom(_) => kind.workload().map_or(0, of),
                };
                (kind, count)
            })
            .collect()
    }
}
