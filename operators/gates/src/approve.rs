//! Approval: by a person, or by the policy within its limits; and which decision is honoured.
//!
//! In: the approval in the spec, the policy's rule, the figures of the status, whether the guard is in force. Out: the
//! one decision honoured for this digest, or the gate that is closed because it cannot be determined.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    approval::{Approval, Approver, ApproverKind, AutoApprove, Decision, HonouredApproval},
    gates::ClosedGate,
    mode::Mode,
    risk::RiskLevel,
};
use trimtab_pricing::Money;

use trimtab_core::text::cut;

use crate::mode::UnreadableMode;

/// The longest rule that the schema accepts.
const MAX_RULE: usize = 512;

/// The figures in a recommendation's status that auto-approval evaluates.
#[derive(Clone, Copy, Debug)]
pub struct Figures<'a> {
    /// The measured confidence in percent.
    pub confidence_percent: Option<i32>,
    /// The risk.
    pub risk: Option<RiskLevel>,
    /// Monthly savings, as a decimal.
    pub monthly: Option<&'a str>,
    /// Their currency.
    pub currency: &'a str,
}

/// Evaluates a policy's rule for a recommendation: returns the rule with its figures if it approves. `mode` comes from
/// the annotations of the workload and its namespace, see [`crate::mode::mode`].
///
/// # Errors
/// Why it is not approved, for people to read.
pub fn auto_approve(
    policy: &str,
    rule: &AutoApprove,
    figures: Figures<'_>,
    mode: &Result<(Mode, bool), UnreadableMode>,
) -> Result<String, String> {
    let not = |why: String| Err(format!("autoApprove of policy {policy} does not approve it: {why}"));
    match mode {
        Ok((Mode::Apply, _)) => {}
        Ok((mode, _)) => return not(format!("trimtab.dev/mode is {mode:?}")),
        Err(unreadable) => return not(format!("trimtab.dev/mode is {:?}, which is not a mode", unreadable.value)),
    }
    let Some(risk) = figures.risk else { return not("its risk is not known".to_owned()) };
    if risk == RiskLevel::Critical {
        return not("a Critical risk needs a person's approval".to_owned());
    }
    if risk > rule.max_risk_level {
        return not(format!("its risk is {}, above maxRiskLevel {}", risk.as_str(), rule.max_risk_level.as_str()));
    }
    let Some(confidence) = figures.confidence_percent else { return not("its confidence is not known".to_owned()) };
    if confidence < rule.min_confidence_percent {
        let least = rule.min_confidence_percent;
        return not(format!("its confidence is {confidence} %, below minConfidencePercent {least}"));
    }
    let mut text = format!(
        "confidence {confidence} % ≥ {} %, risk {} ≤ {}",
        rule.min_confidence_percent,
        risk.as_str(),
        rule.max_risk_level.as_str()
    );
    if let Some(least) = &rule.min_monthly_savings {
        let currency = figures.currency;
        let Some((monthly, saved)) = figures.monthly.and_then(|m| Some((m, Money::parse_signed(m).ok()?))) else {
            return not("its savings are not known".to_owned());
        };
        let Ok(wanted) = Money::parse_signed(&least.0) else {
            return not(format!("minMonthlySavings {:?} is not an amount such as 5 or 2.50", least.0));
        };
        if saved < wanted {
            return not(format!("it saves {monthly} {currency} a month, below minMonthlySavings {}", least.0));
        }
        text += &format!(", savings {monthly} {currency} ≥ {} {currency} a month", least.0);
    }
    Ok(cut(&text, MAX_RULE))
}

/// A policy's verdict on a recommendation.
#[derive(Clone, Copy, Debug)]
pub struct Auto<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The result of [`auto_approve`].
    pub answer: &'a Result<String, String>,
}

/// The inputs that determine the honoured decision.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// `spec.approval`.
    pub spec: Option<&'a Approval>,
    /// The digest of the present proposal.
    pub digest: &'a str,
    /// The digest of the change that is under way or in force.
    pub applied: Option<&'a str>,
    /// Whether the guard is in force.
    pub guard: Result<(), ClosedGate>,
    /// The policy's verdict; `None` if no policy created the recommendation, or it has no `autoApprove`.
    pub auto: Option<Auto<'a>>,
    /// The uid of the workload; `None` if there is none.
    pub target_uid: Option<&'a str>,
    /// `status.approval`.
    pub earlier: Option<&'a HonouredApproval>,
    /// Whether a rollout of this very digest is under way.
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

#[cfg(test)]
mod tests;
