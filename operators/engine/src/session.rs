//! What one run of the machine remembers. In: requests and their responses. Out: which requests are held back.
//!
//! Losing a session costs repeated requests, and no more: whatever has to hold is in the objects.

use jiff::Timestamp;

use crate::{
    back_off::growing,
    parts::Parts,
    protocol::{Key, Step, as_text},
    standing::Standing,
    text::{after, whole_seconds_up},
};

/// How long a hold is remembered after it ends, so that the next delay grows.
const FORGET_S: i64 = 300;

/// What one run remembers. It is safe to start over with [`Session::default`] at any point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Session<C: Parts> {
    /// The outstanding request.
    pub asked: Option<Key<C>>,
    /// Why the change has to be undone whatever the view shows, until the status shows it: the server refused a request, or
    /// the status may have been written already and is not visible yet.
    pub refusal: Option<Refusal>,
    /// Why the change is to be undone, while the response to writing that to the status is outstanding.
    pub undoing: Option<Refusal>,
    /// What only this kind of change remembers.
    pub memory: C::Memory,
    /// The decision record that was written last in this run, as text, see [`Key::Remember`].
    remembered: Option<String>,
    /// Requests that are held back until a given time.
    holds: Vec<Hold<C>>,
}

/// What a hold is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Held<C: Parts> {
    /// This request.
    Request(Key<C>),
    /// Everything but Trimtab's own records: the emergency stop is on.
    All,
}

/// A request that is held back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hold<C: Parts> {
    /// The request.
    what: Held<C>,
    /// Until when.
    pub until: Timestamp,
    /// Failures in a row, or how often it was accepted.
    pub tries: u32,
    /// Whether the server accepted the request: it is made again only where something took its effect back.
    accepted: bool,
    /// Why, in one word.
    pub reason: String,
    /// Why, in a sentence.
    pub message: String,
}

/// Why a change is undone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The digest of the run.
    pub digest: String,
    /// Why it is undone, in one word.
    pub reason: String,
    /// Why, with the server's message.
    pub message: String,
}

impl<C: Parts> Session<C> {
    /// Holds `key` back for what `delay` returns, in seconds, for its number of failures in a row. `message` gets the end of
    /// that, in whole seconds.
    pub fn rest(
        &mut self,
        key: Key<C>,
        now: Timestamp,
        delay: impl Fn(u32) -> i64,
        reason: &str,
        message: impl Fn(Timestamp) -> String,
    ) {
        self.hold(Held::Request(key), false, now, delay, reason, message);
    }

    /// Holds everything back for so many seconds but Trimtab's own records.
    pub fn rest_all(&mut self, now: Timestamp, seconds: i64, reason: &str, message: &str) {
        self.hold(Held::All, false, now, |_| seconds, reason, |_| message.to_owned());
    }

    /// Holds `key`, which the server accepted, back for a time that grows with how often it did.
    pub fn rest_accepted(&mut self, key: Key<C>, now: Timestamp, reason: &str, message: impl Fn(Timestamp) -> String) {
        self.hold(Held::Request(key), true, now, growing, reason, message);
    }

    fn hold(
        &mut self,
        what: Held<C>,
        accepted: bool,
        now: Timestamp,
        delay: impl Fn(u32) -> i64,
        reason: &str,
        message: impl Fn(Timestamp) -> String,
    ) {
        let same = |h: &Hold<C>| h.what == what && h.accepted == accepted;
        let tries = self.holds.iter().find(|h| same(h)).map_or(0, |h| h.tries).saturating_add(1);
        let until = after(now, delay(tries));
        self.holds.retain(|h| !same(h));
        let message = message(whole_seconds_up(until));
        self.holds.push(Hold { what, until, tries, accepted, reason: reason.to_owned(), message });
    }

    /// `key` succeeded.
    pub fn done(&mut self, key: &Key<C>) {
        let is_over = |h: &Hold<C>| match &h.what {
            Held::Request(held) => !h.accepted && held == key,
            Held::All => true,
        };
        self.holds.retain(|h| !is_over(h));
        if let Key::Remember(record) = key {
            self.remembered = Some(record.clone());
        }
    }

    /// Whether `record` is what was recorded last.
    pub fn has_recorded(&self, record: &C::Record) -> bool {
        self.remembered.as_ref().is_some_and(|text| *text == as_text::<C>(record))
    }

    /// The requests that the server accepted at least so many `times`.
    pub fn accepted(&self, times: u32) -> impl Iterator<Item = &C::EffectKey> {
        self.holds.iter().filter(move |h| h.accepted && h.tries >= times).filter_map(|h| match &h.what {
            Held::Request(Key::Effect(key)) => Some(key),
            _ => None,
        })
    }

    /// Nothing is under way, so nothing can be set back.
    pub fn settled(&mut self) {
        self.holds.retain(|h| !h.accepted);
    }

    /// Drops holds that ended long ago.
    pub fn forget(&mut self, now: Timestamp) {
        self.holds.retain(|h| after(h.until, FORGET_S) > now);
    }

    /// The hold that `key` is under now.
    pub fn held(&self, key: &Key<C>, now: Timestamp) -> Option<&Hold<C>> {
        let covers = |what: &Held<C>| match what {
            Held::Request(held) => held == key,
            Held::All => !key.is_record(),
        };
        self.holds.iter().find(|h| now < h.until && covers(&h.what))
    }

    /// `step`, or a wait if its request is held back.
    pub fn hold_back(&self, step: Step<C>, now: Timestamp) -> Step<C> {
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
