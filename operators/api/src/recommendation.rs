//! Recommendation: one proposal for one workload, with its approval.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    approval::Approval, recommendation_status::RecommendationStatus, resources::ContainerResources, risk::Risk,
    target::TargetRef,
};

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

/// What would be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.containers.all(c, has(c.requests.cpu) || has(c.requests.memory) || has(c.limits.cpu) || has(c.limits.memory))")
    .message("each container of a proposal must set at least one request or limit"))]
#[x_kube(validation = Rule::new("self.containers.all(c, !has(c.requests.cpu) || !has(c.limits.cpu) || quantity(string(c.requests.cpu)).compareTo(quantity(string(c.limits.cpu))) <= 0)")
    .message("requests.cpu is above limits.cpu, which no pod may have: lower the request or raise the limit"))]
#[x_kube(validation = Rule::new("self.containers.all(c, !has(c.requests.memory) || !has(c.limits.memory) || quantity(string(c.requests.memory)).compareTo(quantity(string(c.limits.memory))) <= 0)")
    .message("requests.memory is above limits.memory, which no pod may have: lower the request or raise the limit"))]
#[x_kube(validation = Rule::new("self.containers.all(c, (!has(c.requests.memory) || !string(c.requests.memory).matches('[num]$')) && (!has(c.limits.memory) || !string(c.limits.memory).matches('[num]$')))")
    .message("memory is in parts of a byte: write 512Mi, not 512m"))]
// One value for server-side apply: a proposal is agreed to as a whole.
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Proposal {
    /// Containers and sidecars whose resources would change, with all their requests and limits afterwards. Containers
    /// that are not named stay as they are.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerResources>,
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
    cel,
    status = "RecommendationStatus",
    doc = "Proposes a change to one workload, with what it saves, how sure it is and how risky.",
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
        description = "CPU request of one pod, now and proposed.",
        json_path = ".status.summary.cpu"
    ),
    printcolumn(
        name = "Memory",
        type_ = "string",
        description = "Memory request of one pod, now and proposed.",
        json_path = ".status.summary.memory"
    ),
    printcolumn(
        name = "Savings",
        type_ = "string",
        description = "Savings a month; negative where the change costs.",
        json_path = ".status.savings.monthly"
    ),
    printcolumn(
        name = "Conf%",
        type_ = "integer",
        description = "Share of past days on which this size would have held, as a lower bound.",
        json_path = ".status.confidencePercent"
    ),
    printcolumn(name = "Risk", type_ = "string", json_path = ".status.risk.level"),
    printcolumn(
        name = "CPU Limit",
        type_ = "string",
        description = "CPU limits of one pod that change, now and proposed.",
        json_path = ".status.summary.cpuLimit",
        priority = 1
    ),
    printcolumn(
        name = "Memory Limit",
        type_ = "string",
        description = "Memory limits of one pod that change, now and proposed.",
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
    .message("a recommendation stays about one workload: type, targetRef.kind, targetRef.name and the group of targetRef.apiVersion cannot change"))]
#[x_kube(validation = Rule::new("self.type != 'RightSize' || (self.targetRef.apiVersion.startsWith('apps/') ? self.targetRef.kind in ['Deployment', 'StatefulSet', 'DaemonSet'] : self.targetRef.apiVersion.startsWith('batch/') ? self.targetRef.kind in ['CronJob', 'Job'] : self.targetRef.apiVersion.contains('.') && self.targetRef.apiVersion.contains('/'))")
    .message("RightSize is for a Deployment, StatefulSet or DaemonSet of apps/v1, a CronJob or Job of batch/v1, a Rollout of argoproj.io, or a custom resource that is sized: mend targetRef.kind and targetRef.apiVersion"))]
#[x_kube(validation = Rule::new("self.proposal == oldSelf.proposal || !has(self.approval) || (has(oldSelf.approval) && self.approval == oldSelf.approval)")
    .message("change the proposal or the approval, not both at once: an approval is for a proposal whose digest the status already shows"))]
#[x_kube(validation = Rule::new("!has(self.approval) || !has(oldSelf.approval) || self.approval.approver == oldSelf.approval.approver || self.approval.decision != oldSelf.approval.decision || self.approval.proposalDigest != oldSelf.approval.proposalDigest")
    .message("who decided cannot be rewritten under the same decision: remove the approval, then decide in your own name"))]
pub struct RecommendationSpec {
    /// What it is about. `RightSize`: requests and limits of containers. `Replicas`: the number of replicas.
    /// `Autoscaling`: a HorizontalPodAutoscaler's bounds or targets. `Idle`: a workload that nobody uses. `Schedule`:
    /// what follows the clock. `Volume`: a volume's size. `NodePool`: the nodes under the workloads. It cannot change.
    #[serde(rename = "type")]
    pub kind: RecommendationType,
    /// The workload that it is for, in the same namespace. Its kind and name cannot change.
    pub target_ref: TargetRef,
    /// The policy that made it. Absent on what a person proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_ref: Option<PolicyRef>,
    /// What would be set. `status.patch` shows it as a patch, `status.proposalDigest` is its digest.
    pub proposal: Proposal,
    /// Who agrees to it. Absent: nobody yet. It is given for one digest and cannot be set together with a new proposal.
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
