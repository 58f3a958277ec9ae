//! What one run of the machine remembers. In: requests and their responses. Out: which requests are held back.
//!
//! Losing a session costs repeated requests, and no more: whatever has to hold is in the objects.

use jiff::Timestamp;
use trimtab_api::{applied_sizes::WorkloadHistory, resources::ContainerResources, rollout::Stage};

use crate::{
    ask::{Request, SeenPod, Standing, Step},
    text::{after, whole_seconds_up},
};

/// How long a hold is remembered after it ends, so that the next delay grows.
const FORGET_S: i64 = 300;

/// What one run remembers. It is safe to start over with [`Session::default`] at any point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Session {
    /// The outstanding request.
    pub(crate) asked: Option<Key>,
    /// Requests that are held back until a given time.
    pub(crate) holds: Vec<Hold>,
    /// Why the rollout has to be undone whatever the view shows, until the status shows it: the server refused a
    /// request, or the status may have been written already and is not visible yet.
    pub(crate) refusal: Option<Refusal>,
    /// Why the rollout is to be undone, while the response to writing that to the status is outstanding.
    pub(crate) undoing: Option<Refusal>,
    /// Digests of rollouts, and uids of pods whose nodes can never fit their sizes: the server refused the resize.
    pub(crate) never_fits: Vec<(String, String)>,
    /// The decision record that was written last in this run, or cannot be, because its kind is being removed as well. As
    /// text, see [`Key::Remember`].
    pub(crate) remembered: Option<String>,
    /// The digest of the rollout whose delivery was reverted in this run.
    pub(crate) taken_back: Option<String>,
}

/// Identifies a request, regardless of the object version that it carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Reserves a place for a rollout of the workload with this uid.
    Reserve(String),
    /// Releases that place.
    GiveBack,
    /// A final check of these pods.
    Confirm(Vec<SeenPod>),
    /// A status write with this stage and step.
    Status(Stage, i32),
    /// A resize of the pod with this uid to these sizes: what holds back the way forward does not hold back the undo.
    Resize(String, Vec<ContainerResources>),
    /// An eviction of the pod with this uid.
    Evict(String),
    /// The AppliedSizes entry is written.
    Put,
    /// The AppliedSizes entry is removed.
    Drop,
    /// A patch of the template.
    Patch,
    /// The finalizer is set or removed.
    Finalizer,
    /// This decision record of the workload, as text: it only has to be told from others.
    Remember(String),
    /// Everything but Trimtab's own records: the emergency stop is on.
    All,
}

impl Key {
    /// The key of `request`.
    pub fn of(request: &Request) -> Self {
        match request {
            Request::Reserve { uid } => Self::Reserve(uid.clone()),
            Request::GiveBack => Self::GiveBack,
            Request::Confirm { pods } => Self::Confirm(pods.clone()),
            Request::WriteStatus(status) => Self::Status(status.stage, status.step),
            Request::Resize { uid, containers, .. } => Self::Resize(uid.clone(), containers.clone()),
            Request::Evict { uid, .. } => Self::Evict(uid.clone()),
            Request::PutSizes { .. } => Self::Put,
            Request::DropSizes => Self::Drop,
            Request::PatchTemplate { .. } => Self::Patch,
            Request::Protect | Request::Release => Self::Finalizer,
            Request::Remember(history) => Self::Remember(record(history)),
        }
    }

    /// Whether it changes no workload: the emergency stop does not block it, and a refusal says nothing against the
    /// change.
    pub fn is_record(&self) -> bool {
        match self {
            Self::Reserve(_) | Self::GiveBack | Self::Confirm(_) => true,
            Self::Status(..) | Self::Finalizer | Self::Remember(_) => true,
            Self::Resize(..) | Self::Evict(_) | Self::Put | Self::Drop | Self::Patch | Self::All => false,
        }
    }

    /// The request in words, as the object of a sentence.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Reserve(_) | Self::GiveBack => "the slot for the rollout",
            Self::Confirm(_) => "the last check of pods and AppliedSizes",
            Self::Status(..) => "status.rollout of the Recommendation",
            Self::Resize(..) => "the resize of a pod",
            Self::Evict(_) => "the eviction of a pod",
            Self::Put | Self::Drop => "the workload's entry in AppliedSizes",
            Self::Patch => "the workload's template",
            Self::Finalizer => "the finalizer of the Recommendation",
            Self::Remember(_) => "the workload's history in AppliedSizes",
            Self::All => "any change",
        }
    }
}

/// A decision record as text.
fn record(history: &WorkloadHistory) -> String {
    format!("{history:?}")
}

