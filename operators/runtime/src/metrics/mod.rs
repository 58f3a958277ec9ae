//! The registry and the handles of every metric.
//!
//! In: counts and durations from the other modules and the controllers; closures that read caches at scrape time.
//! Out: the Prometheus text format 0.0.4 ([`Metrics::encode`]).
//!
//! Names that existing dashboards query are kept: `controller_runtime_*`, `workqueue_*`, `rest_client_*`,
//! `leader_election_master_status`, `process_*`. Trimtab's own metrics begin with `trimtab_`. Everything about objects
//! that come and go is read from a cache at scrape time ([`Metrics::on_scrape`]), so no series outlives its object.

mod labels;
mod process;
mod queue;
mod reconcile;
mod scrape;
mod text;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use labels::{
    ControllerLabels, DependencyLabels, ErrorLabels, QueueLabels, RecommendationLabels, ResultLabels, SourceLabels,
};
pub(crate) use labels::{EventLabels, LeaderLabels, RequestDurationLabels, RequestLabels};
use parking_lot::RwLock;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};
pub use queue::QueueMetrics;
pub use reconcile::{ControllerMetrics, Outcome, Pass};
use scrape::Scraped;
pub use scrape::{GaugeFamily, Sample, gauges};

use crate::errors::{Class, Explain, Severity};

/// The content type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// For passes and requests: 5 ms is a pass over cached data, 60 s is a call that hit its deadline.
fn latency() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
}

/// All metrics of a process. Created once at start and shared.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    scraped: RwLock<BTreeMap<&'static str, Scraped>>,

    pub(crate) leader: Family<LeaderLabels, Gauge>,
    pub(crate) requests: Family<RequestLabels, Counter>,
    pub(crate) request_duration: Histograms<RequestDurationLabels>,
    pub(crate) events: Family<EventLabels, Counter>,

    reconciles: Family<ResultLabels, Counter>,
    reconcile_errors: Family<ControllerLabels, Counter>,
    reconcile_time: Histograms<ControllerLabels>,
    active_workers: Family<ControllerLabels, Gauge>,
    max_concurrent: Family<ControllerLabels, Gauge>,
    queue_depth: Family<QueueLabels, Gauge>,
    queue_adds: Family<QueueLabels, Counter>,
    queue_retries: Family<QueueLabels, Counter>,
    queue_time: Histograms<QueueLabels>,
    work_time: Histograms<QueueLabels>,

    errors: Family<ErrorLabels, Counter>,
    circuit_open: Family<DependencyLabels, Gauge>,
    api_retries: Family<DependencyLabels, Counter>,
    analysis_time: Histogram,
    recommendations: Family<RecommendationLabels, Counter>,
    source_queries: Family<SourceLabels, Counter>,
    source_samples: Family<SourceLabels, Counter>,
    source_bytes: Family<SourceLabels, Counter>,
}

impl Metrics {
    /// A registry with `trimtab_build_info{version,commit}` and all families, still without counts.
    pub fn new(version: &str, commit: Option<&str>) -> Arc<Self> {
        let mut metrics = Self {
            registry: Registry::default(),
            scraped: RwLock::default(),
            leader: Family::default(),
            requests: Family::default(),
            request_duration: Family::new_with_constructor(latency),
            events: Family::default(),
            reconciles: Family::default(),
            reconcile_errors: Family::default(),
            reconcile_time: Family::new_with_constructor(latency),
            active_workers: Family::default(),
            max_concurrent: Family::default(),
            queue_depth: Family::default(),
            queue_adds: Family::default(),
            queue_retries: Family::default(),
            queue_time: Family::new_with_constructor(latency),
            work_time: Family::new_with_constructor(latency),
            errors: Family::default(),
            circuit_open: Family::default(),
            api_retries: Family::default(),
            analysis_time: latency(),
            recommendations: Family::default(),
            source_queries: Family::default(),
            source_samples: Family::default(),
            source_bytes: Family::default(),
        };
        metrics.register(version, commit.unwrap_or("unknown"));
        Arc::new(metrics)
    }

