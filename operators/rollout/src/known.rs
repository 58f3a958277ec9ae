//! Predicates on the workload and its rollout. In: a view, its workload, a rollout. Out: whether the predicate holds.

use trimtab_api::{
    delivery::DeliveryMode,
    rollout::{RolloutStatus, Stage},
    rollout_strategy::IfInfeasible,
};

use crate::{
    sizes::{Has, has},
    status::{step, steps},
    view::{Target, View},
};

/// The workload, if it is the very one that `rollout` is about and is not being deleted.
pub(crate) fn own_target<'a>(view: &'a View, rollout: &RolloutStatus) -> Option<&'a Target> {
    view.target.as_ref().filter(|t| t.uid == rollout.target_uid && !t.terminating)
}

/// Whether pods are resized in place at all.
pub(crate) fn resizes(view: &View, target: &Target) -> bool {
    view.settings.in_place && !target.runs_to_completion
}

/// Whether the template has the desired (`desired`) or the former sizes of `rollout`.
pub(crate) fn template_has(target: &Target, rollout: &RolloutStatus, desired: bool) -> bool {
    let (sizes, said) = if desired {
        (&rollout.desired, target.template_has_desired)
    } else {
        (&rollout.former, target.template_has_former)
    };
    match has(&target.template_sizes, sizes) {
        Has::Yes => true,
        Has::No => false,
        // A container is missing from the template, or its sizes were not gathered.
        Has::Missing => target.template_sizes.is_empty() && said,
    }
}

/// Whether this rollout changes the template, or asks somebody to.
pub(crate) fn by_template(rollout: &RolloutStatus) -> bool {
    rollout.delivery != DeliveryMode::Admission
}

/// Whether a pod that cannot be resized may be evicted: only if its replacement gets the new size. A patch of the
/// template affects all pods at once, so with that delivery only in the last step.
pub(crate) fn may_evict(view: &View, rollout: &RolloutStatus) -> bool {
    view.settings.if_infeasible == IfInfeasible::Evict
        && match rollout.delivery {
            DeliveryMode::Admission => true,
            DeliveryMode::Template => {
                step(&view.settings, rollout) == steps(&view.settings)
                    || matches!(rollout.stage, Stage::Delivering | Stage::Verifying)
            }
            DeliveryMode::Auto | DeliveryMode::Git | DeliveryMode::Manual => false,
        }
}
