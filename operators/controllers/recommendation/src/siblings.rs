//! What other Recommendations of a workload show of it while they exist. In: their rows, and how their rollouts ended.
//! Out: what [`trimtab_rollout::view::View::elsewhere`] has.
//!
//! Rejections are in specs, which only others write: the watch shows them. Ends of rollouts are own writes, which the
//! watch shows later; the limiter has them from the moment in which the workload is free again.

use std::sync::Arc;

use trimtab_driver::limiter::Hold;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::{
    elsewhere::{Elsewhere, Rejection},
    rejection::Shown,
};

use crate::{Key, gather::Sources};

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
        let others = others.iter().map(|other| (other.namespace.clone(), other.name.clone()));
        self.limiter.lock().holder(uid, key, others)
    }
}

/// The size that somebody rejected on `row` for the workload with this uid.
fn rejected(row: &RecommendationRow, uid: &str) -> Option<Rejection> {
    let shown = Shown {
        target: &row.target,
        proposal: &row.proposal.containers,
        digest: &row.digest,
        approval: row.approval.as_ref(),
        honoured: row.honoured.as_ref(),
        rollout: row.rollout.as_ref(),
    };
    Rejection::of(shown, uid)
}

#[cfg(test)]
mod tests;
