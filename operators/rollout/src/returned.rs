//! Pods that come back after an undo. In: a view of a rollout that was undone. Out: the undo once more, for those pods.
//!
//! While the undo ran they were out of the workload's reach: somebody had changed a label to look into one, say, and changes
//! it back later. Nobody else can tell what their former size was.

use jiff::Timestamp;
use trimtab_api::rollout::{RolloutResult, RolloutStatus};
use trimtab_engine::steps::write;

use crate::{
    known::{own_target, resizes, template_has},
    pods::live,
    sizes::{Has, has},
    sizing::Step,
    status::undoing,
    text,
    undone::is_approved_again,
    view::{Pod, View},
};

/// How the message ends that names them.
const CAME_BACK: &str = "came back with the new size";

/// The undo once more, if pods came back that have the size of `rollout` from Trimtab. Not where anything else could have
/// given it to them: another change, an entry for new pods, the template.
pub(crate) fn undo_again(view: &View, rollout: &RolloutStatus, now: Timestamp) -> Option<Step> {
    let undo = rollout.undo.as_ref().filter(|_| rollout.result == Some(RolloutResult::RolledBack))?;
    let target = own_target(view, rollout).filter(|target| resizes(view, target))?;
    let given_by_another = view.taken || view.has_entry || template_has(target, rollout, true);
    if given_by_another || !rollout.original.is_empty() || is_approved_again(rollout, view.approval.as_ref()) {
        return None;
    }
    let pods: Vec<&Pod> = live(view).into_iter().filter(|pod| pod.bound && has_it(pod, rollout)).collect();
    if pods.is_empty() {
        return None;
    }
    let message = match undo.message.ends_with(CAME_BACK) {
        true => undo.message.clone(),
        false => format!("{}; {} {CAME_BACK}", undo.message, text::pods(pods)),
    };
    let mut again = undoing(view, rollout, &undo.reason, &message, now);
    // It is the same undo: whoever approved again since then did, and it counts once for the back-off.
    if let Some(again) = &mut again.undo {
        again.since = undo.since.clone();
    }
    again.rollbacks = (rollout.rollbacks - 1).max(0);
    Some(write(again))
}

/// Whether `pod` has the new size, and all of it from Trimtab.
fn has_it(pod: &Pod, rollout: &RolloutStatus) -> bool {
    let from_trimtab = |name: &String| pod.sized_by_trimtab.contains(name);
    has(&pod.spec, &rollout.desired) == Has::Yes
        && has(&pod.spec, &rollout.former) == Has::No
        && rollout.desired.iter().all(|container| from_trimtab(&container.name))
}
