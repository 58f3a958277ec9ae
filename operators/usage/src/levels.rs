//! The highest usage of each single pod of a DaemonSet.
//!
//! In: series of pods. Out: for each workload, container and pod, its highest CPU and memory. A history merges all pods of a
//! workload, which fits pods that share their work. The pods of a DaemonSet do not: each serves its own node, and a size that
//! fits the busiest may be far too much for most. Two numbers a pod tell how many.

use std::{collections::HashMap, sync::Arc};

use trimtab_core::WorkloadId;

/// What one container of one pod used at most.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// CPU in cores.
    pub cpu: f64,
    /// Memory in bytes.
    pub memory: f64,
    /// The time of its newest sample, in seconds since the epoch.
    seen_s: i64,
}

impl Level {
    /// The higher of both, each for itself.
    fn max(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.max(other.cpu),
            memory: self.memory.max(other.memory),
            seen_s: self.seen_s.max(other.seen_s),
        }
    }

    pub(crate) fn of_cpu(samples: impl IntoIterator<Item = (i64, f64)>) -> Self {
        samples.into_iter().fold(Self::default(), |l, (seen_s, cpu)| l.max(Self { cpu, memory: 0.0, seen_s }))
    }

    pub(crate) fn of_memory(samples: impl IntoIterator<Item = (i64, f64)>) -> Self {
        samples.into_iter().fold(Self::default(), |l, (seen_s, memory)| l.max(Self { cpu: 0.0, memory, seen_s }))
    }
}

/// A container of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    pod: Box<str>,
    container: Arc<str>,
}

/// Levels by workload.
#[derive(Debug, Default)]
pub(crate) struct Levels(HashMap<WorkloadId, HashMap<Key, Level>>);

impl Levels {
    pub(crate) fn observe(&mut self, workload: &WorkloadId, pod: &str, container: &str, level: Level) {
        let key = Key { pod: pod.into(), container: container.into() };
        let known = self.0.entry(workload.clone()).or_default().entry(key).or_default();
        *known = known.max(level);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (workload, levels) in other.0 {
            let own = self.0.entry(workload).or_default();
            for (key, level) in levels {
                let known = own.entry(key).or_default();
                *known = known.max(level);
            }
        }
    }

    /// Container, pod and level of all that is known of a workload.
    pub(crate) fn of(&self, workload: &WorkloadId) -> Vec<(Arc<str>, Box<str>, Level)> {
        let known = self.0.get(workload).into_iter().flatten();
        known.map(|(key, level)| (key.container.clone(), key.pod.clone(), *level)).collect()
    }

    /// Drops pods without a sample since `time_s`, and workloads that `exists` does not know.
    pub(crate) fn forget(&mut self, time_s: i64, exists: impl Fn(&WorkloadId) -> bool) {
        self.0.retain(|workload, levels| {
            levels.retain(|_, level| level.seen_s >= time_s);
            !levels.is_empty() && exists(workload)
        });
    }
}

#[cfg(test)]
mod tests {
    use trimtab_core::WorkloadKind;

    use super::*;

    #[test]
    fn the_highest_of_each_pod_is_kept_until_it_is_gone() {
        let workload = |namespace: &str| WorkloadId::new(WorkloadKind::DaemonSet, namespace, "logs");
        let mut read = Levels::default();
        read.observe(&workload("sre"), "a", "app", Level::of_cpu([(100, 0.5), (200, 0.1)]));
        read.observe(&workload("sre"), "a", "app", Level::of_memory([(300, 64.0)]));
        read.observe(&workload("sre"), "b", "app", Level::of_cpu([(100, 0.2)]));
        let mut kept = Levels::default();
        kept.merge(read);
        kept.observe(&workload("sre"), "a", "app", Level::of_cpu([(400, 0.3)]));
        let mut found = kept.of(&workload("sre"));
        found.sort_by(|a, b| a.1.cmp(&b.1));
        let found: Vec<_> = found.iter().map(|(_, pod, l)| (&**pod, l.cpu, l.memory)).collect();
        assert_eq!(found, [("a", 0.5, 64.0), ("b", 0.2, 0.0)]);
        kept.forget(250, |_| true);
        assert_eq!(kept.of(&workload("sre")).len(), 1, "b was seen last at 100");
        kept.forget(0, |_| false);
        assert_eq!(kept.of(&workload("sre")).len(), 0);
    }
}
