//! A usage source backed by a table, and a resolver that derives the workload from a pod's name.
#![allow(dead_code)]

use std::{collections::HashMap, sync::Mutex};

use async_trait::async_trait;
use tokio::sync::mpsc;
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_metrics_sources::{
    Batch, Difference, Freshness, Metric, NamespaceLoad, Origin, ReadKind, ReadReport, ReadRequest, Sample, SampleSink,
    SeriesKey, SourceError, Stranger, Together, UsageSource,
};
use trimtab_usage_history::{Refresh, Resolver, Span, UsageStore};

/// One series: metric, namespace, pod, and samples as time and value. The container is `app`.
pub type Series = (Metric, &'static str, &'static str, Vec<(i64, f64)>);

/// Which batch fails, and why.
type Refusal = Box<dyn Fn(&Batch) -> Option<SourceError> + Send>;

/// The source.
pub struct Table {
    pub series: Mutex<Vec<Series>>,
    /// Metrics read together.
    pub groups: Vec<Vec<Metric>>,
    /// Whether namespaces share a batch.
    pub together: bool,
    /// Into how many pieces a span is cut.
    pub pieces: i64,
    /// Whether it knows the past. Otherwise it returns all it has, whatever span is requested.
    pub past: bool,
    /// A read that begins with this metric never ends.
    pub hang: Mutex<Option<Metric>>,
    pub refuse: Mutex<Refusal>,
    /// The reads, including refused ones.
    pub read: Mutex<Vec<Batch>>,
    /// The cluster named in the labels of a pod's series, if any.
    pub clusters: Mutex<HashMap<&'static str, &'static str>>,
    /// Pods whose series do not fit together.
    pub at_odds: Mutex<Vec<&'static str>>,
    /// Pods reported by two clusters: their series are not handed over.
    pub twice: Mutex<Vec<&'static str>>,
    /// Series of pods with the name of another: their name here, that name, the node, and whether the other was
    /// recorded at the same time.
    pub namesakes: Mutex<Vec<(&'static str, &'static str, &'static str, bool)>>,
    /// Series under exported labels.
    pub exported: Mutex<Vec<Series>>,
}

pub fn cluster(name: &str) -> Origin {
    Origin::new([("cluster".to_owned(), name.to_owned())])
}

impl Table {
    pub fn new(series: Vec<Series>) -> Self {
        Self {
            series: Mutex::new(series),
            groups: vec![
                vec![Metric::CpuCores, Metric::MemoryWorkingSet],
                vec![Metric::CpuPeriods, Metric::CpuThrottledPeriods, Metric::Restarts, Metric::OomKilled],
            ],
            together: false,
            pieces: 1,
            past: true,
            hang: Mutex::default(),
            refuse: Mutex::new(Box::new(|_| None)),
            read: Mutex::default(),
            clusters: Mutex::default(),
            twice: Mutex::default(),
            at_odds: Mutex::default(),
            namesakes: Mutex::default(),
            exported: Mutex::default(),
        }
    }

    pub fn refuse(&self, refusal: impl Fn(&Batch) -> Option<SourceError> + Send + 'static) {
        *self.refuse.lock().unwrap() = Box::new(refusal);
    }

    /// The reads since the last call: first metric, namespaces, span.
    pub fn taken(&self) -> Vec<(Metric, String, (i64, i64))> {
        let mut taken: Vec<_> = std::mem::take(&mut *self.read.lock().unwrap())
            .into_iter()
            .map(|b| (b.metrics[0], b.namespaces.join(","), (b.start_s, b.end_s)))
            .collect();
        taken.sort();
        taken
    }
}

pub fn down() -> SourceError {
    SourceError::Unreachable { server: "table".to_owned(), why: "refused".to_owned() }
}

#[async_trait]
impl UsageSource for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn server(&self) -> &str {
        "table"
    }

    fn has_history(&self) -> bool {
        self.past
    }

    fn plan(&self, request: &ReadRequest) -> Vec<Batch> {
        let names: Vec<String> = request.namespaces.iter().map(|n| n.name.clone()).collect();
        let shares: Vec<Vec<String>> =
            if self.together { vec![names] } else { names.into_iter().map(|n| vec![n]).collect() };
        let steps = (request.end_s - request.start_s) / request.step_s;
        let more = |metrics: &[Metric]| (vec![metrics.to_vec()], 3600);
        let (groups, step_s) = match request.kind {
            ReadKind::Sizes => more(&[Metric::MemoryRequest, Metric::MemoryLimit]),
            ReadKind::Exported => more(&[Metric::Restarts, Metric::OomKilled]),
            ReadKind::History | ReadKind::Recent => (self.groups.clone(), request.step_s),
        };
        let mut batches = Vec::new();
        for namespaces in shares {
            for metrics in &groups {
                for piece in 0..self.pieces {
                    let at = |n: i64| request.start_s + n * steps / self.pieces * request.step_s;
                    batches.push(Batch {
                        metrics: metrics.clone(),
                        namespaces: namespaces.clone(),
                        start_s: at(piece),
                        end_s: at(piece + 1),
                        step_s,
                        expected_points: 1,
                        exported: request.kind == ReadKind::Exported,
                        ..Batch::default()
                    });
                }
            }
        }
        batches
    }

