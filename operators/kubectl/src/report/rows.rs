//! From the preview of a workload to its row. Pure.

use trimtab_optimization_policy::{
    held,
    outcome::Outcome,
    preview::{Looked, Previewed},
};
use trimtab_pricing::Money;

use super::{Container, Cpu, Memory, RECOMMENDED, RIGHT_SIZED, Row, cpu_text, memory_text};

/// What a workload would save; `None` where nothing is proposed.
pub(super) fn saved(previewed: &Previewed) -> Option<Money> {
    match &previewed.outcome {
        Outcome::Recommend(draft) => Some(draft.monthly),
        Outcome::RightSized | Outcome::Skip(_) => None,
    }
}

/// The row of one workload.
pub fn row(previewed: &Previewed) -> Row {
    let id = previewed.id();
    let mut row = Row {
        namespace: id.namespace.to_string(),
        kind: id.kind.label().to_owned(),
        name: id.name.to_string(),
        policy: Some(previewed.policy.clone()),
        containers: previewed.containers.iter().map(|c| container(c, &previewed.outcome)).collect(),
        ..Row::default()
    };
    match &previewed.outcome {
        Outcome::Recommend(draft) => {
            row.outcome = RECOMMENDED.to_owned();
            row.message.clone_from(&draft.explanation);
            row.cpu.clone_from(&draft.summary.cpu);
            row.memory.clone_from(&draft.summary.memory);
            row.cpu_limit.clone_from(&draft.summary.cpu_limit);
            row.memory_limit.clone_from(&draft.summary.memory_limit);
            row.monthly_savings = Some(draft.savings.monthly.clone());
            row.currency = Some(draft.savings.currency.0.clone());
            row.confidence_percent = Some(draft.confidence_percent);
            row.risk = Some(draft.risk.level.as_str().to_owned());
            row.risk_factors = draft.risk.factors.iter().map(|f| format!("{}: {}", f.reason, f.message)).collect();
        }
        Outcome::RightSized => {
            row.outcome = RIGHT_SIZED.to_owned();
            row.message = right_sized(&previewed.containers);
        }
        Outcome::Skip(skip) => {
            row.outcome = skip.reason().to_owned();
            row.message = match &previewed.fault {
                Some(fault) => format!("{}; {fault}", skip.message()),
                None => skip.message().to_owned(),
            };
        }
    }
    if !matches!(previewed.outcome, Outcome::Recommend(_)) {
        let sum = |of: fn(&Container) -> Option<i64>| row.containers.iter().filter_map(of).sum::<i64>();
        row.cpu = cpu_text(Some(sum(|c| c.cpu.request)).filter(|v| *v > 0));
        row.memory = memory_text(Some(sum(|c| c.memory.request)).filter(|v| *v > 0));
    }
    row
}

/// Why no change is proposed: it is sized correctly, a maximum prevents it, or too little was seen.
fn right_sized(containers: &[Looked]) -> String {
    let decided = || containers.iter().filter_map(|c| Some((c, c.decision.as_ref()?)));
    let mut parts: Vec<String> = decided().flat_map(|(c, decision)| held::by_maximum(&c.name, decision)).collect();
    parts.extend(decided().flat_map(|(c, decision)| held::not_lowered(&c.name, decision)));
    parts.extend(decided().flat_map(|(c, decision)| held::otherwise(&c.name, decision)));
    if parts.is_empty() {
        parts.push("its requests match what it needs, within the policy's thresholds".to_owned());
    }
    parts.extend(decided().filter_map(|(c, decision)| held::near_limit(&c.name, c.from, decision)));
    parts.join("; ")
}

fn container(looked: &Looked, outcome: &Outcome) -> Container {
    // A new value counts only where it is proposed: a decision may have been withdrawn for the pod as a whole.
    let to = if matches!(outcome, Outcome::Recommend(_)) { looked.to } else { looked.from };
    let measured = looked.evidence.as_ref();
    let cores = |value: f64| (value * 1000.0).ceil() as i64;
    let cpu = measured.filter(|e| e.cpu_samples > 0);
    // Percentiles come from a histogram, whose buckets end above the highest sample.
    let percentile = |value: f64, peak: f64| cores(value.min(peak));
    let memory = measured.filter(|e| e.memory_samples > 0);
    Container {
        name: looked.name.to_string(),
        cpu: Cpu {
            request: looked.from.cpu_request,
            limit: looked.from.cpu_limit,
            proposed_request: to.cpu_request,
            proposed_limit: to.cpu_limit,
            p50: cpu.map(|e| percentile(e.cpu_p50, e.cpu_peak)),
            p95: cpu.map(|e| percentile(e.cpu_p95, e.cpu_peak)),
            p99: cpu.map(|e| percentile(e.cpu_p99, e.cpu_peak)),
            maximum: cpu.map(|e| cores(e.cpu_peak)),
        },
        memory: Memory {
            request: looked.from.memory_request,
            limit: looked.from.memory_limit,
            proposed_request: to.memory_request,
            proposed_limit: to.memory_limit,
            typical_daily_peak: memory.map(|e| e.memory_typical_peak.ceil() as i64),
            maximum: memory.map(|e| e.memory_peak.ceil() as i64),
        },
        samples: measured.map_or(0, |e| e.cpu_samples),
        days: measured.map_or(0, |e| e.days),
        oom_kills: measured.map_or(0, |e| e.oom_kills),
        restarts: measured.map_or(0, |e| e.restarts),
        is_left_alone: looked.is_init || looked.is_excluded || looked.advice.is_some(),
        advice: looked.advice.clone(),
    }
}
