//! AppliedSizes: the sizes in force for new pods of a namespace, the parameter of the admission policy `trimtab-sizes`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resources::{ContainerResources, Resources};

/// The name of the one object of each namespace.
pub const APPLIED_SIZES_NAME: &str = "trimtab";

/// The sizes in force for new pods of a namespace. Trimtab keeps it; the admission policy `trimtab-sizes` reads it.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trimtab.dev",
    version = "v1alpha1",
    kind = "AppliedSizes",
    plural = "appliedsizes",
    namespaced,
    shortname = "sizes",
    category = "trimtab",
    doc = "The sizes in force for new pods of a namespace. Trimtab keeps it; the admission policy trimtab-sizes reads it.",
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct AppliedSizesSpec {
    /// Sizes by workload, as in `Deployment/web`: a look-up costs the same however many there are.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 5000))]
    pub workloads: BTreeMap<String, WorkloadSizes>,
    /// What was decided about workloads and outlives the Recommendation that it was decided on, by workload as above. New pods do
    /// not depend on it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 5000))]
    pub history: BTreeMap<String, WorkloadHistory>,
}

/// What was decided about one workload, by a Recommendation that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct WorkloadHistory {
    /// The uid of the workload.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
    /// The size that a person said no to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<RejectedSize>,
    /// The change that was undone last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<UndoneChange>,
}

/// A size that a person said no to. No policy approves it, or one close to it, until somebody approves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RejectedSize {
    /// Who said no.
    #[schemars(length(min = 1, max = 317))]
    pub by: String,
    /// Since when.
    pub since: Time,
    /// What was proposed.
    #[schemars(length(max = 64))]
    pub containers: Vec<ContainerResources>,
}

/// A change that was undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoneChange {
    /// The digest of what was proposed: it is not tried again.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
    /// When it had been undone.
    pub ended: Time,
    /// How often in a row changes of this workload were undone; the back-off before the next grows with it.
    #[schemars(range(min = 1, max = 1000))]
    pub rollbacks: i32,
    /// Why, with what was seen.
    #[schemars(length(max = 1024))]
    pub message: String,
}

/// The sizes of one workload's containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct WorkloadSizes {
    /// The uid of the workload: an entry for one that was deleted is dropped.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
    /// The Recommendation that asked for it.
    #[schemars(length(min = 1, max = 253))]
    pub recommendation: String,
    /// The digest of its proposal.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
    /// Containers and sidecars whose size is set, each name once.
    #[schemars(length(min = 1, max = 64))]
    pub containers: Vec<ContainerSizes>,
}

/// What one container has by its template, and what it gets instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSizes {
    /// The container's name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Whether it is a sidecar: an init container that goes on running.
    #[serde(default)]
    pub sidecar: bool,
    /// What a pod made from the template has. A new pod that has anything else, because the template was edited since, is
    /// left as it is: so that no edit can make a pod that cannot be created.
    pub from: Requirements,
    /// What a new pod gets instead.
    pub to: Requirements,
}

/// Requests and limits together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Requirements {
    /// What the scheduler sets aside.
    #[serde(default)]
    pub requests: Resources,
    /// What may be used at most.
    #[serde(default)]
    pub limits: Resources,
}
