//! What an entry of AppliedSizes does for a rollout. In: the entry, the rollout, the workload, the bounds of its
//! namespace. Out: whether it is that rollout's, and whether new pods get the size by it. Pure.

use trimtab_admission_sizes::{Bounds, current};
use trimtab_api::{applied_sizes::WorkloadSizes, resources::ContainerResources, rollout::RolloutStatus};
use trimtab_rollout::sizes::{Has, has};
use trimtab_world::row::WorkloadRow;

/// Whether `entry` is that of this rollout, with its new size.
pub fn is_of(entry: &WorkloadSizes, recommendation: &str, rollout: &RolloutStatus) -> bool {
    let to: Vec<ContainerResources> = entry
        .containers
        .iter()
        .map(|c| ContainerResources {
            name: c.name.clone(),
            requests: c.to.requests.clone(),
            limits: c.to.limits.clone(),
        })
        .collect();
    entry.recommendation == recommendation
        && entry.proposal_digest == rollout.proposal_digest
        && (has(&to, &rollout.desired) == Has::Yes)
}

/// Whether a pod of `workload` created now gets the new size of `rollout` by `entry`.
pub fn gives(entry: &WorkloadSizes, rollout: &RolloutStatus, workload: &WorkloadRow, bounds: &Bounds) -> bool {
    has(&current(Some(entry), &workload.template, bounds), &rollout.desired) == Has::Yes
}
