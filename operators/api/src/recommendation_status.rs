//! The status of a Recommendation: what was measured, what it means in money and risk, and what was decided.

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

/// What was measured and what it means.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecommendationStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is true of it now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The change in a few characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// What the containers that would change have today.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub current: Vec<ContainerResources>,
    /// The digest of `spec.proposal` and the target; an approval names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub proposal_digest: Option<String>,
    /// Lower bound of the share of days on which this size would have held, in percent, from a replay of the workload's
    /// own past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub confidence_percent: Option<i32>,
    /// How risky the change is, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// What it saves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savings: Option<Savings>,
    /// What it stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The reasons in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub explanation: Option<String>,
    /// The change as a strategic merge patch of the workload, in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub patch: Option<String>,
    /// The decision that is honoured. Absent: none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<HonouredApproval>,
    /// Gates that keep an approved change from being carried out at present, in the order in which they are asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub gates: Vec<ClosedGate>,
    /// The rollout that is under way, or the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutStatus>,
    /// What the change really saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realised_savings: Option<RealisedSavings>,
}

/// The change of one pod in a few characters, such as `500m→120m`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Summary {
    /// CPU request.
    #[schemars(length(max = 48))]
    pub cpu: String,
    /// Memory request.
    #[schemars(length(max = 48))]
    pub memory: String,
    /// CPU limits of the containers whose limit changes; absent where all stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 48))]
    pub cpu_limit: Option<String>,
    /// Memory limits of the containers whose limit changes; absent where all stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 48))]
    pub memory_limit: Option<String>,
}