    /// Counters are registered without `_total`, and no help text ends in a full stop: the encoder adds both.
    fn register(&mut self, version: &str, commit: &str) {
        let mut registry = Registry::default();
        let r = &mut registry;
        let build = Info::new(vec![("version", version.to_owned()), ("commit", commit.to_owned())]);
        r.register("trimtab_build", "The version and source commit that run here", build);

        r.register("leader_election_master_status", "1 while this process is the leader", self.leader.clone());
        r.register("rest_client_requests", "Requests to the Kubernetes API, each attempt", self.requests.clone());
        r.register(
            "rest_client_request_duration_seconds",
            "Time until the headers of the response to a request to the Kubernetes API",
            self.request_duration.clone(),
        );
        r.register("controller_runtime_reconcile", "Passes of a controller by result", self.reconciles.clone());
        r.register("controller_runtime_reconcile_errors", "Passes that failed", self.reconcile_errors.clone());
        r.register("controller_runtime_reconcile_time_seconds", "Duration of a pass", self.reconcile_time.clone());
        r.register("controller_runtime_active_workers", "Passes in progress", self.active_workers.clone());
        r.register(
            "controller_runtime_max_concurrent_reconciles",
            "Maximum number of passes a controller runs at once",
            self.max_concurrent.clone(),
        );
        r.register("workqueue_depth", "Objects that are due and wait for a pass", self.queue_depth.clone());
        r.register("workqueue_adds", "Objects queued for a pass", self.queue_adds.clone());
        r.register("workqueue_retries", "Passes queued again after a failure", self.queue_retries.clone());
        r.register("workqueue_queue_duration_seconds", "Time an object waited for its pass", self.queue_time.clone());
        r.register("workqueue_work_duration_seconds", "Time a pass took", self.work_time.clone());

        r.register("trimtab_events", "Kubernetes events by outcome", self.events.clone());
        r.register(
            "trimtab_errors",
            "Errors by component, operation, who has to act (user, system) and severity",
            self.errors.clone(),
        );
        r.register("trimtab_circuit_open", "1 while calls to a dependency are held back", self.circuit_open.clone());
        r.register("trimtab_api_retries", "Calls to a dependency that were retried", self.api_retries.clone());
        r.register(
            "trimtab_analysis_duration_seconds",
            "Duration of one analysis of all workloads",
            self.analysis_time.clone(),
        );
        r.register("trimtab_recommendations", "Recommendations by type and outcome", self.recommendations.clone());
        r.register("trimtab_source_queries", "Queries sent to a usage source", self.source_queries.clone());
        r.register("trimtab_source_samples", "Samples read from a usage source", self.source_samples.clone());
        r.register("trimtab_source_bytes", "Bytes read from a usage source", self.source_bytes.clone());
        self.registry = registry;
    }

    /// The handles of one controller; from now on its series exist, starting at 0.
    pub fn controller(&self, name: &'static str, max_concurrent: u16) -> ControllerMetrics {
        ControllerMetrics::new(self, name, max_concurrent)
    }

    /// The handles of the work queue of a controller that has one; from now on its series exist, starting at 0.
    pub fn queue(&self, controller: &'static str) -> QueueMetrics {
        QueueMetrics::new(self, controller)
    }

    /// Counts an error once, where it is handled. `operation` is a fixed word, never an object's name.
    pub fn count_error<E: Explain + ?Sized>(&self, component: &'static str, operation: &'static str, error: &E) {
        self.count_failure(component, operation, error.class(), error.severity());
    }

    /// As [`Metrics::count_error`], for failures without an error value.
    pub fn count_failure(&self, component: &'static str, operation: &'static str, class: Class, severity: Severity) {
        let (class, severity) = (class.as_str(), severity.as_str());
        self.errors.get_or_create(&ErrorLabels { component, operation, class, severity }).inc();
    }

    /// Shows whether the circuit breaker for `dependency` is open. Call it once at start, so that the series exists.
    pub fn set_circuit(&self, dependency: &str, open: bool) {
        self.circuit_open.get_or_create(&DependencyLabels::new(dependency)).set(i64::from(open));
    }

