//! What one run of the machine remembers. In: requests and their answers. Out: which requests have to rest for a while.
//!
//! Nothing in it decides what is done: a session that is lost costs a request that is asked once more, and no more.

use jiff::Timestamp;
use trimtab_api::rollout::Stage;

use crate::{
    ask::{Request, SeenPod, Standing, Step},
    text::after,
};

/// How long a hold is remembered after its end, so that the next delay grows.
const FORGET_S: i64 = 300;

/// What one run remembers. It is safe to begin anew with [`Session::default`] at any point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Session {
    /// The request that is not answered yet.
    pub(crate) asked: Option<Key>,
    /// Requests that are not asked again before a time.
    pub(crate) holds: Vec<Hold>,
    /// Why the rollout has to be undone whatever the view says, until that stands in the status: the server will not have what was
    /// asked, or the status may say so already, and is not seen yet.
    pub(crate) refusal: Option<Refusal>,
    /// Why the rollout is to be undone, while it is not answered whether that stands in the status.
    pub(crate) undoing: Option<Refusal>,
    /// Digests of rollouts, and uids of pods whose nodes can never give what these ask for: the server refused the resize itself.
    pub(crate) never_fits: Vec<(String, String)>,
    /// Whether what was decided about the workload was remembered in this run, or cannot be: its kind is going, too.
    pub(crate) remembered: bool,
    /// The digest of the rollout whose delivery was taken back in this run.
    pub(crate) taken_back: Option<String>,
}

/// Which request it is, whatever version of an object it carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A place for a rollout of the workload with this uid.
    Reserve(String),
    /// That place, given back.
    GiveBack,
    /// A last look at these pods.
    Confirm(Vec<SeenPod>),
    /// The status, with a stage and a step.
    Status(Stage, i32),
    /// A resize of the pod with this uid.
    Resize(String),
    /// An eviction of the pod with this uid.
    Evict(String),
    /// An entry of AppliedSizes.
    Put,
    /// No entry of AppliedSizes.
    Drop,
    /// The template.
    Patch,
    /// The finalizer, on or off.
    Finalizer,
    /// What is remembered of the workload.
    Remember,
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
            Request::Resize { uid, .. } => Self::Resize(uid.clone()),
            Request::Evict { uid, .. } => Self::Evict(uid.clone()),
            Request::PutSizes { .. } => Self::Put,
            Request::DropSizes => Self::Drop,
            Request::PatchTemplate { .. } => Self::Patch,
            Request::Protect | Request::Release => Self::Finalizer,
            Request::Remember(_) => Self::Remember,
        }
    }

    /// Whether it changes no workload: the emergency stop does not hold it, and no answer to it speaks against the change.
    pub fn is_record(&self) -> bool {
        match self {
            Self::Reserve(_) | Self::GiveBack | Self::Confirm(_) => true,
            Self::Status(..) | Self::Finalizer | Self::Remember => true,
            Self::Resize(_) | Self::Evict(_) | Self::Put | Self::Drop | Self::Patch | Self::All => false,
        }
    }

    /// What it is, as the object of a sentence.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Reserve(_) | Self::GiveBack => "a place for the rollout",
            Self::Confirm(_) => "the last look at pods and AppliedSizes",
            Self::Status(..) => "status.rollout of the Recommendation",
            Self::Resize(_) => "the resize of a pod",
            Self::Evict(_) => "the eviction of a pod",
            Self::Put | Self::Drop => "the workload's entry in AppliedSizes",
            Self::Patch => "the workload's template",
            Self::Finalizer => "the finalizer of the Recommendation",
            Self::Remember => "the workload's history in AppliedSizes",
            Self::All => "any change",
        }
    }
}

/// A request that rests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hold {
    /// Which.
    pub key: Key,
    /// Until when.
    pub until: Timestamp,
    /// How often in a row it failed.
    pub tries: u32,
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
    /// Why, with the server's words.
    pub message: String,
}

impl Session {
    /// Lets `key` rest for as long as `delay` says after so many failures in a row.
    pub(crate) fn rest(
        &mut self,
        key: Key,
        now: Timestamp,
        delay: impl Fn(u32) -> i64,
        reason: &str,
        message: impl Fn(Timestamp) -> String,
    ) {
        let tries = self.holds.iter().find(|h| h.key == key).map_or(0, |h| h.tries).saturating_add(1);
        let until = after(now, delay(tries));
        self.holds.retain(|h| h.key != key);
        self.holds.push(Hold { key, until, tries, reason: reason.to_owned(), message: message(until) });
    }

    /// `key` was done.
    pub(crate) fn done(&mut self, key: &Key) {
        self.holds.retain(|h| h.key != *key && h.key != Key::All);
    }

    /// Forgets what is long over.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        self.holds.retain(|h| after(h.until, FORGET_S) > now);
    }

    /// The hold that `key` is under now.
    pub(crate) fn held(&self, key: &Key, now: Timestamp) -> Option<&Hold> {
        let stopped = |h: &&Hold| h.key == Key::All && !key.is_record();
        self.holds.iter().find(|h| now < h.until && (h.key == *key || stopped(h)))
    }

    /// `step`, or a wait where what it asks for has to rest.
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

/// The delay after so many failures in a row: 1 s, 2 s, 4 s … 30 s.
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
