//! UsageProfile: bounded usage history of one workload, for clusters without Prometheus, and across restarts.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{quantity::Quantity, target::TargetRef};

/// Keeps the usage history of one workload as small histograms. Trimtab writes it; people only read it.
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
    doc = "Keeps the usage history of one workload as small histograms. Trimtab writes it; people only read it.",
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
    .message("a usage profile stays about one workload: targetRef cannot change"))]
pub struct UsageProfileSpec {
    /// The workload whose usage is kept, in the same namespace. It cannot change.
    pub target_ref: TargetRef,
}

/// The history that is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageProfileStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is true of it now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The oldest sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// The newest sample at the time of writing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Time>,
    /// On how many days there are samples.
    #[serde(default)]
    pub days: i32,
    /// How many CPU samples there are over all containers.
    #[serde(default)]
    pub samples: i64,
    /// The history of each container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerProfile>,
}

/// The history of one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerProfile {
    /// The container's name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// CPU usage at the 95th percentile, for people.
    pub cpu_p95: Quantity,
    /// Highest memory working set, for people.
    pub memory_peak: Quantity,
    /// The histograms, a day a cell, in base64; the first byte says the version of the encoding.
    #[schemars(length(max = 65536))]
    pub history: String,
}
