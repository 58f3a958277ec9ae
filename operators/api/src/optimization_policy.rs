//! OptimizationPolicy: which workloads, how they are sized, what may be applied without a person, how it is rolled out.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::policy_status::{
    OptimizationPolicyStatus, PolicyRealisedSavings, PolicySavings, SkippedWorkloads, UnownedPods, WorkloadCounts,
};
use crate::{
    approval::AutoApprove,
    delivery::Delivery,
    limits::Limits,
    policy_sizing::{History, Metrics, Sizing, Thresholds},
    rollout_strategy::RolloutStrategy,
    selector::{LabelSelector, all_but_some},
    verification::Verification,
    windows::Window,
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
    /// Custom resources of the kinds that the controller was told of by `--workload-kinds`, such as OpenKruise's
    /// CloneSets. Their pods are resized in place, and their templates are left to people.
    Custom,
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
#[x_kube(validation = Rule::new("!has(self.targetNamespaces) || self.targetNamespaces.all(n, n.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'))")
    .message(concat!("targetNamespaces takes names of namespaces, not patterns: ", all_but_some!())))]
#[x_kube(validation = Rule::new("!has(self.autoApprove) || self.delivery.mode != 'Manual'")
    .message("autoApprove and delivery.mode Manual contradict each other: with Manual a person applies every change; remove autoApprove or choose another mode"))]
#[x_kube(validation = Rule::new("self.metrics.source != 'MetricsServer' || !has(self.verification.queries) || size(self.verification.queries) == 0")
    .message("verification.queries are asked of Prometheus: set metrics.source to Prometheus or Auto, or remove the queries"))]
pub struct OptimizationPolicySpec {
    /// The namespaces whose workloads are selected, by name. Exactly one of `targetNamespaces` and `namespaceSelector` is
    /// set. One that does not exist is reported and the others are still looked at. Names only, no patterns: what selects all
    /// namespaces but some is `namespaceSelector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub target_namespaces: Option<Vec<String>>,
    /// The namespaces whose workloads are selected, by label; namespaces that get the label later count from then on. An
    /// empty selector is refused. All namespaces but some:
    /// `{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Only workloads whose own labels (not those of their pods) are selected. Absent: all of those namespaces. An empty
    /// selector is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_selector: Option<LabelSelector>,
    /// Only workloads of these kinds. Jobs that a CronJob owns count as its runs.
    #[serde(default = "default_kinds")]
    #[schemars(length(min = 1, max = 7), extend("x-kubernetes-list-type" = "atomic"))]
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

fn default_kinds() -> Vec<SelectedKind> {
    use SelectedKind::{CronJob, Custom, DaemonSet, Deployment, Job, Rollout, StatefulSet};
    vec![Deployment, StatefulSet, DaemonSet, CronJob, Job, Rollout, Custom]
}
