//! Prometheus-compatible servers: plain, Thanos, VictoriaMetrics, Mimir.
//!
//! In: batches. Out: samples, read by range queries of raw series. The server is never asked for a function,
//! aggregation or subquery: those are how right-sizing tools bring Prometheus down, and a difference of two readings is
//! cheap here.

mod answer;
mod apart;
mod birth;
mod config;
mod cutter;
mod grid;
mod http;
mod labels;
mod merge;
mod plan;
mod selector;
mod series;
mod service_proxy;
mod trust;

use async_trait::async_trait;
use serde::Deserialize;

use crate::attempts::Attempts;
use crate::error::SourceError;
use crate::source::{Batch, Freshness, ReadReport, ReadRequest, SampleSink, UsageSource};

pub use config::{Bearer, Ca, ConfigError, LabelNames, PrometheusConfig, PrometheusSettings};
pub use service_proxy::ServiceProxy;
pub use trust::system_trust;

use cutter::{CutError, Cutter};
use grid::{Grid, GridError};

/// The factor by which a response may exceed the planned points before it is given up and read in halves.
const SLACK: u64 = 2;
/// Maximum number of bytes per point of a response, including labels.
const BYTES_PER_POINT: u64 = 64;
/// Number of bytes of a response that is always allowed.
const BYTES_ALWAYS: u64 = 16 << 20;
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
        let mut grid = Grid::new(batch, &self.config.labels, usize::try_from(max_points).unwrap_or(usize::MAX));
        let mut cutter = Cutter::default();
        while let Some(chunk) = body.chunk().await? {
            cutter
                .push(&chunk, |series| grid.add(series).map_err(Unreadable::from))
                .map_err(|error| self.unreadable(error))?;
            if body.bytes > BYTES_ALWAYS + max_points * BYTES_PER_POINT {
                return Err(self.too_large(body.bytes, "bytes"));
            }
        }
        if cutter.saw_result() && !cutter.saw_end() {
            return Err(SourceError::Truncated { server: self.config.server.clone(), bytes: body.bytes });
        }
        body.judge(&cutter.envelope(), "matrix")?;
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
                return Err(self.too_large(MAX_INSTANT, "bytes"));
            }
        }
        body.judge(&text, "vector")?;
        let answer: Instant<'_> = serde_json::from_slice(&text).map_err(|_| SourceError::Nonsense {
            server: self.config.server.clone(),
            why: "a vector that can't be read".to_owned(),
        })?;
        Ok(answer.data.result.iter().map(|one| one.value.1.parse().ok()).collect())
    }

    fn too_large(&self, limit: u64, unit: &'static str) -> SourceError {
        SourceError::TooLarge { server: self.config.server.clone(), limit, unit }
    }

    fn unreadable(&self, error: Unreadable) -> SourceError {
        match error {
            Unreadable::Grid(GridError::TooLarge) => self.too_large(self.config.max_points * SLACK, "points"),
            other => SourceError::Nonsense { server: self.config.server.clone(), why: other.to_string() },
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Cut(#[from] CutError),
    #[error(transparent)]
    Grid(#[from] GridError),
}

#[derive(Deserialize)]
struct Instant<'a> {
    #[serde(borrow)]
    data: InstantData<'a>,
}

#[derive(Deserialize)]
struct InstantData<'a> {
    #[serde(borrow)]
    result: Vec<InstantSample<'a>>,
}

#[derive(Deserialize)]
struct InstantSample<'a> {
    #[serde(borrow)]
    value: (f64, &'a str),
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
        // Times of this century fit.
        #[allow(clippy::cast_possible_truncation)]
        let newest_sample_s =
            result?.first().copied().flatten().filter(|time| time.is_finite()).map(|time| time as i64);
        Ok(Freshness { newest_sample_s })
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
