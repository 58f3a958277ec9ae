//! Turns samples of pods into histories of workloads.
//!
//! In: the series of one batch, pod by pod. Out: observations in the staging area of their read: pods of this cluster
//! share the histories of their workload, others are kept apart until it is known whether they ever belonged to this
//! cluster. Pods that share their work are one distribution; for pods with roles of their own (StatefulSets) the
//! busiest counts at each step, because one request must fit all of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_metrics_sources::{Batch, Difference, Metric, Nodes, Sample, SampleSink, SeriesKey, Together};

use crate::{
    levels::Level,
    neighbours::origins::Times,
    staging::{Place, Staging},
};

/// The owner of a pod.
pub trait Resolver: Send + Sync {
    /// The workload of a living or former pod; `None` if ambiguous.
    fn workload(&self, namespace: &str, pod: &str) -> Option<WorkloadId>;

    /// Whether the pod exists now. Its own status shows at most the last of its OOM kills.
    fn is_alive(&self, namespace: &str, pod: &str) -> bool;

    /// The node of this cluster with this name or address; `None` if there is none, or if nodes cannot be read.
    fn node(&self, host: &str) -> Option<Arc<str>> {
        let _ = host;
        None
    }

    /// The node of a pod that exists now.
    fn home(&self, namespace: &str, pod: &str) -> Option<Arc<str>> {
        let _ = (namespace, pod);
        None
    }

    /// A time in seconds since the epoch before which the pod certainly did not exist; `None` if unknown.
    fn born(&self, namespace: &str, pod: &str) -> Option<i64> {
        let _ = (namespace, pod);
        None
    }
}

/// A container of a workload, and its pod if that one is kept apart.
type Container = (WorkloadId, Arc<str>, Option<Box<str>>);

/// How a pod relates to this cluster.
#[derive(Clone)]
struct Owned {
    workload: WorkloadId,
    alive: bool,
    /// Of a pod that lives, when it was created, in seconds since the epoch; `None` if unknown.
    born_s: Option<i64>,
}

/// Takes the series of one batch and collects them in the staging area of their read.
pub(crate) struct StoreSink<'a> {
    staging: &'a Staging,
    resolver: &'a dyn Resolver,
    /// Samples of long-running pods are multiples of it: a finer step would give their samples more weight.
    step_s: i64,
    pods: HashMap<(Box<str>, Box<str>), Option<Owned>>,
    periods: HashMap<Container, BTreeMap<i64, (f64, f64)>>,
    /// Whether the labels of the next series were passed individually.
    recorded: bool,
}

impl<'a> StoreSink<'a> {
    pub(crate) fn new(staging: &'a Staging, resolver: &'a dyn Resolver, step_s: i64) -> Self {
        Self {
            staging,
            resolver,
            step_s: step_s.max(1),
            pods: HashMap::new(),
            periods: HashMap::new(),
            recorded: false,
        }
    }

    fn standing(&mut self, namespace: &str, pod: &str) -> Option<Owned> {
        let (resolver, staging) = (self.resolver, self.staging);
        let key = (Box::from(namespace), Box::from(pod));
        let find = || {
            let workload = resolver.workload(namespace, pod)?;
            let alive = resolver.is_alive(namespace, pod);
            if alive {
                staging.alive(namespace, pod);
            }
            let born_s = if alive { resolver.born(namespace, pod) } else { None };
            Some(Owned { workload, alive, born_s })
        };
        self.pods.entry(key).or_insert_with(find).clone()
    }
}

impl StoreSink<'_> {
    /// Records the peak usage of an individual pod.
    fn level(&self, place: Place<'_>, key: &SeriesKey<'_>, samples: &[Sample]) {
        let samples = samples.iter().map(|s| (s.time_s, s.value));
        let level = match key.metric {
            Metric::CpuCores => Level::of_cpu(samples),
            Metric::MemoryWorkingSet => Level::of_memory(samples),
            _ => return,
        };
        self.staging.level(place, key.pod, key.container, level);
    }
}