    /// Counts one retry of a call to `dependency`.
    pub fn count_retry(&self, dependency: &str) {
        self.api_retries.get_or_create(&DependencyLabels::new(dependency)).inc();
    }

    /// Records the duration of one analysis of all workloads.
    pub fn observe_analysis(&self, took: Duration) {
        self.analysis_time.observe(took.as_secs_f64());
    }

    /// Counts a recommendation of `kind` (`RightSize`, …) by its result (`Proposed`, `Withdrawn`, …).
    pub fn count_recommendation(&self, kind: &'static str, result: &'static str) {
        self.recommendations.get_or_create(&RecommendationLabels { r#type: kind, result }).inc();
    }

    /// Creates the series of these results at 0, so that `increase()` sees the first of each.
    pub fn expect_recommendations(&self, kind: &'static str, results: &[&'static str]) {
        for result in results {
            drop(self.recommendations.get_or_create(&RecommendationLabels { r#type: kind, result }));
        }
    }

    /// Counts the queries to a usage source and the data that it returned.
    pub fn count_source(&self, source: &str, queries: u64, samples: u64, bytes: u64) {
        let labels = SourceLabels { source: source.to_owned() };
        self.source_queries.get_or_create(&labels).inc_by(queries);
        self.source_samples.get_or_create(&labels).inc_by(samples);
        self.source_bytes.get_or_create(&labels).inc_by(bytes);
    }

    /// Registers samples of a gauge family that are read at scrape time. A second registration of a family adds to it:
    /// each kind of object brings its own samples. `read` must be quick, must not block on I/O, and must return at
    /// most one sample per label set, which no other registration returns.
    pub fn on_scrape(&self, (name, help): GaugeFamily, read: impl Fn() -> Vec<Sample> + Send + Sync + 'static) {
        self.scraped.write().entry(name).or_insert_with(|| Scraped::new(help)).add(read);
    }

    /// All metrics in the Prometheus text format 0.0.4, including those of this process.
    pub fn encode(&self) -> String {
        let mut open = String::with_capacity(16 * 1024);
        // Writing to a String cannot fail.
        let _ = prometheus_client::encoding::text::encode_registry(&mut open, &self.registry);
        let mut out = text::from_open_metrics(&open);
        for (name, family) in self.scraped.read().iter() {
            family.write(name, &mut out);
        }
        process::write(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn series_of_a_controller_exist_before_its_first_pass() {
        let metrics = Metrics::new("1.2.3", Some("abc"));
        let _c = metrics.controller("optimization-policy", 4);
        let text = metrics.encode();
        for line in [
            "trimtab_build_info{version=\"1.2.3\",commit=\"abc\"} 1",
            "controller_runtime_reconcile_total{controller=\"optimization-policy\",result=\"success\"} 0",
            "controller_runtime_reconcile_total{controller=\"optimization-policy\",result=\"error\"} 0",
            "controller_runtime_reconcile_total{controller=\"optimization-policy\",result=\"requeue_after\"} 0",
            "controller_runtime_reconcile_errors_total{controller=\"optimization-policy\"} 0",
            "controller_runtime_reconcile_time_seconds_count{controller=\"optimization-policy\"} 0",
            "controller_runtime_active_workers{controller=\"optimization-policy\"} 0",
            "controller_runtime_max_concurrent_reconciles{controller=\"optimization-policy\"} 4",
            "# TYPE controller_runtime_reconcile_total counter",
        ] {
            assert!(text.lines().any(|l| l == line), "missing: {line}\n{text}");
        }
    }

    /// The values that a controller and its queue export, by series, without histogram buckets.
    fn of_a_controller(metrics: &Metrics) -> BTreeMap<String, String> {
        let text = metrics.encode();
        let lines = text.lines().filter(|l| l.starts_with("controller_runtime_") || l.starts_with("workqueue_"));
        let values = lines.filter_map(|l| l.rsplit_once(' ')).filter(|(series, _)| !series.contains("_bucket{"));
        values.map(|(series, value)| (series.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn every_series_of_a_controller_moves() {
        let metrics = Metrics::new("1", None);
        let (controller, queue) = (metrics.controller("c", 1), metrics.queue("c"));
        let before = of_a_controller(&metrics);
        for outcome in [Outcome::Success, Outcome::Error, Outcome::RequeueAfter] {
            controller.start().finish(outcome);
        }
        queue.added();
        queue.set_depth(1);
        queue.started(Duration::from_secs(1));
        queue.done(Duration::from_secs(1));
        queue.retried();
        let (_under_way, _wider) = (controller.start(), metrics.controller("c", 2));
        let after = of_a_controller(&metrics);
        assert!(before.len() >= 14 && before.keys().eq(after.keys()), "{before:?} {after:?}");
        let still: Vec<&String> = before.keys().filter(|series| before[*series] == after[*series]).collect();
        assert!(still.is_empty(), "{still:?}");
    }

    #[test]
    fn a_counter_and_a_gauge_may_share_their_stem() {
        let metrics = Metrics::new("1", None);
        metrics.count_recommendation("RightSize", "Proposed");
        let there = Arc::new(AtomicBool::new(true));
        let seen = there.clone();
        metrics.on_scrape(gauges::RECOMMENDATIONS, move || {
            let sample = Sample::new(&[("resource_namespace", "a\"b\n"), ("type", "RightSize")], 2.0);
            if seen.load(Ordering::Relaxed) { vec![sample] } else { Vec::new() }
        });
        let text = metrics.encode();
        assert!(text.contains("trimtab_recommendations_total{type=\"RightSize\",result=\"Proposed\"} 1\n"), "{text}");
        assert!(text.contains("# TYPE trimtab_recommendations gauge\n"), "{text}");
        assert!(
            text.contains("trimtab_recommendations{resource_namespace=\"a\\\"b\\n\",type=\"RightSize\"} 2\n"),
            "{text}"
        );
        // Gone from the cache, gone from the scrape.
        there.store(false, Ordering::Relaxed);
        assert!(!metrics.encode().contains("trimtab_recommendations{"));
    }

    #[test]
    fn each_registration_adds_its_samples_to_the_family() {
        let metrics = Metrics::new("1", None);
        for kind in ["PriceBook", "OptimizationPolicy"] {
            metrics.on_scrape(gauges::CONDITION, move || vec![Sample::new(&[("kind", kind)], 1.0)]);
        }
        let text = metrics.encode();
        let family: Vec<&str> = text.lines().filter(|line| line.contains("trimtab_resource_condition")).collect();
        assert_eq!(family.len(), 4, "{family:?}"); // HELP and TYPE once, two samples
        assert!(family[2].contains("PriceBook") && family[3].contains("OptimizationPolicy"), "{family:?}");
    }

    #[test]
    fn every_family_is_described_once_and_every_sample_parses() {
        let metrics = Metrics::new("1", None);
        metrics.controller("price-book", 1).start().finish(Outcome::Success);
        metrics.count_failure("price-book", "apply", Class::User, Severity::Warning);
        metrics.count_source("prometheus", 3, 1000, 64_000);
        metrics.set_circuit("prometheus", true);
        metrics.observe_analysis(Duration::from_millis(70));
        let text = metrics.encode();
        let mut seen = std::collections::HashSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                assert!(seen.insert(rest.split(' ').next().unwrap().to_owned()), "twice: {line}");
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert!(value.parse::<f64>().is_ok(), "{line}");
                let name = series.split('{').next().unwrap();
                let stem = ["_bucket", "_sum", "_count"].iter().find_map(|s| name.strip_suffix(s)).unwrap_or(name);
                assert!(seen.contains(name) || seen.contains(stem), "undescribed: {line}");
            }
        }
        assert!(text.contains("process_resident_memory_bytes "), "{text}");
        // For a manual `promtool check metrics`.
        if let Some(path) = std::env::var_os("METRICS_TEXT_FILE") {
            std::fs::write(path, &text).unwrap();
        }
    }
}
