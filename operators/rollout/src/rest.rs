//! A recommendation with no rollout under way: before its start, or after its end. In: a view. Out: a start, the undo of a
//! size in force that was rejected or blocks the creation of pods, the removal of leftovers, the
//! finalizer as long as something would be lost with the object, or a wait with its standing.

use jiff::Timestamp;
use trimtab_api::{
    approval::Decision,
    conditions::recommendation as reasons,
    rollout::{RolloutResult, RolloutStatus},
};
use trimtab_engine::{
    standing::Standing,
    steps::{paused, soon, unreadable, write},
};

use crate::{
    effect::Effect,
    known::own_target,
    leave, left_behind,
    sizing::{Key, Request, Session, Step, ask},
    standing::at_rest,
    start,
    status::{ended, fault, undoing, undoing_all},
    undone::is_approved_again,
    view::View,
};

/// So many failures in a row to record a rejection are told in place of what was decided.
const TOLD: u32 = 3;

/// The next step while nothing is under way.
pub(crate) fn decide(view: &View, session: &Session, now: Timestamp) -> Step {
    let last = view.rollout.as_ref();
    let of_this = last.filter(|r| r.proposal_digest == view.digest);
    let needed = is_needed(view, now);
    // Even if approvals cannot be verified: a size in force has to be undone before the object is deleted.
    if needed && !view.protected {
        return Step::Ask(Request::Protect);
    }
    if let Err(gate) = &view.approval_known {
        // Whoever rejects a size in force has to see that it has no effect. Without a guard nothing can be said.
        let unheard = gate.reason == reasons::APPROVAL_NOT_PROVEN && of_this.is_some_and(RolloutStatus::is_in_force);
        return match of_this.and_then(|rollout| at_rest(view, rollout)) {
            Some(standing) if !unheard => Step::Wait { until: Some(soon(now)), standing },
            _ => paused(&gate.reason, gate.message.clone(), Some(soon(now))),
        };
    }
    if let Some(rollout) = last {
        if let Some(fault) = fault(rollout) {
            return unreadable(&fault);
        }
        let mine = own_target(view, rollout).is_some();
        let applied = rollout.result == Some(RolloutResult::Applied);
        if view.sizes_entry && !(mine && applied) {
            return ask(Effect::DropSizes);
        }
        if !mine {
            if let Some(step) = left_behind::settle(view, rollout, session, now) {
                return step;
            }
            if rollout.is_in_force() {
                return write(ended(view, rollout, RolloutResult::Superseded, now));
            }
        }
        if mine && let Some(step) = taken_back(view, rollout, now) {
            return step;
        }
    }
    let step = stands(view, of_this, now);
    if let Some(record) = leave::rejections_to_record(view).filter(|record| !session.has_recorded(record)) {
        return recorded_first(Request::Remember(Box::new(record)), step, session, now);
    }
    if view.protected && !needed && matches!(step, Step::Wait { .. }) {
        return Step::Ask(Request::Release);
    }
    step
}

/// `record`, which has to be written before `step`. Where it failed, what was decided stands meanwhile; a refusal that lasts
/// is told, so that somebody can make way for it.
fn recorded_first(record: Request, step: Step, session: &Session, now: Timestamp) -> Step {
    match (session.held(&Key::of(&record), now).filter(|hold| hold.tries < TOLD), step) {
        (Some(hold), Step::Wait { until, standing }) => {
            Step::Wait { until: Some(until.map_or(hold.until, |until| until.min(hold.until))), standing }
        }
        _ => Step::Ask(record),
    }
}

fn stands(view: &View, of_this: Option<&RolloutStatus>, now: Timestamp) -> Step {
    let stays = of_this.filter(|rollout| !is_approved_again(rollout, view.approval.as_ref()));
    if let Some(standing) = stays.and_then(|rollout| at_rest(view, rollout)) {
        return Step::Wait { until: None, standing };
    }
    if view.header().decided(Decision::Rejected) {
        return Step::Wait { until: None, standing: Standing::Rejected };
    }
    if view.header().decided(Decision::Approved) {
        return start::decide(view, now);
    }
    let standing = match view.past().rejected(&view.proposal) {
        None => Standing::Pending,
        Some(rejected) => Standing::RejectedBefore(format!("{rejected}; no policy approves it until somebody does")),
    };
    Step::Wait { until: None, standing }
}

/// The undo of what is in force, if it was rejected or blocks the creation of pods.
fn taken_back(view: &View, rollout: &RolloutStatus, now: Timestamp) -> Option<Step> {
    if !rollout.is_in_force() {
        return None;
    }
    if let Some(why) = &view.pods_refused {
        let message = format!("the workload's controller cannot create pods: {why}");
        return Some(write(undoing_all(view, rollout, reasons::PODS_REFUSED, &message, now)));
    }
    // Even if something else is proposed now: the rejection is about what is in force.
    let approval =
        view.approval.as_ref().filter(|_| view.header().decided_on(Decision::Rejected, &rollout.proposal_digest))?;
    let message = format!("{} rejected it after it was applied", approval.by);
    if rollout.result == Some(RolloutResult::Applied) {
        return Some(write(undoing(view, rollout, reasons::REJECTED, &message, now)));
    }
    // It was already undone, and the change before it is in force. Only a later decision can be about that one.
    let since = rollout.ended.as_ref().is_some_and(|ended| approval.since.0 > ended.0);
    since.then(|| write(undoing_all(view, rollout, reasons::REJECTED, &message, now)))
}

/// Whether something would be lost with the object: a size in force, a person's rejection, or the record of an undo. Or
/// could be lost: what has an owner may be deleted together with it just after somebody decided, and no guard stops the
/// garbage collector. A decision may always come, so the finalizer stays as long as there is an owner; but not where the
/// workload cannot be seen, because nothing could be recorded there, and the deletion would wait for good. And what is approved
/// is about to begin: set then, it is one write less between an open gate and the first resize, and hundreds may wait for the
/// same gate.
fn is_needed(view: &View, now: Timestamp) -> bool {
    // The record of an undo also holds for a workload that is created again under the name.
    let kept = |rollout: &RolloutStatus| {
        let in_force = rollout.is_in_force() && own_target(view, rollout).is_some();
        in_force || rollout.result == Some(RolloutResult::RolledBack)
    };
    // Without a guard it is not undone, so nothing has to wait for that.
    let undone = |rollout: &RolloutStatus| view.approval_known.is_ok() && fault(rollout).is_none();
    let left = |rollout: &RolloutStatus| undone(rollout) && left_behind::is_left(view, rollout, now);
    let has_begun = view.rollout.as_ref().is_some_and(|rollout| rollout.proposal_digest == view.digest);
    let about_to_begin = view.header().decided(Decision::Approved) && !has_begun;
    ((view.owned || about_to_begin) && view.seen.is_ok())
        || view.rollout.as_ref().is_some_and(|rollout| kept(rollout) || left(rollout))
        || view.header().decided(Decision::Rejected)
}
