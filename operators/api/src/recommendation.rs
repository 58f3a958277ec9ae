//! Recommendation: one proposal for one workload, with its approval.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{quantity::Quantity, recommendation_status::RecommendationStatus};

/// What a recommendation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RecommendationType {
    /// CPU and memory requests and limits of containers.
    RightSize,
    /// The number of replicas.
    Replicas,
    /// The bounds or targets of a HorizontalPodAutoscaler.
    Autoscaling,
    /// A workload that nobody uses.
    Idle,
    /// Sizes or replicas that follow the clock.
    Schedule,
    /// A volume's size.
    Volume,
    /// The nodes under the workloads.
    NodePool,
}

/// The workload that a recommendation is for. It is always one of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetRef {
    /// The API group and version, such as `apps/v1`.
    #[schemars(length(min = 1, max = 317))]
    pub api_version: String,
    /// The kind, such as `Deployment`.
    #[schemars(length(min = 1, max = 63))]
    pub kind: String,
    /// The name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The uid of the very object that was looked at, so that one made anew under the same name is told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub uid: Option<String>,
}

/// Amounts of the two resources that are sized. What is absent is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// CPU, such as `250m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory, such as `512Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

/// Requests and limits of one container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerResources {
    /// The container's name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// What the scheduler sets aside for it.
    #[serde(default)]
    pub requests: Resources,
    /// What it may use at most.
    #[serde(default)]
    pub limits: Resources,
}

/// What would be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// Containers and sidecars whose resources would change, with all their requests and limits afterwards. Containers
    /// that are not named stay as they are.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerResources>,
}

/// Whether somebody agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Decision {
    /// Do it.
    Approved,
    /// Don't.
    Rejected,
}

/// Who agrees to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Whether the approver agrees.
    pub decision: Decision,
    /// The approver's user name, as the API server knows it.
    #[schemars(length(min = 1, max = 253))]
    pub approver: String,
    /// Why, in the approver's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub reason: Option<String>,
    /// The digest of the proposal that is meant, as the status shows it.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
}

/// Proposes a change to one workload, with what it saves, how sure it is and how risky.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trimtab.dev",
    version = "v1alpha1",
    kind = "Recommendation",
    namespaced,
    shortname = "rec",
    category = "trimtab",
    status = "RecommendationStatus",
    doc = "Proposes a change to one workload, with what it saves, how sure it is and how risky.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status", priority = 1),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "CPU", type_ = "string", description = "CPU request of one pod, now and proposed.", json_path = ".status.summary.cpu"),
    printcolumn(name = "Memory", type_ = "string", description = "Memory request of one pod, now and proposed.", json_path = ".status.summary.memory"),
    printcolumn(name = "Savings", type_ = "string", description = "Savings a month; negative where the change costs.", json_path = ".status.savings.monthly"),
    printcolumn(name = "Sure%", type_ = "integer", description = "Share of past days on which this size would have held, as a lower bound.", json_path = ".status.confidencePercent"),
    printcolumn(name = "Risk", type_ = "string", json_path = ".status.risk.level"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type", priority = 1),
    printcolumn(name = "Workload", type_ = "string", json_path = ".spec.targetRef.name", priority = 1),
    printcolumn(name = "Policy", type_ = "string", json_path = ".spec.policyRef.name", priority = 1),
    printcolumn(name = "Currency", type_ = "string", json_path = ".status.savings.currency", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].message", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.type == oldSelf.type && self.targetRef.kind == oldSelf.targetRef.kind && self.targetRef.name == oldSelf.targetRef.name")
    .message("a recommendation stays about one workload: type, targetRef.kind and targetRef.name cannot change"))]
#[x_kube(validation = Rule::new("self.proposal.containers.all(c, has(c.requests.cpu) || has(c.requests.memory) || has(c.limits.cpu) || has(c.limits.memory))")
    .message("each container of a proposal must set at least one request or limit"))]
pub struct RecommendationSpec {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: RecommendationType,
    /// The workload that it is for, in the same namespace.
    pub target_ref: TargetRef,
    /// The policy that made it. Absent on what a person proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_ref: Option<PolicyRef>,
    /// What would be set.
    pub proposal: Proposal,
    /// Who agrees to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

/// The policy that made a recommendation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRef {
    /// The name of an OptimizationPolicy.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}
