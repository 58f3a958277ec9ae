//! The histories in memory.
//!
//! In: data from reads and samplings, stored profiles, and kills in pod statuses. Out: histories by workload and
//! container. All data of one namespace is stored at once, so a decision is never based on half of a read.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use trimtab_core::WorkloadId;
use trimtab_sizing::{ContainerHistory, Kill};
use trimtab_world::World;

use crate::{
    exported::Exported,
    histories::{Containers, Histories},
    kills,
    ledger::Ledger,
    levels::{Level, Levels},
    neighbours::{Mixture, Neighbours},
    news::News,
    vanished,
    whose::Whose,
};

/// Histories of all workloads that matter.
#[derive(Debug, Default)]
pub struct UsageStore {
    histories: Mutex<Histories>,
    /// Peak usage of individual pods of DaemonSets and of workloads with replicas.
    pub(crate) levels: Mutex<Levels>,
    pub(crate) ledger: Mutex<Ledger>,
    /// By pod (hashed), the time of the last sample taken from a source that knows no past.
    pub(crate) sampled: Mutex<HashMap<u64, i64>>,
    pub(crate) neighbours: Mutex<Neighbours>,
    pub(crate) exported: Mutex<Exported>,
    /// By namespace that was read.
    pub(crate) whose: Mutex<HashMap<Box<str>, Whose>>,
}

