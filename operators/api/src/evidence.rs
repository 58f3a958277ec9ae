//! What a recommendation stands on.
//!
//! In: nothing. Out: the type of `status.evidence`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// What a recommendation stands on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Evidence {
    /// Where usage came from: `Prometheus` or `MetricsServer`.
    #[schemars(length(max = 63))]
    pub source: String,
    /// The oldest sample that counted.
    pub from: Time,
    /// The newest sample that counted. It is brought up to date about once a day while samples arrive, and whenever the
    /// proposal changes.
    pub to: Time,
    /// How many past days the size was replayed over.
    pub replayed_days: i32,
    /// Of those: on how many it would have held.
    pub held_days: i32,
    /// The decision's version, so that two figures can be compared.
    #[schemars(length(max = 63))]
    pub algorithm: String,
    /// What each container used.
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerEvidence>,
}

/// What one container used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerEvidence {
    /// The container's name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// CPU samples that counted.
    pub cpu_samples: i64,
    /// Memory samples that counted.
    pub memory_samples: i64,
    /// The percentile that CPU was sized by.
    pub cpu_percentile: i32,
    /// CPU usage at that percentile.
    pub cpu_usage: Quantity,
    /// Median of its CPU usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_p50: Option<Quantity>,
    /// 95th percentile of its CPU usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_p95: Option<Quantity>,
    /// 99th percentile of its CPU usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_p99: Option<Quantity>,
    /// Highest CPU usage.
    pub cpu_peak: Quantity,
    /// Median of the daily peaks of its memory working set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_typical_peak: Option<Quantity>,
    /// Highest memory working set.
    pub memory_peak: Quantity,
    /// Share of CPU periods in which it was throttled, in percent; absent where nothing is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_percent: Option<i32>,
    /// How often it was OOM-killed in the window.
    pub oom_kills: i32,
    /// How often it restarted in the window.
    pub restarts: i32,
    /// What decided the CPU request, in one CamelCase word.
    #[schemars(length(max = 63))]
    pub cpu_reason: String,
    /// What decided the memory request, in one CamelCase word.
    #[schemars(length(max = 63))]
    pub memory_reason: String,
}