    async fn read(&self, batch: &Batch, sink: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        self.read.lock().unwrap().push(batch.clone());
        let hangs = *self.hang.lock().unwrap() == Some(batch.metrics[0]);
        if hangs {
            std::future::pending::<()>().await;
        }
        if let Some(error) = (self.refuse.lock().unwrap())(batch) {
            return Err(error);
        }
        let mut report = ReadReport { requests: 1, ..ReadReport::default() };
        let series = if batch.exported { self.exported.lock() } else { self.series.lock() }.unwrap().clone();
        for (metric, namespace, pod, samples) in &series {
            if !batch.metrics.contains(metric) || !batch.namespaces.iter().any(|n| n == namespace) {
                continue;
            }
            let inside: Vec<Sample> = samples
                .iter()
                .filter(|(time, _)| !self.past || (batch.start_s + 1..=batch.end_s).contains(time))
                .map(|&(time_s, value)| Sample { time_s, value })
                .collect();
            if !inside.is_empty() {
                let begins = samples.first().is_some_and(|(first, _)| *first > batch.start_s);
                let origin = self.clusters.lock().unwrap().get(pod).map(|name| cluster(name)).unwrap_or_default();
                let namesake = self.namesakes.lock().unwrap().iter().find(|(own, ..)| own == pod).copied();
                let stranger =
                    namesake.map(|(_, _, node, beside)| Stranger { label: "node", node, known: false, beside });
                let pod = namesake.map_or(*pod, |(_, name, ..)| name);
                let metric = *metric;
                let key = SeriesKey { metric, namespace, pod, container: "app", origin: &origin, begins, stranger };
                if self.twice.lock().unwrap().contains(&pod) {
                    let (left, right) = ("eu".to_owned(), "us".to_owned());
                    sink.ambiguous(key, &Difference { label: "cluster".to_owned(), left, right });
                    continue;
                }
                if self.at_odds.lock().unwrap().contains(&pod) {
                    let long = batch.end_s - batch.start_s > 3600;
                    sink.at_odds(key, if long { Together::AtOdds } else { Together::Doubtful });
                }
                report.series += 1;
                report.samples += inside.len() as u64;
                sink.series(key, &inside);
            }
        }
        Ok(report)
    }

    async fn check(&self, _: i64) -> Result<Freshness, SourceError> {
        Ok(Freshness { newest_sample_s: None })
    }
}

/// `db-0` is of the StatefulSet `db`, `web-x` of the Deployment `web`. Pods named `…-live` exist.
pub struct ByName;

impl Resolver for ByName {
    fn workload(&self, namespace: &str, pod: &str) -> Option<WorkloadId> {
        Some(match pod.split_once('-')? {
            ("db", _) => id(WorkloadKind::StatefulSet, namespace, "db"),
            ("nightly", _) => id(WorkloadKind::CronJob, namespace, "nightly"),
            (name, _) => id(WorkloadKind::Deployment, namespace, name),
        })
    }

    fn is_alive(&self, _: &str, pod: &str) -> bool {
        pod.ends_with("-live")
    }
}

pub fn id(kind: WorkloadKind, namespace: &str, name: &str) -> WorkloadId {
    WorkloadId::new(kind, namespace, name)
}

pub fn loads(names: &[&str]) -> Vec<NamespaceLoad> {
    names.iter().map(|n| NamespaceLoad { name: (*n).to_owned(), containers: 1, ..NamespaceLoad::default() }).collect()
}

/// Refreshes up to `end_s` over a day; also returns which namespaces were ready, in their order.
pub async fn refresh(store: &UsageStore, source: &Table, names: &[&str], end_s: i64) -> (Refresh, Vec<String>) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let span = Span { end_s, window_s: 86_400, step_s: 300 };
    let refresh = store.refresh(source, loads(names), span, &ByName, &sender).await;
    drop(sender);
    let mut ready = Vec::new();
    while let Some(batch) = receiver.recv().await {
        ready.extend(batch);
    }
    (refresh, ready)
}
