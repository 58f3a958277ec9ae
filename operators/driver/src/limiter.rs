//! Which changes are under way, which began recently, which object holds each target, and how the last change of each
//! ended. In: what each reconcile sees. Out: counts for the limits of a group, other holders of a target, what became of
//! their changes, and whether one more change may begin.
//!
//! Many objects are reconciled concurrently: this is the one place where a change is reserved before it begins. Its basis
//! survives a crash: a change is in its object's status before anything is changed, and a new leader reads all of them
//! before it reconciles the first. The record that ends the hold on a target also says how the change ended: so who gets
//! the target next knows of that end, whatever the watch shows.

mod ends;

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use jiff::{SignedDuration, Timestamp};
use trimtab_engine::header::Place;

use self::ends::Ends;

/// The period over which starts are counted.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Known changes. `G`: whose limits count for a change, such as its policy. `K`: the object that a change belongs to.
/// `E`: what has to be known of its end at its target.
#[derive(Debug)]
pub struct Limiter<G, K, E> {
    under_way: HashMap<G, HashSet<K>>,
    begun: HashMap<K, (G, Timestamp)>,
    /// By the target's uid.
    holders: HashMap<String, HashMap<K, Hold>>,
    held: HashMap<K, String>,
    ends: Ends<K, E>,
    /// The version of each object that was recorded last.
    versions: HashMap<K, u64>,
    /// Those with a reservation that have not been seen to begin, and whether their start was announced.
    reserved: HashMap<K, bool>,
}

/// The last change of an object, as its status has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastChange<E> {
    /// The uid of its target.
    pub uid: String,
    /// How it holds the target; `None` if it left nothing there.
    pub hold: Option<Hold>,
    /// When it started.
    pub started: Timestamp,
    /// How it ended; `None` while it is under way.
    pub end: Option<E>,
}

/// How an object holds a target. The greater takes precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// What it changed is in force.
    InForce,
    /// It is changing it.
    UnderWay,
}

/// Numbers of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Under way, not counting the one asked about.
    pub under_way: u32,
    /// Begun within the last hour, not counting the one asked about.
    pub last_hour: u32,
}

impl<G, K, E> Default for Limiter<G, K, E> {
    fn default() -> Self {
        Self {
            under_way: HashMap::new(),
            begun: HashMap::new(),
            holders: HashMap::new(),
            held: HashMap::new(),
            ends: Ends::default(),
            versions: HashMap::new(),
            reserved: HashMap::new(),
        }
    }
}

impl<G: Clone + Eq + Hash, K: Clone + Ord + Hash, E: Clone> Limiter<G, K, E> {
    /// Records the last change of an object at this version. Knowledge from a later version stays, and so does a
    /// reservation, until a later version shows its result.
    pub fn see(&mut self, group: &G, key: &K, version: u64, change: Option<LastChange<E>>) {
        let known = self.versions.get(key).copied().unwrap_or_default();
        if version < known || (version == known && self.reserved.contains_key(key)) {
            return;
        }
        self.reserved.remove(key);
        self.versions.insert(key.clone(), version);
        self.stands(group, key, change);
    }

    fn stands(&mut self, group: &G, key: &K, change: Option<LastChange<E>>) {
        let (hold, started, end) = match change {
            None => (None, None, None),
            Some(LastChange { uid, hold, started, end }) => {
                (hold.map(|hold| (hold, uid.clone())), Some(started), end.map(|end| (uid, end)))
            }
        };
        self.ends.put(key, end);
        self.take(group, key, hold, started);
    }

    fn take(&mut self, group: &G, key: &K, hold: Option<(Hold, String)>, started: Option<Timestamp>) {
        // It may have belonged to another group before.
        self.not_under_way(key);
        if matches!(hold, Some((Hold::UnderWay, _))) {
            self.under_way.entry(group.clone()).or_default().insert(key.clone());
        }
        if let Some(started) = started {
            self.begun.insert(key.clone(), (group.clone(), started));
        }
        if self.held.get(key) != hold.as_ref().map(|(_, uid)| uid) {
            self.let_go(key);
        }
        if let Some((hold, uid)) = hold {
            self.held.insert(key.clone(), uid.clone());
            self.holders.entry(uid).or_default().insert(key.clone(), hold);
        }
    }

