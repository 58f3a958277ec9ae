//! Peak usage of individual pods, for DaemonSets and for workloads with replicas.
//!
//! In: series of pods. Out: peak CPU and memory by workload, container and pod. A history merges all pods of a
//! workload, which fits pods that share their work evenly. The pods of a DaemonSet do not: each serves its own node.
//! Nor do replicas of which one leads. A size that fits the busiest may be far too much for most; a few numbers per pod
//! show for how many. Replicas are kept up to a maximum: enough to estimate a share, as they come and go with each
//! rollout.

use std::{collections::HashMap, sync::Arc};

use trimtab_core::{WorkloadId, WorkloadKind};

/// For how many pods of a workload with replicas levels are kept.
const MOST_REPLICAS: usize = 200;
/// A pod without a sample for this long, in seconds, gives way to one that has samples.
const GONE_S: i64 = 3600;

/// Peak usage of one container of one pod.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// CPU in cores.
    pub cpu: f64,
    /// Memory in bytes.
    pub memory: f64,
    /// The time of its oldest sample, in seconds since the epoch; `None` without samples.
    first_s: Option<i64>,
    /// The time of its newest sample, in seconds since the epoch.
    seen_s: i64,
}

impl Level {
    /// The higher of both, per field.
    fn max(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.max(other.cpu),
            memory: self.memory.max(other.memory),
            first_s: match (self.first_s, other.first_s) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            },
            seen_s: self.seen_s.max(other.seen_s),
        }
    }

    /// The observed time span, in seconds.
    pub fn span_s(&self) -> i64 {
        self.first_s.map_or(0, |first| self.seen_s.saturating_sub(first))
    }

    pub(crate) fn of_cpu(samples: impl IntoIterator<Item = (i64, f64)>) -> Self {
        samples
            .into_iter()
            .fold(Self::default(), |l, (seen_s, cpu)| l.max(Self { cpu, memory: 0.0, first_s: Some(seen_s), seen_s }))
    }

    pub(crate) fn of_memory(samples: impl IntoIterator<Item = (i64, f64)>) -> Self {
        samples.into_iter().fold(Self::default(), |l, (seen_s, memory)| {
            l.max(Self { cpu: 0.0, memory, first_s: Some(seen_s), seen_s })
        })
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
        put(self.0.entry(workload.clone()).or_default(), workload.kind, key, level);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (workload, levels) in other.0 {
            let kind = workload.kind;
            let own = self.0.entry(workload).or_default();
            for (key, level) in levels {
                put(own, kind, key, level);
            }
        }
    }

    /// Container, pod and level of all known pods of a workload.
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

/// Merges the level of one pod into its workload. If full, it replaces a pod that is gone, or is dropped.
fn put(own: &mut HashMap<Key, Level>, kind: WorkloadKind, key: Key, level: Level) {
    if let Some(known) = own.get_mut(&key) {
        *known = known.max(level);
        return;
    }
    if kind != WorkloadKind::DaemonSet {
        let same = |(other, _): &(&Key, &Level)| other.container == key.container;
        if own.iter().filter(same).count() >= MOST_REPLICAS {
            let oldest = own.iter().filter(same).min_by_key(|(_, known)| known.seen_s);
            let gone = oldest.filter(|(_, known)| known.seen_s.saturating_add(GONE_S) < level.seen_s);
            let Some(gone) = gone.map(|(other, _)| other.clone()) else { return };
            own.remove(&gone);
        }
    }
    own.insert(key, level);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_have_so_many_places_and_those_that_are_gone_give_theirs() {
        let id = |kind| WorkloadId::new(kind, "shop", "web");
        for (kind, kept) in [(WorkloadKind::Deployment, MOST_REPLICAS), (WorkloadKind::DaemonSet, MOST_REPLICAS + 5)] {
            let mut levels = Levels::default();
            for n in 0..MOST_REPLICAS + 5 {
                levels.observe(&id(kind), &format!("web-{n}"), "app", Level::of_cpu([(100, 0.5)]));
            }
            assert_eq!(levels.of(&id(kind)).len(), kept, "{kind:?}");
            // Another container has places of its own, and a known one is still updated.
            levels.observe(&id(kind), "web-0", "proxy", Level::of_cpu([(100, 0.1)]));
            levels.observe(&id(kind), "web-0", "app", Level::of_cpu([(200, 0.9)]));
            assert_eq!(levels.of(&id(kind)).len(), kept + 1, "{kind:?}");
        }
        let mut levels = Levels::default();
        for n in 0..MOST_REPLICAS {
            levels.observe(&id(WorkloadKind::Deployment), &format!("web-{n}"), "app", Level::of_cpu([(100, 0.5)]));
        }
        let mut later = Levels::default();
        later.observe(&id(WorkloadKind::Deployment), "new", "app", Level::of_cpu([(101 + GONE_S, 0.2)]));
        levels.merge(later);
        let found = levels.of(&id(WorkloadKind::Deployment));
        assert_eq!(found.len(), MOST_REPLICAS);
        assert!(found.iter().any(|(_, pod, _)| &**pod == "new"));
    }

    #[test]
    fn a_level_knows_how_long_it_was_looked_at() {
        assert_eq!(Level::default().span_s(), 0);
        let level = Level::of_cpu([(300, 0.5), (900, 0.1)]).max(Level::of_memory([(100, 64.0), (400, 1.0)]));
        assert_eq!(level.span_s(), 800);
    }

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
