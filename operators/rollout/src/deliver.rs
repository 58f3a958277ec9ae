//! Delivery, and the verification at the end. In: a view of a rollout whose last step was reached. Out: the entry in
//! AppliedSizes, the patch of the template, the resize of pods created with the former size meanwhile, and the end.

use jiff::Timestamp;
use trimtab_api::{
    conditions::recommendation as reasons,
    delivery::DeliveryMode,
    rollout::{RolloutResult, RolloutStatus, Stage},
};
use trimtab_engine::{
    checks::inconclusive,
    standing::Standing,
    steps::{paused, soon, write},
};

use crate::{
    effect::Effect,
    known::{resizes, template_has},
    pods::Sorted,
    sizing::{Step, ask},
    status::{ended, entered, refreshed, watch_end},
    text,
    view::{Pod, Target, View},
    waits::{wait_bound, wait_settled},
};

/// The request that delivers the size, if it is not delivered yet.
fn missing(view: &View, rollout: &RolloutStatus, target: &Target) -> Option<Effect> {
    match rollout.delivery {
        DeliveryMode::Admission => (!view.sizes_entry).then(|| Effect::PutSizes {
            uid: target.uid.clone(),
            from: target.template_sizes.clone(),
            to: rollout.desired.clone(),
        }),
        DeliveryMode::Template => (!template_has(target, rollout, true))
            .then(|| Effect::PatchTemplate { uid: target.uid.clone(), containers: rollout.desired.clone() }),
        DeliveryMode::Auto | DeliveryMode::Git | DeliveryMode::Manual => None,
    }
}

/// Evicts `pod`, whose node has no room for the new size, after making sure that its replacement gets that size.
pub(crate) fn evict(view: &View, rollout: &RolloutStatus, target: &Target, pod: &Pod) -> Step {
    ask(missing(view, rollout, target).unwrap_or_else(|| Effect::Evict { pod: pod.name.clone(), uid: pod.uid.clone() }))
}

/// Requests the new size for `pod`.
pub(crate) fn resize(pod: &Pod, rollout: &RolloutStatus) -> Step {
    ask(Effect::Resize {
        pod: pod.name.clone(),
        uid: pod.uid.clone(),
        resource_version: pod.resource_version.clone(),
        containers: rollout.desired.clone(),
    })
}

/// The stage `Delivering`, and the end of the last step where sizes are delivered by admission.
pub(crate) fn delivering(
    view: &View,
    rollout: &RolloutStatus,
    target: &Target,
    pods: &Sorted<'_>,
    now: Timestamp,
) -> Step {
    if let Some(change) = still_to_change(view, rollout, target, pods) {
        return change;
    }
    let lasts = matches!(rollout.delivery, DeliveryMode::Admission | DeliveryMode::Template);
    let delivered = RolloutStatus { delivered: lasts, ..rollout.clone() };
    if rollout.delivery == DeliveryMode::Template && !rollout.delivered {
        // Written before waiting for the workload's own rollout: if the template has the former values after this,
        // somebody reverted it, and it is not patched again.
        return write(refreshed(view, &delivered));
    }
    if !lasts && !resizes(view, target) && !template_has(target, rollout, true) {
        let message = "waiting for somebody to apply the patch in status.patch".to_owned();
        return Step::Wait { until: Some(soon(now)), standing: Standing::RollingOut(message) };
    }
    match unfinished(view, rollout, target, pods, now) {
        Some(wait) => wait,
        None => write(entered(view, &delivered, Stage::Verifying, now)),
    }
}

/// The stage `Verifying`: all pods have the new size and are watched for the last time.
pub(crate) fn verifying(
    view: &View,
    rollout: &RolloutStatus,
    target: &Target,
    pods: &Sorted<'_>,
    now: Timestamp,
) -> Step {
    if let Some(change) = still_to_change(view, rollout, target, pods) {
        return change;
    }
    if let Some(end) = watch_end(&view.settings, rollout).filter(|end| now < *end) {
        let message = format!(
            "{}, watched until {end}; {}",
            text::new_size(pods.new.len(), pods.live.len()),
            text::delivery(rollout.delivery)
        );
        return Step::Wait { until: Some(end.min(soon(now))), standing: Standing::Verifying(message) };
    }
    if let Some(wait) = unfinished(view, rollout, target, pods, now) {
        return wait;
    }
    if let Some(why) = inconclusive(&view.checks) {
        let message = format!("paused at the end of the last watch: {why}");
        return paused(reasons::CHECKS_INCONCLUSIVE, message, Some(soon(now)));
    }
    write(ended(view, rollout, RolloutResult::Applied, now))
}

/// The resize of a pod created with the former size after the last step, else the request that delivers the size.
fn still_to_change(view: &View, rollout: &RolloutStatus, target: &Target, pods: &Sorted<'_>) -> Option<Step> {
    let latecomer = pods.candidate().filter(|_| resizes(view, target));
    latecomer.map(|pod| resize(pod, rollout)).or_else(|| missing(view, rollout, target).map(ask))
}

/// The wait until all pods have the new size, if some do not.
fn unfinished(
    view: &View,
    rollout: &RolloutStatus,
    target: &Target,
    pods: &Sorted<'_>,
    now: Timestamp,
) -> Option<Step> {
    if target.runs_to_completion {
        return None;
    }
    if target.rolling || !pods.other.is_empty() || (!pods.former.is_empty() && !resizes(view, target)) {
        let message =
            format!("{}; waiting for the workload's own rollout", text::new_size(pods.new.len(), pods.live.len()));
        return Some(Step::Wait { until: Some(soon(now)), standing: Standing::RollingOut(message) });
    }
    if !pods.former.is_empty() {
        return Some(wait_bound(view, rollout, pods, now));
    }
    wait_settled(view, rollout, pods, now)
}
