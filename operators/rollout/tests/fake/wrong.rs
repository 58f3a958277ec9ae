//! Invariants: no wrong requests, judged by what is stored and not by what anybody saw, and nothing left behind. In: a
//! cluster, and its next action. Out: a sentence, if something is wrong.

use super::{
    Cluster, DeliveryKind, FakePod, LONG, NOW, Node, Size, act::Sent, cluster::Rec, digest, ghost::Ghost, list, size_of,
};
use jiff::Timestamp;
use trimtab_api::{
    conditions::recommendation as reasons,
    delivery::DeliveryMode,
    rollout::{RolloutResult, RolloutStatus, Stage},
    undo::Undo,
};
use trimtab_engine::standing::Standing;

fn long_ago() -> Timestamp {
    Timestamp::from_second(NOW - LONG).unwrap()
}

impl Cluster {
    /// What is wrong with applying `sent` of Recommendation `of` now. `ended`: its digests whose rollout has ended.
    pub fn wrong(&self, of: u8, sent: &Sent, ended: &[String], ghost: &Ghost) -> Option<&'static str> {
        let rec = self.rec(of)?;
        let rollout = rec.status();
        match sent {
            Sent::Resize { uid, size, .. } => {
                let Some(r) = rollout else { return Some("a pod was resized before the status announced it") };
                let back = r.stage == Stage::Undoing;
                // One that outlived its workload is still the pod that the request was about.
                let outlived = |p: &FakePod| {
                    let sized = back && list(p.size) == r.desired;
                    sized || (p.made_for..=self.last_target).any(|uid| format!("target-{uid}") == r.target_uid)
                };
                if !self.is(&r.target_uid) && !self.pods.iter().any(|p| p.uid == *uid && outlived(p)) {
                    return Some("a pod of another workload was resized");
                }
                if r.stage == Stage::Ended {
                    return Some("a pod was resized after the end");
                }
                if list(*size) != if back { r.former.clone() } else { r.desired.clone() } {
                    return Some("a pod was resized to a value that is not this direction's");
                }
                let changed = self.pods.iter().filter(|p| list(p.size) == r.desired || p.uid == *uid && !back).count();
                (!back && self.entry.is_none() && !r.delivered && changed > self.config.covers(r.step))
                    .then_some("more pods were changed than the step covers")
            }
            Sent::Write(status, _) => self.wrong_status(of, rec, &status.0, ended, ghost),
            Sent::Put { .. } | Sent::Patch { .. } | Sent::Evict { .. } if rollout.is_none() => {
                Some("something was made to last before the status announced it")
            }
            Sent::Finalizer(false, _) => {
                self.left(of, rec).map(|_| "the finalizer was taken off, and something is left")
            }
            _ => None,
        }
    }

    fn wrong_status(
        &self,
        of: u8,
        rec: &Rec,
        next: &RolloutStatus,
        ended: &[String],
        ghost: &Ghost,
    ) -> Option<&'static str> {
        let before = rec.status();
        let long_ago = long_ago();
        if let Some(b) = before.filter(|b| b.stage != Stage::Ended) {
            let fixed = |r: &RolloutStatus| {
                (
                    r.proposal_digest.clone(),
                    r.former.clone(),
                    r.desired.clone(),
                    r.original.clone(),
                    r.target_uid.clone(),
                    r.template.clone(),
                )
            };
            if fixed(b) != fixed(next) {
                return Some("what a rollout is about was changed while it was under way");
            }
            if b.stage == Stage::Undoing && !matches!(next.stage, Stage::Undoing | Stage::Ended) {
                return Some("a rollout went forward again from its way back");
            }
            let paused = |stage| b.stage == stage && next.stage != stage && next.stage != Stage::Undoing;
            let last_left = matches!(next.stage, Stage::Delivering | Stage::Verifying);
            let step_left = next.stage == Stage::Resizing && next.step > b.step;
            if paused(Stage::Watching) && (last_left || step_left) && b.stage_since.0 != long_ago {
                return Some("a step was left before its pause was over");
            }
        } else if next.stage != Stage::Undoing
            && next.stage != Stage::Ended
            && let Some(wrong) = self.wrong_begin(of, rec, next, ended, ghost)
        {
            return Some(wrong);
        }
        match next.result {
            Some(RolloutResult::RolledBack) => self.not_restored(of, next),
            Some(RolloutResult::Applied) => {
                if before.is_some_and(|b| b.stage_since.0 != long_ago) {
                    return Some("applied before the last watch was over");
                }
                self.pods
                    .iter()
                    .any(|p| list(p.size) != next.desired || p.node != Node::Settled || !p.ready)
                    .then_some("applied, and some pod does not run with the new size")
            }
            _ => None,
        }
    }

    fn wrong_begin(
        &self,
        of: u8,
        rec: &Rec,
        next: &RolloutStatus,
        ended: &[String],
        ghost: &Ghost,
    ) -> Option<&'static str> {
        let again =
            |undone: &RolloutStatus| undone.proposal_digest == next.proposal_digest && rec.is_approved_again(undone);
        if ended.contains(&next.proposal_digest) && !rec.status().is_some_and(again) {
            return Some("an approval was honoured twice");
        }
        if !rec.finalizer || rec.deleted {
            return Some("begun without the finalizer");
        }
        if self.others(of).any(|other| other.hold().is_some_and(|(uid, _)| uid == next.target_uid)) {
            return Some("begun on a workload that belongs to another");
        }
        let former = size_of(&next.former);
        let own = rec.status().filter(|r| r.is_in_force() && r.target_uid == next.target_uid);
        let in_force = own.map(|r| if r.result == Some(RolloutResult::Applied) { &r.desired } else { &r.former });
        // Pods of a recreated workload may have been created with the entry of the previous one.
        let is_anew = self.target != Some(1);
        // The template as it was read: this is about the pods' size then.
        let by_template = next.template.starts_with(&format!("{former:?}-"));
        if !by_template && in_force.is_none_or(|size| size_of(size) != former) && !is_anew {
            return Some("its former size is neither the template's nor one that it brought itself");
        }
        if !next.original.is_empty() && in_force.map(|size| size_of(size)) != Some(former) {
            return Some("it means to give back what was before a change that is not in force any more");
        }
        let person = rec.approval.is_some_and(|a| a.person);
        let no =
            |other: &Rec| other.approval.is_some_and(|a| a.person && !a.yes && digest(a.size) == next.proposal_digest);
        if !person && self.others(of).any(no) {
            return Some("a person's no on another Recommendation did not bind the policy");
        }
        let undone = |r: &&RolloutStatus| {
            let went = |u: &Undo| [reasons::DELETED, reasons::POLICY_DELETED].contains(&u.reason.as_str());
            r.result == Some(RolloutResult::RolledBack) && self.is(&r.target_uid) && !r.undo.as_ref().is_some_and(went)
        };
        for undone in self.others(of).filter_map(Rec::status).filter(undone) {
            if undone.proposal_digest == next.proposal_digest && !again(undone) {
                return Some("what was undone is carried out again on another Recommendation");
            }
            if undone.ended.as_ref().is_some_and(|ended| ended.0 != long_ago()) {
                return Some("begun within the back-off of another Recommendation");
            }
        }
        ghost.wrong_begin(rec, next, person)
    }

    fn others(&self, of: u8) -> impl Iterator<Item = &Rec> {
        self.recs.iter().enumerate().filter(move |(i, _)| *i != usize::from(of)).filter_map(|(_, rec)| rec.as_ref())
    }

    fn not_restored(&self, of: u8, r: &RolloutStatus) -> Option<&'static str> {
        // An entry left by an earlier rollout holds the pods' size before this one.
        if self.entry.is_some_and(|e| e.of == of && e.from == self.template && list(e.to) != r.former) {
            return Some("rolled back, and the entry is still there");
        }
        // Where the workload was recreated, only pods with the new size have to be restored.
        let is_its = self.is(&r.target_uid);
        let untouched = is_its && format!("{:?}-{}", self.template, self.edits) == r.template;
        let wrong = |p: &FakePod| {
            let is = list(p.size);
            is != r.former && (untouched || is == r.desired && list(self.template) != r.desired)
        };
        if self.pods.iter().any(wrong) {
            return Some("rolled back, and some pod does not have its former size");
        }
        (is_its && self.config.delivery == DeliveryKind::Template && self.template == size_of(&r.desired))
            .then_some("rolled back, and the template has the new size")
    }

    /// What a rollout left on pods that outlived its workload.
    pub fn left_behind(&self) -> Option<&'static str> {
        let rollouts = || self.recs.iter().flatten().filter_map(Rec::status);
        let held: Vec<_> = rollouts().filter(|r| self.is(&r.target_uid)).collect();
        let restored = |p: &FakePod| {
            rollouts().any(|r| list(p.size) == *if r.original.is_empty() { &r.former } else { &r.original })
        };
        let mut left = self.pods.iter().filter(|p| p.size != p.made_from.0 && p.size != Size::Former && !restored(p));
        // A pod has the size of the template that it was created from, the size that new pods get, or that of a rollout of
        // the present workload.
        let its = |p: &FakePod, r: &RolloutStatus| list(p.size) == r.desired || list(p.size) == r.former;
        let is_left = |p: &FakePod| p.size != self.size_for_new() && !held.iter().any(|r| its(p, r));
        left.any(is_left).then_some("a pod has a size of a rollout whose workload is gone")
    }

    /// What is untrue about this standing of Recommendation `of`: it speaks of pods that are created now.
    pub fn untrue(&self, of: u8, standing: &Standing) -> Option<&'static str> {
        let r = self.rec(of)?.status().filter(|r| self.is(&r.target_uid))?;
        let under_way = matches!(standing, Standing::RollingOut(_) | Standing::Verifying(_) | Standing::Undoing(_));
        if under_way && !r.is_under_way() {
            return Some("it says that something is under way, and nothing is");
        }
        let own = self.entry.filter(|e| e.of == of && digest(e.digest) == r.proposal_digest);
        let given =
            list(self.template) == r.desired || own.is_some_and(|e| e.from == self.template && list(e.to) == r.desired);
        match standing {
            Standing::Applied(_) if r.delivery == DeliveryMode::Admission && !given => {
                Some("it says that new pods get the size, and they do not")
            }
            Standing::NotDelivered(_) if given => Some("it says that new pods do not get the size, and they do"),
            _ => None,
        }
    }

    /// What `rec`, the Recommendation `of`, would leave in force if it were removed now.
    pub fn left(&self, of: u8, rec: &Rec) -> Option<&'static str> {
        // An entry for another template has no effect, and is swept as well.
        if self.entry.is_some_and(|e| e.of == of && Some(e.target) == self.target && e.from == self.template) {
            return Some("it is gone, and its entry is still there");
        }
        let r = rec.status().filter(|r| self.is(&r.target_uid))?;
        if r.is_under_way() {
            return Some("it is gone in the midst of its rollout");
        }
        if r.is_in_force() {
            return Some("it is gone, and its size is in force");
        }
        if r.result != Some(RolloutResult::RolledBack) {
            return None;
        }
        let by_others: Vec<Size> = self
            .others(of)
            .filter_map(Rec::status)
            .flat_map(|r| [&r.desired, &r.former].map(|size| size_of(size)))
            .collect();
        let untouched = format!("{:?}-{}", self.template, self.edits) == r.template;
        let left = |p: &&FakePod| {
            let its = list(p.size) == r.desired && r.desired != r.former;
            p.size != self.template && !by_others.contains(&p.size) && (its || (untouched && list(p.size) != r.former))
        };
        if self.pods.iter().any(|p| left(&p)) {
            return Some("it is gone, and some pod still has a size of it");
        }
        (r.delivery == DeliveryMode::Template && self.edits == 0 && list(self.template) == r.desired)
            .then_some("it is gone, and the template has its size")
    }

    /// Whether a workload belongs to two Recommendations at once.
    pub fn shared(&self) -> bool {
        let mut holds = self.recs.iter().flatten().filter_map(Rec::hold).map(|(uid, _)| uid);
        matches!((holds.next(), holds.next()), (Some(a), Some(b)) if a == b)
    }
}
