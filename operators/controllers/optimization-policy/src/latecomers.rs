//! Workloads that were there before anybody could see them: of a kind whose right or definition came later, or newly selected.
//!
//! In: the plan of a full pass, and that of the one before. Out: namespaces whose past is read once more. Usage is read once and
//! then only what is new of it, and what was read while nobody knew whose it was is not kept.

use std::collections::BTreeSet;

use trimtab_core::WorkloadId;

use crate::{
    analyzer::{Analyzer, Extent, Round},
    memory::Before,
};

impl Analyzer {
    /// Has the past read once more of namespaces with workloads that came late.
    pub(crate) fn read_latecomers(&mut self, round: &Round<'_>) {
        if *round.extent != Extent::All {
            return;
        }
        let assigned: BTreeSet<WorkloadId> = round.plan.assigned.keys().cloned().collect();
        if let Some(before) = &self.memory.before {
            let fresh = assigned.difference(&before.workloads).filter(|id| self.ran_unseen(id, before.at_s));
            let namespaces: BTreeSet<&str> = fresh.map(|id| &*id.namespace).collect();
            if !namespaces.is_empty() {
                tracing::info!(?namespaces, "workloads came late: the past of their namespaces is read once more");
                // A source that knows no past has nothing to read once more.
                if let Some(feed) = &self.feeds.prometheus {
                    feed.store.read_again(|namespace| namespaces.contains(namespace));
                }
            }
        }
        self.memory.before = Some(Before { at_s: round.now.as_second(), workloads: assigned });
    }

    /// Whether pods of the workload ran at that time, and nothing is known of what they used.
    fn ran_unseen(&self, id: &WorkloadId, at_s: i64) -> bool {
        let unknown = self.feeds.prometheus.as_ref().is_some_and(|f| f.store.with_workload(id, <[_]>::is_empty));
        let ran = |created: Option<jiff::Timestamp>| created.is_some_and(|created| created.as_second() < at_s);
        unknown && self.world.pods_of(id).iter().any(|pod| ran(pod.created))
    }
}
