//! AppliedSizes: the sizes in force for new pods of a namespace, the parameter of the admission policy `trimtab-sizes`.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::recommendation::Resources;

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