    fn not_under_way(&mut self, key: &K) {
        for keys in self.under_way.values_mut() {
            keys.remove(key);
        }
    }

    fn let_go(&mut self, key: &K) {
        let Some(uid) = self.held.remove(key) else { return };
        if let Some(keys) = self.holders.get_mut(&uid) {
            keys.remove(key);
            if keys.is_empty() {
                self.holders.remove(&uid);
            }
        }
    }

    /// Forgets a deleted object.
    pub fn forget(&mut self, key: &K) {
        self.not_under_way(key);
        self.let_go(key);
        self.ends.put(key, None);
        self.versions.remove(key);
        self.reserved.remove(key);
    }

    /// An object other than `key` that is changing the target with this uid, else one of which something is in force
    /// there.
    pub fn other(&self, uid: &str, key: &K) -> Option<(K, Hold)> {
        let others = self.holders.get(uid)?.iter().filter(|(other, _)| *other != key);
        others.max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0))).map(|(other, hold)| (other.clone(), *hold))
    }

    /// A holder of the target with this uid other than `key`; else one of `others`, all about a target of the same name,
    /// that holds a former one of it.
    pub fn holder(&self, uid: Option<&str>, key: &K, others: impl IntoIterator<Item = K>) -> Option<(K, Hold)> {
        let former = |other: K| self.hold(&other).map(|hold| (other, hold));
        uid.and_then(|uid| self.other(uid, key)).or_else(|| others.into_iter().find_map(former))
    }

    /// How changes of objects other than `key` ended at the target with this uid.
    pub fn ended(&self, uid: &str, key: &K) -> Vec<E> {
        self.ends.of_others(uid, key)
    }

    /// How `key` holds a target, if it does: the present one, or a former one of its name that it has not settled yet.
    pub fn hold(&self, key: &K) -> Option<Hold> {
        self.holders.get(self.held.get(key)?)?.get(key).copied()
    }

    /// How many changes of all groups are under way.
    pub fn under_way(&self) -> usize {
        self.under_way.values().map(HashSet::len).sum()
    }

    /// Counts the changes of `group` other than that of `key`.
    pub fn counts(&self, group: &G, key: &K, now: Timestamp) -> Counts {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let under_way = self.under_way.get(group).map_or(0, |keys| keys.iter().filter(|k| *k != key).count());
        let lately =
            |(other, (of, at)): (&K, &(G, Timestamp))| other != key && of == group && now.duration_since(*at) < HOUR;
        Counts { under_way: small(under_way), last_hour: small(self.begun.iter().filter(|b| lately(*b)).count()) }
    }

    /// Reserves a place for `key` at the target with this uid if no other holds it, fewer than `most` changes of `group`
    /// are under way and fewer than `per_hour` of them began within the last hour.
    pub fn reserve(&mut self, group: &G, key: &K, uid: &str, (most, per_hour): (u32, u32), now: Timestamp) -> bool {
        self.begun.retain(|_, (_, at)| now.duration_since(*at) < HOUR);
        let counts = self.counts(group, key, now);
        let free = counts.under_way < most && counts.last_hour < per_hour && self.other(uid, key).is_none();
        if free {
            self.take(group, key, Some((Hold::UnderWay, uid.to_owned())), Some(now));
            self.reserved.entry(key.clone()).or_insert(false);
        }
        free
    }

    /// The place that `key` holds.
    pub fn place(&self, key: &K) -> Option<Place> {
        let announced = *self.reserved.get(key)?;
        Some(Place { uid: self.held.get(key)?.clone(), announced })
    }

    /// The start of `key` is about to be written. From now on only a later version shows its result.
    pub fn announce(&mut self, key: &K) {
        self.reserved.entry(key.clone()).and_modify(|announced| *announced = true);
    }

    /// Releases the reservation of `key`, unless its start was announced, and records its last change.
    pub fn give_back(&mut self, group: &G, key: &K, change: Option<LastChange<E>>) {
        if self.reserved.get(key) == Some(&false) {
            self.reserved.remove(key);
            self.begun.remove(key);
            self.stands(group, key, change);
        }
    }
}

#[cfg(test)]
mod tests;
