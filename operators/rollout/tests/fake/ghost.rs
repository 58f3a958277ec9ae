//! What only the checker remembers, and nobody in the cluster has to: the decisions on Recommendations that are gone.
//! In: each Recommendation that is deleted. Out: what is wrong with a later start.

use super::{Cluster, Size, cluster::Rec, size_of_digest};
use trimtab_api::{
    conditions::recommendation as reasons,
    rollout::{RolloutResult, RolloutStatus},
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ghost {
    /// Objects with a greater uid were created after the last deletion.
    since: u8,
    /// The workload's uid, and the size that a person rejected.
    no: Option<(u8, Size)>,
    /// The workload's uid, the size that was last undone for a reason, and how often in a row.
    undone: Option<(u8, Option<Size>, i32)>,
}

impl Ghost {
    /// Records that `rec` is gone.
    pub fn gone(&mut self, rec: &Rec, cluster: &Cluster) {
        let Some(target) = cluster.target else { return };
        self.since = cluster.fresh;
        if let Some(target) = rec.no_at_deletion {
            self.no = Some((target, rec.proposal));
        }
        let Some(r) = rec.status().filter(|r| cluster.is(&r.target_uid)) else { return };
        let Some(undo) = r.undo.as_ref().filter(|_| r.result == Some(RolloutResult::RolledBack)) else { return };
        let known = self.undone.filter(|(uid, ..)| *uid == target);
        let count = known.map_or(0, |(_, _, count)| count);
        if ![reasons::DELETED, reasons::POLICY_DELETED].contains(&undo.reason.as_str()) {
            self.undone = Some((target, Some(size_of_digest(&r.proposal_digest)), r.rollbacks.max(count)));
        } else if r.rollbacks > 1 {
            self.undone = Some((target, known.and_then(|(_, size, _)| size), (r.rollbacks - 1).max(count)));
        }
    }

    /// Records that a person approved `size`.
    pub fn approved(&mut self, size: Size) {
        self.no = self.no.filter(|(_, no)| *no != size);
    }

    /// What is wrong with `rec` starting `next`, approved by a `person` or by a policy.
    pub fn wrong_begin(
        &self,
        target: Option<u8>,
        rec: &Rec,
        next: &RolloutStatus,
        person: bool,
    ) -> Option<&'static str> {
        // One that existed already may be about to start.
        if rec.uid <= self.since {
            return None;
        }
        let size = size_of_digest(&next.proposal_digest);
        if !person && self.no.is_some_and(|(uid, no)| Some(uid) == target && no == size) {
            return Some("a person's no did not outlive its object");
        }
        let (_, undone, count) = self.undone.filter(|(uid, ..)| Some(*uid) == target)?;
        if undone == Some(size) {
            return Some("what was undone is carried out again by the next object");
        }
        (rec.rollout.is_none() && next.rollbacks < count).then_some("the next object begins with a shorter back-off")
    }
}
