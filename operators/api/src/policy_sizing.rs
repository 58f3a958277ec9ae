//! How an OptimizationPolicy sizes: the profile, and every number that can override it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{money::Amount, quantity::Quantity, time::Duration};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Which source is used. How a Prometheus is reached is configured on the operator, so that no policy carries a
    /// credential.
    #[serde(default)]
    pub source: MetricsSource,
    /// Usage data whose newest sample is older than this is never decided on.
    #[serde(default = "default_max_age")]
    pub max_age: Duration,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { source: MetricsSource::Auto, max_age: default_max_age() }
    }
}

/// How much of the past is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// How far back usage counts: at least `24h`, at most `2160h` (90 days).
    #[serde(default = "default_window")]
    pub window: Duration,
    /// A workload with less history than this gets no recommendation yet: at least `1h`.
    #[serde(default = "default_minimum")]
    pub minimum: Duration,
}

impl Default for History {
    fn default() -> Self {
        Self { window: default_window(), minimum: default_minimum() }
    }
}

/// How cautious sizing is. Each number of a profile can be overridden beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SizingProfile {
    /// The least that works most of the time; for what may be slow or restart now and then.
    Savings,
    /// As safe as what people run today, at less cost.
    #[default]
    Balanced,
    /// Room for the unusual; for what must not be slow or restart.
    Resilient,
}

/// What becomes of a container's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LimitMode {
    /// The limit stays as it is, and is raised only where it would be below the request or is seen to hurt.
    Keep,
    /// The limit keeps its ratio to the request.
    KeepRatio,
    /// The limit equals the request.
    EqualRequest,
    /// There shall be no limit.
    Remove,
}

/// How CPU is sized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CpuSizing {
    /// Which percentile of usage the request covers, from 50 to 100. Default: the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 50, max = 100))]
    pub percentile: Option<i32>,
    /// Room above that percentile, in percent of it. Default: the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 400))]
    pub headroom_percent: Option<i32>,
    /// What becomes of CPU limits. Default: `Keep`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitMode>,
    /// No request is proposed below this. Default: `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Quantity>,
    /// No request is proposed above this. Default: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Quantity>,
}

/// How memory is sized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemorySizing {
    /// Room above the peak that the profile looks at, in percent of it. Default: the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 400))]
    pub headroom_percent: Option<i32>,
    /// Room above the level at which a container was OOM-killed, in percent of it. Default: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 400))]
    pub oom_headroom_percent: Option<i32>,
    /// What becomes of memory limits. Default: `KeepRatio`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitMode>,
    /// No request is proposed below this. Default: `32Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Quantity>,
    /// No request is proposed above this. Default: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Quantity>,
}

/// Whether a container is sized at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContainerMode {
    /// The container is sized.
    #[default]
    Auto,
    /// The container is left as it is.
    Off,
}

/// An exception for containers of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSizing {
    /// The container's name, for example `istio-proxy`.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Whether such containers are sized.
    #[serde(default)]
    pub mode: ContainerMode,
    /// Numbers for its CPU in place of those above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuSizing>,
    /// Numbers for its memory in place of those above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemorySizing>,
}

/// How containers are sized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sizing {
    /// How cautious sizing is; every number below overrides it.
    #[serde(default)]
    pub profile: SizingProfile,
    /// How CPU is sized.
    #[serde(default)]
    pub cpu: CpuSizing,
    /// How memory is sized.
    #[serde(default)]
    pub memory: MemorySizing,
    /// Exceptions by container name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerSizing>,
}

/// When a difference is worth a recommendation. One of the two changes must reach its threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Thresholds {
    /// Least change of a container's request, in percent of what it has today.
    #[serde(default = "default_min_change")]
    #[schemars(range(min = 0, max = 100))]
    pub min_change_percent: i32,
    /// A CPU change below this many cores is never worth one.
    #[serde(default = "default_min_cpu")]
    pub min_cpu: Quantity,
    /// A memory change below this is never worth one.
    #[serde(default = "default_min_memory")]
    pub min_memory: Quantity,
    /// Savings below this a month are not worth a recommendation; proposals that add resources are not held back by it.
    #[serde(default = "default_min_savings")]
    pub min_monthly_savings: Amount,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            min_change_percent: default_min_change(),
            min_cpu: default_min_cpu(),
            min_memory: default_min_memory(),
            min_monthly_savings: default_min_savings(),
        }
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

fn default_min_change() -> i32 {
    10
}

fn default_min_cpu() -> Quantity {
    Quantity("10m".to_owned())
}

fn default_min_memory() -> Quantity {
    Quantity("16Mi".to_owned())
}

fn default_min_savings() -> Amount {
    Amount("0".to_owned())
}