impl UsageStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `f` with the histories of a workload; with none if it is unknown.
    pub fn with_workload<R>(&self, workload: &WorkloadId, f: impl FnOnce(&[(Arc<str>, ContainerHistory)]) -> R) -> R {
        f(self.histories.lock().get(workload))
    }

    /// Calls `f` with the history of one container, created if missing.
    pub fn with_container(&self, workload: &WorkloadId, container: &str, f: impl FnOnce(&mut ContainerHistory)) {
        self.histories.lock().container(workload, container, f);
    }

    /// The workloads with histories.
    pub fn workloads(&self) -> Vec<WorkloadId> {
        self.histories.lock().iter().map(|(workload, _)| workload.clone()).collect()
    }

    /// Time of the newest sample of any workload, in seconds since the epoch.
    pub fn newest_sample_s(&self) -> Option<i64> {
        self.histories.lock().iter().flat_map(|(_, c)| c).filter_map(|(_, h)| h.last_sample_time()).max()
    }

    /// Container, pod and peak usage of the pods of a workload, where pods are tracked individually: those of
    /// DaemonSets, and for workloads with replicas a bounded number of living ones.
    pub fn pod_levels(&self, workload: &WorkloadId) -> Vec<(Arc<str>, Box<str>, Level)> {
        self.levels.lock().of(workload)
    }

    /// Drops samples before `time_s`. The rest of workloads that `exists` does not know is kept equally long, within
    /// bounds: one recreated under the same name continues its history.
    pub fn forget(&self, time_s: i64, exists: impl Fn(&WorkloadId) -> bool) {
        let mut histories = self.histories.lock();
        let mut vanished = Vec::new();
        histories.retain(|workload, containers| {
            containers.iter_mut().for_each(|(_, h)| h.forget_before(time_s));
            containers.retain(|(_, h)| !h.is_empty());
            if !containers.is_empty() && !exists(workload) {
                let newest_s = containers.iter().filter_map(|(_, h)| h.last_sample_time()).max();
                vanished.push((workload.clone(), newest_s));
            }
            !containers.is_empty()
        });
        for workload in vanished::too_many(vanished) {
            histories.remove(&workload);
        }
        self.levels.lock().forget(time_s, |workload| !histories.get(workload).is_empty());
        drop(histories);
        self.neighbours.lock().forget(time_s);
    }

    /// Drops everything about namespaces that `wanted` does not name.
    pub fn forget_namespaces(&self, wanted: impl Fn(&str) -> bool) {
        self.histories.lock().retain_namespaces(&wanted);
        self.levels.lock().forget(i64::MIN, |workload| wanted(&workload.namespace));
        self.neighbours.lock().retain(&wanted);
        self.whose.lock().retain(|namespace, _| wanted(namespace));
        self.ledger.lock().retain(wanted);
    }

    /// Makes the next read cover the whole past of namespaces that `wanted` names, replacing what is known.
    pub fn read_again(&self, wanted: impl Fn(&str) -> bool) {
        self.ledger.lock().retain(|namespace| !wanted(namespace));
    }

    /// The series of a namespace that are not of this cluster; `None` if there are none.
    pub fn mixture(&self, namespace: &str) -> Option<Mixture> {
        self.neighbours.lock().mixture(namespace).cloned()
    }

    /// Which pods the series of a namespace name; `None` if it was never read.
    pub fn whose(&self, namespace: &str) -> Option<Whose> {
        self.whose.lock().get(namespace).cloned()
    }

    /// Whether two clusters report the pods of a workload, so that none of its data is used.
    pub fn is_ambiguous(&self, workload: &WorkloadId) -> bool {
        self.neighbours.lock().mixture(&workload.namespace).is_some_and(|mixture| mixture.ambiguous.contains(workload))
    }

    /// Whether kube-state-metrics is scraped by a job without `honor_labels`: its pods are in `exported_…` labels.
    pub fn labels_not_honored(&self) -> bool {
        self.exported.lock().is_there()
    }

    /// Drops everything.
    pub fn clear(&self) {
        self.forget_namespaces(|_| false);
        self.sampled.lock().clear();
    }

    /// Restores stored histories, replacing those of a workload. They hold its OOM kills up to their newest sample;
    /// later ones are read from the status of its living pods.
    pub fn restore(&self, world: &World, workload: &WorkloadId, containers: Containers) {
        let until_s = containers.iter().filter_map(|(_, h)| h.last_sample_time()).max();
        let kills = until_s.map_or_else(Vec::new, |until_s| kills::since(world, workload, until_s));
        let mut histories = self.histories.lock();
        if until_s.is_some() {
            histories.remove(workload);
        }
        histories.merge(workload, containers);
        for kill in kills {
            histories.container(workload, &kill.container, |h| kills::observe(h, kill.kill));
        }
    }

    /// Records an OOM kill from the status of a pod. A series may report the same one up to an hour later.
    pub fn observe_kill(&self, workload: &WorkloadId, container: &str, kill: Kill) {
        self.with_container(workload, container, |h| kills::observe(h, kill));
    }

    /// Records the OOM kills in the status of a workload's living pods, for a process that did not see them happen.
    pub fn observe_kills_of_pods(&self, world: &World, workload: &WorkloadId) {
        for missed in kills::since(world, workload, i64::MIN) {
            self.observe_kill(workload, &missed.container, missed.kill);
        }
    }

    /// Merges the kills of a workload in `known` with those recorded.
    pub fn know_kills(&self, workload: &WorkloadId, known: impl Fn(&str, &Kill) -> Option<Kill>) {
        let mut histories = self.histories.lock();
        let mut told = Vec::new();
        for (container, history) in histories.get(workload) {
            told.extend(history.kills().iter().filter_map(|kill| Some((container.clone(), known(container, kill)?))));
        }
        for (container, kill) in told {
            histories.container(workload, &container, |h| h.observe_kill(kill));
        }
    }

    /// Stores the data read of a namespace: merged with what is known of it, or replacing it. OOM kills seen when they
    /// happened stay in any case, because not every source reports them.
    pub(crate) fn take_in(&self, news: News, in_its_place: bool) {
        let (namespace, workloads, levels, kills) = news.into_parts();
        self.levels.lock().merge(levels);
        let mut histories = self.histories.lock();
        let before = if in_its_place { histories.take(&namespace) } else { HashMap::new() };
        for (workload, containers) in workloads {
            histories.merge(&workload, containers);
        }
        for (workload, containers) in before {
            for (container, history) in containers {
                for kill in history.kills() {
                    histories.container(&workload, &container, |h| h.observe_kill(*kill));
                }
            }
        }
        News::settle_kills(kills, &mut histories);
    }
}
