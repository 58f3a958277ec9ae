//! What a read has given so far, until all of a namespace is there.
//!
//! In: observations of several batches, in any order. Out: what was read of one namespace, once it is known to be whole.
//! A read that fails half-way is dropped here, so nothing of it is in the store and nothing counts twice when it is read
//! again.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use parking_lot::Mutex;
use trimtab_core::WorkloadId;
use trimtab_metrics_sources::{Difference, Metric, Sample, SeriesKey, Together};
use trimtab_sizing::ContainerHistory;

use crate::{
    guest::{Guest, busiest},
    histories::Histories,
    levels::{Level, Levels},
    neighbours::origins::{Origins, Times},
};

/// Where an observation goes: into the histories of a workload, or to one pod that this cluster does not have.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) workload: &'a WorkloadId,
    pub(crate) guest: Option<&'a str>,
}

/// What was read of one namespace.
#[derive(Debug, Default)]
pub(crate) struct Space {
    /// Of pods that are here.
    pub(crate) histories: Histories,
    /// What single pods of DaemonSets used that are here.
    pub(crate) levels: Levels,
    /// CPU of pods that are here and have roles, by time.
    pub(crate) busiest: HashMap<(WorkloadId, Arc<str>), BTreeMap<i64, f64>>,
    /// Pods that are not here.
    pub(crate) guests: BTreeMap<Box<str>, Guest>,
    /// When containers of pods that are here were killed; nothing else of them is kept apart.
    pub(crate) living: BTreeMap<Box<str>, Guest>,
    /// Pods that are here, hashed.
    pub(crate) alive: HashSet<u64>,
    /// Where and when series were recorded.
    pub(crate) origins: Origins,
    /// Workloads of which two clusters tell, and by which label these differ, if by any.
    pub(crate) ambiguous: BTreeMap<WorkloadId, Option<Difference>>,
    /// Workloads of which several series do not fit together, and whether that is proof.
    pub(crate) at_odds: BTreeMap<WorkloadId, bool>,
    /// Whether kube-state-metrics tells of its pods.
    pub(crate) told: bool,
}

/// What was read of namespaces that are not whole yet.
#[derive(Debug)]
pub(crate) struct Staging {
    events_after_s: i64,
    spaces: Mutex<HashMap<Box<str>, Space>>,
    /// Nodes of this cluster by the names and addresses that were asked for.
    nodes: Mutex<HashMap<Box<str>, Option<Arc<str>>>>,
    /// Forms of labels that name this cluster's nodes.
    forms: Mutex<BTreeSet<String>>,
}

/// A pod in few bytes.
pub(crate) fn pod_hash(namespace: &str, pod: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (namespace, pod).hash(&mut hasher);
    hasher.finish()
}

impl Staging {
    /// A state at `events_after_s` or before is the one that the window began with, not an event in it.
    pub(crate) fn new(events_after_s: i64) -> Self {
        Self { events_after_s, spaces: Mutex::default(), nodes: Mutex::default(), forms: Mutex::default() }
    }

    /// A node by name or address, looked up once.
    pub(crate) fn node(&self, host: &str, look_up: impl FnOnce() -> Option<Arc<str>>) -> Option<Arc<str>> {
        let mut nodes = self.nodes.lock();
        if let Some(known) = nodes.get(host) {
            return known.clone();
        }
        let found = look_up();
        nodes.insert(Box::from(host), found.clone());
        found
    }

    /// These forms of labels name this cluster's nodes. Answers all that do.
    pub(crate) fn vouch(&self, seen: BTreeSet<String>) -> BTreeSet<String> {
        let mut forms = self.forms.lock();
        forms.extend(seen);
        forms.clone()
    }

    fn space<R>(&self, namespace: &str, f: impl FnOnce(&mut Space) -> R) -> R {
        let mut spaces = self.spaces.lock();
        // Nearly always it is there, and then its name need not be copied.
        if let Some(space) = spaces.get_mut(namespace) {
            return f(space);
        }
        f(spaces.entry(Box::from(namespace)).or_default())
    }

    fn guest(&self, place: Place<'_>, pod: &str, f: impl FnOnce(&mut Guest)) {
        self.space(&place.workload.namespace, |space| {
            let new = || Guest::new(place.workload.clone(), self.events_after_s);
            f(space.guests.entry(Box::from(pod)).or_insert_with(new));
        });
    }

