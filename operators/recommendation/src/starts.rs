//! Which rollouts are under way and which began lately, by policy, so that a policy's limits hold although many
//! recommendations are looked at side by side. In: what each run sees. Out: counts, and whether one more may begin.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::Key;

/// An hour, over which starts are counted.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What is known of rollouts. The policy of what a person proposed is the empty name.
#[derive(Debug, Default)]
pub struct Starts {
    under_way: HashMap<String, HashSet<Key>>,
    begun: HashMap<Key, (String, Timestamp)>,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Under way, the one that is asked for left out.
    pub under_way: u32,
    /// Begun within the last hour, the one that is asked for left out.
    pub last_hour: u32,
}

impl Starts {
    /// Takes in where a rollout stands.
    pub fn see(&mut self, policy: &str, key: &Key, under_way: bool, started: Option<Timestamp>) {
        if under_way {
            self.under_way.entry(policy.to_owned()).or_default().insert(key.clone());
        } else if let Some(keys) = self.under_way.get_mut(policy) {
            keys.remove(key);
        }
        if let Some(started) = started {
            self.begun.insert(key.clone(), (policy.to_owned(), started));
        }
    }

    /// Forgets a Recommendation that is gone.
    pub fn forget(&mut self, key: &Key) {
        for keys in self.under_way.values_mut() {
            keys.remove(key);
        }
    }

    /// How many rollouts of `policy` there are beside that of `key`.
    pub fn counts(&self, policy: &str, key: &Key, now: Timestamp) -> Counts {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let under_way = self.under_way.get(policy).map_or(0, |keys| keys.iter().filter(|k| *k != key).count());
        let lately = |(other, (of, at)): (&Key, &(String, Timestamp))| {
            other != key && of == policy && now.duration_since(*at) < HOUR
        };
        Counts { under_way: small(under_way), last_hour: small(self.begun.iter().filter(|b| lately(*b)).count()) }
    }

    /// Takes a place for `key` if fewer than `most` are under way and fewer than `per_hour` began within the hour.
    pub fn reserve(&mut self, policy: &str, key: &Key, most: u32, per_hour: u32, now: Timestamp) -> bool {
        self.begun.retain(|_, (_, at)| now.duration_since(*at) < HOUR);
        let counts = self.counts(policy, key, now);
        let free = counts.under_way < most && counts.last_hour < per_hour;
        if free {
            self.see(policy, key, true, Some(now));
        }
        free
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
        let (mut starts, now) = (Starts::default(), Timestamp::from_second(1_000_000).unwrap());
        assert!(starts.reserve("p", &key("a"), 2, 10, now));
        assert!(starts.reserve("p", &key("b"), 2, 10, now));
        assert!(!starts.reserve("p", &key("c"), 2, 10, now), "two are under way");
        assert!(starts.reserve("other", &key("c"), 2, 10, now), "another policy has places of its own");
        assert!(starts.reserve("p", &key("a"), 2, 10, now), "its own place does not stand in its way");
        starts.see("p", &key("a"), false, None);
        assert!(starts.reserve("p", &key("d"), 2, 10, now));
    }

    #[test]
    fn starts_count_for_an_hour() {
        let (mut starts, now) = (Starts::default(), Timestamp::from_second(1_000_000).unwrap());
        for name in ["a", "b"] {
            assert!(starts.reserve("p", &key(name), 10, 2, now));
            starts.see("p", &key(name), false, Some(now));
        }
        assert!(!starts.reserve("p", &key("c"), 10, 2, now));
        let later = Timestamp::from_second(1_003_600).unwrap();
        assert!(starts.reserve("p", &key("c"), 10, 2, later));
    }
}
