//! The sizes in force when a container was killed, for kills found in series.
//!
//! In: kills found in series, and the requests and limits that kube-state-metrics reported at the time. Out: kills with
//! both. The workload's present sizes do not count: they may have been changed because of the kills.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use trimtab_core::WorkloadId;
use trimtab_metrics_sources::{Metric, Sample, SampleSink, SeriesKey};
use trimtab_sizing::Kill;

use crate::guest::Guest;

/// How long before a kill sizes are queried, in seconds: two steps of the events.
pub(crate) const BEFORE_S: i64 = 7200;

/// A kill with a known time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) workload: WorkloadId,
    pub(crate) container: Arc<str>,
    pub(crate) pod: Box<str>,
    /// The first step that shows the kill.
    pub(crate) time_s: i64,
}

/// The kills of pods that count.
pub(crate) fn found<'g>(guests: impl IntoIterator<Item = (&'g str, &'g Guest)>) -> Vec<Found> {
    let mut all: Vec<Found> = guests
        .into_iter()
        .flat_map(|(pod, guest)| {
            guest.kills().map(move |(container, time_s)| Found {
                workload: guest.workload.clone(),
                container: container.clone(),
                pod: Box::from(pod),
                time_s,
            })
        })
        .collect();
    all.sort();
    all
}

/// A kill with its workload and container.
pub(crate) type KillOf = (WorkloadId, Arc<str>, Kill);

/// Request and limit, in bytes.
type Size = (Option<i64>, Option<i64>);
type Sizes = BTreeMap<i64, Size>;
/// Namespace, pod and container.
type Of = (Box<str>, Box<str>, Box<str>);

/// Collects requests and limits of the killed containers.
#[derive(Debug, Default)]
pub(crate) struct SizeSink {
    sizes: HashMap<Of, Sizes>,
}

impl SizeSink {
    /// A sink for these kills.
    pub(crate) fn new(kills: &[Found]) -> Self {
        let key = |kill: &Found| (Box::from(&*kill.workload.namespace), kill.pod.clone(), Box::from(&*kill.container));
        Self { sizes: kills.iter().map(|kill| (key(kill), Sizes::new())).collect() }
    }

    /// The kills with the sizes in force: the smaller of the last value before the kill was seen and the value at that
    /// step, since it may have been changed shortly before the kill or because of it. Kills of one container seen at
    /// the same step are of several pods; each gets a second of its own, or they would count as one.
    pub(crate) fn kills(&self, found: Vec<Found>) -> Vec<KillOf> {
        let mut taken: HashMap<(WorkloadId, Arc<str>), Vec<i64>> = HashMap::new();
        found
            .into_iter()
            .map(|kill| {
                let key = (Box::from(&*kill.workload.namespace), kill.pod, Box::from(&*kill.container));
                let sizes = self.sizes.get(&key);
                let told = |f: fn(&Size) -> Option<i64>| {
                    let before = sizes?.range(..kill.time_s).rev().find_map(|(_, size)| f(size));
                    let then = sizes?.get(&kill.time_s).and_then(f);
                    before.into_iter().chain(then).min()
                };
                let (request, limit) = (told(|size| size.0), told(|size| size.1));
                let times = taken.entry((kill.workload.clone(), kill.container.clone())).or_default();
                let mut time = kill.time_s;
                while times.contains(&time) {
                    time -= 1;
                }
                times.push(time);
                (kill.workload, kill.container, Kill { time, request, limit })
            })
            .collect()
    }
}

impl SampleSink for SizeSink {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        let of = (Box::from(key.namespace), Box::from(key.pod), Box::from(key.container));
        let Some(sizes) = self.sizes.get_mut(&of) else { return };
        for sample in samples {
            let (request, limit) = sizes.entry(sample.time_s).or_default();
            // Whole bytes, far below the maximum of an i64; zero is unset.
            let bytes = Some(sample.value as i64).filter(|bytes| *bytes > 0);
            match key.metric {
                Metric::MemoryRequest => *request = bytes,
                Metric::MemoryLimit => *limit = bytes,
                _ => {}
            }
        }
    }
}
