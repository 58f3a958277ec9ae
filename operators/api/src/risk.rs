//! How risky a change is, and why.
//!
//! In: nothing. Out: the level that approval goes by, and the type of `status.risk`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How risky a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RiskLevel {
    /// Nothing speaks against it.
    Low,
    /// One thing to look at.
    Medium,
    /// Somebody should decide.
    High,
    /// Likely to hurt.
    Critical,
}

impl RiskLevel {
    /// The level as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
}

/// How risky a change is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Risk {
    /// The highest level among the factors.
    pub level: RiskLevel,
    /// What was found, most serious first. None found: none listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["reason"]))]
    pub factors: Vec<RiskFactor>,
    /// The digest of the proposal that it is about, on what a person proposed: a person may change a proposal at any time. A
    /// risk that is about another digest than `status.proposalDigest` is not that of the present proposal, and counts as High.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub proposal_digest: Option<String>,
}

/// One fact that makes a change risky.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RiskFactor {
    /// The fact in one CamelCase word.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// How much it weighs.
    pub level: RiskLevel,
    /// The fact with its numbers.
    #[schemars(length(max = 512))]
    pub message: String,
}
