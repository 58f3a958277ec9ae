//! Approval: a person's decision, automatic approval by a policy, and the decision that is honoured.
//!
//! In: nothing. Out: the types of `spec.approval`, `spec.autoApprove` and `status.approval`.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{money::Amount, risk::RiskLevel};

/// The pattern of text that people read on one line: without control characters, which a terminal would interpret;
/// without those that change the direction of writing, which can make it read as something else; and without line
/// separators and invisible characters, which can hide text or make two texts look the same.
pub const ONE_LINE_PATTERN: &str = r"^[^\p{Cc}\x{00AD}\x{061C}\x{200B}\x{200E}\x{200F}\x{2028}-\x{202E}\x{2060}\x{2066}-\x{2069}\x{FEFF}\x{E0000}-\x{E007F}]*$";

/// The decision on a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Decision {
    /// The change is approved.
    Approved,
    /// The change is rejected.
    Rejected,
}

/// The approval or rejection of a recommendation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The decision: `Approved` or `Rejected`.
    pub decision: Decision,
    /// The user name of the approver, as authenticated by the API server.
    #[schemars(length(min = 1, max = 253), regex(pattern = ONE_LINE_PATTERN))]
    pub approver: String,
    /// The reason, in the approver's own words. One line without control characters, line separators, invisible
    /// characters and those that change the direction of writing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024), regex(pattern = ONE_LINE_PATTERN))]
    pub reason: Option<String>,
    /// The digest of the proposal, copied from `status.proposalDigest`. The approval has no effect if it does not
    /// match the current proposal. To undo an earlier proposal that is in force, set `decision` to `Rejected` and
    /// copy `status.rollout.proposalDigest`.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
}

impl Approval {
    /// Whether it has an effect: it is for the current proposal, or it rejects the `applied` one, which is being
    /// rolled out or in force.
    pub fn counts(&self, digest: &str, applied: Option<&str>) -> bool {
        self.proposal_digest == digest
            || (self.decision == Decision::Rejected && applied == Some(&self.proposal_digest))
    }
}

/// Which recommendations are approved automatically. All conditions must be met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.maxRiskLevel != 'Critical'")
    .message("maxRiskLevel must be Low, Medium or High: a change of risk Critical always needs a person's approval"))]
pub struct AutoApprove {
    /// The minimum confidence, in percent: the lower bound of the share of past days on which the size would have
    /// been sufficient.
    #[schemars(range(min = 50, max = 100))]
    pub min_confidence_percent: i32,
    /// The maximum risk: `Low`, `Medium` or `High`. `Critical` is not allowed: such a change always needs a person's
    /// approval.
    pub max_risk_level: RiskLevel,
    /// The minimum savings per month, in the price book's currency. If not set, savings are not checked, and changes
    /// that add resources are approved too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_monthly_savings: Option<Amount>,
}

/// Whether a person or a policy decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApproverKind {
    /// A person, by `spec.approval`.
    Person,
    /// A policy, by its `autoApprove`.
    Policy,
}

/// Who decided. The kind is stored because a user may have the same name as a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Approver {
    /// Whether it is a person or a policy.
    pub kind: ApproverKind,
    /// The name of the user or of the policy.
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

/// The decision that is honoured, and the rule that allowed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct HonouredApproval {
    /// The decision: `Approved` or `Rejected`.
    pub decision: Decision,
    /// Who decided.
    pub by: Approver,
    /// The rule that allowed the decision: the approver's RBAC permission, or the values that satisfied
    /// `autoApprove`.
    #[schemars(length(max = 512))]
    pub rule: String,
    /// The digest of the proposal.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
    /// The time since which the decision is honoured.
    pub since: Time,
    /// The uid of the workload that a person's approval holds for, the one that existed when the approval was first
    /// honoured. Empty if there was none. Not set for rejections and for approvals by policies. An approval of an
    /// earlier version of Trimtab that still waits gets that of the present workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub target_uid: Option<String>,
}
