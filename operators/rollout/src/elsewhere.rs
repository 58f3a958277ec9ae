//! What was decided about a workload before and elsewhere: as the decision record has it, which outlives Recommendations,
//! proposals and the workload itself, and on other Recommendations that still exist. In: both. Out: whether a size was
//! rejected before, what was undone, and when the last rollout ended.
//!
//! It only keeps a change from being approved by a policy, or from starting. Nothing is undone because of it, and only
//! the record is ever written.

use jiff::Timestamp;
use trimtab_api::{
    applied_sizes::{UndoneChange, WorkloadHistory},
    resources::ContainerResources,
    rollout::{RolloutStatus, Stage},
};

use crate::{sizes::is_close, undone};

/// What another Recommendation of this very workload shows, as long as it exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Its name.
    pub on: String,
    /// The size that somebody rejected there.
    pub rejected: Option<Rejection>,
    /// Its last change, if that was undone.
    pub undone: Option<UndoneChange>,
    /// When its last rollout ended, whatever the result.
    pub ended: Option<Timestamp>,
}

/// A rejection as it is written in a Recommendation, proven or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Who rejected it.
    pub by: String,
    /// Since when it is honoured; `None` if it is not honoured yet.
    pub since: Option<Timestamp>,
    /// The rejected size.
    pub containers: Vec<ContainerResources>,
}

impl Elsewhere {
    /// How the last `rollout` of the Recommendation named `on` ended; `None` while it is under way.
    pub fn ended(on: &str, rollout: &RolloutStatus) -> Option<Self> {
        let ended = rollout.ended.as_ref().unwrap_or(&rollout.stage_since).0;
        (rollout.stage == Stage::Ended).then(|| Self {
            on: on.to_owned(),
            rejected: None,
            undone: undone::shown(rollout),
            ended: Some(ended),
        })
    }
}

/// Everything that was decided elsewhere about one workload.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// The decision record: what was undone and no Recommendation shows any more, and what people rejected on any.
    pub record: Option<&'a WorkloadHistory>,
    /// What others that still exist show.
    pub others: &'a [Elsewhere],
}

impl<'a> Past<'a> {
    /// Who rejected `proposal`, or a size close to it, when and where, as the beginning of a sentence; `None` if nobody
    /// did.
    pub fn rejected(self, proposal: &[ContainerResources]) -> Option<String> {
        // One that still exists can be named.
        let others = self.others.iter().filter_map(|other| Some((other, other.rejected.as_ref()?)));
        let mut close = others.filter(|(_, rejected)| is_close(&rejected.containers, proposal));
        if let Some((other, rejected)) = close.next() {
            let since = rejected.since.map_or_else(String::new, |since| format!(" at {since}"));
            return Some(format!("{} rejected this size{since}, {}", rejected.by, place(Some(&other.on))));
        }
        let mut recorded = self.record.into_iter().flat_map(|record| &record.rejected);
        let rejected = recorded.find(|rejected| is_close(&rejected.containers, proposal))?;
        Some(format!("{} rejected this size at {}", rejected.by, rejected.since.0))
    }

    /// The changes that were undone, each with the Recommendation that shows it; `None`: it is on record.
    pub(crate) fn undone(self) -> impl Iterator<Item = (Option<&'a str>, &'a UndoneChange)> {
        let recorded = self.record.into_iter().flat_map(|record| &record.undone).map(|undone| (None, undone));
        recorded.chain(self.shown())
    }

    /// The last of those on record, and the last of each other: their counts are the workload's.
    pub(crate) fn last_undone(self) -> impl Iterator<Item = (Option<&'a str>, &'a UndoneChange)> {
        let recorded = self.record.and_then(WorkloadHistory::last_undone).map(|undone| (None, undone));
        recorded.into_iter().chain(self.shown())
    }

    fn shown(self) -> impl Iterator<Item = (Option<&'a str>, &'a UndoneChange)> {
        self.others.iter().filter_map(|other| Some((Some(other.on.as_str()), other.undone.as_ref()?)))
    }

    /// When the last rollout ended that is known.
    pub fn last_ended(self) -> Option<Timestamp> {
        let recorded = self.record.and_then(WorkloadHistory::last_undone).map(|undone| undone.ended.0);
        recorded.into_iter().chain(self.others.iter().filter_map(|other| other.ended)).max()
    }
}

/// Where something was decided, for messages. `on`: the Recommendation that shows it; `None`: it is on record.
pub(crate) fn place(on: Option<&str>) -> String {
    match on {
        Some(name) => format!("on Recommendation {name}"),
        None => "according to AppliedSizes".to_owned(),
    }
}
