//! What causes an undo. In: a view of a rollout going forward. Out: the reason of the undo and its message, if any.

use jiff::Timestamp;
use trimtab_api::{
    approval::Decision, conditions::recommendation as reasons, delivery::DeliveryMode, rollout::RolloutStatus,
    verification::Verdict,
};

use crate::{
    known::{by_template, decided, may_evict, template_has},
    pods::Sorted,
    session::Session,
    set_back, text,
    view::{Target, View},
};

/// Why the former values have to be restored.
pub(crate) fn why(
    view: &View,
    rollout: &RolloutStatus,
    target: &Target,
    session: &Session,
    pods: &Sorted<'_>,
    now: Timestamp,
) -> Option<(String, String)> {
    if let Some((reason, message)) = seen(view, rollout, target) {
        return Some((reason.to_owned(), message));
    }
    if let Some(refusal) = session.refusal.as_ref().filter(|r| r.digest == rollout.proposal_digest) {
        return Some((refusal.reason.clone(), refusal.message.clone()));
    }
    if let Some(message) = set_back::given_up(rollout, session, pods) {
        return Some((reasons::RESIZE_SET_BACK.to_owned(), message));
    }
    let (_, why) = pods.stuck(view.settings.deferred_timeout_s, now).into_iter().next()?;
    (!may_evict(view, rollout)).then_some((reasons::RESIZE_INFEASIBLE.to_owned(), why))
}

/// The reason that the view shows, if any.
fn seen(view: &View, rollout: &RolloutStatus, target: &Target) -> Option<(&'static str, String)> {
    if view.digest != rollout.proposal_digest {
        return Some((reasons::PROPOSAL_CHANGED, "the proposal changed during its rollout".to_owned()));
    }
    if decided(view, Decision::Rejected) {
        let by = view.approval.as_ref().map_or_else(|| "somebody".to_owned(), |a| a.by.to_string());
        return Some((reasons::REJECTED, format!("{by} rejected it during its rollout")));
    }
    if let Some(policy) = &view.policy_deleted {
        let message = format!("policy {policy} was deleted during the rollout, and its verification rules with it");
        return Some((reasons::POLICY_DELETED, message));
    }
    if !decided(view, Decision::Approved) {
        let message = format!("the approval of {} was withdrawn, or is no longer valid", rollout.approved_by);
        return Some((reasons::APPROVAL_WITHDRAWN, message));
    }
    if let Some(why) = &view.pods_refused {
        return Some((reasons::PODS_REFUSED, format!("the workload's controller cannot create pods: {why}")));
    }
    if template_changed(rollout, target) {
        return Some((
            reasons::TEMPLATE_CHANGED,
            "somebody else changed the workload's pod template during the rollout".to_owned(),
        ));
    }
    if view.checks.iter().any(|c| c.verdict == Verdict::Fail) {
        let message = format!("worse than before: {}", text::checks(&view.checks, Verdict::Fail));
        return Some((reasons::CHECKS_FAILED, message));
    }
    None
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
