//! A Recommendation that is being deleted. In: a view. Out: the undo of what is under way or in force, the decision
//! record of its workload, and finally the removal of the finalizer.
//!
//! A deletion leaves nothing changed: whoever deletes the Recommendation, and however, pods get their former values
//! back. That needs no approval, and no guard.

use jiff::{SignedDuration, Timestamp};
use trimtab_api::{
    applied_sizes::{RejectedSize, UndoneChange, WorkloadHistory},
    approval::{ApproverKind, Decision, HonouredApproval},
    conditions::recommendation as reasons,
    rollout::{RolloutStatus, Stage},
};
use trimtab_engine::{
    standing::Standing,
    steps::{paused, soon, write},
};

use crate::{
    known::own_target,
    left_behind,
    sizes::is_close,
    sizing::{Request, Session, Step},
    standing,
    status::{fault, undoing, undoing_all},
    undo, undone,
    view::{Deletion, View},
};

/// How many rejections are kept.
const REJECTIONS: usize = 8;

/// How far apart the dates of a rejection may be in the decision record and in the status.
const ADJACENT: SignedDuration = SignedDuration::from_secs(60);

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
        Some(history) if view.history.as_ref() != Some(&history) && !session.has_recorded(&history) => {
            Step::Ask(Request::Remember(Box::new(history)))
        }
        _ => release(view),
    }
}

/// The undo of what `rollout` changed.
fn settle(view: &View, rollout: &RolloutStatus, session: &Session, now: Timestamp) -> Option<Step> {
    let Some(target) = own_target(view, rollout) else {
        // The end of an undo is written before the object goes, so that it is told.
        if rollout.stage == Stage::Undoing {
            return Some(left_behind::decide(view, rollout, session, now));
        }
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
    let standing = view.rollout.as_ref().and_then(standing::ended).unwrap_or(Standing::Pending);
    Step::Wait { until: None, standing }
}

/// What has to outlive this Recommendation, merged with the existing decision record; `None` if there is nothing.
fn history(view: &View) -> Option<WorkloadHistory> {
    let record = WorkloadHistory { rejected: rejections(view), undone: undone_changes(view) };
    (!record.is_empty() || view.history.is_some()).then_some(record)
}

/// The decision record with what the status shows as undone, if that is not recorded yet. It has to be before something
/// else is written over it: then nothing shows any more what was undone.
pub(crate) fn undone_to_record(view: &View) -> Option<WorkloadHistory> {
    let (undone, known) = (undone_changes(view), view.history.clone().unwrap_or_default());
    (undone != known.undone).then_some(WorkloadHistory { undone, ..known })
}

/// The changes on record that were undone, and the one that the status shows.
fn undone_changes(view: &View) -> Vec<UndoneChange> {
    let known = view.history.as_ref().map(|known| known.undone.as_slice());
    undone::on_record(known.unwrap_or_default(), view.rollout.as_ref())
}

/// The decision record with what people have rejected and lifted by now, if that is not recorded yet. It is recorded at
/// once: the proposal may change, or the workload be recreated, and then nothing shows what the rejection was about.
pub(crate) fn rejections_to_record(view: &View) -> Option<WorkloadHistory> {
    let (rejected, known) = (rejections(view), view.history.as_ref());
    let differs = known.map_or(!rejected.is_empty(), |known| known.rejected != rejected);
    differs.then(|| WorkloadHistory { rejected, undone: known.map(|known| known.undone.clone()).unwrap_or_default() })
}

/// The sizes that people rejected: those on record, unless they were lifted or withdrawn, and this one.
fn rejections(view: &View) -> Vec<RejectedSize> {
    let known = view.history.iter().flat_map(|history| &history.rejected);
    let mut all: Vec<RejectedSize> = known.filter(|r| !is_lifted(view, r) && !is_withdrawn(view, r)).cloned().collect();
    // A close one says the same already.
    if let Some(own) = rejected(view)
        && !all.iter().any(|known| is_close(&known.containers, &own.containers))
    {
        all.push(own);
    }
    all.drain(..all.len().saturating_sub(REJECTIONS));
    all
}

/// The size that a person rejects here: the present proposal, or what is under way or in force.
fn rejected(view: &View) -> Option<RejectedSize> {
    let approval = view.approval.as_ref().filter(|a| a.by.kind == ApproverKind::Person)?;
    let of_rollout = view.rollout.as_ref().filter(|r| view.header().decided_on(Decision::Rejected, &r.proposal_digest));
    let containers = match of_rollout {
        _ if view.header().decided(Decision::Rejected) => &view.proposal,
        Some(rollout) => &rollout.desired,
        None => return None,
    };
    Some(RejectedSize { by: approval.by.name.clone(), since: approval.since.clone(), containers: containers.clone() })
}

/// Whether a person has since approved what had been rejected.
fn is_lifted(view: &View, rejected: &RejectedSize) -> bool {
    let person = view.approval.as_ref().is_some_and(|a| a.by.kind == ApproverKind::Person);
    person && view.header().decided(Decision::Approved) && is_close(&rejected.containers, &view.proposal)
}

/// Whether that rejection was made here, and has since been withdrawn.
fn is_withdrawn(view: &View, rejected: &RejectedSize) -> bool {
    let same = |no: &HonouredApproval| {
        if no.proposal_digest == view.digest {
            return is_close(&rejected.containers, &view.proposal);
        }
        // The proposal has changed since. Record and status were written one after the other.
        no.since.0.duration_since(rejected.since.0).abs() <= ADJACENT
    };
    let no = view.withdrawn.as_ref().filter(|a| a.decision == Decision::Rejected && a.by.name == rejected.by);
    no.is_some_and(same)
}
