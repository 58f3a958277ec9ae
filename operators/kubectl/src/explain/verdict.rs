//! What would change the verdict: in the policy, in the risk, in the proposal itself.

use trimtab_api::{
    approval::AutoApprove, optimization_policy::OptimizationPolicySpec, recommendation::Recommendation, risk::RiskLevel,
};
use trimtab_pricing::Money;

use crate::words;

/// One line for each thing that would change the outcome.
pub fn changes(rec: &Recommendation, policy: Option<&OptimizationPolicySpec>) -> String {
    let mut lines = Vec::new();
    if rec.spec.policy_ref.is_some() {
        lines.push(
            "Usage: from 5 % more or 10 % less than proposed, there is a new proposal, which needs a new approval."
                .to_owned(),
        );
    }
    lines.extend(risk(rec));
    match (policy, policy.and_then(|p| p.auto_approve.as_ref())) {
        (Some(policy), _) if policy.suspend => {
            lines.push("Policy: it is suspended; nothing starts until it is resumed.".to_owned());
        }
        (Some(_), Some(rule)) => lines.push(auto_approval(rec, rule)),
        (Some(_), None) => {
            lines.push("Policy: it approves nothing by itself; with spec.autoApprove it could.".to_owned())
        }
        (None, _) if rec.spec.policy_ref.is_some() => {
            lines.push(
                "Policy: not known here whether it would approve by itself: the policy cannot be read.".to_owned(),
            );
        }
        (None, _) => {}
    }
    lines.join("\n")
}

/// The risk without its most serious factors.
fn risk(rec: &Recommendation) -> Option<String> {
    let risk = rec.present_risk()?;
    if risk.level == RiskLevel::Low {
        return None;
    }
    let worst: Vec<&str> = risk.factors.iter().filter(|f| f.level == risk.level).map(|f| f.reason.as_str()).collect();
    let rest = risk.factors.iter().map(|f| f.level).filter(|l| *l < risk.level).max().unwrap_or(RiskLevel::Low);
    (!worst.is_empty()).then(|| format!("Risk: without {} it would be {}.", worst.join(" and "), rest.as_str()))
}

/// What prevents a policy from approving it automatically.
fn auto_approval(rec: &Recommendation, rule: &AutoApprove) -> String {
    let status = rec.status.as_ref();
    let mut short = Vec::new();
    match status.and_then(|s| s.confidence_percent) {
        Some(c) if c >= rule.min_confidence_percent => {}
        Some(c) => short.push(format!("confidence is {c} %, at least {} % is required", rule.min_confidence_percent)),
        None => short.push("confidence is not known".to_owned()),
    }
    match status.and_then(|s| s.risk.as_ref()).map(|r| r.level) {
        Some(level) if level <= rule.max_risk_level => {}
        Some(level) => {
            short.push(format!("risk is {}, at most {} is allowed", level.as_str(), rule.max_risk_level.as_str()));
        }
        None => short.push("risk is not known".to_owned()),
    }
    if let Some(least) = &rule.min_monthly_savings {
        let enough = Money::parse_signed(&least.0).ok().zip(words::savings(rec)).is_some_and(|(least, s)| s >= least);
        if !enough {
            short.push(format!("savings are below {} a month", least.0));
        }
    }
    match short.is_empty() {
        true if words::rejected_before(rec).is_some() => {
            "Policy: within its autoApprove, but the same size was rejected before, so only a person can approve it."
                .to_owned()
        }
        true => "Policy: within its autoApprove, so nobody has to approve it.".to_owned(),
        false => format!("Policy: it would approve it by itself, but {}.", short.join("; ")),
    }
}
