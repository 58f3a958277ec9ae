//! Parameters of actions on autoscalers, disruption budgets and quotas.
//!
//! In: nothing. Out: the types of members of a step.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::{IntOrPercent, QUANTITY_PATTERN, Quantity};

/// Parameters of `PatchHorizontalPodAutoscaler`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.minReplicas) || has(self.maxReplicas) || has(self.targetUtilizationPercent)")
    .message("patchHorizontalPodAutoscaler must set minReplicas, maxReplicas or targetUtilizationPercent"))]
#[x_kube(validation = Rule::new("!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas")
    .message("minReplicas must not be above maxReplicas: lower the one or raise the other"))]
pub struct PatchHorizontalPodAutoscaler {
    /// The new minimum number of replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub min_replicas: Option<i32>,
    /// The new maximum number of replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_replicas: Option<i32>,
    /// The new average CPU utilization, in percent of the requests. The autoscaler must already have such a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub target_utilization_percent: Option<i32>,
}

/// Parameters of `RelaxPodDisruptionBudget`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.minAvailable) != has(self.maxUnavailable)")
    .message("exactly one of minAvailable and maxUnavailable must be set, as in a disruption budget"))]
pub struct RelaxPodDisruptionBudget {
    /// How many pods must stay available: a number from 1, or a percentage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_available: Option<IntOrPercent>,
    /// How many pods may be unavailable: a number from 1, or a percentage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrPercent>,
}

/// Parameters of `RaiseQuota`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("size(self.hard) > 0")
    .message("hard must name at least one resource of the quota, such as requests.cpu"))]
pub struct RaiseQuota {
    /// The new hard limits, such as `requests.cpu: "20"`. At most twice the present ones. What is not listed is not
    /// changed.
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}], "maxLength": 32, "pattern": QUANTITY_PATTERN, "minimum": 0}))]
    pub hard: BTreeMap<String, Quantity>,
}
