//! UsageProfile: the bounded usage history of one workload, for clusters without Prometheus. It survives restarts.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{quantity::Quantity, target::TargetRef};

/// Stores the usage history of one workload as compact histograms. Only Trimtab writes it.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trimtab.dev",
    version = "v1alpha1",
    kind = "UsageProfile",
    namespaced,
    shortname = "uprof",
    category = "trimtab",
    cel,
    status = "UsageProfileStatus",
    doc = "Stores the usage history of one workload as compact histograms. Only Trimtab writes it.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Workload", type_ = "string", json_path = ".spec.targetRef.name"),
    printcolumn(name = "Kind", type_ = "string", json_path = ".spec.targetRef.kind"),
    printcolumn(name = "Days", type_ = "integer", json_path = ".status.days"),
    printcolumn(name = "Samples", type_ = "integer", json_path = ".status.samples"),
    printcolumn(name = "Updated", type_ = "date", json_path = ".status.to"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.targetRef.kind == oldSelf.targetRef.kind && self.targetRef.name == oldSelf.targetRef.name")
    .message("targetRef.kind and targetRef.name are immutable: a usage profile belongs to one workload"))]
pub struct UsageProfileSpec {
    /// The workload whose usage is recorded, in the same namespace. Its kind and name are immutable.
    pub target_ref: TargetRef,
}

/// The recorded history.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageProfileStatus {
    /// The generation of the spec that this status was calculated for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The current state of the usage profile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The time of the oldest sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// The time of the newest sample when the status was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Time>,
    /// The number of days with samples.
    #[serde(default)]
    pub days: i32,
    /// The number of CPU samples of all containers.
    #[serde(default)]
    pub samples: i64,
    /// The history of each container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerProfile>,
}

/// The history of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerProfile {
    /// The container's name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The 95th percentile of CPU usage. For information only; not set if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_p95: Option<Quantity>,
    /// The highest memory working set. For information only; not set if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_peak: Option<Quantity>,
    /// The histograms in base64, one cell per day. The first byte is the version of the encoding.
    #[schemars(length(max = 65536))]
    pub history: String,
}
