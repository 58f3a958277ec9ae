//! The status of a Recommendation: what was measured, what it means in money and risk, and what was decided.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    money::Currency,
    policy_rollout::RiskLevel,
    quantity::Quantity,
    recommendation::{ContainerResources, Recommendation},
    recommendation_rollout::{ClosedGate, HonouredApproval, RealisedSavings, RolloutStatus},
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

/// How risky a change is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Risk {
    /// The highest level among the factors.
    pub level: RiskLevel,
    /// What was found, most serious first. None found: none listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["reason"]))]
    pub factors: Vec<RiskFactor>,
    /// The digest of the proposal that it is about, on what a person proposed: a person may change a proposal at any time. A
    /// risk that is about another digest than `status.proposalDigest` is not that of the present proposal, and counts as High.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub proposal_digest: Option<String>,
}

impl Recommendation {
    /// The risk of the present proposal. On what a person proposed, one that is about another digest than the status shows is that
    /// of a former proposal: then there is none yet, which counts as High.
    pub fn present_risk(&self) -> Option<&Risk> {
        let status = self.status.as_ref()?;
        let by_policy = self.spec.policy_ref.is_some();
        let is_present =
            |risk: &&Risk| risk.proposal_digest.is_some() && risk.proposal_digest == status.proposal_digest;
        status.risk.as_ref().filter(|risk| by_policy || is_present(risk))
    }
}

/// One fact that makes a change risky.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RiskFactor {
    /// The fact in one CamelCase word.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// How much it weighs.
    pub level: RiskLevel,
    /// The fact with its numbers.
    #[schemars(length(max = 512))]
    pub message: String,
}

/// What a change saves, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Savings {
    /// Per month of 730 hours over all pods, as a decimal; negative where the change costs.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub monthly: String,
    /// The currency of the amount.
    pub currency: Currency,
    /// Where the prices of its nodes come from.
    #[schemars(length(max = 512))]
    pub price_source: String,
    /// The date of those prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub as_of: Option<String>,
    /// Whether a price is a stated estimate.
    #[serde(default)]
    pub estimated: bool,
    /// How many pods the amount is for.
    pub pods: i32,
    /// What of `monthly` can lower the bill; absent where all of it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub realisable_monthly: Option<String>,
    /// Why the rest cannot; absent where all of it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_realisable: Option<NotRealisable>,
}

/// Why savings cannot be realised: CPU and memory become free, and no node can be given back for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotRealisable {
    /// Why, in one CamelCase word: `GpuNode`.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// The same in plain words.
    #[schemars(length(max = 512))]
    pub message: String,
}

/// What a recommendation stands on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Evidence {
    /// Where usage came from: `Prometheus` or `MetricsServer`.
    #[schemars(length(max = 63))]
    pub source: String,
    /// The oldest sample that counted.
    pub from: Time,
    /// The newest sample that counted. It is brought up to date about once a day while samples arrive, and whenever the
    /// proposal changes.
    pub to: Time,
    /// How many past days the size was replayed over.
    pub replayed_days: i32,
    /// Of those: on how many it would have held.
    pub held_days: i32,
    /// The decision's version, so that two figures can be compared.
    #[schemars(length(max = 63))]
    pub algorithm: String,
    /// What each container used.
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerEvidence>,
}

/// What one container used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerEvidence {
    /// The container's name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// CPU samples that counted.
    pub cpu_samples: i64,
    /// Memory samples that counted.
    pub memory_samples: i64,
    /// The percentile that CPU was sized by.
    pub cpu_percentile: i32,
    /// CPU usage at that percentile.
    pub cpu_usage: Quantity,
    /// Median of its CPU usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_p50: Option<Quantity>,
    /// 95th percentile of its CPU usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_p95: Option<Quantity>,
    /// 99th percentile of its CPU usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_p99: Option<Quantity>,
    /// Highest CPU usage.
    pub cpu_peak: Quantity,
    /// Median of the daily peaks of its memory working set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_typical_peak: Option<Quantity>,
    /// Highest memory working set.
    pub memory_peak: Quantity,
    /// Share of CPU periods in which it was throttled, in percent; absent where nothing is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_percent: Option<i32>,
    /// How often it was OOM-killed in the window.
    pub oom_kills: i32,
    /// How often it restarted in the window.
    pub restarts: i32,
    /// What decided the CPU request, in one CamelCase word.
    #[schemars(length(max = 63))]
    pub cpu_reason: String,
    /// What decided the memory request, in one CamelCase word.
    #[schemars(length(max = 63))]
    pub memory_reason: String,
}
