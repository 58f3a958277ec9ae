//! The status of a Recommendation: its evidence, savings, risk and decision, and the state of its rollout.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    approval::HonouredApproval,
    evidence::Evidence,
    gates::ClosedGate,
    resources::ContainerResources,
    risk::Risk,
    rollout::RolloutStatus,
    savings::{RealisedSavings, Savings},
};

/// The evidence for a recommendation, its savings and risk, and the state of its rollout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecommendationStatus {
    /// The generation of the spec that this status was calculated for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The current state of the recommendation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// A short summary of the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// The current resources of the containers to change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub current: Vec<ContainerResources>,
    /// The digest of `spec.proposal` and the target. An approval must contain it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub proposal_digest: Option<String>,
    /// The lower bound of the share of days on which this size would have been sufficient, in percent. It is
    /// calculated by replaying the workload's own history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub confidence_percent: Option<i32>,
    /// The risk of the change and its reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// The savings from the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savings: Option<Savings>,
    /// The usage data that the recommendation is based on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The reasons for the recommendation, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub explanation: Option<String>,
    /// The change as a strategic merge patch of the workload, in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub patch: Option<String>,
    /// The decision that is honoured. Not set if there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<HonouredApproval>,
    /// The gates that currently block an approved change, in the order in which they are evaluated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub gates: Vec<ClosedGate>,
    /// The current or last rollout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutStatus>,
    /// The actual savings from the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realised_savings: Option<RealisedSavings>,
}

/// A short summary of the change for one pod, such as `500m→120m`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Summary {
    /// The CPU request.
    #[schemars(length(max = 48))]
    pub cpu: String,
    /// The memory request.
    #[schemars(length(max = 48))]
    pub memory: String,
    /// The CPU limits of the containers whose limit changes. Not set if no CPU limit changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 48))]
    pub cpu_limit: Option<String>,
    /// The memory limits of the containers whose limit changes. Not set if no memory limit changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 48))]
    pub memory_limit: Option<String>,
}
