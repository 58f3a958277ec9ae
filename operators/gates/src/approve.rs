//! Approval by the policy, within its limits.
//!
//! In: the policy's rule, the figures of the status, the mode of the workload. Out: by which rule it approves, or why it
//! does not.

use trimtab_api::{approval::AutoApprove, mode::Mode, risk::RiskLevel};
use trimtab_core::text::cut;
use trimtab_engine::mode::UnreadableMode;
use trimtab_pricing::Money;

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
/// the annotations of the workload and its namespace, see [`trimtab_engine::mode::mode`].
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

#[cfg(test)]
mod tests;
