//! Which Recommendations are decided on, or exported, all at once.
//!
//! In: bounds, and objects. Out: whether an object is within them. Pure.

use trimtab_api::{Approvable, approval::Decision, recommendation::Recommendation, risk::RiskLevel};

use crate::{
    carried::rolled_back,
    decision::{Decidable, Subject, standing},
    listing,
};

/// Bounds of a bulk approval, or of an export.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// Only of this policy.
    pub policy: Option<String>,
    /// At least this confidence.
    pub min_confidence: Option<i32>,
    /// At most this risk.
    pub max_risk: Option<RiskLevel>,
}

impl Bounds {
    /// Whether a Recommendation is within them. Unknown values are not.
    pub fn admit(&self, rec: &Recommendation) -> bool {
        let confidence = rec.status.as_ref().and_then(|s| s.confidence_percent);
        self.policy.as_deref().is_none_or(|p| listing::policy(rec) == Some(p))
            && self.min_confidence.is_none_or(|least| confidence.is_some_and(|c| c >= least))
            && self.max_risk.is_none_or(|most| listing::risk(rec).is_some_and(|level| level <= most))
    }
}

/// Whether a Recommendation is included in a bulk approval: nobody has decided on its present proposal, it was not undone
/// before, nothing else speaks against it, and it is within the bounds.
pub fn is_among(rec: &Recommendation, bounds: &Bounds, user: &str) -> bool {
    let was_undone = rec.shown_digest().is_some_and(|digest| rolled_back(rec, digest).is_some());
    let decided = rec.approval().is_some_and(|a| Some(a.proposal_digest.as_str()) == rec.shown_digest());
    let honoured = rec.honoured().is_some_and(|a| Some(a.proposal_digest.as_str()) == rec.shown_digest());
    matches!(standing(rec, Subject::Proposal, Decision::Approved, user), Decidable::Open(_))
        && !decided
        && !honoured
        && !was_undone
        && bounds.admit(rec)
}
