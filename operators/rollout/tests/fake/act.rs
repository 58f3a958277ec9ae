//! The server's side of a request: it checks the preconditions against what is stored, then applies it.

use super::{Cluster, FakePod, Node, Past, Size, Status, cluster::Entry, cluster::Rec, size_of, size_of_digest};
use std::sync::Arc;
use trimtab_rollout::{Request, effect::Effect};

/// A request as a value, with the objects that it is about as the view showed them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// A final check of what the view showed.
    Confirm(Box<End>),
    /// A status, with the Recommendation that the decision was based on.
    Write(Box<Status>, Box<Rec>),
    Resize {
        uid: u8,
        version: String,
        size: Size,
    },
    Evict {
        uid: u8,
    },
    Put {
        entry: Entry,
    },
    Drop,
    /// Sets or removes the finalizer of the very Recommendation that was seen; removal requires it to be unchanged.
    Finalizer(bool, Box<Rec>),
    Remember(Past),
    Patch {
        target: String,
        size: Size,
        seen: (Size, u8),
    },
}

/// The pods and the entry that the decision on an end was based on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct End {
    pods: Vec<FakePod>,
    entry: Option<Entry>,
}

impl End {
    fn of(cluster: &Cluster) -> Self {
        Self { pods: cluster.pods.clone(), entry: cluster.entry }
    }
}

impl Sent {
    /// The request of Recommendation `of`, based on the cluster as `seen`.
    pub fn of(request: &Request, of: u8, seen: &Cluster) -> Self {
        let rec = seen.rec(of).expect("who asks for something is there");
        match request {
            // The process handles those itself.
            Request::Reserve { .. } | Request::GiveBack => unreachable!("not sent"),
            Request::Confirm(pods) => {
                assert_eq!(pods.len(), seen.pods.len(), "it is about the pods of the view");
                Self::Confirm(Box::new(End::of(seen)))
            }
            Request::WriteStatus(status) => {
                Self::Write(Box::new(Status(Arc::new((**status).clone()))), Box::new(rec.clone()))
            }
            Request::Effect(Effect::Resize { uid, resource_version, containers, .. }) => {
                Self::Resize { uid: uid.parse().unwrap(), version: resource_version.clone(), size: size_of(containers) }
            }
            Request::Effect(Effect::Evict { uid, .. }) => Self::Evict { uid: uid.parse().unwrap() },
            Request::Effect(Effect::PutSizes { uid, from, to }) => {
                let digest = rec.status().map_or(rec.proposal, |r| size_of_digest(&r.proposal_digest));
                let target = uid.trim_start_matches("target-").parse().unwrap();
                let entry = Entry { from: size_of(from), to: size_of(to), target, of, digest };
                Self::Put { entry }
            }
            Request::Effect(Effect::DropSizes) => Self::Drop,
            Request::Protect => Self::Finalizer(true, Box::new(rec.clone())),
            Request::Release => Self::Finalizer(false, Box::new(rec.clone())),
            Request::Remember(history) => Self::Remember(Past(Arc::new((**history).clone()))),
            Request::Effect(Effect::PatchTemplate { uid, containers }) => {
                Self::Patch { target: uid.clone(), size: size_of(containers), seen: (seen.template, seen.edits) }
            }
        }
    }

    /// Whether it changes only Trimtab's own records.
    fn is_record(&self) -> bool {
        matches!(self, Self::Confirm(_) | Self::Write(..) | Self::Finalizer(..) | Self::Remember(_))
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
    /// Applies `sent`, if its preconditions hold.
    pub fn serve(&mut self, of: u8, sent: &Sent) -> Answer {
        if self.halted && !sent.is_record() {
            return Answer::Halted;
        }
        let held = match sent {
            Sent::Confirm(seen) => **seen == End::of(self),
            Sent::Write(_, seen) => self.rec(of) == Some(&**seen),
            Sent::Resize { uid, version, .. } => self.pod(*uid).is_some_and(|p| p.version() == *version),
            Sent::Evict { uid } => self.pod(*uid).is_some(),
            Sent::Drop | Sent::Remember(_) => true,
            Sent::Finalizer(true, seen) => match self.rec(of).filter(|rec| rec.uid == seen.uid) {
                // A server accepts no new finalizer on an object in deletion.
                Some(rec) if rec.deleted && !rec.finalizer => return Answer::Refused,
                found => found.is_some_and(|rec| *rec == **seen),
            },
            Sent::Finalizer(false, seen) => match self.rec(of).filter(|rec| rec.uid == seen.uid) {
                // It is gone, and with it the finalizer.
                None => return Answer::Done,
                Some(rec) => !RELEASE_NEEDS_VERSION || *rec == **seen,
            },
            Sent::Put { entry } => self.target == Some(entry.target),
            Sent::Patch { target, seen, .. } => self.is(target) && *seen == (self.template, self.edits),
        };
        if !held {
            return Answer::Stale;
        }
        self.apply(of, sent);
        Answer::Done
    }

    /// The effect of `sent`.
    pub fn apply(&mut self, of: u8, sent: &Sent) {
        match sent {
            Sent::Confirm(_) => {}
            Sent::Write(status, _) => {
                if let Some(rec) = self.rec_mut(of) {
                    rec.rollout = Some((**status).clone());
                }
            }
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
            Sent::Put { entry } => (self.entry, self.refused) = (Some(*entry), false),
            Sent::Drop => self.entry = None,
            Sent::Finalizer(on, seen) => {
                let Some(rec) = self.rec_mut(of).filter(|rec| rec.uid == seen.uid) else { return };
                rec.finalizer = *on;
                if rec.deleted && !on {
                    self.recs[usize::from(of)] = None;
                }
            }
            Sent::Remember(past) => self.history = (!past.0.is_empty()).then(|| past.clone()),
            Sent::Patch { size, .. } => self.template = *size,
        }
        self.refused &= self.delivered();
    }

    fn pod(&self, uid: u8) -> Option<&FakePod> {
        self.pods.iter().find(|p| p.uid == uid)
    }
}

/// Whether the finalizer is removed only from a Recommendation that is unchanged since it was seen.
const RELEASE_NEEDS_VERSION: bool = true;
