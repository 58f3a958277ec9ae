//! The data of a read so far, until a namespace is complete.
//!
//! In: observations of several batches, in any order. Out: the data of one namespace, once it is complete. A read that
//! fails half-way is dropped here, so none of it is in the store and nothing counts twice when it is read again.

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
    whose::Whose,
};

/// Where an observation goes: into the histories of a workload, or to one pod that this cluster does not have.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) workload: &'a WorkloadId,
    pub(crate) guest: Option<&'a str>,
}

/// The data read of one namespace.
#[derive(Debug, Default)]
pub(crate) struct Space {
    /// Of living pods.
    pub(crate) histories: Histories,
    /// Peak usage of individual living pods of DaemonSets.
    pub(crate) levels: Levels,
    /// CPU of living pods with roles, by time.
    pub(crate) busiest: HashMap<(WorkloadId, Arc<str>), BTreeMap<i64, f64>>,
    /// Pods not in this cluster.
    pub(crate) guests: BTreeMap<Box<str>, Guest>,
    /// When containers of living pods were killed; nothing else of them is kept apart.
    pub(crate) living: BTreeMap<Box<str>, Guest>,
    /// Living pods, hashed.
    pub(crate) alive: HashSet<u64>,
    /// Where and when series were recorded.
    pub(crate) origins: Origins,
    /// Workloads with pods of two clusters, and the label in which these differ, if any.
    pub(crate) ambiguous: BTreeMap<WorkloadId, Option<Difference>>,
    /// Workloads whose series do not fit together, and whether that is proof.
    pub(crate) at_odds: BTreeMap<WorkloadId, bool>,
    /// Whether kube-state-metrics reports its pods.
    pub(crate) told: bool,
    /// Whether its usage is of pods of this cluster.
    pub(crate) whose: Whose,
}

/// The data read of incomplete namespaces.
#[derive(Debug)]
pub(crate) struct Staging {
    events_after_s: i64,
    spaces: Mutex<HashMap<Box<str>, Space>>,
    /// Nodes of this cluster by the names and addresses looked up.
    nodes: Mutex<HashMap<Box<str>, Option<Arc<str>>>>,
    /// Forms of labels that name this cluster's nodes.
    forms: Mutex<BTreeSet<String>>,
}

/// A hash of a pod.
pub(crate) fn pod_hash(namespace: &str, pod: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (namespace, pod).hash(&mut hasher);
    hasher.finish()
}

impl Staging {
    /// A state at `events_after_s` or before is the initial one of the window, not an event in it.
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

    /// Adds forms of labels that name this cluster's nodes. Returns all known ones.
    pub(crate) fn vouch(&self, seen: BTreeSet<String>) -> BTreeSet<String> {
        let mut forms = self.forms.lock();
        forms.extend(seen);
        forms.clone()
    }

    fn space<R>(&self, namespace: &str, f: impl FnOnce(&mut Space) -> R) -> R {
        let mut spaces = self.spaces.lock();
        // Nearly always it exists, and then its name need not be copied.
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

    /// The pod is in this cluster.
    pub(crate) fn alive(&self, namespace: &str, pod: &str) {
        self.space(namespace, |space| space.alive.insert(pod_hash(namespace, pod)));
    }

    /// There is usage of a pod, which this cluster has (`ours`), and had at that time.
    pub(crate) fn named(&self, key: &SeriesKey<'_>, ours: bool) {
        self.space(key.namespace, |space| {
            if ours {
                space.whose.own();
            } else {
                space.whose.other(pod_hash(key.namespace, key.pod), key.origin);
            }
        });
    }

    /// There is usage of a pod in these times, recorded at the place in the key, possibly on a node not its own.
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

    /// The history of one container of a workload, or of a pod not in this cluster.
    pub(crate) fn container(&self, place: Place<'_>, container: &str, f: impl FnOnce(&mut ContainerHistory)) {
        match place.guest {
            Some(pod) => self.guest(place, pod, |guest| guest.container(container, f)),
            None => {
                self.space(&place.workload.namespace, |space| space.histories.container(place.workload, container, f))
            }
        }
    }

    /// Peak usage of a container of one pod.
    pub(crate) fn level(&self, place: Place<'_>, pod: &str, container: &str, level: Level) {
        match place.guest {
            Some(pod) => self.guest(place, pod, |g| g.levels.observe(place.workload, pod, container, level)),
            None => self.space(&place.workload.namespace, |s| s.levels.observe(place.workload, pod, container, level)),
        }
    }

    /// CPU of a pod with a role.
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

    /// The recorded terminations of the containers of `pod`, which is a guest or living.
    fn ends(&self, place: Place<'_>, pod: &str, f: impl FnOnce(&mut Guest)) {
        match place.guest {
            Some(pod) => self.guest(place, pod, f),
            None => self.space(&place.workload.namespace, |space| {
                let new = || Guest::new(place.workload.clone(), self.events_after_s);
                f(space.living.entry(Box::from(pod)).or_insert_with(new));
            }),
        }
    }

    /// Two clusters report a workload.
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

    /// kube-state-metrics reports pods of this namespace.
    pub(crate) fn told(&self, namespace: &str) {
        self.space(namespace, |space| space.told = true);
    }

    /// Whether there is usage of pods of this namespace and kube-state-metrics reports none of them.
    pub(crate) fn is_untold(&self, namespace: &str) -> bool {
        self.spaces.lock().get(namespace).is_some_and(|space| !space.told && !space.origins.is_empty())
    }

    /// Removes and returns all data of a namespace that has been read completely.
    pub(crate) fn take(&self, namespace: &str) -> Space {
        self.spaces.lock().remove(namespace).unwrap_or_default()
    }
}
