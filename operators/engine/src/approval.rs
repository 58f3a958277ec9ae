//! Which decision on a change is honoured: a person's, or that of its policy.
//!
//! In: the approval in the spec, the policy's verdict, whether the guard is in force. Out: the one decision honoured for
//! this digest, or the gate that is closed because it cannot be determined.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    approval::{Approval, Approver, ApproverKind, Decision, HonouredApproval},
    gates::ClosedGate,
};

/// A policy's verdict on a change.
#[derive(Clone, Copy, Debug)]
pub struct Auto<'a> {
    /// The policy.
    pub policy: &'a str,
    /// By which rule it approves, with figures; or why it does not.
    pub answer: &'a Result<String, String>,
}

/// The inputs that determine the honoured decision.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// `spec.approval`.
    pub spec: Option<&'a Approval>,
    /// The digest of what is proposed now.
    pub digest: &'a str,
    /// The digest of the change that is under way or in force.
    pub applied: Option<&'a str>,
    /// Whether the guard is in force.
    pub guard: Result<(), ClosedGate>,
    /// The policy's verdict; `None` if no policy made the change, or it has no `autoApprove`.
    pub auto: Option<Auto<'a>>,
    /// The uid of the workload; `None` if there is none.
    pub target_uid: Option<&'a str>,
    /// `status.approval`.
    pub earlier: Option<&'a HonouredApproval>,
    /// Whether the change with this very digest is under way.
    pub under_way: bool,
    /// The time.
    pub now: Timestamp,
}

/// The decision that is honoured for this digest, if any.
///
/// - A person's rejection of an earlier proposal that is in force causes an undo, whatever is proposed now.
/// - A person's decision for this digest takes precedence over the policy's. One for another digest has no effect.
/// - A person's approval holds for the workload that there was when it was first honoured, and keeps its uid. The gate
///   `Target` blocks it for another one of the name. A record of an earlier version has no uid: one that waits gets the
///   present one, once; one that is under way or in force needs none.
/// - A policy's approval stays valid while that rollout is under way, even if a figure moves a little: otherwise a
///   point of confidence would undo half a rollout. Removing `autoApprove` from the policy withdraws it.
/// - Without the guard anybody might have written the approval, its removal, or the figures that the policy evaluates.
///   Then nothing is honoured, and a rollout under way neither goes forward nor is undone.
///
/// # Errors
/// The gate that is closed because the guard is missing, if there is anything to honour or withdraw.
pub fn honoured(question: &Question<'_>) -> Result<Option<HonouredApproval>, ClosedGate> {
    let found = found(question);
    if found.is_some() || question.under_way {
        question.guard.clone()?;
    }
    Ok(found)
}

fn found(q: &Question<'_>) -> Option<HonouredApproval> {
    let person = q.spec.filter(|a| a.counts(q.digest, q.applied));
    let digest = person.map_or(q.digest, |a| &a.proposal_digest);
    let earlier = q.earlier.filter(|e| e.proposal_digest == digest);
    let (decision, by, rule) = match (person, q.auto) {
        (Some(person), _) => {
            let rule = match person.decision {
                Decision::Approved => "approved by a person who holds the verb approve",
                Decision::Rejected => "rejected by a person who holds the verb approve",
            };
            (person.decision, Approver::person(&person.approver), rule.to_owned())
        }
        (None, Some(auto)) => {
            let by = Approver::policy(auto.policy);
            let kept = earlier.filter(|e| q.under_way && e.by == by && e.decision == Decision::Approved);
            match (auto.answer, kept) {
                (_, Some(kept)) => return Some(kept.clone()),
                (Ok(rule), None) => (Decision::Approved, by, rule.clone()),
                (Err(_), None) => return None,
            }
        }
        (None, None) => return None,
    };
    let binds = decision == Decision::Approved && by.kind == ApproverKind::Person;
    let target_uid = binds.then(|| q.target_uid.unwrap_or_default().to_owned());
    // Figures move with every sample: the recorded rule keeps those with which it was first satisfied.
    if let Some(same) = earlier.filter(|e| e.decision == decision && e.by == by) {
        let waits = q.applied != Some(digest);
        let kept = same.target_uid.clone().or_else(|| target_uid.filter(|_| waits));
        return Some(HonouredApproval { target_uid: kept, ..same.clone() });
    }
    Some(HonouredApproval { decision, by, rule, proposal_digest: digest.to_owned(), since: Time(q.now), target_uid })
}

/// Whether a person approved what has this digest after it was rejected. Times are written in whole seconds: an approval
/// of the same second counts.
pub fn is_later_yes(approval: Option<&HonouredApproval>, digest: &str, rejected: Timestamp) -> bool {
    approval.is_some_and(|approval| {
        approval.by.kind == ApproverKind::Person
            && approval.decision == Decision::Approved
            && approval.proposal_digest == digest
            && approval.since.0 >= rejected
    })
}

#[cfg(test)]
mod tests;
