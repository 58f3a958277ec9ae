//! Pods that outlived the workload of a rollout. In: the rollout and the world. Out: those pods, and the containers whose
//! sizes tell whether the rollout changed them. Pure but for reading the world's tables.

use std::sync::Arc;

use trimtab_api::{resources::ContainerResources, rollout::RolloutStatus};
use trimtab_core::WorkloadId;
use trimtab_rollout::sizes::{Has, has};
use trimtab_world::{World, row::PodRow};

use crate::{observed_rows::ObservedRows, pods};

/// Pods that belong to a rollout, although the workload does not own them.
#[derive(Debug, Default)]
pub(crate) struct Outlived {
    /// The pods.
    pub(crate) pods: Vec<Arc<PodRow>>,
    /// Whether some with the size of the rollout still have the workload, which is gone or goes, as their owner.
    pub(crate) leaving: bool,
}

impl Outlived {
    /// What the workload `id` of `rollout` left; nothing if it is there, and stays. `rows`: those of the present workload
    /// of its name.
    pub(crate) fn of(world: &World, id: &WorkloadId, rollout: &RolloutStatus, rows: &ObservedRows) -> Self {
        let present = rows.workload.as_deref().filter(|w| w.uid.to_string() == rollout.target_uid);
        if present.is_some_and(|workload| !workload.terminating) {
            return Self::default();
        }
        let left = world.left_by(id);
        // Of one that is being deleted, these are among its pods.
        let held = if present.is_some() { &rows.pods } else { &left.leaving };
        let changed = |pod: &Arc<PodRow>| {
            let has_size = |size: &[ContainerResources]| has(&pods::sizes(pod, size), size) == Has::Yes;
            !pod.terminating && pod.holds_resources() && (has_size(&rollout.desired) || has_size(&rollout.former))
        };
        let leaving = held.iter().any(changed);
        Self { leaving, pods: left.leaving.into_iter().chain(left.orphaned).collect() }
    }
}

/// The containers of `proposal`, and those of `rollout` that it does not name.
pub(crate) fn with_former(proposal: &[ContainerResources], rollout: Option<&RolloutStatus>) -> Vec<ContainerResources> {
    let former = rollout.into_iter().flat_map(|r| &r.desired);
    let beside = former.filter(|c| proposal.iter().all(|p| p.name != c.name));
    proposal.iter().chain(beside).cloned().collect()
}
