//! Approval: what a person says, what a policy approves by itself, and which decision is honoured.
//!
//! In: nothing. Out: the types of `spec.approval`, `spec.autoApprove` and `status.approval`.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{money::Amount, risk::RiskLevel};

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
    /// Whether the approver agrees: `Approved` or `Rejected`.
    pub decision: Decision,
    /// The approver's user name, as the API server knows it.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^\P{Cc}*$"))]
    pub approver: String,
    /// Why, in the approver's words: one line, without control characters, which a terminal would obey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024), regex(pattern = r"^\P{Cc}*$"))]
    pub reason: Option<String>,
    /// The digest of the proposal that is meant, copied from `status.proposalDigest`. An approval whose digest is not that
    /// of the present proposal has no effect. To have an earlier proposal undone that is in force, say Rejected with
    /// `status.rollout.proposalDigest`.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
}

impl Approval {
    /// Whether it has an effect: it is for the proposal as it stands, or it says no to what is `carried` out or in force.
    pub fn counts(&self, digest: &str, carried: Option<&str>) -> bool {
        self.proposal_digest == digest
            || (self.decision == Decision::Rejected && carried == Some(&self.proposal_digest))
    }
}

/// What may be approved without a person. All three must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.maxRiskLevel != 'Critical'")
    .message("maxRiskLevel cannot be Critical: a person decides on what is likely to hurt; write Low, Medium or High"))]
pub struct AutoApprove {
    /// Least measured confidence, in percent: the lower bound of the share of past days on which the size would have held.
    #[schemars(range(min = 50, max = 100))]
    pub min_confidence_percent: i32,
    /// Highest risk that is approved: `Low`, `Medium` or `High`. `Critical` is refused: what is `Critical` always waits for a
    /// person.
    pub max_risk_level: RiskLevel,
    /// Least savings a month, in the price book's currency. Absent: any, also changes that cost more because they add what
    /// is missing.
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
