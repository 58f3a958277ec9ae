//! AppliedSizes: the sizes in force for new pods in a namespace, the parameter of the admission policy `trimtab-sizes`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trimtab_core::WorkloadId;

use crate::resources::{ContainerResources, Resources};

/// The name of the single object in each namespace.
pub const APPLIED_SIZES_NAME: &str = "trimtab";

/// The key of a workload in it, such as `Deployment/web`.
pub fn key(id: &WorkloadId) -> String {
    format!("{}/{}", id.kind, id.name)
}

/// The workload of such a key in a namespace; `None` if it is of a kind that Trimtab does not size.
pub fn workload_of(namespace: &str, key: &str) -> Option<WorkloadId> {
    let (kind, name) = key.split_once('/')?;
    Some(WorkloadId::new(kind.parse().ok()?, namespace, name))
}

/// The sizes in force for new pods in a namespace. Trimtab maintains it, and the admission policy `trimtab-sizes`
/// reads it.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trimtab.dev",
    version = "v1alpha1",
    kind = "AppliedSizes",
    plural = "appliedsizes",
    namespaced,
    shortname = "sizes",
    category = "trimtab",
    doc = "The sizes in force for new pods in a namespace. Trimtab maintains it, and the admission policy trimtab-sizes reads it.",
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct AppliedSizesSpec {
    /// Sizes by workload, with keys such as `Deployment/web`. The cost of a lookup does not depend on the number of
    /// entries.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 5000))]
    pub workloads: BTreeMap<String, WorkloadSizes>,
    /// Decisions about workloads that must be kept whatever becomes of the Recommendation, with the same keys. New pods
    /// are not affected.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 5000))]
    pub history: BTreeMap<String, WorkloadHistory>,
}

/// Decisions about the workload of this name. They hold for one that is recreated under the name as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct WorkloadHistory {
    /// The sizes that people rejected, the last one last. If there are more than eight, the oldest are dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub rejected: Vec<RejectedSize>,
    /// The changes that were undone, as far as no Recommendation shows them any more, the last one last. If there are
    /// more than eight, the oldest are dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub undone: Vec<UndoneChange>,
}

impl WorkloadHistory {
    /// Whether nothing is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rejected.is_empty() && self.undone.is_empty()
    }

    /// The change that was undone last. Its count is the workload's.
    #[must_use]
    pub fn last_undone(&self) -> Option<&UndoneChange> {
        self.undone.iter().max_by_key(|undone| (undone.ended.0, undone.rollbacks))
    }
}

/// A size that a person rejected. Policies do not approve it, or a size close to it, until a person approves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RejectedSize {
    /// Who rejected it.
    #[schemars(length(min = 1, max = 317))]
    pub by: String,
    /// When it was rejected.
    pub since: Time,
    /// The rejected proposal.
    #[schemars(length(max = 64))]
    pub containers: Vec<ContainerResources>,
}

/// A change that was undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoneChange {
    /// The digest of the proposal. It is not applied again, unless `rejected` is set and a person approves it later.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
    /// When the undo was complete.
    pub ended: Time,
    /// The number of consecutive rollbacks of this workload. The back-off before the next change grows with it.
    #[schemars(range(min = 1, max = 1000))]
    pub rollbacks: i32,
    /// Why the change was undone, with the observed values.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// When the undo started, if it was because a person rejected the change. Not set if it was for another reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Time>,
}

/// The sizes of one workload's containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct WorkloadSizes {
    /// The UID of the workload. The entry is removed after that workload is deleted.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
    /// The name of the Recommendation that the sizes come from.
    #[schemars(length(min = 1, max = 253))]
    pub recommendation: String,
    /// The digest of the Recommendation's proposal.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
    /// The containers and sidecars whose size is set. Each name may appear only once.
    #[schemars(length(min = 1, max = 64))]
    pub containers: Vec<ContainerSizes>,
}

/// The resources of a container in the pod template, and those that new pods get instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSizes {
    /// The container's name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Whether the container is a sidecar: an init container that keeps running.
    #[serde(default)]
    pub sidecar: bool,
    /// The resources in the pod template. A new pod with other resources is not changed, because the template was
    /// edited since. This ensures that an edit never leads to an invalid pod.
    pub from: Requirements,
    /// The resources that a new pod gets instead.
    pub to: Requirements,
}

/// Requests and limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Requirements {
    /// The resources that the scheduler reserves.
    #[serde(default)]
    pub requests: Resources,
    /// The maximum resources that the container may use.
    #[serde(default)]
    pub limits: Resources,
}
