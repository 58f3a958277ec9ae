//! Deciding on Recommendations: what can be decided, and what is written.
//!
//! In: objects and the user's name. Out: patches and words. Pure.

use serde_json::{Value, json};
use trimtab_api::{
    approval::{Approver, ApproverKind, Decision},
    conditions::{recommendation as reasons, types},
    recommendation::Recommendation,
    risk::RiskLevel,
    rollout::{RolloutResult, RolloutStatus, Stage},
};
use trimtab_engine::gates::back_off::REJECTED_BEFORE;
use trimtab_rollout::undone;

use crate::{listing, undo, words};

/// The state of a decision before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decidable {
    /// It may be written, for this digest.
    Open(String),
    /// It has been made already, whoever made it: Trimtab honours it, or has not processed it yet.
    Made(String),
    /// It has been made, but Trimtab does not honour it, or not for the present workload: only one that is made anew
    /// can count.
    Again {
        /// The digest to make it for.
        digest: String,
        /// What there is to say about it.
        note: String,
    },
    /// It cannot be made.
    Impossible(String),
}

/// What a decision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The present proposal.
    Proposal,
    /// The change being rolled out, or in force. That may be of an earlier proposal than the present one.
    Rollout,
}

impl Subject {
    /// The digest that identifies it.
    pub fn digest(self, rec: &Recommendation) -> Option<&str> {
        match self {
            Self::Proposal => words::digest(rec),
            Self::Rollout => rollout(rec).map(|r| r.proposal_digest.as_str()),
        }
    }
}

/// The digest of an earlier proposal, where that one is in force.
pub fn earlier_in_force(rec: &Recommendation) -> Option<&str> {
    let applied = rollout(rec).filter(|r| r.is_in_force())?;
    (words::digest(rec) != Some(&applied.proposal_digest)).then_some(&applied.proposal_digest)
}

/// The state of `user`'s decision on a Recommendation.
pub fn standing(rec: &Recommendation, subject: Subject, decision: Decision, user: &str) -> Decidable {
    let name = words::full_name(rec);
    let Some(digest) = subject.digest(rec) else {
        return Decidable::Impossible(format!(
            "{name} has no digest yet, so there is nothing to decide on: Trimtab has not processed it; see \
             kubectl trimtab status"
        ));
    };
    if rec.metadata.deletion_timestamp.is_some() {
        return Decidable::Impossible(format!("{name} is being deleted"));
    }
    if decision == Decision::Approved
        && let Some(r) = rolled_back(rec, digest)
        && undone::rejected(r).is_none()
    {
        let why = r.undo.as_ref().map(|u| format!(" ({}: {})", u.reason, u.message)).unwrap_or_default();
        return Decidable::Impossible(format!(
            "{name} was applied and rolled back{why}: only what a person rejected can be approved again; wait for another \
             proposal"
        ));
    }
    if decision == Decision::Approved && is_for_another(rec, digest) {
        let note = format!("the former approval of {name} was not given for the present workload: it is given anew");
        return Decidable::Again { digest: digest.to_owned(), note };
    }
    if decision == Decision::Approved && is_before_undo(rec, digest) {
        let note = format!("the former approval of {name} was given before the same was undone: it is given anew");
        return Decidable::Again { digest: digest.to_owned(), note };
    }
    match made(rec, subject, decision, digest, user) {
        None => Decidable::Open(digest.to_owned()),
        Some(made) if is_honoured(rec, decision, digest) || !is_refused(rec) => Decidable::Made(made),
        Some(made) => Decidable::Again {
            digest: digest.to_owned(),
            note: format!("{made}, but Trimtab does not honour that: it is decided anew"),
        },
    }
}

/// That the decision on this `digest` stands in the object, and who made it, honoured or not; `None` where it does not,
/// or is spent: then the same has to be decided once more.
pub fn made(rec: &Recommendation, subject: Subject, decision: Decision, digest: &str, user: &str) -> Option<String> {
    let given = rec.spec.approval.as_ref();
    let given = given.filter(|a| a.decision == decision && a.proposal_digest == digest)?;
    if subject == Subject::Rollout && undo::is_spent(rec) {
        return None;
    }
    let name = words::full_name(rec);
    let by = if given.approver == user { "you" } else { &given.approver };
    let is_left = |r: &RolloutStatus| r.is_in_force() || r.stage != Stage::Ended;
    let undoes = subject == Subject::Rollout && decision == Decision::Rejected;
    Some(match undoes && rollout(rec).is_some_and(is_left) {
        true => format!("{name} is already being undone: {by} rejected it"),
        false => format!("{name} was already {} by {by}", verb(decision)),
    })
}

