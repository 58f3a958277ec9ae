//! Where and when the series of a namespace were recorded, and which of these origins are this cluster's own.
//!
//! In: origin and times of each series of a read. Out: own origins and since when they are seen, and workloads whose
//! series are another cluster's. Two origins that differ in a cluster label and exist at the same time are two
//! clusters; one after the other may be one cluster whose label was changed. Pure.

use std::collections::BTreeMap;

use trimtab_core::WorkloadId;
use trimtab_metrics_sources::{Difference, Origin, Sample, origin::is_cluster_label};

/// Maximum number of origins of a namespace, of its own pods and of guests; more values are no cluster names.
const MOST_ORIGINS: usize = 16;
const MOST_OF_GUESTS: usize = 64;
/// Spans of a series no farther apart than this are one span. A read may come in pieces.
const GAP_S: i64 = 900;
/// How many other workloads must share an origin to make it this cluster's for sure.
const LEAST_SHARING: usize = 2;

/// From the first sample to the last, in seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) first_s: i64,
    pub(crate) last_s: i64,
}

/// A span of one metric of a container of a living pod.
#[derive(Debug)]
struct Span {
    origin: usize,
    memory: bool,
    times: Times,
}

/// Where the series of one read of a namespace were recorded. Only labels by which people tell clusters apart are kept.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    origins: Vec<Origin>,
    /// Pods of this cluster, by container, hashed.
    living: BTreeMap<WorkloadId, BTreeMap<u64, Vec<Span>>>,
    /// Pods not in this cluster.
    guests: Vec<(Origin, Times)>,
}

/// A living workload with series of another cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clash {
    pub(crate) workload: WorkloadId,
    /// On the left this cluster's label.
    pub(crate) difference: Difference,
    /// When both labels existed.
    pub(crate) times: Times,
}

/// A namespace's own origins, from read to read.
#[derive(Debug, Default)]
pub(crate) struct Own {
    origins: Vec<(Origin, Times)>,
}

impl Times {
    pub(crate) fn of(samples: &[Sample]) -> Option<Self> {
        let (first, last) = samples.first().zip(samples.last())?;
        Some(Self { first_s: first.time_s, last_s: last.time_s })
    }

    fn join(&mut self, other: Self) {
        self.first_s = self.first_s.min(other.first_s);
        self.last_s = self.last_s.max(other.last_s);
    }

    /// When both exist.
    fn both(self, other: Self) -> Option<Self> {
        let both = Self { first_s: self.first_s.max(other.first_s), last_s: self.last_s.min(other.last_s) };
        (both.first_s <= both.last_s).then_some(both)
    }

    fn is_near(self, other: Self) -> bool {
        self.first_s <= other.last_s + GAP_S && other.first_s <= self.last_s + GAP_S
    }
}

/// The part of an origin that names a cluster.
fn labels(origin: &Origin) -> impl Iterator<Item = &(String, String)> {
    origin.labels().iter().filter(|(name, _)| is_cluster_label(name))
}

fn is_same(known: &Origin, origin: &Origin) -> bool {
    known.labels().iter().eq(labels(origin))
}

impl Origins {
    /// Whether no usage is from pods of this cluster.
    pub(crate) fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    /// A CPU or memory series of a pod of this cluster.
    pub(crate) fn living(&mut self, workload: &WorkloadId, series: u64, memory: bool, origin: &Origin, times: Times) {
        let known = self.origins.iter().position(|known| is_same(known, origin));
        let origin = match known {
            Some(index) => index,
            None if self.origins.len() < MOST_ORIGINS => {
                self.origins.push(Origin::new(labels(origin).cloned()));
                self.origins.len() - 1
            }
            None => return,
        };
        let spans = self.living.entry(workload.clone()).or_default().entry(series).or_default();
        let same = |span: &&mut Span| span.origin == origin && span.memory == memory && span.times.is_near(times);
        match spans.iter_mut().find(same) {
            Some(span) => span.times.join(times),
            None => spans.push(Span { origin, memory, times }),
        }
    }

    /// A series of a pod not in this cluster.
    pub(crate) fn guest(&mut self, origin: &Origin, times: Times) {
        if let Some((_, known)) = self.guests.iter_mut().find(|(known, _)| is_same(known, origin)) {
            known.join(times);
        } else if self.guests.len() < MOST_OF_GUESTS {
            self.guests.push((Origin::new(labels(origin).cloned()), times));
        }
    }

    /// Workloads whose living pods have series of another cluster, each with the longest time in which that shows.
    pub(crate) fn clashes(&self) -> Vec<Clash> {
        // Nearly always there is one.
        if self.origins.len() < 2 {
            return Vec::new();
        }
        let mut shared: Vec<(usize, Option<Times>)> = vec![(0, None); self.origins.len()];
        for series in self.living.values() {
            for (index, times) in by_origin(series) {
                if let Some((count, all)) = shared.get_mut(index) {
                    *count += 1;
                    join(all, times);
                }
            }
        }
        let clash = |(workload, series): (&WorkloadId, &BTreeMap<u64, Vec<Span>>)| {
            let (own, other, times) = between_metrics(series, &shared).or_else(|| self.outsider(series, &shared))?;
            let difference = self.origins.get(own)?.differs(self.origins.get(other)?)?;
            Some(Clash { workload: workload.clone(), difference, times })
        };
        self.living.iter().filter_map(clash).collect()
    }

