//! What a server does with a request: it checks the preconditions against what is stored, then does it.

use super::{Cluster, FakePod, LONG, NOW, Node, Size, Status, list, size_of};
use jiff::Timestamp;
use trimtab_api::recommendation_rollout::{RolloutResult, Stage};
use trimtab_rollout::ask::Request;

/// A request as a value, with what the view showed of the objects that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    Write(Box<Status>, Box<Seen>),
    Resize {
        uid: u8,
        version: String,
        size: Size,
    },
    Evict {
        uid: u8,
    },
    Put {
        target: String,
        from: Size,
        to: Size,
    },
    Drop,
    /// The finalizer, on or off.
    Finalizer(bool),
    Remember,
    Patch {
        target: String,
        size: Size,
        seen: (Size, u8),
    },
}

/// What a status was decided on: the Recommendation, and for an end the pods and the entry, which the driver reads once more
/// before it writes that everything is done. A watch may be behind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seen {
    recommendation: (Option<Status>, Size, Option<(bool, Size)>),
    pods: Option<Vec<FakePod>>,
    entry: Option<Option<(Size, Size)>>,
}

impl Seen {
    fn of(cluster: &Cluster, stage: Stage) -> Self {
        Self {
            recommendation: (cluster.rollout.clone(), cluster.proposal, cluster.approval),
            pods: (stage == Stage::Ended).then(|| cluster.pods.clone()),
            entry: (stage == Stage::Ended).then_some(cluster.entry),
        }
    }
}

impl Sent {
    pub fn of(request: &Request, seen: &Cluster) -> Self {
        match request {
            Request::WriteStatus(status) => {
                Self::Write(Box::new(Status((**status).clone())), Box::new(Seen::of(seen, status.stage)))
            }
            Request::Resize { uid, resource_version, containers, .. } => {
                Self::Resize { uid: uid.parse().unwrap(), version: resource_version.clone(), size: size_of(containers) }
            }
            Request::Evict { uid, .. } => Self::Evict { uid: uid.parse().unwrap() },
            Request::PutSizes { uid, from, to } => {
                Self::Put { target: uid.clone(), from: size_of(from), to: size_of(to) }
            }
            Request::DropSizes => Self::Drop,
            Request::Protect => Self::Finalizer(true),
            Request::Release => Self::Finalizer(false),
            Request::Remember(_) => Self::Remember,
            Request::PatchTemplate { uid, containers } => {
                Self::Patch { target: uid.clone(), size: size_of(containers), seen: (seen.template, seen.edits) }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Done,
    Stale,
    Unknown,
    Halted,
    NoBudget,
    Refused,
}

impl Cluster {
    /// Does what `sent` asks for, if it may be done.
    pub fn serve(&mut self, sent: &Sent) -> Answer {
        if self.halted && !matches!(sent, Sent::Write(..) | Sent::Finalizer(_) | Sent::Remember) {
            return Answer::Halted;
        }
        let held = match sent {
            Sent::Write(status, seen) => **seen == Seen::of(self, status.0.stage),
            Sent::Resize { uid, version, .. } => self.pod(*uid).is_some_and(|p| p.version() == *version),
            Sent::Evict { uid } => self.pod(*uid).is_some(),
            Sent::Drop | Sent::Remember => true,
            Sent::Finalizer(on) => !(*on && self.deleted),
            Sent::Put { target, .. } => self.is(target),
            Sent::Patch { target, seen, .. } => self.is(target) && *seen == (self.template, self.edits),
        };
        if !held {
            return Answer::Stale;
        }
        self.apply(sent);
        Answer::Done
    }

    /// The effect of `sent`.
    pub fn apply(&mut self, sent: &Sent) {
        match sent {
            Sent::Write(status, _) => self.rollout = Some((**status).clone()),
            Sent::Resize { uid, size, .. } => {
                if let Some(pod) = self.pods.iter_mut().find(|p| p.uid == *uid) {
                    (pod.size, pod.node) = (*size, Node::InProgress);
                }
            }
            Sent::Evict { uid } => {
                if let Some(index) = self.pods.iter().position(|p| p.uid == *uid) {
                    self.replace(index);
                }
            }
            Sent::Put { from, to, .. } => self.entry = Some((*from, *to)),
            Sent::Drop => self.entry = None,
            Sent::Finalizer(on) => self.finalizer = *on,
            Sent::Remember => self.remembered = true,
            Sent::Patch { size, .. } => self.template = *size,
        }
    }

    fn pod(&self, uid: u8) -> Option<&FakePod> {
        self.pods.iter().find(|p| p.uid == uid)
    }

    fn is(&self, target: &str) -> bool {
        self.target.is_some_and(|uid| format!("target-{uid}") == target)
    }

    /// What is wrong with doing `sent` now, by what is stored and not by what anybody saw.
    pub fn wrong(&self, sent: &Sent, ended: &[String]) -> Option<&'static str> {
        let rollout = self.rollout.as_ref().map(|s| &s.0);
        match sent {
            Sent::Resize { uid, size, .. } => {
                let Some(r) = rollout else { return Some("a pod was resized before the status announced it") };
                if self.target.is_none_or(|t| format!("target-{t}") != r.target_uid) {
                    return Some("a pod of another workload was resized");
                }
                let back = r.stage == Stage::Undoing;
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
            Sent::Write(status, _) => self.wrong_status(&status.0, ended),
            Sent::Put { .. } | Sent::Patch { .. } | Sent::Evict { .. } if rollout.is_none() => {
                Some("something was made to last before the status announced it")
            }
            _ => None,
        }
    }

    fn wrong_status(
        &self,
        next: &trimtab_api::recommendation_rollout::RolloutStatus,
        ended: &[String],
    ) -> Option<&'static str> {
        let before = self.rollout.as_ref().map(|s| &s.0);
        let long_ago = Timestamp::from_second(NOW - LONG).unwrap();
        if let Some(b) = before.filter(|b| b.stage != Stage::Ended) {
            let fixed = |r: &trimtab_api::recommendation_rollout::RolloutStatus| {
                (
                    r.proposal_digest.clone(),
                    r.former.clone(),
                    r.desired.clone(),
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
            let watched = matches!(next.stage, Stage::Resizing | Stage::Delivering) && next.step >= b.step;
            if paused(Stage::Watching)
                && watched
                && (next.step > b.step || next.stage == Stage::Delivering)
                && b.stage_since.0 != long_ago
            {
                return Some("a step was left before its pause was over");
            }
        } else if next.stage != Stage::Undoing && next.stage != Stage::Ended && ended.contains(&next.proposal_digest) {
            return Some("an approval was honoured twice");
        }
        match next.result {
            Some(RolloutResult::RolledBack) => self.not_restored(next),
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

    fn not_restored(&self, r: &trimtab_api::recommendation_rollout::RolloutStatus) -> Option<&'static str> {
        // An entry that an earlier rollout left says what pods had before this one.
        if self.entry.is_some_and(|(_, to)| list(to) != r.former) {
            return Some("rolled back, and the entry is still there");
        }
        let untouched = format!("{:?}-{}", self.template, self.edits) == r.template;
        let wrong = |p: &FakePod| {
            let is = list(p.size);
            is != r.former && (untouched || is == r.desired && list(self.template) != r.desired)
        };
        if self.pods.iter().any(wrong) {
            return Some("rolled back, and some pod does not have its former size");
        }
        (self.config.delivery == super::DeliveryKind::Template && self.template == size_of(&r.desired))
            .then_some("rolled back, and the template has the new size")
    }
}
