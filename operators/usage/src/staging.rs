//! What a read has given so far, until all of a namespace is there.
//!
//! In: observations of several batches, in any order. Out: the histories of one namespace, once it is known to be whole.
//! A read that fails half-way is dropped here, so nothing of it is in the store and nothing counts twice when it is read
//! again.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use trimtab_core::WorkloadId;
use trimtab_sizing::ContainerHistory;

use crate::{
    histories::{Containers, Histories},
    levels::{Level, Levels},
    sink::Resolver,
};

/// A container of a pod, with the times at which its last termination was an OOM kill (`true`) or not.
type Terminations = HashMap<(WorkloadId, Arc<str>, Box<str>), BTreeMap<i64, bool>>;

/// What was read of namespaces that are not whole yet.
#[derive(Debug)]
pub(crate) struct Staging {
    /// A state at this time or before is the one that the window began with, not an event in it.
    events_after_s: i64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    histories: Histories,
    levels: Levels,
    terminations: HashMap<Arc<str>, Terminations>,
}

impl Staging {
    pub(crate) fn new(events_after_s: i64) -> Self {
        Self { events_after_s, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn container(&self, workload: &WorkloadId, container: &str, f: impl FnOnce(&mut ContainerHistory)) {
        self.lock().histories.container(workload, container, f);
    }

    pub(crate) fn level(&self, workload: &WorkloadId, pod: &str, container: &str, level: Level) {
        self.lock().levels.observe(workload, pod, container, level);
    }

    /// Takes out what single pods of a namespace used.
    pub(crate) fn take_levels(&self, namespace: &str) -> Levels {
        self.lock().levels.take(namespace)
    }

    /// Whether a container's last termination was an OOM kill, as seen at `time_s`.
    pub(crate) fn terminated(&self, workload: &WorkloadId, pod: &str, container: &str, time_s: i64, killed: bool) {
        let key = (workload.clone(), Arc::from(container), Box::from(pod));
        let mut inner = self.lock();
        let states = inner.terminations.entry(workload.namespace.clone()).or_default().entry(key).or_default();
        *states.entry(time_s).or_default() |= killed;
    }

    /// Takes out all of a namespace that has been read to its end.
    pub(crate) fn take(&self, namespace: &str, resolver: &dyn Resolver) -> HashMap<WorkloadId, Containers> {
        let mut inner = self.lock();
        // Batches cut a window in time, so only now is it known which state followed which.
        for ((workload, container, _), states) in inner.terminations.remove(namespace).unwrap_or_default() {
            for time in kills(&states, self.events_after_s) {
                let limit = resolver.memory_limit(&workload, &container).unwrap_or(0);
                inner.histories.container(&workload, &container, |h| h.observe_oom(time, limit));
            }
        }
        inner.histories.take(namespace)
    }
}

/// When a container was killed: each time that the state appears, and not the one that was there when the window began.
/// A gap is no proof that the state had ended.
fn kills(states: &BTreeMap<i64, bool>, after_s: i64) -> Vec<i64> {
    let mut before = false;
    let mut times = Vec::new();
    for (&time, &killed) in states {
        if killed && !before && time > after_s {
            times.push(time);
        }
        before = killed;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::kills;

    #[test]
    fn a_kill_is_a_state_that_appears_within_the_window() {
        for (what, states, expected) in [
            ("never", vec![(3600, false), (7200, false)], vec![]),
            ("there when the window began", vec![(3600, true), (7200, true), (10_800, true)], vec![]),
            ("appears", vec![(3600, false), (7200, true), (10_800, true)], vec![7200]),
            ("the series begins with it, later than the window", vec![(10_800, true), (14_400, true)], vec![10_800]),
            ("ends and appears again", vec![(3600, true), (7200, false), (10_800, true)], vec![10_800]),
            ("a gap", vec![(7200, true), (36_000, true)], vec![7200]),
        ] {
            assert_eq!(kills(&states.into_iter().collect(), 3600), expected, "{what}");
        }
    }
}
