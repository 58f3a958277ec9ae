//! A rollout whose workload is gone or was recreated under its name. In: a view, the rollout. Out: the removal of its
//! entry, and the former size for pods that outlived the workload.
//!
//! Pods outlive a workload that is deleted with `--cascade=orphan`; one that is created afterwards adopts them. And pods
//! of the new workload may have been created by an entry of the old one that Trimtab could not remove in time. Nothing
//! else would ever take the size back from such pods, and the next rollout would believe it to be their former one.

use jiff::Timestamp;
use trimtab_api::{
    conditions::recommendation as reasons,
    delivery::DeliveryMode,
    resources::ContainerResources,
    rollout::{RolloutResult, RolloutStatus, Stage},
};
use trimtab_engine::{
    gates::target::TERMINATING,
    steps::{paused, soon, write},
    text::after,
};

use crate::{
    effect::Effect,
    known::own_target,
    pods::live,
    sizes::{Has, has, same},
    sizing::{Session, Step, ask},
    status::{ended, undoing, undoing_all},
    text, undo,
    view::{Pod, View},
};

/// How long after the end of a rollout pods are still expected that an entry sized which was removed just before, in
/// seconds. Later on, whoever gave a pod that size meant it.
const LATECOMERS_S: i64 = 300;

/// The next step for `rollout`, whose workload is gone or was recreated; `None` if nothing of it is left.
pub(crate) fn settle(view: &View, rollout: &RolloutStatus, session: &Session, now: Timestamp) -> Option<Step> {
    if view.sizes_entry {
        return Some(ask(Effect::DropSizes));
    }
    if let Some(wait) = undecided(view, rollout, now) {
        return Some(wait);
    }
    let left = left(view, rollout, now);
    if rollout.stage == Stage::Undoing {
        return undo::outlived(view, rollout, left, session, now);
    }
    if left.is_empty() {
        return None;
    }
    let was = if view.target.is_some() { "recreated" } else { "deleted" };
    let message = format!("the workload was {was}, and {} had kept the size of this rollout", text::pods(left));
    // The size before an earlier change is restored too: nothing of that one is in force any more either.
    let all = rollout.stage == Stage::Ended;
    let status = if all { undoing_all } else { undoing }(view, rollout, reasons::SUPERSEDED, &message, now);
    Some(write(status))
}

/// The same for a rollout that has not ended: its end, if nothing is left.
pub(crate) fn decide(view: &View, rollout: &RolloutStatus, session: &Session, now: Timestamp) -> Step {
    settle(view, rollout, session, now).unwrap_or_else(|| {
        let is_former = |pod: &&Pod| has(&pod.spec, &rollout.former) == Has::Yes;
        // Where pods have the size of an earlier change, that is taken back next.
        let earlier = !rollout.original.is_empty() && live(view).iter().any(is_former);
        let result = if earlier { RolloutResult::RolledBack } else { RolloutResult::Superseded };
        write(RolloutStatus { rollbacks: rollout.rollbacks, ..ended(view, rollout, result, now) })
    })
}

/// Whether `rollout`, which has ended, is about a workload that is gone or was recreated, and something is left of it.
pub(crate) fn is_left(view: &View, rollout: &RolloutStatus, now: Timestamp) -> bool {
    own_target(view, rollout).is_none() && (view.sizes_entry || !left(view, rollout, now).is_empty())
}

/// A wait as long as nobody knows what becomes of the pods: the garbage collector deletes or orphans them.
fn undecided(view: &View, rollout: &RolloutStatus, now: Timestamp) -> Option<Step> {
    if !view.leaving || sized(view, rollout, now).next().is_none() {
        return None;
    }
    let message = "the workload is being deleted; it continues when its pods are gone, or restores the former size of \
                   those that stay"
        .to_owned();
    Some(paused(TERMINATING.word, message, Some(soon(now))))
}

/// The pods that have a size which only this rollout can have given them.
fn left<'a>(view: &'a View, rollout: &RolloutStatus, now: Timestamp) -> Vec<&'a Pod> {
    if !view.settings.in_place || view.taken {
        return Vec::new();
    }
    sized(view, rollout, now).collect()
}

fn sized<'a>(view: &'a View, rollout: &RolloutStatus, now: Timestamp) -> impl Iterator<Item = &'a Pod> {
    let target = view.target.as_ref().filter(|t| !t.terminating);
    let gives = |size: &&[ContainerResources]| target.is_some_and(|t| has(&t.template_sizes, size) == Has::Yes);
    let size = changed(rollout, now).filter(|size| !gives(size));
    // Where the template is gone that this rollout may have patched, a newer pod has the size from it.
    let from_template = target.is_none() && rollout.delivery == DeliveryMode::Template;
    let size = size.map(<[ContainerResources]>::to_vec);
    live(view).into_iter().filter(move |pod| {
        let has_size = size.as_ref().is_some_and(|size| has(&pod.spec, size) == Has::Yes);
        has_size && !(from_template && pod.created_since)
    })
}

/// The size that `rollout` gave to pods, if it may still be there and is another than before.
fn changed(rollout: &RolloutStatus, now: Timestamp) -> Option<&[ContainerResources]> {
    let before = if rollout.original.is_empty() { &rollout.former } else { &rollout.original };
    let (size, before) = match (rollout.stage, rollout.result) {
        (Stage::Ended, Some(RolloutResult::Applied)) => (&rollout.desired, before),
        (Stage::Ended, Some(RolloutResult::RolledBack)) => (&rollout.former, before),
        (Stage::Ended, Some(RolloutResult::Superseded)) => {
            let ended = rollout.ended.as_ref().unwrap_or(&rollout.stage_since).0;
            (now < after(ended, LATECOMERS_S)).then_some((&rollout.desired, before))?
        }
        (Stage::Ended, None) => return None,
        _ => (&rollout.desired, &rollout.former),
    };
    (!same(size, before)).then_some(size)
}
