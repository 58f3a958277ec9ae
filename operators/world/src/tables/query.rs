//! What can be asked of several kinds at once: which pods are whose, and how many objects there are. What can be asked of one
//! kind is in its own file. Every answer is a cheap clone, and in the order of names.

use std::{collections::BTreeMap, sync::Arc};

use trimtab_core::{CustomKind, WorkloadId};

use super::Tables;
use crate::{
    kinds::Kind,
    row::{PodPhase, PodRow},
};

impl Tables {
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

    /// How many objects of each kind there are. Jobs count those of CronJobs too.
    pub fn counts(&self) -> Vec<(Kind, usize)> {
        let kinds = Kind::ALL.into_iter().chain(CustomKind::all().map(Kind::Custom));
        kinds.map(|kind| (kind, (kind.descriptor().count)(self, kind))).collect()
    }
}
