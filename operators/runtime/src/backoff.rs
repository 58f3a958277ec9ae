//! When a failed object is retried. In: the outcome of a pass, the time, a random number. Out: a delay.
//!
//! Pure: no clock and no random source of its own. System errors are retried with exponential back-off; errors that a
//! person must fix wait until the object changes, with one long interval as a safety net.

use std::{collections::HashMap, hash::Hash, time::Duration};

use crate::errors::Class;

/// The shape of the delays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Delay after the first failure.
    pub base: Duration,
    /// Longest delay, jitter included.
    pub cap: Duration,
    /// Share of the delay that is random, 0 to 1: the delay lies in `[d × (1 − jitter), d]`.
    pub jitter: f64,
    /// Delay after an error of class [`Class::User`], unless the object changes before.
    pub user: Duration,
}

impl Default for Backoff {
    /// 1 s doubling up to 5 min, half of it random; 30 min for errors that a person must fix.
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            cap: Duration::from_secs(300),
            jitter: 0.5,
            user: Duration::from_secs(30 * 60),
        }
    }
}

impl Backoff {
    /// The delay after `attempt` failures in a row (1 is the first). `random` is uniform in `[0, 1)`; values outside
    /// are clamped.
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(63);
        let millis = self.base.as_millis().saturating_mul(1u128 << doublings).min(self.cap.as_millis());
        let jitter = self.jitter.clamp(0.0, 1.0);
        let random = if random.is_finite() { random.clamp(0.0, 1.0) } else { 0.0 };
        let full = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
        full.mul_f64(1.0 - jitter * (1.0 - random)).min(self.cap)
    }
}

/// Failures in a row, per object. Bounded by the failing objects: success and [`Attempts::forget`] drop the entry.
#[derive(Clone, Debug, Default)]
pub struct Attempts<K> {
    backoff: Backoff,
    failed: HashMap<K, Failed>,
}

#[derive(Clone, Copy, Debug)]
struct Failed {
    count: u32,
    /// `metadata.generation` at the last failure.
    generation: i64,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Failures in a row, this one included.
    pub attempt: u32,
    /// Try again after this time, or when the object changes.
    pub after: Duration,
}

impl<K: Eq + Hash> Attempts<K> {
    /// No failures yet.
    pub fn new(backoff: Backoff) -> Self {
        Self { backoff, failed: HashMap::new() }
    }

    /// Records a failure of `key` at `generation`. A new generation, a new attempt by its author, resets the count.
    pub fn failed(&mut self, key: K, generation: i64, class: Class, random: f64) -> Retry {
        let entry = self.failed.entry(key).or_insert(Failed { count: 0, generation });
        if entry.generation != generation {
            *entry = Failed { count: 0, generation };
        }
        entry.count = entry.count.saturating_add(1);
        let after = match class {
            Class::System => self.backoff.delay(entry.count, random),
            Class::User => self.backoff.user,
        };
        Retry { attempt: entry.count, after }
    }

    /// Records a success: the next failure starts from the base delay. Returns the number of preceding failures.
    pub fn succeeded(&mut self, key: &K) -> u32 {
        self.failed.remove(key).map_or(0, |f| f.count)
    }

    /// Drops the entry of an object that is gone.
    pub fn forget(&mut self, key: &K) {
        self.failed.remove(key);
    }

    /// The number of failing objects.
    pub fn len(&self) -> usize {
        self.failed.len()
    }

    /// Whether no object is failing.
    pub fn is_empty(&self) -> bool {
        self.failed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn delays_double_up_to_the_cap() {
        let b = Backoff { jitter: 0.0, ..Backoff::default() };
        let got: Vec<u64> = (1..=11).map(|n| b.delay(n, 0.5).as_secs()).collect();
        assert_eq!(got, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(b.delay(u32::MAX, 0.5).as_secs(), 300);
        assert_eq!(b.delay(0, 0.5).as_secs(), 1);
    }

    #[test]
    fn jitter_takes_at_most_its_share() {
        let b = Backoff::default();
        assert_eq!(b.delay(3, 0.0), Duration::from_secs(2));
        assert_eq!(b.delay(3, 1.0), Duration::from_secs(4));
        // Jitter also applies at the cap, or all objects would be retried together.
        assert_eq!(b.delay(30, 0.0), Duration::from_secs(150));
    }

    #[test]
    fn success_and_a_new_generation_start_anew() {
        let mut a = Attempts::new(Backoff { jitter: 0.0, ..Backoff::default() });
        let fail = |a: &mut Attempts<&str>, generation| a.failed("web", generation, Class::System, 0.0);
        assert_eq!(fail(&mut a, 1), Retry { attempt: 1, after: Duration::from_secs(1) });
        assert_eq!(fail(&mut a, 1), Retry { attempt: 2, after: Duration::from_secs(2) });
        assert_eq!(fail(&mut a, 2), Retry { attempt: 1, after: Duration::from_secs(1) });
        assert_eq!(a.succeeded(&"web"), 1);
        assert!(a.is_empty());
        assert_eq!(fail(&mut a, 2).attempt, 1);
    }

    #[test]
    fn user_errors_wait_long() {
        let mut a = Attempts::new(Backoff::default());
        for _ in 0..3 {
            assert_eq!(a.failed(1, 1, Class::User, 0.9).after, Duration::from_secs(1800));
        }
    }

    proptest! {
        #[test]
        fn delay_is_bounded_and_grows(attempt in 0u32..10_000, random in -1.0f64..2.0, jitter in 0.0f64..=1.0) {
            let b = Backoff { jitter, ..Backoff::default() };
            let d = b.delay(attempt, random);
            prop_assert!(d <= b.cap);
            prop_assert!(d <= b.delay(attempt + 1, random));
            // One millisecond for rounding.
            prop_assert!(d + Duration::from_millis(1) >= b.base.mul_f64(1.0 - jitter));
        }

        #[test]
        fn keys_do_not_touch_each_other(failures in proptest::collection::vec((0u8..4, any::<bool>()), 0..40)) {
            let mut a = Attempts::new(Backoff::default());
            let mut expected = [0u32; 4];
            for (key, ok) in failures {
                let slot = &mut expected[usize::from(key)];
                if ok {
                    prop_assert_eq!(a.succeeded(&key), std::mem::take(slot));
                } else {
                    *slot += 1;
                    prop_assert_eq!(a.failed(key, 1, Class::System, 0.3).attempt, *slot);
                }
            }
            prop_assert_eq!(a.len(), expected.iter().filter(|n| **n > 0).count());
        }
    }
}
