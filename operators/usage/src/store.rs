//! The histories in memory.
//!
//! In: what reads and samplings collected, what profiles kept, which kills pods show. Out: histories by workload and
//! container. Everything of one namespace comes in at once, so a decision never stands on half of a read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use trimtab_core::WorkloadId;
use trimtab_sizing::ContainerHistory;
use trimtab_world::World;

use crate::{
    histories::{Containers, Histories},
    kills,
    ledger::Ledger,
    levels::{Level, Levels},
};

/// Histories of all workloads that matter.
#[derive(Debug, Default)]
pub struct UsageStore {
    histories: Mutex<Histories>,
    /// What single pods of DaemonSets used.
    pub(crate) levels: Mutex<Levels>,
    pub(crate) ledger: Mutex<Ledger>,
    /// By pod (hashed), the time of the sample that was taken last from a source that knows no past.
    pub(crate) sampled: Mutex<HashMap<u64, i64>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The tables hold no invariant that a panic between two observations could break.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl UsageStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `f` with the histories of a workload; with none where nothing is known of it.
    pub fn with_workload<R>(&self, workload: &WorkloadId, f: impl FnOnce(&[(Arc<str>, ContainerHistory)]) -> R) -> R {
        f(lock(&self.histories).get(workload))
    }

    /// Calls `f` with the history of one container, made if it is not there yet.
    pub fn with_container(&self, workload: &WorkloadId, container: &str, f: impl FnOnce(&mut ContainerHistory)) {
        lock(&self.histories).container(workload, container, f);
    }

    /// The workloads of which something is known.
    pub fn workloads(&self) -> Vec<WorkloadId> {
        lock(&self.histories).iter().map(|(workload, _)| workload.clone()).collect()
    }

    /// Time of the newest sample of any workload, in seconds since the epoch.
    pub fn newest_sample_s(&self) -> Option<i64> {
        lock(&self.histories).iter().flat_map(|(_, c)| c).filter_map(|(_, h)| h.last_sample_time()).max()
    }

    /// Container, pod and highest usage of the pods of a workload, where its pods are known one by one: those of DaemonSets.
    pub fn pod_levels(&self, workload: &WorkloadId) -> Vec<(Arc<str>, Box<str>, Level)> {
        lock(&self.levels).of(workload)
    }

    /// Drops samples before `time_s`, and workloads that `exists` does not know.
    pub fn forget(&self, time_s: i64, exists: impl Fn(&WorkloadId) -> bool) {
        lock(&self.histories).retain(|workload, containers| {
            containers.iter_mut().for_each(|(_, h)| h.forget_before(time_s));
            containers.retain(|(_, h)| !h.is_empty());
            exists(workload) && !containers.is_empty()
        });
        lock(&self.levels).forget(time_s, exists);
    }

    /// Drops everything about namespaces that `wanted` does not name.
    pub fn forget_namespaces(&self, wanted: impl Fn(&str) -> bool) {
        lock(&self.histories).retain_namespaces(&wanted);
        lock(&self.levels).forget(i64::MIN, |workload| wanted(&workload.namespace));
        lock(&self.ledger).retain(wanted);
    }

    /// Drops everything.
    pub fn clear(&self) {
        self.forget_namespaces(|_| false);
        lock(&self.sampled).clear();
    }

    /// Drops the histories of one workload, as when it was deleted and made anew under its name.
    pub fn remove(&self, workload: &WorkloadId) {
        lock(&self.histories).remove(workload);
    }

    /// Takes in histories that were kept elsewhere, in the place of what was known of a workload. They hold its OOM kills up
    /// to their newest sample; later ones are read off its living pods.
    pub fn restore(&self, world: &World, workload: &WorkloadId, containers: Containers) {
        let until_s = containers.iter().filter_map(|(_, h)| h.last_sample_time()).max();
        let kills = until_s.map_or_else(Vec::new, |until_s| kills::since(world, workload, until_s));
        let mut histories = lock(&self.histories);
        if until_s.is_some() {
            histories.remove(workload);
        }
        histories.merge(workload, containers);
        for kill in kills {
            histories.container(workload, &kill.container, |h| h.observe_oom(kill.time_s, kill.limit));
        }
    }

    /// Takes in what is new of some workloads.
    pub(crate) fn add(&self, news: HashMap<WorkloadId, Containers>) {
        let mut histories = lock(&self.histories);
        for (workload, containers) in news {
            histories.merge(&workload, containers);
        }
    }

    /// Takes in the whole past of a namespace, in the place of what was known of it.
    pub(crate) fn replace(&self, namespace: &str, whole: HashMap<WorkloadId, Containers>) {
        let mut histories = lock(&self.histories);
        histories.take(namespace);
        for (workload, containers) in whole {
            histories.merge(&workload, containers);
        }
    }
}
