//! Recommendation: a proposal for a workload, and its approval.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    approval::Approval, recommendation_status::RecommendationStatus, resources::ContainerResources, risk::Risk,
    target::TargetRef,
};

/// What a recommendation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RecommendationType {
    /// CPU and memory requests and limits of containers.
    RightSize,
    /// The number of replicas.
    Replicas,
    /// The bounds or targets of a HorizontalPodAutoscaler.
    Autoscaling,
    /// An unused workload.
    Idle,
    /// Sizes or replicas that change by time of day.
    Schedule,
    /// The size of a volume.
    Volume,
    /// The nodes that workloads run on.
    NodePool,
}

/// The proposed values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.containers.all(c, has(c.requests.cpu) || has(c.requests.memory) || has(c.limits.cpu) || has(c.limits.memory))")
    .message("each container of a proposal must set at least one request or limit"))]
#[x_kube(validation = Rule::new("self.containers.all(c, !has(c.requests.cpu) || !has(c.limits.cpu) || quantity(string(c.requests.cpu)).compareTo(quantity(string(c.limits.cpu))) <= 0)")
    .message("requests.cpu must not be above limits.cpu: lower the request or raise the limit"))]
#[x_kube(validation = Rule::new("self.containers.all(c, !has(c.requests.memory) || !has(c.limits.memory) || quantity(string(c.requests.memory)).compareTo(quantity(string(c.limits.memory))) <= 0)")
    .message("requests.memory must not be above limits.memory: lower the request or raise the limit"))]
#[x_kube(validation = Rule::new("self.containers.all(c, (!has(c.requests.memory) || !string(c.requests.memory).matches('[num]$')) && (!has(c.limits.memory) || !string(c.limits.memory).matches('[num]$')))")
    .message("memory is a fraction of a byte: write for example 512Mi, not 512m"))]
// Atomic for server-side apply: a proposal is approved as a whole.
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Proposal {
    /// The containers and sidecars to change, each with all of its requests and limits after the change. Containers
    /// that are not listed are not changed.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerResources>,
}

/// Proposes a change to one workload, with its savings, confidence and risk.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trimtab.dev",
    version = "v1alpha1",
    kind = "Recommendation",
    namespaced,
    shortname = "rec",
    category = "trimtab",
    cel,
    status = "RecommendationStatus",
    doc = "Proposes a change to one workload, with its savings, confidence and risk.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status",
        priority = 1
    ),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(
        name = "CPU",
        type_ = "string",
        description = "Current and proposed CPU request of one pod.",
        json_path = ".status.summary.cpu"
    ),
    printcolumn(
        name = "Memory",
        type_ = "string",
        description = "Current and proposed memory request of one pod.",
        json_path = ".status.summary.memory"
    ),
    printcolumn(
        name = "Savings",
        type_ = "string",
        description = "Savings per month. Negative if the change costs more than it saves.",
        json_path = ".status.savings.monthly"
    ),
    printcolumn(
        name = "Conf%",
        type_ = "integer",
        description = "Lower bound of the share of past days on which this size would have been sufficient.",
        json_path = ".status.confidencePercent"
    ),
    printcolumn(name = "Risk", type_ = "string", json_path = ".status.risk.level"),
    printcolumn(
        name = "CPU Limit",
        type_ = "string",
        description = "Current and proposed CPU limits of one pod, if they change.",
        json_path = ".status.summary.cpuLimit",
        priority = 1
    ),
    printcolumn(
        name = "Memory Limit",
        type_ = "string",
        description = "Current and proposed memory limits of one pod, if they change.",
        json_path = ".status.summary.memoryLimit",
        priority = 1
    ),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type", priority = 1),
    printcolumn(name = "Workload", type_ = "string", json_path = ".spec.targetRef.name", priority = 1),
    printcolumn(name = "Policy", type_ = "string", json_path = ".spec.policyRef.name", priority = 1),
    printcolumn(name = "Currency", type_ = "string", json_path = ".status.savings.currency", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.type == oldSelf.type && self.targetRef.kind == oldSelf.targetRef.kind && self.targetRef.name == oldSelf.targetRef.name && self.targetRef.apiVersion.split('/')[0] == oldSelf.targetRef.apiVersion.split('/')[0]")
    .message("type, targetRef.kind, targetRef.name and the group of targetRef.apiVersion are immutable: create another recommendation"))]
#[x_kube(validation = Rule::new("self.type != 'RightSize' || (self.targetRef.apiVersion.startsWith('apps/') ? self.targetRef.kind in ['Deployment', 'StatefulSet', 'DaemonSet'] : self.targetRef.apiVersion.startsWith('batch/') ? self.targetRef.kind in ['CronJob', 'Job'] : self.targetRef.apiVersion.contains('.') && self.targetRef.apiVersion.contains('/'))")
    .message("type RightSize requires a Deployment, StatefulSet or DaemonSet of apps/v1, a CronJob or Job of batch/v1, a Rollout of argoproj.io, or a custom resource that is sized: fix targetRef.kind and targetRef.apiVersion"))]
#[x_kube(validation = Rule::new("self.proposal == oldSelf.proposal || !has(self.approval) || (has(oldSelf.approval) && self.approval == oldSelf.approval)")
    .message("proposal and approval cannot be changed in the same request: an approval requires a proposal whose digest the status already shows"))]
#[x_kube(validation = Rule::new("!has(self.approval) || !has(oldSelf.approval) || self.approval.approver == oldSelf.approval.approver || self.approval.decision != oldSelf.approval.decision || self.approval.proposalDigest != oldSelf.approval.proposalDigest")
    .message("approver cannot be changed without changing the decision: remove the approval, then decide in your own name"))]
pub struct RecommendationSpec {
    /// What the recommendation changes. `RightSize`: requests and limits of containers. `Replicas`: the number of
    /// replicas. `Autoscaling`: the bounds or targets of a HorizontalPodAutoscaler. `Idle`: an unused workload.
    /// `Schedule`: sizes or replicas that change by time of day. `Volume`: the size of a volume. `NodePool`: the
    /// nodes that workloads run on. Immutable.
    #[serde(rename = "type")]
    pub kind: RecommendationType,
    /// The workload to change, in the same namespace. Its API group, kind and name are immutable.
    pub target_ref: TargetRef,
    /// The policy that created this recommendation. Not set if a person created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_ref: Option<PolicyRef>,
    /// The proposed values. `status.patch` contains them as a patch, and `status.proposalDigest` is their digest.
    pub proposal: Proposal,
    /// The approval or rejection of this recommendation. Not set until somebody decides. It is valid for one digest
    /// only, and cannot be set in the same request as a new proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

/// The policy that created a recommendation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRef {
    /// The name of the OptimizationPolicy.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

impl Recommendation {
    /// The risk of the current proposal. A person's proposal can change at any time: if the risk was assessed for
    /// another digest than the status shows, it belongs to a former proposal. Then there is no risk yet, which counts
    /// as High.
    pub fn present_risk(&self) -> Option<&Risk> {
        let status = self.status.as_ref()?;
        let by_policy = self.spec.policy_ref.is_some();
        let is_present =
            |risk: &&Risk| risk.proposal_digest.is_some() && risk.proposal_digest == status.proposal_digest;
        status.risk.as_ref().filter(|risk| by_policy || is_present(risk))
    }
}
