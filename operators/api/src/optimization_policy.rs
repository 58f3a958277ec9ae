//! OptimizationPolicy: selects workloads, and defines how they are sized, approved and rolled out.

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
    /// batch/v1 CronJobs. The Jobs of a CronJob count as its runs.
    CronJob,
    /// batch/v1 Jobs that are not owned by a CronJob.
    Job,
    /// argoproj.io/v1alpha1 Rollouts. Their pods are resized in place. Their pod templates are never changed.
    Rollout,
    /// Custom resources of the kinds passed to the controller with `--workload-kinds`, such as OpenKruise CloneSets.
    /// Their pods are resized in place. Their pod templates are never changed.
    Custom,
}

/// Selects workloads and defines how they are right-sized and which changes are approved automatically.
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
    doc = "Selects workloads and defines how they are right-sized and which changes are approved automatically.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Workloads", type_ = "integer", json_path = ".status.workloads.selected"),
    printcolumn(name = "Recommended", type_ = "integer", json_path = ".status.workloads.recommended"),
    printcolumn(name = "Skipped", type_ = "integer", json_path = ".status.workloads.skipped"),
    printcolumn(
        name = "Savings",
        type_ = "string",
        description = "Savings per month if all recommendations were applied.",
        json_path = ".status.savings.monthly"
    ),
    printcolumn(name = "Currency", type_ = "string", json_path = ".status.savings.currency", priority = 1),
    printcolumn(
        name = "Realised",
        type_ = "string",
        description = "Actual savings per month from applied changes.",
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
    .message("exactly one of targetNamespaces and namespaceSelector must be set, to select namespaces"))]
#[x_kube(validation = Rule::new("!has(self.targetNamespaces) || self.targetNamespaces.all(n, n.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'))")
    .message(concat!("targetNamespaces must contain names of namespaces, not patterns: ", all_but_some!())))]
#[x_kube(validation = Rule::new("!has(self.autoApprove) || self.delivery.mode != 'Manual'")
    .message("autoApprove cannot be used with delivery.mode Manual, where a person applies every change: remove autoApprove or choose another mode"))]
#[x_kube(validation = Rule::new("self.metrics.source != 'MetricsServer' || !has(self.verification.queries) || size(self.verification.queries) == 0")
    .message("verification.queries require Prometheus: set metrics.source to Prometheus or Auto, or remove the queries"))]
pub struct OptimizationPolicySpec {
    /// The names of the namespaces whose workloads are selected. Exactly one of `targetNamespaces` and
    /// `namespaceSelector` must be set. A namespace that does not exist is reported, and the others are still
    /// analyzed. Patterns are not allowed: to select all namespaces except some, use `namespaceSelector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub target_namespaces: Option<Vec<String>>,
    /// Selects namespaces by label. A namespace that gets a matching label later is selected from then on. An empty
    /// selector is rejected. To select all namespaces except some:
    /// `{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Selects workloads by the labels of the workload itself, not of its pods. If not set, all workloads in the
    /// selected namespaces are selected. An empty selector is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_selector: Option<LabelSelector>,
    /// The kinds of workloads to select. Jobs that are owned by a CronJob count as runs of that CronJob.
    #[serde(default = "default_kinds")]
    #[schemars(length(min = 1, max = 7), extend("x-kubernetes-list-type" = "atomic"))]
    pub kinds: Vec<SelectedKind>,
    /// Decides which policy applies to a workload that several policies select. The policy with the higher priority
    /// wins, then the older policy, then the policy whose name comes first alphabetically.
    #[serde(default)]
    #[schemars(range(min = -1000, max = 1000))]
    pub priority: i32,
    /// The source of usage data.
    #[serde(default)]
    pub metrics: Metrics,
    /// How much usage history is used.
    #[serde(default)]
    pub history: History,
    /// How containers are sized.
    #[serde(default)]
    pub sizing: Sizing,
    /// The minimum difference for which a recommendation is made.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// Which recommendations are approved automatically. If not set, every recommendation waits for a person's
    /// approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve: Option<AutoApprove>,
    /// How an approved change is rolled out.
    #[serde(default)]
    pub rollout_strategy: RolloutStrategy,
    /// How a new size is made permanent.
    #[serde(default)]
    pub delivery: Delivery,
    /// How a workload is checked after a change. If it is worse than before, the change is undone.
    #[serde(default)]
    pub verification: Verification,
    /// When changes may start. If empty, changes may start at any time. Recommendations are made at any time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub windows: Vec<Window>,
    /// How many changes may run at the same time, and how often.
    #[serde(default)]
    pub limits: Limits,
    /// Suspends this policy. Its recommendations are no longer updated, and no rollout starts. Rollouts in progress
    /// pause, and can still be undone.
    #[serde(default)]
    pub suspend: bool,
}

fn default_kinds() -> Vec<SelectedKind> {
    use SelectedKind::{CronJob, Custom, DaemonSet, Deployment, Job, Rollout, StatefulSet};
    vec![Deployment, StatefulSet, DaemonSet, CronJob, Job, Rollout, Custom]
}
