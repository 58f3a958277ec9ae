//! For tests: a clock that is the runtime's, what is asked of the API server, and a metrics-server that is a counter.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use kube::Client;
use serde_json::Value;
use tokio::time::Instant;
use trimtab_metrics_sources::{
    Batch, Freshness, Metric, Origin, ReadReport, ReadRequest, Sample, SampleSink, SeriesKey, SourceError, UsageSource,
};
use trimtab_testkit::Then;

pub(crate) const START: i64 = 1_800_000_000;

thread_local! {
    static BEGUN: Instant = Instant::now();
}

/// The paused clock of the test's runtime.
pub(crate) fn clock() -> Timestamp {
    Timestamp::from_second(START + BEGUN.with(|b| i64::try_from(b.elapsed().as_secs()).unwrap())).unwrap()
}

/// An API server, and what tests ask of it.
pub(crate) struct Server(pub(crate) trimtab_testkit::Server);

impl Default for Server {
    fn default() -> Self {
        Self(trimtab_testkit::Server::new(clock))
    }
}

impl Server {
    pub(crate) fn client(&self) -> Client {
        self.0.client()
    }

    /// Every request with this verb and resource is refused from now on.
    pub(crate) fn refuse(&self, verb: &str, resource: &str, code: u16) {
        let reason = if code == 403 { "Forbidden" } else { "Conflict" };
        self.0.always(verb, resource, Then::refuse(code, reason, reason));
    }

    /// Number of requests with this verb about this resource.
    pub(crate) fn count(&self, verb: &str, resource: &str) -> usize {
        self.0.asked().iter().filter(|asked| asked.verb == verb && asked.resource == resource).count()
    }

    /// Number of applied objects and of applied statuses.
    pub(crate) fn applied(&self) -> (usize, usize) {
        (self.count("apply", "usageprofiles"), self.count("apply", "usageprofiles/status"))
    }

    pub(crate) fn profiles(&self) -> usize {
        self.0.all("usageprofiles").len()
    }

    pub(crate) fn profile(&self, name: &str) -> Option<Value> {
        self.0.get("usageprofiles", "shop", name)
    }

    pub(crate) fn samples(&self, name: &str) -> i64 {
        self.profile(name).map_or(0, |p| p["status"]["samples"].as_i64().unwrap_or(0))
    }
}

/// metrics-server: one container for each workload, measured ten seconds ago.
#[derive(Default)]
pub(crate) struct Meter {
    pub(crate) workloads: usize,
    pub(crate) down: AtomicBool,
    /// It takes requests, and never answers.
    pub(crate) hangs: AtomicBool,
}

#[async_trait]
impl UsageSource for Meter {
    fn name(&self) -> &'static str {
        "metrics-server"
    }

    fn server(&self) -> &str {
        "test"
    }

    fn has_history(&self) -> bool {
        false
    }

    fn plan(&self, request: &ReadRequest) -> Vec<Batch> {
        vec![Batch {
            metrics: vec![Metric::CpuCores, Metric::MemoryWorkingSet],
            namespaces: request.namespaces.iter().map(|n| n.name.clone()).collect(),
            start_s: request.start_s,
            end_s: request.end_s,
            step_s: request.step_s,
            expected_points: 1,
            ..Batch::default()
        }]
    }

    async fn read(&self, _: &Batch, sink: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.down.load(Ordering::SeqCst) {
            return Err(SourceError::MetricsApiAbsent { server: "test".to_owned() });
        }
        for n in 0..self.workloads {
            let pod = format!("db{n}-0");
            for (metric, value) in [(Metric::CpuCores, 0.1), (Metric::MemoryWorkingSet, 2e8)] {
                let origin = Origin::none();
                let key = SeriesKey {
                    metric,
                    namespace: "shop",
                    pod: &pod,
                    container: "app",
                    origin,
                    begins: false,
                    stranger: None,
                };
                sink.series(key, &[Sample { time_s: clock().as_second() - 10, value }]);
            }
        }
        Ok(ReadReport { requests: 1, ..ReadReport::default() })
    }

    async fn check(&self, _: i64) -> Result<Freshness, SourceError> {
        Ok(Freshness { newest_sample_s: None })
    }

    fn circuit_open(&self) -> bool {
        self.down.load(Ordering::SeqCst)
    }
}
