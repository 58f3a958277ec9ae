//! What the decisions of an OptimizationPolicy are based on: the source of usage data, and how much history is used.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Duration, cel_seconds};

/// The source of usage data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MetricsSource {
    /// Prometheus if one is configured on the controller, otherwise metrics-server.
    #[default]
    Auto,
    /// Prometheus only. If it is not available, the policy reports `MetricsUnavailable`.
    Prometheus,
    /// metrics-server only. Its samples are stored in UsageProfiles.
    MetricsServer,
}

/// The source of usage data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.maxAge"), " >= 60 && ", cel_seconds!("self.maxAge"), " <= 86400"))
    .message("maxAge must be between 1m and 24h: metrics are scraped about once a minute, and older data is out of date"))]
pub struct Metrics {
    /// The source to use. `Auto`: Prometheus if one is configured on the controller, otherwise metrics-server.
    /// `Prometheus`: only Prometheus, without a fallback. `MetricsServer`: only metrics-server, whose samples are
    /// stored in UsageProfiles, so history starts when Trimtab is installed. The connection to Prometheus is
    /// configured on the controller, so policies never contain credentials.
    #[serde(default)]
    pub source: MetricsSource,
    /// The maximum age of the newest sample. If the data is older, recommendations are not updated and the policy
    /// reports `MetricsStale`. Between `1m` and `24h`.
    #[serde(default = "default_max_age")]
    pub max_age: Duration,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { source: MetricsSource::Auto, max_age: default_max_age() }
    }
}

/// How much usage history is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.window"), " >= 86400 && ", cel_seconds!("self.window"), " <= 7776000"))
    .message("window must be between 24h and 2160h (90 days)"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.minimum"), " >= 3600"))
    .message("minimum must be at least 1h: less history is not sufficient for a decision"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.minimum"), " <= ", cel_seconds!("self.window")))
    .message("minimum is longer than window, so no workload can ever have enough history: lower minimum or raise window"))]
pub struct History {
    /// How far back usage is read. Between `24h` and `2160h` (90 days). Two weeks or more cover weekdays and
    /// weekends. A longer window puts more load on the metrics source.
    #[serde(default = "default_window")]
    pub window: Duration,
    /// The minimum history that a workload needs before it gets a recommendation. Workloads with less are counted as
    /// skipped. At least `1h`, at most `window`.
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
