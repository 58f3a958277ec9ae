//! metrics-server: the current usage of each container, without any past.
//!
//! In: a batch, of which only the namespaces matter. Out: one sample of CPU and memory per container, from one LIST of
//! the whole cluster. Its own README says it is not an accurate source: it is the fallback without Prometheus.

mod list;

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use trimtab_core::quantity;

use crate::attempts::Attempts;
use crate::error::SourceError;
use crate::origin::Origin;
use crate::source::{Batch, Freshness, Metric, ReadReport, ReadRequest, Sample, SampleSink, SeriesKey, UsageSource};

const PATH: &str = "/apis/metrics.k8s.io/v1beta1/pods";
const TIMEOUT: Duration = Duration::from_secs(20);
const DEADLINE: Duration = Duration::from_secs(60);

/// The metrics API of one cluster.
pub struct MetricsServerSource {
    client: kube::Client,
    server: String,
    attempts: Attempts,
}

impl std::fmt::Debug for MetricsServerSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MetricsServerSource").field("server", &self.server).finish_non_exhaustive()
    }
}

impl MetricsServerSource {
    /// A source that queries the API server behind `client`; `server` is its name in errors.
    #[must_use]
    pub fn new(client: kube::Client, server: impl Into<String>) -> Self {
        let server = server.into();
        let attempts = Attempts::new(&server, 3, DEADLINE);
        Self { client, server, attempts }
    }

    async fn list(&self) -> Result<String, SourceError> {
        let request = http::Request::get(PATH).body(Vec::new()).map_err(|error| self.unreachable(&error))?;
        match tokio::time::timeout(TIMEOUT, self.client.request_text(request)).await {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(error)) => Err(self.failure(&error)),
            Err(_) => Err(SourceError::Timeout { server: self.server.clone(), after_s: TIMEOUT.as_secs() }),
        }
    }

    fn failure(&self, error: &kube::Error) -> SourceError {
        let server = self.server.clone();
        let kube::Error::Api(status) = error else { return self.unreachable(error) };
        let why = status.message.clone();
        match status.code {
            404 => SourceError::MetricsApiAbsent { server },
            code @ (401 | 403) => SourceError::Unauthorized { server, status: code, why },
            code @ (408 | 429 | 500..=599) => SourceError::ServerFailure { server, status: code, why },
            code => SourceError::BadQuery { server, status: code, why },
        }
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> SourceError {
        SourceError::Unreachable { server: self.server.clone(), why: error.to_string() }
    }

    async fn pods(&self) -> (u32, Result<String, SourceError>) {
        self.attempts.run(|| self.list()).await
    }

    fn parse<'t>(&self, text: &'t str) -> Result<list::PodMetricsList<'t>, SourceError> {
        serde_json::from_str(text).map_err(|error| SourceError::Nonsense {
            server: self.server.clone(),
            why: format!("a list of pod metrics that can't be read: {error}"),
        })
    }
}

#[async_trait]
impl UsageSource for MetricsServerSource {
    fn name(&self) -> &'static str {
        "metrics-server"
    }

    fn server(&self) -> &str {
        &self.server
    }

    fn has_history(&self) -> bool {
        false
    }

    /// One batch: the whole cluster is one LIST.
    fn plan(&self, request: &ReadRequest) -> Vec<Batch> {
        if request.namespaces.is_empty() {
            return Vec::new();
        }
        let containers: u64 = request.namespaces.iter().map(|namespace| u64::from(namespace.containers)).sum();
        vec![Batch {
            metrics: vec![Metric::CpuCores, Metric::MemoryWorkingSet],
            namespaces: request.namespaces.iter().map(|namespace| namespace.name.clone()).collect(),
            start_s: request.end_s - request.step_s,
            end_s: request.end_s,
            step_s: request.step_s,
            expected_points: containers * 2,
            ..Batch::default()
        }]
    }

    /// Samples carry the time of the metric, which is not a multiple of the batch's step and may be outside its span.
    async fn read(&self, batch: &Batch, sink: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        let (requests, text) = self.pods().await;
        let text = text?;
        let pods = self.parse(&text)?;
        let wanted: HashSet<&str> = batch.namespaces.iter().map(String::as_str).collect();
        let mut report = ReadReport { requests, bytes: text.len() as u64, ..ReadReport::default() };
        for pod in pods.items.iter().filter(|pod| wanted.contains(&*pod.metadata.namespace)) {
            let Some(time_s) = pod.time_s() else {
                report.refused += 1;
                continue;
            };
            for container in &pod.containers {
                for (metric, text) in
                    [(Metric::CpuCores, &container.usage.cpu), (Metric::MemoryWorkingSet, &container.usage.memory)]
                {
                    report.points += 1;
                    let Ok(value) = quantity::measured(text) else {
                        report.refused += 1;
                        continue;
                    };
                    let key = SeriesKey {
                        metric,
                        namespace: &pod.metadata.namespace,
                        pod: &pod.metadata.name,
                        container: &container.name,
                        origin: Origin::none(),
                        begins: false,
                        stranger: None,
                    };
                    sink.series(key, &[Sample { time_s, value }]);
                    report.series += 1;
                    report.samples += 1;
                    report.newest_sample_s = report.newest_sample_s.max(Some(time_s));
                }
            }
        }
        Ok(report)
    }

    async fn check(&self, _now_s: i64) -> Result<Freshness, SourceError> {
        let text = self.pods().await.1?;
        let newest_sample_s = self.parse(&text)?.items.iter().filter_map(list::PodMetrics::time_s).max();
        Ok(Freshness { newest_sample_s })
    }

    fn circuit_open(&self) -> bool {
        self.attempts.is_open()
    }
}