    /// The pod is here.
    pub(crate) fn alive(&self, namespace: &str, pod: &str) {
        self.space(namespace, |space| space.alive.insert(pod_hash(namespace, pod)));
    }

    /// There is usage of a pod in these times, recorded where the key says, which may be on a node that is none of its own.
    pub(crate) fn seen(&self, place: Place<'_>, key: &SeriesKey<'_>, times: Times) {
        if let Some(pod) = place.guest {
            self.guest(place, pod, |guest| {
                guest.seen(key.origin, times);
                if let Some(stranger) = key.stranger {
                    guest.on_node(stranger);
                }
            });
        }
        self.space(&place.workload.namespace, |space| match place.guest {
            Some(_) => space.origins.guest(key.origin, times),
            None => {
                let (series, memory) = (pod_hash(key.pod, key.container), key.metric == Metric::MemoryWorkingSet);
                space.origins.living(place.workload, series, memory, key.origin, times);
            }
        });
    }

    /// The history of one container of a workload, or of a pod that is not here.
    pub(crate) fn container(&self, place: Place<'_>, container: &str, f: impl FnOnce(&mut ContainerHistory)) {
        match place.guest {
            Some(pod) => self.guest(place, pod, |guest| guest.container(container, f)),
            None => {
                self.space(&place.workload.namespace, |space| space.histories.container(place.workload, container, f))
            }
        }
    }

    /// How much a container of one pod used at most.
    pub(crate) fn level(&self, place: Place<'_>, pod: &str, container: &str, level: Level) {
        match place.guest {
            Some(pod) => self.guest(place, pod, |g| g.levels.observe(place.workload, pod, container, level)),
            None => self.space(&place.workload.namespace, |s| s.levels.observe(place.workload, pod, container, level)),
        }
    }

    /// CPU of a pod that has a role.
    pub(crate) fn busiest<'s>(&self, place: Place<'_>, container: &str, samples: impl Iterator<Item = &'s Sample>) {
        match place.guest {
            Some(pod) => self.guest(place, pod, |guest| guest.busiest(container, samples)),
            None => self.space(&place.workload.namespace, |space| {
                let key = (place.workload.clone(), Arc::from(container));
                busiest(space.busiest.entry(key).or_default(), samples);
            }),
        }
    }

    /// Whether the last termination of a container of `pod` was an OOM kill, as seen at `time_s`.
    pub(crate) fn terminated(&self, place: Place<'_>, pod: &str, container: &str, time_s: i64, killed: bool) {
        self.ends(place, pod, |of| of.terminated(container, time_s, killed));
    }

    /// A container of `pod` was restarted in the step that ends at `time_s`.
    pub(crate) fn restarted(&self, place: Place<'_>, pod: &str, container: &str, time_s: i64) {
        self.ends(place, pod, |of| of.restarted(container, time_s));
    }

    /// What is kept of the ends of the containers of `pod`, which is a guest or here.
    fn ends(&self, place: Place<'_>, pod: &str, f: impl FnOnce(&mut Guest)) {
        match place.guest {
            Some(pod) => self.guest(place, pod, f),
            None => self.space(&place.workload.namespace, |space| {
                let new = || Guest::new(place.workload.clone(), self.events_after_s);
                f(space.living.entry(Box::from(pod)).or_insert_with(new));
            }),
        }
    }

    /// Two clusters tell of a workload.
    pub(crate) fn ambiguous(&self, workload: &WorkloadId, difference: &Difference) {
        self.space(&workload.namespace, |space| {
            space.ambiguous.entry(workload.clone()).or_insert_with(|| Some(difference.clone()));
        });
    }

    /// Several series of a container of a workload do not fit together.
    pub(crate) fn at_odds(&self, workload: &WorkloadId, together: Together) {
        self.space(&workload.namespace, |space| {
            *space.at_odds.entry(workload.clone()).or_default() |= together == Together::AtOdds;
        });
    }

    /// kube-state-metrics tells of pods of this namespace.
    pub(crate) fn told(&self, namespace: &str) {
        self.space(namespace, |space| space.told = true);
    }

    /// Whether there is usage of pods of this namespace and kube-state-metrics tells of none of them.
    pub(crate) fn is_untold(&self, namespace: &str) -> bool {
        self.spaces.lock().get(namespace).is_some_and(|space| !space.told && !space.origins.is_empty())
    }

    /// Takes out all of a namespace that has been read to its end.
    pub(crate) fn take(&self, namespace: &str) -> Space {
        self.spaces.lock().remove(namespace).unwrap_or_default()
    }
}
