//! What only the checker remembers, and nobody in the cluster has to: what was decided and undone, and is shown by no
//! Recommendation any more. In: each status that is written, each Recommendation that is gone. Out: what is wrong with a
//! later start, also of a workload that is recreated.

use super::{Cluster, Size, cluster::Rec, size_of_digest};
use std::collections::BTreeSet;
use trimtab_api::{
    conditions::recommendation as reasons,
    rollout::{RolloutResult, RolloutStatus},
    undo::Undo,
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ghost {
    /// Objects with a greater uid were created after the last deletion.
    since: u8,
    /// The sizes that people rejected.
    no: Vec<Size>,
    /// The sizes that were undone for another reason than a person's rejection.
    failed: BTreeSet<Size>,
    /// The sizes that were undone because a person rejected them.
    rejected: BTreeSet<Size>,
    /// The last undo: of which Recommendation, how many there were in a row, and whether nothing shows it any more.
    last: Option<(u8, i32, bool)>,
}

/// Why `r` was undone, if that says something against the change.
fn undone(r: &RolloutStatus) -> Option<&Undo> {
    let went = [reasons::DELETED, reasons::POLICY_DELETED, reasons::SUPERSEDED];
    let undo = r.undo.as_ref().filter(|_| r.result == Some(RolloutResult::RolledBack))?;
    (!went.contains(&undo.reason.as_str())).then_some(undo)
}

impl Ghost {
    /// Records that `next` was written over `before` on Recommendation `of`.
    pub fn written(&mut self, of: u8, before: Option<&RolloutStatus>, next: &RolloutStatus) {
        if let Some(before) = before {
            self.hidden(of, before);
        }
        if undone(next).is_some() {
            self.last = Some((of, next.rollbacks, false));
        }
    }

    /// Records that Recommendation `of` is gone, which was `rec`.
    pub fn gone(&mut self, of: u8, rec: &Rec, cluster: &Cluster) {
        self.since = cluster.fresh;
        if rec.no_at_deletion && !self.no.contains(&rec.proposal) {
            self.no.push(rec.proposal);
        }
        if let Some(r) = rec.status() {
            self.hidden(of, r);
        }
    }

    /// Nothing shows `r` any more.
    fn hidden(&mut self, of: u8, r: &RolloutStatus) {
        let Some(undo) = undone(r) else { return };
        let of_its_kind = if undo.reason == reasons::REJECTED { &mut self.rejected } else { &mut self.failed };
        of_its_kind.insert(size_of_digest(&r.proposal_digest));
        if let Some((last, _, hidden)) = &mut self.last
            && *last == of
        {
            *hidden = true;
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
        // Whichever were undone after it.
        if self.failed.contains(&size) {
            return Some("what failed is started again");
        }
        if !person && self.rejected.contains(&size) {
            return Some("a policy starts again what a person's rejection undid");
        }
        match self.last {
            Some((_, count, true)) if rec.rollout.is_none() && next.rollbacks < count => {
                Some("the next object begins with a shorter back-off")
            }
            _ => None,
        }
    }
}
