//! A Recommendation that is being deleted. In: a view. Out: the undo of what is under way or in force, the decision
//! record of its workload, and finally the removal of the finalizer.
//!
//! A deletion leaves nothing changed: whoever deletes the Recommendation, and however, pods get their former values
//! back. That needs no approval, and no guard.

use jiff::Timestamp;
use trimtab_api::{
    applied_sizes::{RejectedSize, WorkloadHistory},
    approval::{ApproverKind, Decision},
    conditions::recommendation as reasons,
    rollout::{RolloutStatus, Stage},
};

use crate::{
    ask::{Request, Step},
    elsewhere::undone,
    known::{decided, own_target},
    left_behind,
    next::{paused, soon, write},
    session::Session,
    sizes::is_close,
    standing,
    status::{fault, undoing, undoing_all},
    undo,
    view::{Deletion, View},
};

/// The next step for a Recommendation that is being deleted.
pub(crate) fn decide(view: &View, session: &Session, now: Timestamp) -> Step {
    if view.deletion == Some(Deletion::WithNamespace) {
        // The workload and its pods are deleted as well, and nothing can be created any more.
        return release(view);
    }
    if let Err(gate) = &view.seen {
        return paused(&gate.reason, gate.message.clone(), Some(soon(now)));
    }
    // A contradictory status has nothing that could be restored, and its message tells people to delete the object.
    if let Some(rollout) = view.rollout.as_ref().filter(|r| fault(r).is_none())
        && let Some(step) = settle(view, rollout, session, now)
    {
        return step;
    }
    match history(view) {
        Some(history) if view.history.as_ref() != Some(&history) && !session.remembered => {
            Step::Ask(Request::Remember(Box::new(history)))
        }
        _ => release(view),
    }
}

/// The undo of what `rollout` changed.
fn settle(view: &View, rollout: &RolloutStatus, session: &Session, now: Timestamp) -> Option<Step> {
    let Some(target) = own_target(view, rollout) else {
        return left_behind::settle(view, rollout, session, now);
    };
    match rollout.stage {
        Stage::Undoing => Some(undo::decide(view, rollout, target, session, now)),
        Stage::Ended if rollout.is_in_force() => {
            let message = "the Recommendation was deleted while its size was in force";
            Some(write(undoing_all(view, rollout, reasons::DELETED, message, now)))
        }
        Stage::Ended => None,
        _ => {
            let message = "the Recommendation was deleted during its rollout";
            Some(write(undoing(view, rollout, reasons::DELETED, message, now)))
        }
    }
}

fn release(view: &View) -> Step {
    if view.protected {
        return Step::Ask(Request::Release);
    }
    // It will be gone in a moment, or somebody else's finalizer keeps it.
    let standing = view.rollout.as_ref().and_then(standing::ended).unwrap_or(crate::ask::Standing::Pending);
    Step::Wait { until: None, standing }
}

/// What has to outlive this Recommendation, merged with the existing decision record; `None` if there is nothing.
pub(crate) fn history(view: &View) -> Option<WorkloadHistory> {
    let uid = &view.target.as_ref()?.uid;
    let known = view.history.as_ref();
    let rejected = rejected(view).or_else(|| known?.rejected.clone().filter(|r| !is_lifted(view, r)));
    let before = known.and_then(|k| k.undone.as_ref());
    let own = view.rollout.as_ref().filter(|r| r.target_uid == *uid);
    let undone = own.and_then(|rollout| undone(rollout, before)).or_else(|| before.cloned());
    let some = rejected.is_some() || undone.is_some() || known.is_some();
    some.then(|| WorkloadHistory { uid: uid.clone(), rejected, undone })
}

/// The rejection by a person.
fn rejected(view: &View) -> Option<RejectedSize> {
    let approval = view.approval.as_ref().filter(|_| decided(view, Decision::Rejected))?;
    Some(RejectedSize {
        by: approval.by.name.clone(),
        since: approval.since.clone(),
        containers: view.proposal.clone(),
    })
}

/// Whether a person has since approved what had been rejected.
fn is_lifted(view: &View, rejected: &RejectedSize) -> bool {
    let person = view.approval.as_ref().is_some_and(|a| a.by.kind == ApproverKind::Person);
    person && decided(view, Decision::Approved) && is_close(&rejected.containers, &view.proposal)
}
