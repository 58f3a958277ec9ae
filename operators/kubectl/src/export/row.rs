//! From a Recommendation to a row of a report. Pure.

use trimtab_api::{
    evidence::ContainerEvidence, quantity::Quantity, recommendation::Recommendation, resources::ContainerResources,
};
use trimtab_optimization_policy::amount;

use crate::{
    listing, proposal,
    report::{Container, Cpu, Memory, Row},
    words,
};

/// The row of one Recommendation: its status as the outcome, and the evidence that it holds.
pub(super) fn row(rec: &Recommendation) -> Row {
    let status = rec.status.as_ref();
    let summary = status.and_then(|s| s.summary.as_ref());
    let [cpu, memory] = match summary {
        Some(summary) => [summary.cpu.clone(), summary.memory.clone()],
        None => proposal::changes(rec, &proposal::present(rec, None)),
    };
    let savings = status.and_then(|s| s.savings.as_ref());
    let risk = rec.present_risk();
    let explanation = status.and_then(|s| s.explanation.clone());
    Row {
        namespace: rec.metadata.namespace.clone().unwrap_or_default(),
        kind: rec.spec.target_ref.kind.clone(),
        name: rec.spec.target_ref.name.clone(),
        policy: listing::policy(rec).map(str::to_owned),
        policy_today: None,
        outcome: words::status_word(rec).to_owned(),
        message: explanation.or_else(|| words::ready(rec).map(|(_, said)| said.to_owned())).unwrap_or_default(),
        cpu,
        memory,
        cpu_limit: summary.and_then(|s| s.cpu_limit.clone()),
        memory_limit: summary.and_then(|s| s.memory_limit.clone()),
        monthly_savings: savings.map(|s| s.monthly.clone()),
        currency: savings.map(|s| s.currency.0.clone()),
        confidence_percent: status.and_then(|s| s.confidence_percent),
        risk: risk.map(|risk| risk.level.as_str().to_owned()),
        risk_factors: risk
            .map(|risk| risk.factors.iter().map(|f| format!("{}: {}", f.reason, f.message)).collect())
            .unwrap_or_default(),
        containers: rec.spec.proposal.containers.iter().map(|to| container(rec, to)).collect(),
    }
}

fn container(rec: &Recommendation, to: &ContainerResources) -> Container {
    let status = rec.status.as_ref();
    let from = status.and_then(|s| s.current.iter().find(|c| c.name == to.name));
    let evidence = status.and_then(|s| s.evidence.as_ref());
    let seen = evidence.and_then(|e| e.containers.iter().find(|c| c.name == to.name));
    let cpu = |quantity: Option<&Quantity>| quantity.and_then(|q| amount::millicores(&q.0));
    let memory = |quantity: Option<&Quantity>| quantity.and_then(|q| amount::bytes(&q.0));
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let few = |n: i32| u32::try_from(n).unwrap_or(0);
    Container {
        name: to.name.clone(),
        cpu: Cpu {
            request: cpu(from.and_then(|c| c.requests.cpu.as_ref())),
            limit: cpu(from.and_then(|c| c.limits.cpu.as_ref())),
            proposed_request: cpu(to.requests.cpu.as_ref()),
            proposed_limit: cpu(to.limits.cpu.as_ref()),
            p50: cpu(seen.and_then(|c| c.cpu_p50.as_ref())),
            p95: cpu(seen.and_then(p95)),
            p99: cpu(seen.and_then(|c| c.cpu_p99.as_ref())),
            maximum: cpu(seen.and_then(|c| c.cpu_peak.as_ref())),
        },
        memory: Memory {
            request: memory(from.and_then(|c| c.requests.memory.as_ref())),
            limit: memory(from.and_then(|c| c.limits.memory.as_ref())),
            proposed_request: memory(to.requests.memory.as_ref()),
            proposed_limit: memory(to.limits.memory.as_ref()),
            typical_daily_peak: memory(seen.and_then(|c| c.memory_typical_peak.as_ref())),
            maximum: memory(seen.and_then(|c| c.memory_peak.as_ref())),
        },
        samples: seen.map_or(0, |c| count(c.cpu_samples)),
        days: evidence.map_or(0, |e| few(e.replayed_days)),
        oom_kills: seen.map_or(0, |c| few(c.oom_kills)),
        restarts: seen.map_or(0, |c| few(c.restarts)),
        is_left_alone: false,
        advice: None,
    }
}

/// The 95th percentile, also of evidence that has only the one on which the request is based.
fn p95(seen: &ContainerEvidence) -> Option<&Quantity> {
    seen.cpu_p95.as_ref().or(seen.cpu_usage.as_ref().filter(|_| seen.cpu_percentile == Some(95)))
}
