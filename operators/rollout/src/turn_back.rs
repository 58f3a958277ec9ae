//! What makes a change of sizes turn back, beside what makes any. In: a view of a rollout going forward. Out: the reason of
//! the undo and its message, if any.

use jiff::Timestamp;
use trimtab_api::{conditions::recommendation as reasons, delivery::DeliveryMode, rollout::RolloutStatus};

use crate::{
    known::{by_template, may_evict, template_has},
    pods::Sorted,
    set_back,
    sizing::Session,
    view::{Target, View},
};

/// What somebody else did that the rollout cannot go on with.
pub(crate) fn disturbed(view: &View, rollout: &RolloutStatus, target: &Target) -> Option<(&'static str, String)> {
    if let Some(why) = &view.pods_refused {
        return Some((reasons::PODS_REFUSED, format!("the workload's controller cannot create pods: {why}")));
    }
    template_changed(rollout, target).then(|| {
        let message = "somebody else changed the workload's pod template during the rollout";
        (reasons::TEMPLATE_CHANGED, message.to_owned())
    })
}

/// Why the pods do not get the new size, whatever is tried.
pub(crate) fn stuck(
    view: &View,
    rollout: &RolloutStatus,
    session: &Session,
    now: Timestamp,
) -> Option<(&'static str, String)> {
    let pods = Sorted::of(view, rollout);
    if let Some(message) = set_back::given_up(rollout, session, &pods) {
        return Some((reasons::RESIZE_SET_BACK, message));
    }
    let (_, why) = pods.stuck(view.settings.deferred_timeout_s, now).into_iter().next()?;
    (!may_evict(view, rollout)).then_some((reasons::RESIZE_INFEASIBLE, why))
}

/// Whether somebody else changed the template since the start. A template with exactly the new size is the goal of
/// this rollout, unless new pods get it by admission.
fn template_changed(rollout: &RolloutStatus, target: &Target) -> bool {
    if by_template(rollout) && template_has(target, rollout, true) {
        return false;
    }
    let taken_back = rollout.delivered && rollout.delivery == DeliveryMode::Template;
    target.template != rollout.template || taken_back
}