impl Session {
    /// Whether `history` is what was recorded last.
    pub(crate) fn has_recorded(&self, history: &WorkloadHistory) -> bool {
        self.remembered.as_ref().is_some_and(|text| *text == record(history))
    }
}

/// A request that is held back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hold {
    /// The request.
    pub key: Key,
    /// Until when.
    pub until: Timestamp,
    /// Failures in a row, or how often it was accepted.
    pub tries: u32,
    /// Whether the server accepted the request: it is made again only where something took its effect back.
    pub accepted: bool,
    /// Why, in one word.
    pub reason: String,
    /// Why, in a sentence.
    pub message: String,
}

/// Why a rollout is undone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Refusal {
    /// The digest of the rollout.
    pub digest: String,
    /// Why it is undone, in one word.
    pub reason: String,
    /// Why, with the server's message.
    pub message: String,
}

impl Session {
    /// Holds `key` back for what `delay` returns for its number of failures in a row. `message` gets the end of that, in
    /// whole seconds.
    pub(crate) fn rest(
        &mut self,
        key: Key,
        now: Timestamp,
        delay: impl Fn(u32) -> i64,
        reason: &str,
        message: impl Fn(Timestamp) -> String,
    ) {
        self.hold(key, false, now, delay, reason, message);
    }

    /// Holds `key`, which the server accepted, back for a time that grows with how often it did.
    pub(crate) fn rest_accepted(
        &mut self,
        key: Key,
        now: Timestamp,
        reason: &str,
        message: impl Fn(Timestamp) -> String,
    ) {
        self.hold(key, true, now, growing, reason, message);
    }

    fn hold(
        &mut self,
        key: Key,
        accepted: bool,
        now: Timestamp,
        delay: impl Fn(u32) -> i64,
        reason: &str,
        message: impl Fn(Timestamp) -> String,
    ) {
        let same = |h: &Hold| h.key == key && h.accepted == accepted;
        let tries = self.holds.iter().find(|h| same(h)).map_or(0, |h| h.tries).saturating_add(1);
        let until = after(now, delay(tries));
        self.holds.retain(|h| !same(h));
        let message = message(whole_seconds_up(until));
        self.holds.push(Hold { key, until, tries, accepted, reason: reason.to_owned(), message });
    }

    /// `key` succeeded.
    pub(crate) fn done(&mut self, key: &Key) {
        self.holds.retain(|h| (h.accepted || h.key != *key) && h.key != Key::All);
    }

    /// The uids of pods whose resize to `sizes` the server accepted at least so many `times`.
    pub(crate) fn accepted(&self, sizes: &[ContainerResources], times: u32) -> impl Iterator<Item = &str> {
        self.holds.iter().filter(move |h| h.accepted && h.tries >= times).filter_map(move |h| match &h.key {
            Key::Resize(uid, to) if to == sizes => Some(uid.as_str()),
            _ => None,
        })
    }

    /// No rollout is under way, so nothing can be set back.
    pub(crate) fn settled(&mut self) {
        self.holds.retain(|h| !h.accepted);
    }

    /// Drops holds that ended long ago.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        self.holds.retain(|h| after(h.until, FORGET_S) > now);
    }

    /// The hold that `key` is under now.
    pub(crate) fn held(&self, key: &Key, now: Timestamp) -> Option<&Hold> {
        let stopped = |h: &&Hold| h.key == Key::All && !key.is_record();
        self.holds.iter().find(|h| now < h.until && (h.key == *key || stopped(h)))
    }

    /// `step`, or a wait if its request is held back.
    pub(crate) fn hold_back(&self, step: Step, now: Timestamp) -> Step {
        let Step::Ask(request) = &step else { return step };
        match self.held(&Key::of(request), now) {
            None => step,
            Some(hold) => Step::Wait {
                until: Some(hold.until),
                standing: Standing::Paused { reason: hold.reason.clone(), message: hold.message.clone() },
            },
        }
    }
}

/// The delay after `tries` failures in a row: 1 s, 2 s, 4 s … 30 s.
pub(crate) fn growing(tries: u32) -> i64 {
    1_i64.checked_shl(tries.saturating_sub(1).min(5)).map_or(30, |s| s.min(30))
}

#[cfg(test)]
mod tests {
    use super::growing;

    #[test]
    fn delays_grow_to_half_a_minute() {
        let delays: Vec<_> = [1, 2, 3, 4, 5, 6, 7, u32::MAX].into_iter().map(growing).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30, 30]);
    }
}
