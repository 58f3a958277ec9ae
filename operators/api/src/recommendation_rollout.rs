//! How far a Recommendation has been carried out: its approval, its gates, its rollout, its verdict, what it really saved.
//!
//! These parts of the status are all that survives a crash, so that a rollout goes on from the object alone.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    money::Currency,
    policy_rollout::DeliveryMode,
    recommendation::{ContainerResources, Decision},
};

/// Whether a person or a policy decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApproverKind {
    /// A person, by `spec.approval`.
    Person,
    /// A policy, by its `autoApprove`.
    Policy,
}

/// Who decided. A user may be named like a policy, so the kind is not told from the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Approver {
    /// Whether it is a person or a policy.
    pub kind: ApproverKind,
    /// The name of the user, or of the policy.
    #[schemars(length(min = 1, max = 317))]
    pub name: String,
}

impl Approver {
    /// A person with this user name.
    #[must_use]
    pub fn person(name: &str) -> Self {
        Self { kind: ApproverKind::Person, name: name.to_owned() }
    }

    /// The policy with this name.
    #[must_use]
    pub fn policy(name: &str) -> Self {
        Self { kind: ApproverKind::Policy, name: name.to_owned() }
    }
}

impl fmt::Display for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ApproverKind::Person => f.write_str(&self.name),
            ApproverKind::Policy => write!(f, "policy {}", self.name),
        }
    }
}

/// The decision that is honoured, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct HonouredApproval {
    /// Whether it was approved or rejected.
    pub decision: Decision,
    /// Who decided.
    pub by: Approver,
    /// The rule that let it: the approver's right, or the figures that satisfied `autoApprove`.
    #[schemars(length(max = 512))]
    pub rule: String,
    /// The digest of the proposal that it is for.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
    /// Since when it is honoured.
    pub since: Time,
}

/// A gate that keeps a change from being carried out at present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClosedGate {
    /// The gate's name, in one CamelCase word.
    #[schemars(length(min = 1, max = 63))]
    pub gate: String,
    /// Why it is closed, in one CamelCase word.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// Why, with the objects and numbers, and what opens it.
    #[schemars(length(max = 1024))]
    pub message: String,
}

/// Where a rollout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Stage {
    /// Pods of the present step get the new size.
    Resizing,
    /// The pods of the present step are watched before the next.
    Watching,
    /// The new size is being made to last.
    Delivering,
    /// All pods have the new size and are watched for the last time.
    Verifying,
    /// The former values are being restored.
    Undoing,
    /// It has come to its end; `result` says to which.
    Ended,
}

/// To which end a rollout came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RolloutResult {
    /// All pods have the new size and it lasts.
    Applied,
    /// The former values were restored.
    RolledBack,
    /// The workload was changed, replaced or deleted by somebody else; nothing is left to do here.
    Superseded,
}

/// What one check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Verdict {
    /// No worse than before.
    Pass,
    /// Worse than before: the change is undone.
    Fail,
    /// It cannot be said: the rollout pauses.
    Inconclusive,
}

/// A check of the workload after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The check's name: `Readiness`, `Restarts`, `OOMKills`, `Throttling`, `Pending`, `Neighbours`, `Autoscaler`, or
    /// `Query/NAME` for one of the policy.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// What it found.
    pub verdict: Verdict,
    /// Before and now, with numbers.
    #[schemars(length(max = 512))]
    pub message: String,
}

/// The answer of one query of the policy before the change. A decimal, because Kubernetes has no floats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueryBaseline {
    /// The query's name in the policy.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Its answer; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub value: Option<String>,
}

/// The workload before the change, to compare with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Baseline {
    /// Pods that were ready.
    pub ready_pods: i32,
    /// Restarts of all its containers together.
    pub restarts: i64,
    /// OOM kills seen by then.
    pub oom_kills: i64,
    /// Pods of the workload that waited for a node.
    pub pending_pods: i32,
    /// Pods of others on the same nodes that were ready.
    pub ready_neighbours: i32,
    /// Share of CPU periods in which it was throttled, in thousandths; absent where nothing is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_thousandths: Option<i32>,
    /// Replicas that an autoscaler wanted; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaler_replicas: Option<i32>,
    /// What the policy's queries answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub queries: Vec<QueryBaseline>,
}

/// Why the former values are restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Undo {
    /// Why, in one CamelCase word.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// Why, with what was seen.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// Since when.
    pub since: Time,
}

/// A rollout, under way or ended. It is written as one value, before the first pod is changed and after each step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct RolloutStatus {
    /// The digest of the proposal that it carries out.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
    /// Who approved it, as in `status.approval.by` at its start.
    pub approved_by: Approver,
    /// The uid of the workload that it changes.
    #[schemars(length(min = 1, max = 64))]
    pub target_uid: String,
    /// The fingerprint of the workload's pod template at its start, in hexadecimal.
    #[schemars(length(min = 1, max = 64))]
    pub template: String,
    /// Where it stands.
    pub stage: Stage,
    /// The present step, from 1.
    pub step: i32,
    /// How many steps there are.
    pub steps: i32,
    /// Progress in a few characters, such as `3/10`: pods that have the new size, and pods that there are.
    #[schemars(length(max = 24))]
    pub progress: String,
    /// When it began.
    pub started: Time,
    /// When the present stage began.
    pub stage_since: Time,
    /// What the containers had before, in every pod; undoing restores exactly this.
    #[schemars(length(min = 1, max = 64))]
    pub former: Vec<ContainerResources>,
    /// What the containers get. It stays while the rollout lasts.
    #[schemars(length(min = 1, max = 64))]
    pub desired: Vec<ContainerResources>,
    /// What the containers had before the first change that is still in force, where `former` is the size of an earlier change.
    /// Once this rollout was undone, another undo restores exactly this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub original: Vec<ContainerResources>,
    /// How the size is made to last, as it was decided at the start.
    pub delivery: DeliveryMode,
    /// Whether it has been made to last.
    #[serde(default)]
    pub delivered: bool,
    /// The workload before the change.
    pub baseline: Baseline,
    /// What the checks found last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub checks: Vec<Check>,
    /// Why the former values are restored, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// To which end it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<RolloutResult>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    /// How often in a row changes of this workload were undone; the back-off before the next grows with it.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub rollbacks: i32,
}

impl RolloutStatus {
    /// Whether it has not come to its end.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.stage != Stage::Ended
    }

    /// Whether a size is in force that this rollout, or the one before it, brought: pods have something else than they had
    /// before Trimtab changed them.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        match self.result {
            Some(RolloutResult::Applied) => true,
            Some(RolloutResult::RolledBack) => !self.original.is_empty(),
            Some(RolloutResult::Superseded) | None => false,
        }
    }
}

/// What a change really saved, by what the pods asked for and what their nodes cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct RealisedSavings {
    /// Per month of 730 hours at the present number of pods, as a decimal; negative where the change costs.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub monthly: String,
    /// Saved since the change, as a decimal.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub total: String,
    /// The currency of the amounts.
    pub currency: Currency,
    /// Pods that really have the new size now.
    pub pods: i32,
    /// Since when it counts.
    pub since: Time,
    /// Until when `total` is counted.
    pub until: Time,
}
