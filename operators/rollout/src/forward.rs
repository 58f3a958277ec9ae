//! A rollout going forward: step by step, each one watched. In: a view of a rollout under way that nothing speaks against.
//! Out: the next request, or a wait.

use jiff::Timestamp;
use trimtab_api::{
    conditions::recommendation as reasons,
    delivery::DeliveryMode,
    rollout::{RolloutStatus, Stage},
};
use trimtab_engine::{
    checks::inconclusive,
    standing::Standing,
    steps::{paused, soon, write},
};

use crate::{
    deliver::{self, resize},
    known::{resizes, template_has},
    pods::Sorted,
    sizing::{Session, Step},
    status::{covers, entered, pause_s, refreshed, step, steps, watch_end},
    text,
    view::{Pod, Target, View},
    waits::{at, wait_bound, wait_settled},
};

/// The next step of a rollout that is neither being undone nor ended.
pub(crate) fn decide(view: &View, rollout: &RolloutStatus, target: &Target, session: &Session, now: Timestamp) -> Step {
    let pods = Sorted::of(view, rollout);
    if resizes(view, target)
        && let Some(wait) = in_the_way(&pods, now)
    {
        return wait;
    }
    if let Some((pod, _)) = pods.stuck(view.settings.deferred_timeout_s, now).first() {
        return deliver::evict(view, rollout, target, pod);
    }
    let never_fits = |pod: &&&Pod| {
        session.memory.never_fits.iter().any(|(digest, uid)| *digest == rollout.proposal_digest && *uid == pod.uid)
    };
    if let Some(pod) = pods.former.iter().find(never_fits) {
        return deliver::evict(view, rollout, target, pod);
    }
    match rollout.stage {
        Stage::Resizing => resizing(view, rollout, target, &pods, now),
        Stage::Watching => watching(view, rollout, target, &pods, now),
        Stage::Delivering => deliver::delivering(view, rollout, target, &pods, now),
        // `Undoing` and `Ended` never get here.
        Stage::Verifying | Stage::Undoing | Stage::Ended => deliver::verifying(view, rollout, target, &pods, now),
    }
}

/// What blocks any rollout: no pods at all, or pods that somebody else resized.
fn in_the_way(pods: &Sorted<'_>, now: Timestamp) -> Option<Step> {
    if pods.live.is_empty() {
        let message = "the workload has no pods; it continues when it has some".to_owned();
        return Some(paused(reasons::NO_PODS, message, Some(soon(now))));
    }
    if pods.other.is_empty() {
        return None;
    }
    let message = format!(
        "{}: neither the former nor the new size, so somebody else resized; it continues when that is fixed, or reject \
         it to restore the former size everywhere",
        text::pods(pods.other.iter().copied())
    );
    Some(paused(reasons::PODS_DIFFER, message, Some(soon(now))))
}

fn resizing(view: &View, rollout: &RolloutStatus, target: &Target, pods: &Sorted<'_>, now: Timestamp) -> Step {
    if !resizes(view, target) {
        let last = RolloutStatus { step: steps(&view.settings), ..rollout.clone() };
        return write(entered(view, &last, Stage::Delivering, now));
    }
    if target.rolling && !template_has(target, rollout, true) {
        let message =
            format!("{}: the workload's own rollout is in progress; it continues when that ends", at(view, rollout));
        return Step::Wait { until: Some(soon(now)), standing: Standing::RollingOut(message) };
    }
    let covered = covers(view, step(&view.settings, rollout), pods.live.len());
    if pods.new.len() < covered {
        return match pods.candidate() {
            // The replacement of an evicted pod is created with the new size, and counts for this step.
            Some(_) if view.sizes_entry && pods.live.len() < desired_pods(target) => {
                wait_made(view, rollout, pods, now)
            }
            Some(pod) => resize(pod, rollout),
            None => wait_bound(view, rollout, pods, now),
        };
    }
    if let Some(wait) = wait_settled(view, rollout, pods, now) {
        return wait;
    }
    if pause_s(&view.settings, rollout) > 0 {
        return write(entered(view, rollout, Stage::Watching, now));
    }
    after_watch(view, rollout, target, pods, now)
}

fn desired_pods(target: &Target) -> usize {
    usize::try_from(target.desired_pods).unwrap_or(usize::MAX)
}

/// A wait for pods that are not created yet.
fn wait_made(view: &View, rollout: &RolloutStatus, pods: &Sorted<'_>, now: Timestamp) -> Step {
    let message = format!(
        "{}: {}; waiting for replacement pods",
        at(view, rollout),
        text::new_size(pods.new.len(), pods.live.len())
    );
    Step::Wait { until: Some(soon(now)), standing: Standing::RollingOut(message) }
}

fn watching(view: &View, rollout: &RolloutStatus, target: &Target, pods: &Sorted<'_>, now: Timestamp) -> Step {
    let present = step(&view.settings, rollout);
    if pods.new.len() < covers(view, present, pods.live.len()) {
        // A pod was recreated with the former size, or the workload was scaled up: the step is not done after all.
        return write(entered(view, rollout, Stage::Resizing, now));
    }
    if let Some(end) = watch_end(&view.settings, rollout).filter(|end| now < *end) {
        let message =
            format!("{}: {}, watched until {end}", at(view, rollout), text::new_size(pods.new.len(), pods.live.len()));
        return Step::Wait { until: Some(end.min(soon(now))), standing: Standing::Verifying(message) };
    }
    if let Some(wait) = wait_settled(view, rollout, pods, now) {
        return wait;
    }
    after_watch(view, rollout, target, pods, now)
}

/// After the watch of a step: goes on to the next, if the checks allow it.
fn after_watch(view: &View, rollout: &RolloutStatus, target: &Target, pods: &Sorted<'_>, now: Timestamp) -> Step {
    if let Some(why) = inconclusive(&view.checks) {
        return paused(
            reasons::CHECKS_INCONCLUSIVE,
            format!("paused at {}: {why}", at(view, rollout)),
            Some(soon(now)),
        );
    }
    let present = step(&view.settings, rollout);
    if present < steps(&view.settings) {
        let next = RolloutStatus { step: present + 1, ..refreshed(view, rollout) };
        return write(entered(view, &next, Stage::Resizing, now));
    }
    // An entry in AppliedSizes changes no pod and is visible by itself, so it needs no stage: a write of the status less.
    if rollout.delivery == DeliveryMode::Admission {
        return deliver::delivering(view, rollout, target, pods, now);
    }
    write(entered(view, rollout, Stage::Delivering, now))
}
