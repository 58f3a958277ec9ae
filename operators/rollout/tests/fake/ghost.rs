//! What only the checker remembers, and nobody in the cluster has to: the decisions on Recommendations that are gone.
//! In: each Recommendation that is deleted. Out: what is wrong with a later start, also of a workload that is recreated.

use super::{Cluster, Size, cluster::Rec, size_of_digest};
use trimtab_api::{
    conditions::recommendation as reasons,
    rollout::{RolloutResult, RolloutStatus},
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ghost {
    /// Objects with a greater uid were created after the last deletion.
    since: u8,
    /// The sizes that people rejected.
    no: Vec<Size>,
    /// The size that was last undone for a reason, and how often in a row.
    undone: Option<(Option<Size>, i32)>,
}

impl Ghost {
    /// Records that `rec` is gone.
    pub fn gone(&mut self, rec: &Rec, cluster: &Cluster) {
        self.since = cluster.fresh;
        if rec.no_at_deletion && !self.no.contains(&rec.proposal) {
            self.no.push(rec.proposal);
        }
        let Some(r) = rec.status() else { return };
        let Some(undo) = r.undo.as_ref().filter(|_| r.result == Some(RolloutResult::RolledBack)) else { return };
        let count = self.undone.map_or(0, |(_, count)| count);
        let went = [reasons::DELETED, reasons::POLICY_DELETED, reasons::SUPERSEDED].contains(&undo.reason.as_str());
        if !went {
            self.undone = Some((Some(size_of_digest(&r.proposal_digest)), r.rollbacks.max(count)));
        } else if r.rollbacks > 1 {
            self.undone = Some((self.undone.and_then(|(size, _)| size), (r.rollbacks - 1).max(count)));
        }
    }

    /// Records that a person approved `size`.
    pub fn approved(&mut self, size: Size) {
        self.no.retain(|no| *no != size);
    }

    /// What is wrong with `rec` starting `next`, approved by a `person` or by a policy.
    pub fn wrong_begin(&self, rec: &Rec, next: &RolloutStatus, person: bool) -> Option<&'static str> {
        // One that existed already may be about to start.
        if rec.uid <= self.since {
            return None;
        }
        let size = size_of_digest(&next.proposal_digest);
        if !person && self.no.contains(&size) {
            return Some("a person's no did not outlive its object");
        }
        let (undone, count) = self.undone?;
        if undone == Some(size) {
            return Some("what was undone is carried out again by the next object");
        }
        (rec.rollout.is_none() && next.rollbacks < count).then_some("the next object begins with a shorter back-off")
    }
}
