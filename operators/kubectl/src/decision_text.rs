//! What people read before they decide. In: an object; of a Recommendation, the present sizes as far as they are known. Out:
//! lines of text. Pure.

use trimtab_api::{recommendation::Recommendation, resources::ContainerResources, risk::RiskLevel};

use crate::{decided_on::DecidedOn, proposal, words};

/// What a decision is about, in one line, with the `present` sizes as far as they are known.
pub fn line(rec: &Recommendation, present: &[ContainerResources]) -> String {
    let mut parts = vec![words::full_name(rec), words::target(rec)];
    let [cpu, memory] = proposal::changes(rec, present);
    let changes = [("cpu", cpu), ("memory", memory)].into_iter().filter(|(_, text)| !text.is_empty());
    parts.extend(changes.map(|(what, text)| format!("{what} {text}")));
    if let Some(status) = &rec.status {
        if let Some(s) = &status.savings {
            let amount = words::amount(&s.monthly);
            parts.push(match amount.strip_prefix('-') {
                Some(more) => format!("costs {more} {} a month more", s.currency.0),
                None => format!("saves {amount} {} a month", s.currency.0),
            });
        }
        parts.extend(status.confidence_percent.map(|c| format!("confidence {c} %")));
        parts.extend(rec.present_risk().map(|r| format!("risk {}", r.level.as_str())));
        parts.extend(status.proposal_digest.as_deref().map(|d| words::short(d).to_owned()));
    }
    parts.join("  ")
}

/// Why its risk has to be confirmed, where it is High or Critical; `None` where it is not. What is not assessed yet may count
/// as High.
pub fn risk_warning<K: DecidedOn>(object: &K) -> Option<String> {
    let name = words::full_name(object);
    let Some(risk) = object.risk() else {
        let counts = object.is_high_until_assessed();
        return counts.then(|| format!("{name}: risk is not assessed yet, which counts as High"));
    };
    if risk.level < RiskLevel::High {
        return None;
    }
    let worst = risk.factors.iter().filter(|f| f.level >= RiskLevel::High);
    let worst: Vec<String> = worst.map(|f| format!("{}: {}", f.reason, f.message)).collect();
    let why = if worst.is_empty() { String::new() } else { format!(": {}", worst.join("; ")) };
    Some(format!("{name}: risk {}{why}", risk.level.as_str()))
}
