//! Which rollouts are under way, which began recently, and which Recommendation holds each workload. In: what each
//! reconcile sees. Out: counts for a policy's limits, other holders of a workload, and whether one more rollout may
//! begin.
//!
//! Many Recommendations are reconciled concurrently: this is the one place where a rollout is reserved before it
//! begins. Its basis survives a crash: a rollout is in its Recommendation's status before anything is changed, and a
//! new leader reads all of them before it reconciles the first.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use trimtab_api::rollout::RolloutStatus;
use trimtab_rollout::view::Place;

use crate::Key;

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
        self.versions.remove(key);
        self.reserved.remove(key);
    }

    /// A Recommendation other than `key` that is changing the workload with this uid, else one that has a size in force
    /// there.
    pub fn other(&self, uid: &str, key: &Key) -> Option<(Key, Hold)> {
        let others = self.holders.get(uid)?.iter().filter(|(other, _)| *other != key);
        others.max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0))).map(|(other, hold)| (other.clone(), *hold))
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key(name: &str) -> Key {
        ("shop".to_owned(), name.to_owned())
    }

    #[test]
    fn places_are_taken_once_and_come_free_again() {
        let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
        assert!(limiter.reserve("p", &key("a"), "ua", (2, 10), now));
        assert!(limiter.reserve("p", &key("b"), "ub", (2, 10), now));
        assert!(!limiter.reserve("p", &key("c"), "uc", (2, 10), now), "two are under way");
        assert!(limiter.reserve("other", &key("c"), "uc", (2, 10), now), "another policy has places of its own");
        assert!(limiter.reserve("p", &key("a"), "ua", (2, 10), now), "its own place does not stand in its way");
        limiter.see("p", &key("a"), 1, None);
        assert!(limiter.reserve("p", &key("d"), "ud", (2, 10), now));
    }

    #[test]
    fn starts_count_for_an_hour() {
        let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
        for name in ["a", "b"] {
            assert!(limiter.reserve("p", &key(name), name, (10, 2), now));
            limiter.take("p", &key(name), None, Some(now));
        }
        assert!(!limiter.reserve("p", &key("c"), "c", (10, 2), now));
        let later = Timestamp::from_second(1_003_600).unwrap();
        assert!(limiter.reserve("p", &key("c"), "c", (10, 2), later));
    }

    #[test]
    fn one_recommendation_at_a_workload() {
        let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
        let (policys, persons) = (key("deploy-web"), key("mine"));
        assert!(limiter.reserve("p", &policys, "u1", (10, 10), now));
        assert!(!limiter.reserve("", &persons, "u1", (10, 10), now), "it is being changed");
        assert_eq!(limiter.other("u1", &persons), Some((policys.clone(), Hold::UnderWay)));
        assert_eq!(limiter.other("u1", &policys), None);
        assert!(limiter.reserve("", &persons, "u2", (10, 10), now), "another workload of that name");
        limiter.forget(&persons);
        limiter.take("p", &policys, Some((Hold::InForce, "u1")), Some(now));
        assert!(!limiter.reserve("", &persons, "u1", (10, 10), now), "its size is in force");
        assert_eq!(limiter.other("u1", &persons), Some((policys.clone(), Hold::InForce)));
        assert!(limiter.reserve("p", &policys, "u1", (10, 10), now), "the next change of the same one");
        limiter.take("p", &policys, None, None);
        assert!(limiter.reserve("", &persons, "u1", (10, 10), now));
        limiter.forget(&persons);
        assert!(limiter.holders.is_empty() && limiter.held.is_empty(), "nothing is left of what is gone");
    }

    #[test]
    fn a_place_stays_until_it_is_known_what_became_of_it() {
        let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
        let (first, second) = (key("first"), key("second"));
        let free = |limiter: &RolloutLimiter| limiter.other("u1", &second).is_none();
        limiter.see("", &first, 5, None);
        assert!(limiter.reserve("", &first, "u1", (10, 10), now));
        limiter.see("", &first, 5, None);
        assert!(!free(&limiter), "no answer came, and the watch is as before");
        limiter.see("", &first, 6, None);
        assert!(free(&limiter), "a later version says that nothing began");
        limiter.take("", &first, Some((Hold::UnderWay, "u1")), None);
        limiter.see("", &first, 3, None);
        assert!(!free(&limiter), "a watch that is behind says nothing");
    }

    #[test]
    fn a_place_is_given_back_until_a_beginning_was_announced() {
        let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
        let (first, second) = (key("first"), key("second"));
        let place = |announced| Some(Place { uid: "u1".to_owned(), announced });
        limiter.see("p", &first, 5, None);
        assert!(limiter.reserve("p", &first, "u1", (1, 1), now));
        assert_eq!(limiter.place(&first), place(false));
        limiter.give_back("p", &first, None);
        assert!(limiter.place(&first).is_none() && limiter.other("u1", &second).is_none());
        assert_eq!(limiter.counts("p", &second, now), Counts::default(), "it did not begin");
        assert!(limiter.reserve("p", &first, "u1", (1, 1), now));
        limiter.announce(&first);
        assert_eq!(limiter.place(&first), place(true), "nobody knows whether it began");
        limiter.give_back("p", &first, None);
        assert!(
            limiter.reserve("p", &first, "u1", (1, 1), now) && limiter.place(&first) == place(true),
            "its own place"
        );
        assert!(limiter.other("u1", &second).is_some());
        limiter.see("p", &first, 6, None);
        assert!(limiter.other("u1", &second).is_none(), "a later version says that nothing began");
    }
}
