//! Turns samples of pods into histories of workloads.
//!
//! In: the series of one batch, pod by pod. Out: observations in the histories of the workloads that the pods belong to.
//! Pods that share their work are one distribution; for pods with roles of their own (StatefulSets) the busiest counts at
//! each step, because one request must fit all of them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_sources::{Batch, Metric, Sample, SampleSink, SeriesKey};

use crate::{levels::Level, staging::Staging};

/// Who a pod belongs to, and what its containers may use.
pub trait Resolver: Send + Sync {
    /// The workload of a pod that lives or lived; `None` where it cannot be said without doubt.
    fn workload(&self, namespace: &str, pod: &str) -> Option<WorkloadId>;

    /// Whether the pod exists now. OOM kills of such pods are known from their own statuses.
    fn is_alive(&self, namespace: &str, pod: &str) -> bool;

    /// The memory limit of a container today, in bytes.
    fn memory_limit(&self, workload: &WorkloadId, container: &str) -> Option<i64>;
}

type Container = (WorkloadId, Arc<str>);

/// Takes the series of one batch and collects them in the staging area of their read.
pub(crate) struct StoreSink<'a> {
    staging: &'a Staging,
    resolver: &'a dyn Resolver,
    pods: HashMap<(Box<str>, Box<str>), Option<WorkloadId>>,
    busiest: HashMap<Container, BTreeMap<i64, f64>>,
    periods: HashMap<Container, BTreeMap<i64, (f64, f64)>>,
}

impl<'a> StoreSink<'a> {
    pub(crate) fn new(staging: &'a Staging, resolver: &'a dyn Resolver) -> Self {
        Self { staging, resolver, pods: HashMap::new(), busiest: HashMap::new(), periods: HashMap::new() }
    }

    fn workload(&mut self, namespace: &str, pod: &str) -> Option<WorkloadId> {
        let key = (Box::from(namespace), Box::from(pod));
        let resolver = self.resolver;
        self.pods.entry(key).or_insert_with(|| resolver.workload(namespace, pod)).clone()
    }
}

impl StoreSink<'_> {
    /// Notes how much a single pod used at most.
    fn level(&self, workload: &WorkloadId, key: &SeriesKey<'_>, samples: &[Sample]) {
        let samples = samples.iter().map(|s| (s.time_s, s.value));
        let level = match key.metric {
            Metric::CpuCores => Level::of_cpu(samples),
            Metric::MemoryWorkingSet => Level::of_memory(samples),
            _ => return,
        };
        self.staging.level(workload, key.pod, key.container, level);
    }
}

impl SampleSink for StoreSink<'_> {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        let Some(workload) = self.workload(key.namespace, key.pod) else { return };
        if workload.kind == WorkloadKind::DaemonSet {
            self.level(&workload, &key, samples);
        }
        match key.metric {
            Metric::CpuCores if workload.kind.pods_have_roles() => {
                let steps = self.busiest.entry((workload, Arc::from(key.container))).or_default();
                for s in samples {
                    let value = steps.entry(s.time_s).or_insert(s.value);
                    *value = value.max(s.value);
                }
            }
            Metric::CpuCores => self.staging.container(&workload, key.container, |h| {
                for s in samples {
                    h.observe_cpu(s.time_s, s.value, 1);
                }
            }),
            Metric::MemoryWorkingSet => self.staging.container(&workload, key.container, |h| {
                for s in samples {
                    h.observe_memory(s.time_s, s.value);
                }
            }),
            Metric::CpuPeriods | Metric::CpuThrottledPeriods => {
                let steps = self.periods.entry((workload, Arc::from(key.container))).or_default();
                for s in samples {
                    let (throttled, periods) = steps.entry(s.time_s).or_default();
                    *(if key.metric == Metric::CpuPeriods { periods } else { throttled }) += s.value;
                }
            }
            Metric::Restarts => self.staging.container(&workload, key.container, |h| {
                for s in samples.iter().filter(|s| s.value >= 1.0) {
                    h.observe_restarts(s.time_s, s.value as u32);
                }
            }),
            Metric::OomKilled => {
                if !self.resolver.is_alive(key.namespace, key.pod) {
                    for s in samples {
                        self.staging.terminated(&workload, key.pod, key.container, s.time_s, s.value > 0.5);
                    }
                }
            }
        }
    }

    fn done(&mut self, _: &Batch) {
        for ((workload, container), steps) in self.busiest.drain() {
            self.staging.container(&workload, &container, |h| {
                for (time, cores) in steps {
                    h.observe_cpu(time, cores, 1);
                }
            });
        }
        for ((workload, container), steps) in self.periods.drain() {
            self.staging.container(&workload, &container, |h| {
                for (time, (throttled, periods)) in steps {
                    h.observe_throttling(time, throttled as u32, periods as u32);
                }
            });
        }
    }
}
