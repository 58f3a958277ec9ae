//! The one trait that all usage sources implement, and its types.
//!
//! In: a [`ReadRequest`], which a source turns into [`Batch`]es of bounded size. Out: [`Sample`]s for a [`SampleSink`] and a
//! [`ReadReport`] for each batch.

use async_trait::async_trait;

use crate::error::SourceError;
use crate::origin::{Difference, Origin};
use crate::place::{Nodes, Stranger};
pub use crate::report::{Freshness, ReadReport};
use crate::runs::{RunNames, RunsByNamespace};

/// What a sample measures. The source has differenced the server's counters: every value is independent of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Mean CPU use over the step that ends at the sample's time, in cores.
    CpuCores,
    /// Memory working set at the sample's time, in bytes.
    MemoryWorkingSet,
    /// CFS periods that elapsed in the step that ends at the sample's time; only containers with a CPU limit have them.
    CpuPeriods,
    /// CFS periods of that step in which the container was throttled.
    CpuThrottledPeriods,
    /// Restarts in the step that ends at the sample's time.
    Restarts,
    /// 1 while the container's last termination was an OOM kill, from kube-state-metrics; otherwise absent or 0.
    OomKilled,
    /// Memory request in force at the sample's time, in bytes, from kube-state-metrics.
    MemoryRequest,
    /// Memory limit in force at the sample's time, in bytes, from kube-state-metrics.
    MemoryLimit,
}

/// One value at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Seconds since the Unix epoch.
    pub time_s: i64,
    /// The value in the unit of its [`Metric`]; always finite and not negative.
    pub value: f64,
}

/// The container and metric of samples. Borrowed for one call, so that reading a million series allocates no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeriesKey<'a> {
    /// The metric.
    pub metric: Metric,
    /// Namespace of the pod.
    pub namespace: &'a str,
    /// Name of the pod, which may be deleted by now.
    pub pod: &'a str,
    /// Name of the container.
    pub container: &'a str,
    /// The cluster it was recorded in, as far as labels show.
    pub origin: &'a Origin,
    /// Whether it is new in the batch: it has no reading at the start of the span.
    pub begins: bool,
    /// The node it was recorded on, if that is certainly not the pod's.
    pub stranger: Option<Stranger<'a>>,
}

/// Whether several series of one container fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// They report the same, or nothing shows that they do not.
    Fit,
    /// They do not, but for too short a time to be proof.
    Doubtful,
    /// They are of two containers.
    AtOdds,
}

/// Receives samples. It sees a batch only once the whole response has been read and found sound.
pub trait SampleSink: Send {
    /// The samples of one series within one batch: times strictly ascending, at most one call per key (its node included) and batch.
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]);

    /// Series of one key come from two clusters, which differ in this label: none of them was handed over.
    fn ambiguous(&mut self, key: SeriesKey<'_>, difference: &Difference) {
        let _ = (key, difference);
    }

    /// The next series is merged from several with different labels; this is one of them, with the times of its first
    /// and its last sample, seconds since the epoch. Not called if all have the same labels.
    fn recorded(&mut self, key: SeriesKey<'_>, first_s: i64, last_s: i64) {
        let _ = (key, first_s, last_s);
    }

    /// Series of one key that no label tells apart and can hardly be of one container. They are handed over as one.
    fn at_odds(&mut self, key: SeriesKey<'_>, together: Together) {
        let _ = (key, together);
    }

    /// A time, in seconds since the epoch, before which this pod certainly did not exist; `None` if unknown. Asked only
    /// for pods that run to completion: the first reading of a counter created since then counts from zero.
    fn born(&self, namespace: &str, pod: &str) -> Option<i64> {
        let _ = (namespace, pod);
        None
    }

    /// The look-up of this cluster's nodes, if there is one: it serves to separate series of other clusters.
    fn nodes(&mut self) -> Option<&mut dyn Nodes> {
        None
    }

    /// All series of `batch` (or of a part of it, see [`read_batch`]) have been handed over: its span need not be read again.
    fn done(&mut self, batch: &Batch) {
        let _ = batch;
    }
}

/// One namespace and the amount of data expected of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceLoad {
    /// Its name.
    pub name: String,
    /// Containers in it, summed over its pods; those of former pods count if they are expected in the history.
    pub containers: u32,
    /// Its workloads that run to completion: their pods are read at a step of [`RUN_STEP_S`].
    pub runs: RunNames,
}

/// Distance of samples of pods that run to completion, in seconds: most of them live for minutes.
pub const RUN_STEP_S: i64 = 30;

/// The requested detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadKind {
    /// The first pass: CPU and memory at the request's step; throttling, restarts and OOM kills at a step of an hour.
    History,
    /// A later pass: CPU, memory and throttling since the last one. Pod statuses report restarts and OOM kills by then.
    Recent,
    /// Memory requests and limits at a step of an hour: what was in force when a container was killed.
    Sizes,
    /// Restarts and OOM kills at a step of an hour, from series with the pod in `exported_…` labels: data of
    /// kube-state-metrics whose scrape job lacks `honor_labels`.
    Exported,
}

/// The pods of its namespaces that a batch covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pods {
    /// All.
    #[default]
    All,
    /// CPU and memory of all but these; everything else of all.
    Except(RunsByNamespace),
    /// Only these.
    Only(RunsByNamespace),
}

