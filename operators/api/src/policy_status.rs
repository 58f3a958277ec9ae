//! The status of an OptimizationPolicy: its workloads, recommendations and savings, and the workloads that it skips.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Currency;

/// The workloads, recommendations and savings of a policy, and the workloads that it skips.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OptimizationPolicyStatus {
    /// The generation of the spec that this status was calculated for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The current state of the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The last value of the annotation `trimtab.dev/requested-at` that was handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub last_requested_at: Option<String>,
    /// The source of usage data: `Prometheus` or `MetricsServer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub metrics_source: Option<String>,
    /// The number of selected workloads, by result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workloads: Option<WorkloadCounts>,
    /// The savings if all recommendations of this policy were applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savings: Option<PolicySavings>,
    /// The actual savings from applied recommendations of this policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realised_savings: Option<PolicyRealisedSavings>,
    /// The reasons why workloads have no recommendation, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["reason"]))]
    pub skipped: Vec<SkippedWorkloads>,
    /// Pods in the selected namespaces that do not belong to a workload of a supported kind, by the kind of their
    /// owner, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["ownerKind"]))]
    pub unowned_pods: Vec<UnownedPods>,
}

/// Pods that do not belong to a workload of a supported kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnownedPods {
    /// The kind of the topmost known owner, such as `Workflow`. `None` for pods without an owner.
    #[schemars(length(min = 1, max = 63))]
    pub owner_kind: String,
    /// The number of running and pending pods. It is updated when it changes by at least a fifth.
    pub pods: i32,
}

/// The number of selected workloads, by result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadCounts {
    /// Workloads that this policy applies to. Workloads for which another policy takes precedence are not included.
    pub selected: i32,
    /// Selected workloads with a recommendation.
    pub recommended: i32,
    /// Selected workloads that are already right-sized.
    pub right_sized: i32,
    /// Selected workloads without a recommendation, for a reason listed under `skipped`.
    pub skipped: i32,
}

/// The savings if all recommendations of a policy were applied. Negative if they cost more than they save.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicySavings {
    /// Savings per month of 730 hours, as a decimal. Negative if the recommendations cost more than they save.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub monthly: String,
    /// The part of `monthly` that can lower the bill, as a decimal. Not set if all of it can. The rest is capacity on
    /// nodes that are needed for other reasons, such as their GPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub realisable_monthly: Option<String>,
    /// The currency of the amounts.
    pub currency: Currency,
}

/// The actual savings from the changes of a policy. Not set if no change was applied, or if the savings are in more
/// than one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRealisedSavings {
    /// Savings per month of 730 hours from all changes in force, as a decimal. Negative if they cost more than they
    /// save.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub monthly: String,
    /// Total savings until now, as a decimal. A change that was undone counts for the time it was in force.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub total: String,
    /// The currency of the amounts.
    pub currency: Currency,
}

/// Workloads that have no recommendation for the same reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkippedWorkloads {
    /// The reason in CamelCase, such as `TooLittleHistory`.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// The number of workloads.
    pub count: i32,
    /// What can be done about it.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// The workloads, as `Kind namespace/name`. At most 200 for one reason and 500 for all reasons are listed, so
    /// there may be fewer than `count`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(max = 400)), extend("x-kubernetes-list-type" = "atomic"))]
    pub workloads: Vec<String>,
}
