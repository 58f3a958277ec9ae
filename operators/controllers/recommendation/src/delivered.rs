//! What an entry of AppliedSizes does for a rollout. In: the entry, the rollout, the workload, the bounds of its
//! namespace, the admission policy. Out: whether it is that rollout's, and whether new pods get the size by it. Pure.

use trimtab_admission_sizes::{Bounds, NotInForce, current};
use trimtab_api::{applied_sizes::WorkloadSizes, resources::ContainerResources, rollout::RolloutStatus};
use trimtab_rollout::{
    sizes::{Has, has},
    view::NotGiven,
};
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

/// Whether a pod of `workload` created now gets the new size of `rollout` by `entry`, if the policy is in force.
pub fn gives(entry: &WorkloadSizes, rollout: &RolloutStatus, workload: &WorkloadRow, bounds: &Bounds) -> bool {
    has(&current(Some(entry), &workload.template, bounds), &rollout.desired) == Has::Yes
}

/// Whether new pods get the size of an entry that `gives` it, with the admission `policy` as it is. A policy that is not
/// read yet, or cannot be read, is not taken to be gone.
pub fn given(gives: bool, policy: Result<(), NotInForce>) -> Result<(), NotGiven> {
    match policy {
        Err(why @ (NotInForce::Missing(_) | NotInForce::Altered(_))) => {
            Err(NotGiven::PolicyNotInForce(why.to_string()))
        }
        Ok(()) | Err(NotInForce::Unknown | NotInForce::Unreadable(_)) => {
            if gives {
                Ok(())
            } else {
                Err(NotGiven::OtherResources)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_policy_that_is_known_not_to_be_in_force_gives_nothing() {
        for known in [Ok(()), Err(NotInForce::Unknown), Err(NotInForce::Unreadable("forbidden".to_owned()))] {
            assert_eq!(given(true, known.clone()), Ok(()));
            assert_eq!(given(false, known), Err(NotGiven::OtherResources));
        }
        for gives in [true, false] {
            let missing = given(gives, Err(NotInForce::Missing("MutatingAdmissionPolicyBinding")));
            assert!(
                matches!(&missing, Err(NotGiven::PolicyNotInForce(why)) if why.contains("trimtab-sizes is missing")),
                "{missing:?}"
            );
        }
    }
}
