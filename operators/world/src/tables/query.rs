//! Queries over several kinds: which pods belong to whom, and object counts. Queries on one kind are in its own file.
//! Every answer is a cheap clone, in the order of names.

use std::{collections::BTreeMap, sync::Arc};

use trimtab_core::{CustomKind, WorkloadId};

use super::Tables;
use crate::{
    kinds::Kind,
    row::{Controller, PodPhase, PodRow},
};

/// Pods that outlived their workload.
#[derive(Clone, Debug, Default)]
pub struct LeftBehind {
    /// Those that still have the workload, which is gone, as their owner: the garbage collector will delete or orphan
    /// them.
    pub leaving: Vec<Arc<PodRow>>,
    /// Those without an owner, as a deletion with `--cascade=orphan` leaves them.
    pub orphaned: Vec<Arc<PodRow>>,
}

impl Tables {
    /// The existing pods of a workload, by owner, then name; includes those that have ended or are being deleted.
    pub fn pods_of(&self, id: &WorkloadId) -> Vec<Arc<PodRow>> {
        let Some(space) = self.spaces.get(&id.namespace) else { return Vec::new() };
        // Without the workload itself, its name may be a leftover on orphans.
        if !space.workloads.contains_key(&(id.kind, id.name.clone())) {
            return Vec::new();
        }
        let makers = space.makers_of(id);
        makers.iter().flat_map(|m| space.pods_of.get(m)).filter_map(|name| space.pods.get(name).cloned()).collect()
    }

    /// What is left of the pods of a workload that is gone, or that was recreated under its name and has not adopted
    /// them yet; includes those that have ended or are being deleted.
    pub fn left_by(&self, id: &WorkloadId) -> LeftBehind {
        let Some(space) = self.spaces.get(&id.namespace) else { return LeftBehind::default() };
        let by = |makers: &[Controller]| -> Vec<Arc<PodRow>> {
            makers.iter().flat_map(|m| space.pods_of.get(m)).filter_map(|name| space.pods.get(name).cloned()).collect()
        };
        let gone = !space.workloads.contains_key(&(id.kind, id.name.clone()));
        LeftBehind {
            leaving: if gone { by(&space.makers_of(id)) } else { Vec::new() },
            orphaned: by(&space.orphaned_sets(id)).into_iter().chain(space.orphaned_pods(id)).collect(),
        }
    }

    /// The workload of an existing pod: through its ReplicaSet or Job up to the Deployment or CronJob, if all exist.
    pub fn workload_of_pod(&self, namespace: &str, name: &str) -> Option<WorkloadId> {
        let space = self.spaces.get(namespace)?;
        space.workload_above(space.pods.get(name)?.controller.as_ref()?)
    }

    /// The pods of a namespace that run or wait and belong to no workload, counted by the kind of their topmost known
    /// owner; `None` for those without any owner.
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

    /// Object counts by kind. Jobs include those of CronJobs.
    pub fn counts(&self) -> Vec<(Kind, usize)> {
        let kinds = Kind::ALL.into_iter().chain(CustomKind::all().map(Kind::Custom));
        kinds.map(|kind| (kind, (kind.descriptor().count)(self, kind))).collect()
    }
}
