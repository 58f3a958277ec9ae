//! Workloads that existed before Trimtab could see them: their kind's permission or definition came later, or they are
//! newly selected.
//!
//! In: the plans of this full pass and the previous one. Out: namespaces whose history is read again. Usage is read
//! once and then incrementally, and what was read while it could not be attributed is not kept.

use std::collections::BTreeSet;

use trimtab_core::WorkloadId;

use crate::{
    analyzer::{Analyzer, Extent, Round},
    memory::Before,
};

impl Analyzer {
    /// Schedules another read of the history for namespaces with such workloads.
    pub(crate) fn read_latecomers(&mut self, round: &Round<'_>) {
        if *round.extent != Extent::All {
            return;
        }
        let assigned: BTreeSet<WorkloadId> = round.plan.assigned.keys().cloned().collect();
        if let Some(before) = &self.memory.before {
            let fresh = assigned.difference(&before.workloads).filter(|id| self.ran_unseen(id, before.at_s));
            let namespaces: BTreeSet<&str> = fresh.map(|id| &*id.namespace).collect();
            if !namespaces.is_empty() {
                tracing::info!(?namespaces, "new workloads appeared: the history of their namespaces is read again");
                // A source without a history has nothing to read again.
                if let Some(feed) = &self.feeds.prometheus {
                    feed.store.read_again(|namespace| namespaces.contains(namespace));
                }
            }
        }
        self.memory.before = Some(Before { at_s: round.now.as_second(), workloads: assigned });
    }

    /// Whether pods of the workload ran at that time although none of their usage is known.
    fn ran_unseen(&self, id: &WorkloadId, at_s: i64) -> bool {
        let unknown = self.feeds.prometheus.as_ref().is_some_and(|f| f.store.with_workload(id, <[_]>::is_empty));
        let ran = |created: Option<jiff::Timestamp>| created.is_some_and(|created| created.as_second() < at_s);
        unknown && self.world.pods_of(id).iter().any(|pod| ran(pod.created))
    }
}
