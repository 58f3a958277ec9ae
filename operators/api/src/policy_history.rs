//! What the decisions of an OptimizationPolicy stand on: the source of usage data and how much of the past counts.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Duration, cel_seconds};

/// Which usage data decisions stand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MetricsSource {
    /// Prometheus where the operator is configured with one, else metrics-server.
    #[default]
    Auto,
    /// Prometheus only; without it the policy reports `MetricsUnavailable`.
    Prometheus,
    /// metrics-server only, sampled into UsageProfiles.
    MetricsServer,
}

/// Where usage data comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.maxAge"), " >= 60 && ", cel_seconds!("self.maxAge"), " <= 86400"))
    .message("maxAge must be between 1m and 24h: metrics are scraped about once a minute, and day-old data says nothing of now"))]
pub struct Metrics {
    /// Which source is used: `Auto` is Prometheus where the operator is configured with one, else metrics-server;
    /// `Prometheus` never falls back; `MetricsServer` samples into UsageProfiles, so history begins when Trimtab does.
    /// How a Prometheus is reached is configured on the operator, so that no policy carries a credential.
    #[serde(default)]
    pub source: MetricsSource,
    /// Usage data whose newest sample is older than this is never decided on: recommendations stay as they are and the
    /// policy reports `MetricsStale`. Between `1m` and `24h`.
    #[serde(default = "default_max_age")]
    pub max_age: Duration,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { source: MetricsSource::Auto, max_age: default_max_age() }
    }
}

/// How much of the past is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.window"), " >= 86400 && ", cel_seconds!("self.window"), " <= 7776000"))
    .message("window must be between 24h and 2160h (90 days)"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.minimum"), " >= 3600"))
    .message("minimum must be at least 1h: less history shows nothing to decide on"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.minimum"), " <= ", cel_seconds!("self.window")))
    .message("minimum is longer than window, so no workload could ever have enough history: lower minimum or raise window"))]
pub struct History {
    /// How far back usage counts. Between `24h` and `2160h` (90 days). At least two weeks show weekdays and weekends;
    /// longer windows cost the metrics server more.
    #[serde(default = "default_window")]
    pub window: Duration,
    /// A workload with less history than this gets no recommendation yet and is counted as skipped. At least `1h`, at
    /// most `window`.
    #[serde(default = "default_minimum")]
    pub minimum: Duration,
}

impl Default for History {
    fn default() -> Self {
        Self { window: default_window(), minimum: default_minimum() }
    }
}

fn default_max_age() -> Duration {
    Duration("30m".to_owned())
}

fn default_window() -> Duration {
    Duration("336h".to_owned())
}

fn default_minimum() -> Duration {
    Duration("24h".to_owned())
}
