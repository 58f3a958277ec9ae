//! Prometheus-compatible servers: plain, Thanos, VictoriaMetrics, Mimir.
//!
//! In: batches. Out: samples, read by range queries of raw series. The server is never asked for a function,
//! aggregation or subquery: those are how right-sizing tools bring Prometheus down, and a difference of two readings is
//! cheap here.

pub mod answer;
mod apart;
mod birth;
mod config;
mod cutter;
mod grid;
mod http;
pub mod instant;
mod labels;
mod merge;
mod plan;
pub mod range;
mod selector;
mod series;
mod service_proxy;
mod trust;
mod unusable;

use async_trait::async_trait;

use crate::attempts::Attempts;
use crate::error::SourceError;
use crate::source::{Batch, Freshness, ReadReport, ReadRequest, SampleSink, UsageSource};

pub use config::{Bearer, Ca, ConfigError, LabelNames, PrometheusConfig, PrometheusSettings};
pub use service_proxy::ServiceProxy;
pub use trust::system_trust;
pub use unusable::UnusableSource;

use grid::Grid;
use range::RangeResponse;

/// The factor by which a response may exceed the planned points before it is given up and read in halves.
const SLACK: u64 = 2;
/// Maximum number of bytes of an instant query's response.
const MAX_INSTANT: u64 = 1 << 20;

/// A Prometheus-compatible server.
pub struct PrometheusSource {
    config: PrometheusConfig,
    http: http::Http,
    attempts: Attempts,
}

impl std::fmt::Debug for PrometheusSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PrometheusSource")
            .field("config", &self.config)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl PrometheusSource {
    /// Creates a source; nothing is sent. The process needs a rustls default crypto provider by now.
    ///
    /// # Errors
    /// [`SourceError::Credentials`] if the CA cannot be used.
    pub fn new(config: PrometheusConfig) -> Result<Self, SourceError> {
        Self::with(config, None)
    }

    /// The same for a server that only the Kubernetes API server reaches. The host of the configured URL is then only
    /// the server's name; its path counts.
    ///
    /// # Errors
    /// As [`PrometheusSource::new`].
    pub fn through(config: PrometheusConfig, proxy: ServiceProxy) -> Result<Self, SourceError> {
        Self::with(config, Some(proxy))
    }

    fn with(config: PrometheusConfig, proxy: Option<ServiceProxy>) -> Result<Self, SourceError> {
        let http = http::Http::new(&config, proxy)?;
        let attempts = Attempts::new(&config.server, config.attempts, config.deadline);
        Ok(Self { config, http, attempts })
    }

    async fn fetch<'b>(&'b self, batch: &'b Batch, selector: &str) -> Result<(Grid<'b>, u64), SourceError> {
        let (start, end, step) = (batch.start_s.to_string(), batch.end_s.to_string(), batch.step_s.to_string());
        let timeout = format!("{}s", self.config.request_timeout.as_secs());
        let fields =
            [("query", selector), ("start", &start), ("end", &end), ("step", &step), ("timeout", timeout.as_str())];
        let mut body = self.http.post(&self.config, "api/v1/query_range", &fields).await?;
        let max_points = self.config.max_points * SLACK;
        let mut response = RangeResponse::new(&self.config.server, batch, &self.config.labels, max_points);
        while let Some(chunk) = body.chunk().await? {
            response.push(&chunk)?;
        }
        let grid = response.finish(|envelope| body.judge(envelope, answer::MATRIX))?;
        Ok((grid, body.bytes))
    }

    async fn instant(&self, query: &str, now_s: i64) -> Result<Vec<Option<f64>>, SourceError> {
        let (time, timeout) = (now_s.to_string(), format!("{}s", self.config.request_timeout.as_secs()));
        let fields = [("query", query), ("time", &time), ("timeout", &timeout)];
        let mut body = self.http.post(&self.config, "api/v1/query", &fields).await?;
        let mut text = Vec::new();
        while let Some(chunk) = body.chunk().await? {
            text.extend_from_slice(&chunk);
            if body.bytes > MAX_INSTANT {
                let server = self.config.server.clone();
                return Err(SourceError::TooLarge { server, limit: MAX_INSTANT, unit: "bytes" });
            }
        }
        body.judge(&text, answer::VECTOR)?;
        instant::numbers(&self.config.server, &text)
    }
}

#[async_trait]
impl UsageSource for PrometheusSource {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn server(&self) -> &str {
        &self.config.server
    }

    fn has_history(&self) -> bool {
        true
    }

    fn plan(&self, request: &ReadRequest) -> Vec<Batch> {
        plan::plan(request, self.config.max_points)
    }

    async fn read(&self, batch: &Batch, sink: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        if batch.namespaces.is_empty() || batch.metrics.is_empty() || batch.steps() < 1 {
            return Ok(ReadReport::default());
        }
        let selector = selector::selector(batch, &self.config.labels, self.config.cluster_label.as_ref());
        let (requests, result) = self.attempts.run(|| self.fetch(batch, &selector)).await;
        let (grid, bytes) = result?;
        Ok(ReadReport { requests, bytes, ..grid.hand_over(sink) })
    }

    async fn check(&self, now_s: i64) -> Result<Freshness, SourceError> {
        let newest = selector::newest(&self.config.labels, self.config.cluster_label.as_ref());
        let (_, result) = self.attempts.run(|| self.instant(&newest, now_s)).await;
        Ok(Freshness::of(result?.first().copied().flatten()))
    }

    /// Bypasses the circuit breaker, which is for the server: a faulty query of a person must not hold back others.
    async fn ask(&self, query: &str, now_s: i64) -> Result<Option<f64>, SourceError> {
        match *self.instant(query, now_s).await?.as_slice() {
            [] => Ok(None),
            [value] => Ok(value),
            ref many => Err(SourceError::Nonsense {
                server: self.config.server.clone(),
                why: format!("{} series where one number is expected: aggregate them, as with sum()", many.len()),
            }),
        }
    }

    fn circuit_open(&self) -> bool {
        self.attempts.is_open()
    }
}
