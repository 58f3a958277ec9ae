//! What Trimtab carries out for a Recommendation, or has carried out.
//!
//! In: an object. Out: its rollout, and what of it stands. Pure.

use trimtab_api::{
    Approvable,
    approval::Decision,
    recommendation::Recommendation,
    rollout::{RolloutResult, RolloutStatus},
};

/// The state of its rollout, past or present.
pub fn rollout(rec: &Recommendation) -> Option<&RolloutStatus> {
    rec.status.as_ref()?.rollout.as_ref()
}

/// The rollout of this digest, where it was undone.
pub fn rolled_back<'a>(rec: &'a Recommendation, digest: &str) -> Option<&'a RolloutStatus> {
    rollout(rec).filter(|r| r.result == Some(RolloutResult::RolledBack) && r.proposal_digest == digest)
}

/// The digest of an earlier proposal, where that one is in force.
pub fn earlier_in_force(rec: &Recommendation) -> Option<&str> {
    let applied = rollout(rec).filter(|r| r.is_in_force())?;
    (rec.shown_digest() != Some(&applied.proposal_digest)).then_some(&applied.proposal_digest)
}

/// Whether pods of an undone change still have the size of the previous change.
pub fn is_earlier_size(r: &RolloutStatus) -> bool {
    r.result == Some(RolloutResult::RolledBack) && r.is_in_force()
}

/// Whether the honoured rejection precedes the end of the last undo: then it is spent, and the earlier size in force
/// needs another.
pub fn is_spent(rec: &Recommendation) -> bool {
    let Some(r) = rollout(rec).filter(|r| is_earlier_size(r)) else { return false };
    rec.honoured().is_some_and(|a| {
        a.decision == Decision::Rejected
            && a.proposal_digest == r.proposal_digest
            && r.ended.as_ref().is_none_or(|ended| a.since.0 <= ended.0)
    })
}
