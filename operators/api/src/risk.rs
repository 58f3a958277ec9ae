//! The risk of a change and its reasons.
//!
//! In: nothing. Out: the level that automatic approval checks, and the type of `status.risk`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The level of risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RiskLevel {
    /// No known problem.
    Low,
    /// Something should be reviewed.
    Medium,
    /// A person should decide.
    High,
    /// Likely to cause harm.
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

/// The risk of a change and its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Risk {
    /// The highest level of all factors.
    pub level: RiskLevel,
    /// The risk factors, most serious first. Empty if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["reason"]))]
    pub factors: Vec<RiskFactor>,
    /// The digest of the proposal that was assessed. Set on a person's proposal, because a person may change it at
    /// any time. If it differs from `status.proposalDigest`, the current proposal has not been assessed yet, which
    /// counts as High.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub proposal_digest: Option<String>,
}

/// A fact that makes a change risky.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RiskFactor {
    /// The name of the factor, in CamelCase.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// The risk level of this factor.
    pub level: RiskLevel,
    /// The details, with values.
    #[schemars(length(max = 512))]
    pub message: String,
}