/// Whether Trimtab honours this decision, whoever made it.
pub(crate) fn is_honoured(rec: &Recommendation, decision: Decision, digest: &str) -> bool {
    let honoured = rec.status.as_ref().and_then(|s| s.approval.as_ref());
    honoured.is_some_and(|h| h.decision == decision && h.proposal_digest == digest)
}

/// Whether Trimtab has processed what is decided. Where it does not honour that, it refuses to, rather than not having
/// seen it yet: it says so, or has written what it makes of the present spec. `PendingApproval` proves nothing: the
/// policy's figures are written together with it. Nor does `ApprovalGuardOutdated`: the decision counts once the guard is
/// that of the release.
fn is_refused(rec: &Recommendation) -> bool {
    let conditions = rec.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
    conditions.iter().find(|c| c.type_ == types::READY).is_some_and(|ready| {
        let reason = ready.reason.as_str();
        let is_of_present_spec =
            ready.observed_generation.is_some() && ready.observed_generation == rec.metadata.generation;
        [reasons::APPROVAL_NOT_PROVEN, reasons::APPROVAL_GUARD_MISSING].contains(&reason)
            || (is_of_present_spec && ![reasons::PENDING_APPROVAL, reasons::APPROVAL_GUARD_OUTDATED].contains(&reason))
    })
}

/// Whether an approval of this digest is honoured, but holds for another workload of that name, or was given when there
/// was none. Where the target has a uid, approving it anew would not help.
fn is_for_another(rec: &Recommendation, digest: &str) -> bool {
    let mut gates = rec.status.iter().flat_map(|s| &s.gates);
    rec.spec.target_ref.uid.is_none()
        && is_honoured(rec, Decision::Approved, digest)
        && gates.any(|g| g.gate == "Target" && g.reason == "TargetReplaced")
}

/// The rollout of this digest, where it was undone.
fn rolled_back<'a>(rec: &'a Recommendation, digest: &str) -> Option<&'a RolloutStatus> {
    rollout(rec).filter(|r| r.result == Some(RolloutResult::RolledBack) && r.proposal_digest == digest)
}

/// Whether a person's approval of this digest is honoured, but was given before a person rejected the same, here or on
/// another Recommendation.
fn is_before_undo(rec: &Recommendation, digest: &str) -> bool {
    let honoured = rec.status.as_ref().and_then(|s| s.approval.as_ref());
    let by_person = honoured.is_some_and(|h| h.by.kind == ApproverKind::Person);
    let here = rolled_back(rec, digest).is_some_and(|r| !undone::is_approved_again(r, honoured));
    let mut gates = rec.status.iter().flat_map(|s| &s.gates);
    by_person
        && is_honoured(rec, Decision::Approved, digest)
        && (here || gates.any(|g| g.reason == REJECTED_BEFORE.word))
}

/// Whether Trimtab still honours this decision of `user`. It tells two like decisions of one person apart by what lies
/// between them, so the first has to be seen to be withdrawn.
pub fn is_recorded(rec: &Recommendation, decision: Decision, digest: &str, user: &str) -> bool {
    let honoured = rec.status.as_ref().and_then(|s| s.approval.as_ref());
    is_honoured(rec, decision, digest) && honoured.is_some_and(|h| h.by == Approver::person(user))
}

/// `approved` or `rejected`.
pub fn verb(decision: Decision) -> &'static str {
    match decision {
        Decision::Approved => "approved",
        Decision::Rejected => "rejected",
    }
}

/// The merge patch that writes a decision. It applies only to the very object that was read.
pub fn patch(rec: &Recommendation, decision: Decision, user: &str, digest: &str, reason: Option<&str>) -> Value {
    json!({
        "metadata": {"resourceVersion": rec.metadata.resource_version, "uid": rec.metadata.uid},
        // An absent reason is written as null, so that the previous one is removed.
        "spec": {"approval": {"decision": decision, "approver": user, "reason": reason, "proposalDigest": digest}},
    })
}

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
    let status = rec.status.as_ref();
    let was_undone = words::digest(rec).is_some_and(|digest| rolled_back(rec, digest).is_some());
    let decided = rec.spec.approval.as_ref().is_some_and(|a| Some(a.proposal_digest.as_str()) == words::digest(rec));
    let honoured = status
        .and_then(|s| s.approval.as_ref())
        .is_some_and(|a| Some(a.proposal_digest.as_str()) == words::digest(rec));
    matches!(standing(rec, Subject::Proposal, Decision::Approved, user), Decidable::Open(_))
        && !decided
        && !honoured
        && !was_undone
        && bounds.admit(rec)
}

/// The state of its rollout, past or present.
pub(crate) fn rollout(rec: &Recommendation) -> Option<&RolloutStatus> {
    rec.status.as_ref()?.rollout.as_ref()
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
