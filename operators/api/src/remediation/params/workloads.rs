//! Parameters of actions on workloads, their pods and Jobs.
//!
//! In: nothing. Out: the types of members of a step.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NAME_PATTERN;
use crate::selector::LabelSelector;

/// Parameters of `ScaleWorkload`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScaleWorkload {
    /// The new number of replicas.
    #[schemars(range(min = 0, max = 100_000))]
    pub replicas: i32,
}

/// Parameters of `RollbackWorkload`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollbackWorkload {
    /// The revision to restore. `0`: the last one before the present one whose pods were all ready.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub to_revision: i64,
}

/// Parameters of `EvictPod`. With a pod as target, neither `pods` nor `selector` is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.pods) || !has(self.selector)")
    .message("pods and selector must not both be set: name the pods, or select them"))]
pub struct EvictPod {
    /// The names of the pods to evict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 10), inner(length(min = 1, max = 253), regex(pattern = NAME_PATTERN)), extend("x-kubernetes-list-type" = "set"))]
    pub pods: Option<Vec<String>>,
    /// Selects the pods of the workload to evict. If it selects more than ten, the action is refused. An empty selector
    /// is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// How long the pods have to end. If not set, as long as they say themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86_400))]
    pub grace_period_seconds: Option<i64>,
}

/// Parameters of `DeletePod`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletePod {
    /// Deletes the pod without a grace period. Only for pods on a node that is gone or out of service: elsewhere, the
    /// pod may go on running beside its replacement.
    #[serde(default)]
    pub force: bool,
}

/// Parameters of `IsolatePod`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IsolatePod {
    /// Creates a NetworkPolicy that denies the pod all traffic. It has an effect only where the network of the cluster
    /// enforces such policies.
    #[serde(default)]
    pub deny_traffic: bool,
}

/// Parameters of `RerunJob`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RerunJob {
    /// Deletes the old Job and its pods once the new one exists.
    #[serde(default)]
    pub delete_old: bool,
}
