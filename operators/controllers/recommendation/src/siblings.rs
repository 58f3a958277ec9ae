//! What other Recommendations of a workload show of it while they exist. In: their rows, and how their rollouts ended.
//! Out: what [`trimtab_rollout::view::View::elsewhere`] has. The rule for a row is pure.
//!
//! Rejections are in specs, which only others write: the watch shows them. Ends of rollouts are own writes, which the
//! watch shows later; the limiter has them from the moment in which the workload is free again.

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_api::{approval::Decision, resources::ContainerResources, rollout::RolloutStatus};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::{
    elsewhere::{Elsewhere, Rejection},
    start,
};

use crate::{Key, gather::Sources, limiter::Hold};

impl Sources {
    /// What `others` show of the workload with this uid, as seen from `row`.
    pub(crate) fn elsewhere(
        &self,
        row: &RecommendationRow,
        uid: &str,
        others: &[Arc<RecommendationRow>],
    ) -> Vec<Elsewhere> {
        let key: Key = (row.namespace.clone(), row.name.clone());
        let mut elsewhere = self.limiter.lock().ended(uid, &key);
        elsewhere.extend(others.iter().filter_map(|other| {
            let rejected = Some(rejected(other, uid)?);
            Some(Elsewhere { on: other.name.clone(), rejected, ..Elsewhere::default() })
        }));
        elsewhere
    }

    /// A Recommendation other than `key` that holds the workload with this uid, or one of `others`, all of the same
    /// workload, that holds a former one of its name: its pods may have that one's size.
    pub(crate) fn holder(
        &self,
        key: &Key,
        uid: Option<&str>,
        others: &[Arc<RecommendationRow>],
    ) -> Option<(Key, Hold)> {
        let limiter = self.limiter.lock();
        uid.and_then(|uid| limiter.other(uid, key)).or_else(|| {
            others.iter().find_map(|other| {
                let other: Key = (other.namespace.clone(), other.name.clone());
                let hold = limiter.hold(&other)?;
                Some((other, hold))
            })
        })
    }
}

/// The size that somebody rejected on `row` for the workload with this uid. It counts as it is written, even if nothing
/// proves yet that it was made under the guard: it only keeps a policy from approving.
fn rejected(row: &RecommendationRow, uid: &str) -> Option<Rejection> {
    let approval = row.approval.as_ref().filter(|approval| approval.decision == Decision::Rejected)?;
    let honoured = row.honoured.as_ref().filter(|honoured| {
        honoured.decision == Decision::Rejected && honoured.proposal_digest == approval.proposal_digest
    });
    let since: Option<Timestamp> = honoured.map(|honoured| honoured.since.0);
    let containers = rejected_size(row, uid, &approval.proposal_digest)?;
    Some(Rejection { by: approval.approver.clone(), since, containers })
}

/// The size with this digest: of the present proposal, or of the rollout, which may be of an earlier one.
fn rejected_size(row: &RecommendationRow, uid: &str, digest: &str) -> Option<Vec<ContainerResources>> {
    if digest == row.digest && row.target.uid.as_deref().is_none_or(|of| of == uid) {
        return Some(start::wanted(&row.proposal.containers, row.rollout.as_ref(), Some(uid)));
    }
    let of = |rollout: &&RolloutStatus| rollout.proposal_digest == digest && rollout.target_uid == uid;
    row.rollout.as_ref().filter(of).map(|rollout| rollout.desired.clone())
}

#[cfg(test)]
mod tests;