impl SampleSink for StoreSink<'_> {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        let recorded = std::mem::take(&mut self.recorded);
        let standing = self.standing(key.namespace, key.pod);
        if is_usage(key.metric)
            && let Some(newest) = samples.last()
        {
            self.staging.named(&key, is_ours(standing.as_ref(), &key, newest.time_s));
        }
        let Some(Owned { workload, alive, .. }) = standing else { return };
        let namesake = namesake(&key, alive);
        let guest = namesake.as_deref().or((!alive).then_some(key.pod));
        let place = Place { workload: &workload, guest };
        // For replicas only living ones: the others come and go with each rollout, and are not of interest.
        if workload.kind == WorkloadKind::DaemonSet || (workload.kind.has_replicas() && guest.is_none()) {
            self.level(place, &key, samples);
        }
        let runs = workload.kind.runs_to_completion();
        let step_s = self.step_s;
        let counts = move |sample: &&Sample| runs || sample.time_s.rem_euclid(step_s) == 0;
        if is_usage(key.metric)
            && !recorded
            && let Some(times) = Times::of(samples)
        {
            self.staging.seen(place, &key, times);
        }
        match key.metric {
            Metric::CpuCores if workload.kind.pods_have_roles() => {
                self.staging.busiest(place, key.container, samples.iter().filter(counts));
            }
            Metric::CpuCores => self.staging.container(place, key.container, |h| {
                for s in samples.iter().filter(counts) {
                    h.observe_cpu(s.time_s, s.value, 1);
                }
            }),
            Metric::MemoryWorkingSet => self.staging.container(place, key.container, |h| {
                if let Some(first) = samples.first().filter(|_| runs && key.begins) {
                    h.observe_run(first.time_s);
                }
                for s in samples.iter().filter(counts) {
                    h.observe_memory(s.time_s, s.value);
                }
            }),
            Metric::CpuPeriods | Metric::CpuThrottledPeriods => {
                let container = (workload.clone(), Arc::from(key.container), place.guest.map(Box::from));
                let steps = self.periods.entry(container).or_default();
                for s in samples {
                    let (throttled, periods) = steps.entry(s.time_s).or_default();
                    *(if key.metric == Metric::CpuPeriods { periods } else { throttled }) += s.value;
                }
            }
            Metric::Restarts => {
                self.staging.told(key.namespace);
                self.staging.container(place, key.container, |h| {
                    for s in samples.iter().filter(|s| s.value >= 1.0) {
                        h.observe_restarts(s.time_s, s.value as u32);
                    }
                });
                for s in samples.iter().filter(|s| s.value >= 1.0) {
                    self.staging.restarted(place, key.pod, key.container, s.time_s);
                }
            }
            Metric::OomKilled => {
                for s in samples {
                    self.staging.terminated(place, key.pod, key.container, s.time_s, s.value > 0.5);
                }
            }
            // Queried by name, for known kills: see `sizes`.
            Metric::MemoryRequest | Metric::MemoryLimit => {}
        }
    }

    fn recorded(&mut self, key: SeriesKey<'_>, first_s: i64, last_s: i64) {
        self.recorded = true;
        let standing = self.standing(key.namespace, key.pod).filter(|_| is_usage(key.metric));
        let Some(Owned { workload, alive, .. }) = standing else { return };
        let namesake = namesake(&key, alive);
        let guest = namesake.as_deref().or((!alive).then_some(key.pod));
        self.staging.seen(Place { workload: &workload, guest }, &key, Times { first_s, last_s });
    }

    fn ambiguous(&mut self, key: SeriesKey<'_>, difference: &Difference) {
        if let Some(Owned { workload, alive, .. }) = self.standing(key.namespace, key.pod) {
            // One of the two clusters is this one.
            self.staging.named(&key, alive);
            self.staging.ambiguous(&workload, difference);
        }
    }

    fn at_odds(&mut self, key: SeriesKey<'_>, together: Together) {
        if let Some(Owned { workload, .. }) = self.standing(key.namespace, key.pod) {
            self.staging.at_odds(&workload, together);
        }
    }

    fn born(&self, namespace: &str, pod: &str) -> Option<i64> {
        self.resolver.born(namespace, pod)
    }

    fn nodes(&mut self) -> Option<&mut dyn Nodes> {
        Some(self)
    }

    fn done(&mut self, _: &Batch) {
        for ((workload, container, pod), steps) in self.periods.drain() {
            let place = Place { workload: &workload, guest: pod.as_deref() };
            self.staging.container(place, &container, |h| {
                for (time, (throttled, periods)) in steps {
                    h.observe_throttling(time, throttled as u32, periods as u32);
                }
            });
        }
    }
}

impl Nodes for StoreSink<'_> {
    fn node(&self, host: &str) -> Option<Arc<str>> {
        self.staging.node(host, || self.resolver.node(host))
    }

    fn home(&self, namespace: &str, pod: &str) -> Option<Arc<str>> {
        self.resolver.home(namespace, pod)
    }

    fn vouch(&mut self, forms: BTreeSet<String>) -> BTreeSet<String> {
        self.staging.vouch(forms)
    }
}

fn is_usage(metric: Metric) -> bool {
    matches!(metric, Metric::CpuCores | Metric::MemoryWorkingSet)
}

/// Whether a series with this newest sample is of a pod of this cluster. One that ends before the pod was created is of
/// another with its name, as pods of StatefulSets in two clusters have.
fn is_ours(standing: Option<&Owned>, key: &SeriesKey<'_>, newest_s: i64) -> bool {
    let lived = |owned: &Owned| owned.alive && owned.born_s.is_none_or(|born_s| newest_s >= born_s);
    key.stranger.is_none() && standing.is_some_and(lived)
}

/// Data recorded on another node than the pod's is of another pod with its name: that pod's name and its node.
fn namesake(key: &SeriesKey<'_>, alive: bool) -> Option<String> {
    key.stranger.filter(|_| alive).map(|stranger| format!("{}@{}", key.pod, stranger.node))
}
