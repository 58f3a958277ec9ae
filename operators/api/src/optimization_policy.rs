//! OptimizationPolicy: which workloads, how they are sized, what may be applied without a person, how it is rolled out.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    money::Currency,
    policy_rollout::{AutoApprove, Delivery, Limits, RolloutStrategy, Verification, Window},
    policy_sizing::{History, Metrics, Sizing, Thresholds},
    selector::LabelSelector,
};

/// A kind of workload that policies can select.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SelectedKind {
    /// apps/v1 Deployments.
    Deployment,
    /// apps/v1 StatefulSets.
    StatefulSet,
    /// apps/v1 DaemonSets.
    DaemonSet,
    /// batch/v1 CronJobs; their Jobs count as their runs.
    CronJob,
    /// batch/v1 Jobs that no CronJob owns.
    Job,
    /// argoproj.io/v1alpha1 Rollouts. Their pods are resized in place, and their templates are left to people.
    Rollout,
}

/// Says which workloads are right-sized, how, and what may be applied without a person.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trimtab.dev",
    version = "v1alpha1",
    kind = "OptimizationPolicy",
    plural = "optimizationpolicies",
    shortname = "optpol",
    category = "trimtab",
    cel,
    status = "OptimizationPolicyStatus",
    doc = "Says which workloads are right-sized, how, and what may be applied without a person.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Workloads", type_ = "integer", json_path = ".status.workloads.selected"),
    printcolumn(name = "Recommended", type_ = "integer", json_path = ".status.workloads.recommended"),
    printcolumn(name = "Skipped", type_ = "integer", json_path = ".status.workloads.skipped"),
    printcolumn(
        name = "Savings",
        type_ = "string",
        description = "Savings a month if all recommendations were applied.",
        json_path = ".status.savings.monthly"
    ),
    printcolumn(name = "Currency", type_ = "string", json_path = ".status.savings.currency", priority = 1),
    printcolumn(
        name = "Realised",
        type_ = "string",
        description = "What changes that were carried out save a month.",
        json_path = ".status.realisedSavings.monthly",
        priority = 1
    ),
    printcolumn(name = "Profile", type_ = "string", json_path = ".spec.sizing.profile", priority = 1),
    printcolumn(name = "Source", type_ = "string", json_path = ".status.metricsSource", priority = 1),
    printcolumn(name = "Suspended", type_ = "boolean", json_path = ".spec.suspend", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.targetNamespaces) != has(self.namespaceSelector)")
    .message("say which namespaces: exactly one of targetNamespaces and namespaceSelector must be set"))]
#[x_kube(validation = Rule::new("!has(self.autoApprove) || self.delivery.mode != 'Manual'")
    .message("autoApprove and delivery.mode Manual contradict each other: with Manual a person applies every change; remove autoApprove or choose another mode"))]
#[x_kube(validation = Rule::new("self.metrics.source != 'MetricsServer' || !has(self.verification.queries) || size(self.verification.queries) == 0")
    .message("verification.queries are asked of Prometheus: set metrics.source to Prometheus or Auto, or remove the queries"))]
pub struct OptimizationPolicySpec {
    /// The namespaces whose workloads are selected, by name. Exactly one of `targetNamespaces` and `namespaceSelector` is
    /// set. One that does not exist is reported and the others are still looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), inner(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")), extend("x-kubernetes-list-type" = "set"))]
    pub target_namespaces: Option<Vec<String>>,
    /// The namespaces whose workloads are selected, by label; namespaces that get the label later count from then on. An
    /// empty selector is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Only workloads whose own labels (not those of their pods) are selected. Absent: all of those namespaces. An empty
    /// selector is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_selector: Option<LabelSelector>,
    /// Only workloads of these kinds. Jobs that a CronJob owns count as its runs.
    #[serde(default = "default_kinds")]
    #[schemars(length(min = 1, max = 6), extend("x-kubernetes-list-type" = "atomic"))]
    pub kinds: Vec<SelectedKind>,
    /// Which policy counts where several select a workload: the greater priority, then the older policy, then the first
    /// name in the alphabet.
    #[serde(default)]
    #[schemars(range(min = -1000, max = 1000))]
    pub priority: i32,
    /// Where usage data comes from.
    #[serde(default)]
    pub metrics: Metrics,
    /// How much of the past is looked at.
    #[serde(default)]
    pub history: History,
    /// How containers are sized.
    #[serde(default)]
    pub sizing: Sizing,
    /// When a difference is worth a recommendation.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// What may be approved without a person. Absent: nothing, so that every recommendation waits for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve: Option<AutoApprove>,
    /// How a change is rolled out.
    #[serde(default)]
    pub rollout_strategy: RolloutStrategy,
    /// How a new size is made to last.
    #[serde(default)]
    pub delivery: Delivery,
    /// How a change is judged, and undone if the workload is worse than before.
    #[serde(default)]
    pub verification: Verification,
    /// When changes may start. None: always. Recommendations are made at any time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub windows: Vec<Window>,
    /// How much may change at once.
    #[serde(default)]
    pub limits: Limits,
    /// Stops this policy: its recommendations stay as they are and nothing is started. What is under way pauses; it can still
    /// be undone.
    #[serde(default)]
    pub suspend: bool,
}

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
    /// The currency of the amount.
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
    #[schemars(length(max = 512))]
    pub message: String,
    /// Up to five of them, as `Kind namespace/name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5), inner(length(max = 400)), extend("x-kubernetes-list-type" = "atomic"))]
    pub examples: Vec<String>,
}

fn default_kinds() -> Vec<SelectedKind> {
    use SelectedKind::{CronJob, DaemonSet, Deployment, Job, Rollout, StatefulSet};
    vec![Deployment, StatefulSet, DaemonSet, CronJob, Job, Rollout]
}
