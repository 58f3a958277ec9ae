//! The usage data that a recommendation is based on.
//!
//! In: nothing. Out: the type of `status.evidence`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// The usage data that a recommendation is based on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Evidence {
    /// The source of the usage data: `Prometheus` or `MetricsServer`.
    #[schemars(length(max = 63))]
    pub source: String,
    /// The time of the oldest sample.
    pub from: Time,
    /// The time of the newest sample. It is updated about once a day while new samples arrive, and whenever the
    /// proposal changes.
    pub to: Time,
    /// The number of past days over which the size was replayed.
    pub replayed_days: i32,
    /// The number of those days on which the size would have been sufficient.
    pub held_days: i32,
    /// The version of the sizing algorithm. Compare values only if it is the same.
    #[schemars(length(max = 63))]
    pub algorithm: String,
    /// The usage of each container.
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerEvidence>,
}

/// The usage of a container. A figure that was not measured is not set: 0 means that nothing was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerEvidence {
    /// The container's name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The number of CPU samples.
    pub cpu_samples: i64,
    /// The number of memory samples.
    pub memory_samples: i64,
    /// The percentile of CPU usage that the CPU request is based on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_percentile: Option<i32>,
    /// CPU usage at that percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_usage: Option<Quantity>,
    /// The median CPU usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_p50: Option<Quantity>,
    /// The 95th percentile of CPU usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_p95: Option<Quantity>,
    /// The 99th percentile of CPU usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_p99: Option<Quantity>,
    /// The highest CPU usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_peak: Option<Quantity>,
    /// The median of the daily peaks of the memory working set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_typical_peak: Option<Quantity>,
    /// The highest memory working set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_peak: Option<Quantity>,
    /// The share of CPU periods in which the container was throttled, in percent. Not set if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_percent: Option<i32>,
    /// The number of OOM kills in the window.
    pub oom_kills: i32,
    /// The number of restarts in the window.
    pub restarts: i32,
    /// The reason for the CPU request, in CamelCase.
    #[schemars(length(max = 63))]
    pub cpu_reason: String,
    /// The reason for the memory request, in CamelCase.
    #[schemars(length(max = 63))]
    pub memory_reason: String,
}