impl Pods {
    /// Whether a batch with these pods includes a series.
    #[must_use]
    pub fn take_in(&self, metric: Metric, namespace: &str, pod: &str) -> bool {
        let run = |runs: &RunsByNamespace| runs.get(namespace).is_some_and(|names| names.owns(pod));
        match self {
            Self::All => true,
            Self::Except(runs) => !matches!(metric, Metric::CpuCores | Metric::MemoryWorkingSet) || !run(runs),
            Self::Only(runs) => run(runs),
        }
    }
}

/// A read request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// Namespaces; none means nothing is read.
    pub namespaces: Vec<NamespaceLoad>,
    /// Samples after this time, in seconds since the epoch: where the last pass ended.
    pub start_s: i64,
    /// Samples up to and including this time, in seconds since the epoch.
    pub end_s: i64,
    /// Distance of samples in seconds; 300 is a good one. Times are multiples of it.
    pub step_s: i64,
    /// The requested detail.
    pub kind: ReadKind,
}

/// One bounded read: these metrics of these namespaces at times in `(start_s, end_s]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Metrics to read.
    pub metrics: Vec<Metric>,
    /// Namespaces to read, never empty.
    pub namespaces: Vec<String>,
    /// Start of the span, excluded; a multiple of `step_s`. Counters are read at it too, as the base of the first difference.
    pub start_s: i64,
    /// End of the span, included; a multiple of `step_s`.
    pub end_s: i64,
    /// Distance of samples, in seconds.
    pub step_s: i64,
    /// Points that the server is expected to return.
    pub expected_points: u64,
    /// The pods it covers.
    pub pods: Pods,
    /// Whether the pod is in `exported_…` labels, and the labels without the prefix are those of the scrape target.
    pub exported: bool,
}

impl Batch {
    /// Number of steps in the span.
    #[must_use]
    pub fn steps(&self) -> i64 {
        if self.step_s <= 0 { 0 } else { (self.end_s - self.start_s) / self.step_s }
    }

    /// The earlier and the later half of the span, or `None` if it is a single step.
    #[must_use]
    pub fn halves(&self) -> Option<(Self, Self)> {
        let steps = self.steps();
        if steps < 2 {
            return None;
        }
        let middle = self.start_s + steps / 2 * self.step_s;
        let half = self.expected_points / 2;
        let earlier = Self { end_s: middle, expected_points: half, ..self.clone() };
        let later = Self { start_s: middle, expected_points: self.expected_points - half, ..self.clone() };
        Some((earlier, later))
    }
}

/// A server that knows containers' usage. Object safe: callers hold an `Arc<dyn UsageSource>`.
#[async_trait]
pub trait UsageSource: Send + Sync {
    /// The kind of source in one word, for logs and status: `prometheus`, `metrics-server`.
    fn name(&self) -> &'static str;

    /// The server's address without anything secret.
    fn server(&self) -> &str;

    /// Whether the past can be read. If not, each read is one sample of the present and the caller must keep a history.
    fn has_history(&self) -> bool;

    /// Splits a request into bounded reads. Pure: the same request gives the same batches. Empty if nothing to read.
    fn plan(&self, request: &ReadRequest) -> Vec<Batch>;

    /// Reads one batch, with retries, and hands it over as a whole.
    ///
    /// # Errors
    /// [`SourceError`]; then nothing was handed to the sink. [`SourceError::TooLarge`] is handled by [`read_batch`].
    async fn read(&self, batch: &Batch, sink: &mut dyn SampleSink) -> Result<ReadReport, SourceError>;

    /// Checks whether the server responds as it should and how new its newest sample is. For startup and diagnosis, not
    /// for each pass: [`ReadReport::newest_sample_s`] has it for free.
    ///
    /// # Errors
    /// [`SourceError`].
    async fn check(&self, now_s: i64) -> Result<Freshness, SourceError>;

    /// Runs a user-defined query, once and without retries: the answer is one number, or `None` if nothing matches. A
    /// source without a query language answers none.
    ///
    /// # Errors
    /// [`SourceError`]; [`SourceError::Nonsense`] if the answer is more than one number.
    async fn ask(&self, query: &str, now_s: i64) -> Result<Option<f64>, SourceError> {
        let _ = (query, now_s);
        Ok(None)
    }

    /// Whether the circuit breaker of the server is open, that is, whether requests are held back after failures. The
    /// value of the metric `trimtab_circuit_open`.
    fn circuit_open(&self) -> bool {
        false
    }
}

/// Reads one batch and halves its span as often as needed when the response is larger than expected (many former pods,
/// a server with a low sample limit). `sink.done` is called for each part that was handed over.
///
/// # Errors
/// The first [`SourceError`]; parts before it have been handed over, as reported by `sink.done`.
pub async fn read_batch(
    source: &dyn UsageSource,
    batch: &Batch,
    sink: &mut dyn SampleSink,
) -> Result<ReadReport, SourceError> {
    let mut total = ReadReport::default();
    let mut waiting = vec![batch.clone()];
    while let Some(part) = waiting.pop() {
        match source.read(&part, sink).await {
            Ok(report) => {
                total.add(&report);
                sink.done(&part);
            }
            Err(error @ SourceError::TooLarge { .. }) => {
                let Some((earlier, later)) = part.halves() else { return Err(error) };
                total.requests += 1;
                waiting.push(later);
                waiting.push(earlier);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(total)
}
