//! The status of an OptimizationPolicy: what it selects, proposes, saves and skips.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Currency;

/// What a policy selects, proposes, saves and skips.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OptimizationPolicyStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is true of the policy now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The value of the annotation `trimtab.dev/requested-at` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub last_requested_at: Option<String>,
    /// Where usage data comes from: `Prometheus` or `MetricsServer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub metrics_source: Option<String>,
    /// How many workloads were looked at, and what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workloads: Option<WorkloadCounts>,
    /// What all recommendations of this policy would save.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savings: Option<PolicySavings>,
    /// What the recommendations of this policy that were carried out really saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realised_savings: Option<PolicyRealisedSavings>,
    /// Why workloads got no recommendation, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["reason"]))]
    pub skipped: Vec<SkippedWorkloads>,
    /// Pods in the selected namespaces that belong to no workload of a kind that Trimtab sizes, by the kind of their owner,
    /// most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["ownerKind"]))]
    pub unowned_pods: Vec<UnownedPods>,
}

/// Pods that belong to no workload of a kind that Trimtab sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnownedPods {
    /// The kind of the highest owner that is known, such as `Workflow`; `None` for pods without an owner.
    #[schemars(length(min = 1, max = 63))]
    pub owner_kind: String,
    /// How many run or wait. It follows in steps of a fifth.
    pub pods: i32,
}

/// How many workloads, by what came of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadCounts {
    /// Workloads that the policy selects and that no other policy takes precedence for.
    pub selected: i32,
    /// Of those: with a recommendation.
    pub recommended: i32,
    /// Of those: sized well enough already.
    pub right_sized: i32,
    /// Of those: without a recommendation for a reason listed under `skipped`.
    pub skipped: i32,
}

/// What all recommendations of a policy would save. Negative where they add more than they free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicySavings {
    /// Per month of 730 hours, as a decimal; negative where reliability costs more than is saved.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub monthly: String,
    /// What of it can lower the bill, as a decimal; absent where all of it can. The rest becomes free on nodes that are there
    /// for something else, such as their GPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub realisable_monthly: Option<String>,
    /// The currency of the amounts.
    pub currency: Currency,
}

/// What a policy's changes really saved. Absent where none was carried out, or where they are in more than one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRealisedSavings {
    /// Per month of 730 hours, as a decimal, of all changes that are in force; negative where they cost.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub monthly: String,
    /// Saved until now, as a decimal; changes that were undone since then count for their time.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub total: String,
    /// The currency of the amounts.
    pub currency: Currency,
}

/// Workloads that got no recommendation for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkippedWorkloads {
    /// Why, in one CamelCase word, such as `TooLittleHistory`.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// How many.
    pub count: i32,
    /// What can be done about it.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// Which, as `Kind namespace/name`: up to 200 of one reason and 500 of all reasons together, so fewer than `count` where
    /// there are more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(max = 400)), extend("x-kubernetes-list-type" = "atomic"))]
    pub workloads: Vec<String>,
}