    /// For a workload sharing no origin with nearly all others of its namespace: theirs, its own, when both existed.
    fn outsider(
        &self,
        series: &BTreeMap<u64, Vec<Span>>,
        shared: &[(usize, Option<Times>)],
    ) -> Option<(usize, usize, Times)> {
        let its = by_origin(series);
        let others = self.living.len().saturating_sub(1);
        let (theirs, _, times) = shared
            .iter()
            .enumerate()
            .filter(|(index, (count, _))| !its.contains_key(index) && *count >= LEAST_SHARING && count * 4 > others * 3)
            .filter_map(|(index, (count, times))| Some((index, *count, (*times)?)))
            .max_by_key(|(_, count, times)| (*count, times.last_s))?;
        let both = its.iter().filter_map(|(index, its)| Some((*index, its.both(times)?)));
        let (other, both) = both.max_by_key(|(_, both)| both.last_s - both.first_s)?;
        Some((theirs, other, both))
    }

    /// When origins of living pods of such workloads were seen.
    fn of(&self, wanted: impl Fn(&WorkloadId) -> bool) -> Vec<(Origin, Times)> {
        let mut all: BTreeMap<usize, Option<Times>> = BTreeMap::new();
        for (_, series) in self.living.iter().filter(|(workload, _)| wanted(workload)) {
            for (index, times) in by_origin(series) {
                join(all.entry(index).or_default(), times);
            }
        }
        all.into_iter().filter_map(|(index, times)| Some((self.origins.get(index)?.clone(), times?))).collect()
    }
}

fn join(all: &mut Option<Times>, times: Times) {
    match all {
        Some(all) => all.join(times),
        None => *all = Some(times),
    }
}

/// When each origin of a workload was seen.
fn by_origin(series: &BTreeMap<u64, Vec<Span>>) -> BTreeMap<usize, Times> {
    let mut all: BTreeMap<usize, Times> = BTreeMap::new();
    for span in series.values().flatten() {
        all.entry(span.origin).or_insert(span.times).join(span.times);
    }
    all
}

/// Two origins, one with the CPU and the other with the memory of one container at the same time, the one shared by
/// more workloads first; and when that was.
fn between_metrics(
    series: &BTreeMap<u64, Vec<Span>>,
    shared: &[(usize, Option<Times>)],
) -> Option<(usize, usize, Times)> {
    let mut longest: Option<(usize, usize, Times)> = None;
    for spans in series.values() {
        for cpu in spans.iter().filter(|span| !span.memory) {
            for memory in spans.iter().filter(|span| span.memory && span.origin != cpu.origin) {
                let Some(times) = cpu.times.both(memory.times) else { continue };
                if longest.is_none_or(|(_, _, known)| times.last_s - times.first_s > known.last_s - known.first_s) {
                    longest = Some((memory.origin, cpu.origin, times));
                }
            }
        }
    }
    let (memory, cpu, times) = longest?;
    let sharing = |index: usize| shared.get(index).map_or(0, |(count, _)| *count);
    Some(if sharing(cpu) > sharing(memory) { (cpu, memory, times) } else { (memory, cpu, times) })
}

impl Own {
    /// Merges a read. Origins only of workloads whose series may be another cluster's are not our own.
    pub(crate) fn read(&mut self, origins: &Origins, distrusted: impl Fn(&WorkloadId) -> bool) {
        let trusted = origins.of(|workload| !distrusted(workload));
        if !trusted.is_empty() {
            let doubtful = origins.of(distrusted);
            let holds = |all: &[(Origin, Times)], origin: &Origin| all.iter().any(|(known, _)| known == origin);
            self.origins.retain(|(known, _)| !holds(&doubtful, known) || holds(&trusted, known));
        }
        for (origin, times) in trusted {
            match self.origins.iter_mut().find(|(known, _)| *known == origin) {
                Some((_, known)) => known.join(times),
                None => self.origins.push((origin, times)),
            }
        }
        for (origin, times) in &origins.guests {
            if let Some((_, known)) = self.origins.iter_mut().find(|(known, _)| known == origin) {
                known.join(*times);
            }
        }
        self.origins.sort_by_key(|(_, times)| std::cmp::Reverse(times.last_s));
        self.origins.truncate(MOST_ORIGINS);
    }

    /// The label by which a guest is of another cluster than all living pods; `None` if no label shows it.
    pub(crate) fn stranger(&self, guest: &Origin) -> Option<Difference> {
        let mut first = None;
        for (origin, _) in &self.origins {
            let difference = origin.differs(guest).filter(|d| is_cluster_label(&d.label))?;
            first.get_or_insert(difference);
        }
        first
    }

    /// Whether a stranger existed while one of our own origins did. One that ended before that may be ours, from before
    /// the cluster got its label.
    pub(crate) fn was_beside(&self, stranger: Times, slack_s: i64) -> bool {
        self.origins.iter().any(|(_, own)| stranger.last_s > own.first_s + slack_s && stranger.first_s <= own.last_s)
    }

    /// Drops what was last seen before `time_s`; returns whether anything is left.
    pub(crate) fn forget(&mut self, time_s: i64) -> bool {
        self.origins.retain(|(_, times)| times.last_s > time_s);
        !self.origins.is_empty()
    }
}
