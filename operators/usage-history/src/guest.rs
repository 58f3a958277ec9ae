//! A pod with series in the source that this cluster does not have: deleted, or of another cluster.
//!
//! For pods of this cluster, only the kills are kept in this form.
//!
//! In: its series from one or several reads. Out: its histories, and when its containers were killed.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use trimtab_core::WorkloadId;
use trimtab_metrics_sources::{Origin, Sample, Stranger};
use trimtab_sizing::ContainerHistory;

use crate::{histories::Containers, levels::Levels, neighbours::origins::Times};

/// What is known of such a pod.
#[derive(Debug)]
pub(crate) struct Guest {
    /// The workload that its name resolves to.
    pub(crate) workload: WorkloadId,
    /// Where its series were recorded, as far as labels say.
    pub(crate) origin: Origin,
    /// The label and the name of a node outside this cluster on which it was recorded.
    pub(crate) node: Option<(String, String)>,
    /// Whether it was recorded there while the pod of the same name was recorded on its own node: there are two pods.
    pub(crate) beside: bool,
    /// Times of its oldest and newest sample of CPU or memory, in seconds since the epoch.
    pub(crate) oldest_s: i64,
    pub(crate) newest_s: i64,
    /// Its histories, without the CPU of pods with roles.
    pub(crate) containers: Containers,
    /// Its highest usage, where pods are tracked individually.
    pub(crate) levels: Levels,
    /// CPU of pods with roles, which is compared with that of others step by step.
    pub(crate) busiest: HashMap<Arc<str>, BTreeMap<i64, f64>>,
    /// At each time, whether a container's last termination was an OOM kill (`true`).
    terminations: HashMap<Arc<str>, BTreeMap<i64, bool>>,
    /// Restart times of each container.
    restarts: HashMap<Arc<str>, BTreeSet<i64>>,
    /// A state at this time or before is the initial one of the window, not an event in it.
    events_after_s: i64,
}

impl Guest {
    pub(crate) fn new(workload: WorkloadId, events_after_s: i64) -> Self {
        Self {
            workload,
            origin: Origin::default(),
            node: None,
            beside: false,
            oldest_s: i64::MAX,
            newest_s: i64::MIN,
            containers: Vec::new(),
            levels: Levels::default(),
            busiest: HashMap::new(),
            terminations: HashMap::new(),
            restarts: HashMap::new(),
            events_after_s,
        }
    }

    pub(crate) fn seen(&mut self, origin: &Origin, times: Times) {
        if self.origin.labels().is_empty() && !origin.labels().is_empty() {
            self.origin = origin.clone();
        }
        self.oldest_s = self.oldest_s.min(times.first_s);
        self.newest_s = self.newest_s.max(times.last_s);
    }

    pub(crate) fn on_node(&mut self, stranger: Stranger<'_>) {
        if !stranger.known {
            self.node = Some((stranger.label.to_owned(), stranger.node.to_owned()));
        }
        self.beside |= stranger.beside;
    }

    pub(crate) fn container(&mut self, name: &str, f: impl FnOnce(&mut ContainerHistory)) {
        if let Some((_, history)) = self.containers.iter_mut().find(|(known, _)| &**known == name) {
            f(history);
        } else {
            let mut history = ContainerHistory::new();
            f(&mut history);
            self.containers.push((Arc::from(name), history));
        }
    }

    pub(crate) fn busiest<'s>(&mut self, container: &str, samples: impl Iterator<Item = &'s Sample>) {
        busiest(self.busiest.entry(Arc::from(container)).or_default(), samples);
    }

    pub(crate) fn terminated(&mut self, container: &str, time_s: i64, killed: bool) {
        let states = self.terminations.entry(Arc::from(container)).or_default();
        *states.entry(time_s).or_default() |= killed;
    }

    pub(crate) fn restarted(&mut self, container: &str, time_s: i64) {
        self.restarts.entry(Arc::from(container)).or_default().insert(time_s);
    }

    /// Merges a later read of the same pod.
    pub(crate) fn merge(&mut self, later: Self) {
        self.seen(&later.origin, Times { first_s: later.oldest_s, last_s: later.newest_s });
        self.node = later.node.or(self.node.take());
        self.beside |= later.beside;
        for (name, theirs) in later.containers {
            self.container(&name, |mine| mine.merge(&theirs));
        }
        self.levels.merge(later.levels);
        for (container, steps) in later.busiest {
            self.busiest.entry(container).or_default().extend(steps);
        }
        for (container, states) in later.terminations {
            self.terminations.entry(container).or_default().extend(states);
        }
        for (container, times) in later.restarts {
            self.restarts.entry(container).or_default().extend(times);
        }
    }

    /// When its containers were killed: each time that the state appears, except the initial one of the window; and
    /// each restart that leaves the state unchanged.
    pub(crate) fn kills(&self) -> impl Iterator<Item = (&Arc<str>, i64)> {
        static NEVER: BTreeSet<i64> = BTreeSet::new();
        self.terminations.iter().flat_map(|(container, states)| {
            let restarts = self.restarts.get(container).unwrap_or(&NEVER);
            kills(states, restarts, self.events_after_s).into_iter().map(move |time| (container, time))
        })
    }
}

/// The greater value at each step.
pub(crate) fn busiest<'s>(steps: &mut BTreeMap<i64, f64>, samples: impl Iterator<Item = &'s Sample>) {
    for s in samples {
        let value = steps.entry(s.time_s).or_insert(s.value);
        *value = value.max(s.value);
    }
}

/// A gap is no proof that the state had ended.
fn kills(states: &BTreeMap<i64, bool>, restarts: &BTreeSet<i64>, after_s: i64) -> Vec<i64> {
    let mut before = false;
    let mut times = Vec::new();
    for (&time, &killed) in states {
        if killed && (!before || restarts.contains(&time)) && time > after_s {
            times.push(time);
        }
        before = killed;
    }
    times
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
            assert_eq!(kills(&states.into_iter().collect(), &BTreeSet::new(), 3600), expected, "{what}");
        }
    }

    #[test]
    fn a_restart_that_leaves_the_state_is_a_kill_too() {
        let states = || [(3600, true), (7200, true), (10_800, true), (14_400, false)].into_iter().collect();
        for (what, restarts, expected) in [
            ("none", vec![], vec![]),
            ("after each of which the last end is a kill", vec![7200, 10_800], vec![7200, 10_800]),
            ("before the window", vec![3600], vec![]),
            ("after which the last end is none", vec![14_400], vec![]),
        ] {
            assert_eq!(kills(&states(), &restarts.into_iter().collect(), 3600), expected, "{what}");
        }
    }
}
