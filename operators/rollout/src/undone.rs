//! A change that was undone. In: the rollout that shows it, what is on record, an approval. Out: the change as others see
//! it and as it is recorded, and whether a person has approved it again since.
//!
//! What a person's rejection undid, a person's later approval applies again: who said No may say Yes. What was undone for
//! any other reason stays undone, and so does everything for a policy.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    applied_sizes::UndoneChange,
    approval::HonouredApproval,
    conditions::recommendation as reasons,
    rollout::{RolloutResult, RolloutStatus},
    undo::Undo,
};
use trimtab_engine::approval::is_later_yes;

/// How many undone changes are on record for each workload.
const KEPT: usize = 8;

/// What applies a change again that a person's rejection undid.
pub(crate) const WHAT_APPLIES_AGAIN: &str = "only a person's approval after that applies it again";

/// When the undo of `rollout` began, if it has ended and a person's rejection was its reason.
pub fn rejected(rollout: &RolloutStatus) -> Option<Timestamp> {
    undo(rollout).filter(|undo| undo.reason == reasons::REJECTED).map(|undo| undo.since.0)
}

/// Whether `approval` applies again what `rollout` undid.
pub fn is_approved_again(rollout: &RolloutStatus, approval: Option<&HonouredApproval>) -> bool {
    rejected(rollout).is_some_and(|rejected| is_later_yes(approval, &rollout.proposal_digest, rejected))
}

/// The change that `rollout` undid. None where the Recommendation, its policy or the workload went: that says nothing
/// against the change.
pub(crate) fn shown(rollout: &RolloutStatus) -> Option<UndoneChange> {
    let went = [reasons::DELETED, reasons::POLICY_DELETED, reasons::SUPERSEDED];
    let undo = undo(rollout).filter(|undo| !went.contains(&undo.reason.as_str()))?;
    Some(UndoneChange {
        proposal_digest: rollout.proposal_digest.clone(),
        ended: rollout.ended.clone().unwrap_or_else(|| rollout.stage_since.clone()),
        rollbacks: rollout.rollbacks.max(1),
        message: undo.message.clone(),
        rejected: rejected(rollout).map(Time),
    })
}

/// The changes on record, `known`, with the one that `rollout` shows as undone: the last one last. Of one that was undone
/// twice only the later undo is kept; a person may approve it again only if both were rejections.
pub(crate) fn on_record(known: &[UndoneChange], rollout: Option<&RolloutStatus>) -> Vec<UndoneChange> {
    let mut all = known.to_vec();
    let Some((rollout, mut own)) = rollout.and_then(|rollout| Some((rollout, shown(rollout)?))) else { return all };
    // Where a stale view hid another undo from this rollout when it began, the count does not decrease.
    let meanwhile = all.iter().filter(|u| u.ended.0 >= rollout.started.0 && u.ended.0 <= own.ended.0);
    own.rollbacks = meanwhile.map(|u| u.rollbacks).fold(own.rollbacks, i32::max);
    match all.iter_mut().find(|before| before.proposal_digest == own.proposal_digest) {
        Some(before) => {
            let both = before.rejected.is_some() && own.rejected.is_some();
            if own.ended.0 >= before.ended.0 {
                *before = own;
            }
            if !both {
                before.rejected = None;
            }
        }
        None => all.push(own),
    }
    all.sort_by_key(|undone| undone.ended.0);
    all.drain(..all.len().saturating_sub(KEPT));
    all
}

fn undo(rollout: &RolloutStatus) -> Option<&Undo> {
    rollout.undo.as_ref().filter(|_| rollout.result == Some(RolloutResult::RolledBack))
}
