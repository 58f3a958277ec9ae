//! Which rollouts are under way, which began recently, which Recommendation holds each workload, and how the last one
//! of each ended. In: what each reconcile sees. Out: counts for a policy's limits, other holders of a workload, what
//! became of their rollouts, and whether one more rollout may begin.
//!
//! Many Recommendations are reconciled concurrently: this is the one place where a rollout is reserved before it
//! begins. Its basis survives a crash: a rollout is in its Recommendation's status before anything is changed, and a
//! new leader reads all of them before it reconciles the first. The record that ends the hold on a workload also says
//! how the rollout ended: so who gets the workload next knows of that end, whatever the watch shows.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use trimtab_api::rollout::RolloutStatus;
use trimtab_engine::header::Place;
use trimtab_rollout::elsewhere::Elsewhere;

use crate::{Key, ends::Ends};

/// The period over which starts are counted.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Known rollouts. Recommendations proposed by people have the empty policy name.
#[derive(Debug, Default)]
pub struct RolloutLimiter {
    under_way: HashMap<String, HashSet<Key>>,
    begun: HashMap<Key, (String, Timestamp)>,
    /// By the workload's uid.
    holders: HashMap<String, HashMap<Key, Hold>>,
    held: HashMap<Key, String>,
    ends: Ends,
    /// The version of each Recommendation that was recorded last.
    versions: HashMap<Key, u64>,
    /// Those with a reservation that have not been seen to begin, and whether their start was announced.
    reserved: HashMap<Key, bool>,
}

/// How a Recommendation holds a workload. The greater takes precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// Its size is in force.
    InForce,
    /// It is changing pods.
    UnderWay,
}

/// Numbers of rollouts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Under way, not counting the one asked about.
    pub under_way: u32,
    /// Begun within the last hour, not counting the one asked about.
    pub last_hour: u32,
}

impl RolloutLimiter {
    /// Records the rollout of a Recommendation at this version. Knowledge from a later version stays, and so does a
    /// reservation, until a later version shows its result.
    pub fn see(&mut self, policy: &str, key: &Key, version: u64, rollout: Option<&RolloutStatus>) {
        let known = self.versions.get(key).copied().unwrap_or_default();
        if version < known || (version == known && self.reserved.contains_key(key)) {
            return;
        }
        self.reserved.remove(key);
        self.versions.insert(key.clone(), version);
        self.stands(policy, key, rollout);
    }

    fn stands(&mut self, policy: &str, key: &Key, rollout: Option<&RolloutStatus>) {
        let hold = rollout.and_then(|r| {
            if r.is_under_way() { Some(Hold::UnderWay) } else { r.is_in_force().then_some(Hold::InForce) }
        });
        let started = rollout.map(|r| r.started.0);
        self.ends.put(key, rollout);
        self.take(policy, key, hold.zip(rollout.map(|r| r.target_uid.as_str())), started);
    }

    fn take(&mut self, policy: &str, key: &Key, hold: Option<(Hold, &str)>, started: Option<Timestamp>) {
        // It may have belonged to another policy before.
        self.not_under_way(key);
        if matches!(hold, Some((Hold::UnderWay, _))) {
            self.under_way.entry(policy.to_owned()).or_default().insert(key.clone());
        }
        if let Some(started) = started {
            self.begun.insert(key.clone(), (policy.to_owned(), started));
        }
        if self.held.get(key).map(String::as_str) != hold.map(|(_, uid)| uid) {
            self.let_go(key);
        }
        if let Some((hold, uid)) = hold {
            self.held.insert(key.clone(), uid.to_owned());
            self.holders.entry(uid.to_owned()).or_default().insert(key.clone(), hold);
        }
    }

    fn not_under_way(&mut self, key: &Key) {
        for keys in self.under_way.values_mut() {
            keys.remove(key);
        }
    }

    fn let_go(&mut self, key: &Key) {
        let Some(uid) = self.held.remove(key) else { return };
        if let Some(keys) = self.holders.get_mut(&uid) {
            keys.remove(key);
            if keys.is_empty() {
                self.holders.remove(&uid);
            }
        }
    }

    /// Forgets a deleted Recommendation.
    pub fn forget(&mut self, key: &Key) {
        self.not_under_way(key);
        self.let_go(key);
        self.ends.put(key, None);
        self.versions.remove(key);
        self.reserved.remove(key);
    }

    /// A Recommendation other than `key` that is changing the workload with this uid, else one that has a size in force
    /// there.
    pub fn other(&self, uid: &str, key: &Key) -> Option<(Key, Hold)> {
        let others = self.holders.get(uid)?.iter().filter(|(other, _)| *other != key);
        others.max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0))).map(|(other, hold)| (other.clone(), *hold))
    }

    /// How rollouts of Recommendations other than `key` ended at the workload with this uid.
    pub fn ended(&self, uid: &str, key: &Key) -> Vec<Elsewhere> {
        self.ends.of_others(uid, key)
    }

    /// How `key` holds a workload, if it does: the present one, or a former one of its name that it has not settled yet.
    pub fn hold(&self, key: &Key) -> Option<Hold> {
        self.holders.get(self.held.get(key)?)?.get(key).copied()
    }

    /// How many rollouts of all policies are under way.
    pub fn under_way(&self) -> usize {
        self.under_way.values().map(HashSet::len).sum()
    }

    /// Counts the rollouts of `policy` other than that of `key`.
    pub fn counts(&self, policy: &str, key: &Key, now: Timestamp) -> Counts {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let under_way = self.under_way.get(policy).map_or(0, |keys| keys.iter().filter(|k| *k != key).count());
        let lately = |(other, (of, at)): (&Key, &(String, Timestamp))| {
            other != key && of == policy && now.duration_since(*at) < HOUR
        };
        Counts { under_way: small(under_way), last_hour: small(self.begun.iter().filter(|b| lately(*b)).count()) }
    }

    /// Reserves a place for `key` at the workload with this uid if no other holds it, fewer than `most` rollouts are
    /// under way and fewer than `per_hour` began within the last hour.
    pub fn reserve(
        &mut self,
        policy: &str,
        key: &Key,
        uid: &str,
        (most, per_hour): (u32, u32),
        now: Timestamp,
    ) -> bool {
        self.begun.retain(|_, (_, at)| now.duration_since(*at) < HOUR);
        let counts = self.counts(policy, key, now);
        let free = counts.under_way < most && counts.last_hour < per_hour && self.other(uid, key).is_none();
        if free {
            self.take(policy, key, Some((Hold::UnderWay, uid)), Some(now));
            self.reserved.entry(key.clone()).or_insert(false);
        }
        free
    }

    /// The place that `key` holds.
    pub fn place(&self, key: &Key) -> Option<Place> {
        let announced = *self.reserved.get(key)?;
        Some(Place { uid: self.held.get(key)?.clone(), announced })
    }

    /// The start of `key` is about to be written. From now on only a later version shows its result.
    pub fn announce(&mut self, key: &Key) {
        self.reserved.entry(key.clone()).and_modify(|announced| *announced = true);
    }

    /// Releases the reservation of `key`, unless its start was announced, and records its rollout.
    pub fn give_back(&mut self, policy: &str, key: &Key, rollout: Option<&RolloutStatus>) {
        if self.reserved.get(key) == Some(&false) {
            self.reserved.remove(key);
            self.begun.remove(key);
            self.stands(policy, key, rollout);
        }
    }
}

#[cfg(test)]
mod tests;
