//! The reasons for a recommendation in plain words, with its numbers and what would change it.
//!
//! In: the decision. Out: a text of a few lines. Pure, and always from a template: no model writes here.

use trimtab_api::recommendation_status::{Risk, Savings};
use trimtab_sizing::{Bound, ContainerDecision, Note, RefuseReason, Sizes, Verdict};

use crate::{amount, decide::Decided, observed::Observed, validate::ValidatedPolicy};

/// Longest text, as the schema bounds it.
const MAX_LENGTH: usize = 4096;

/// Explains a recommendation.
pub fn explain(
    policy: &ValidatedPolicy,
    observed: &Observed<'_>,
    decided: &[Decided],
    confidence: i32,
    savings: &Savings,
    risk: &Risk,
) -> String {
    let mut lines = Vec::new();
    for d in decided {
        let Some(decision) = &d.decision else {
            if observed.workload.template.containers.len() > 1 {
                lines.push(format!("Container {} is left as it is.", d.sized.name));
            }
            continue;
        };
        container(policy, &d.sized.name, d.sized.from, d.sized.to, decision, &mut lines);
    }
    lines.push(money(savings));
    lines.push(sureness(decided, confidence));
    if let Some(first) = risk.factors.first() {
        lines.push(format!("Risk {}: {}.", risk.level.as_str(), first.message));
    }
    let mut text = lines.join("\n");
    let mut end = text.len().min(MAX_LENGTH);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

fn container(
    policy: &ValidatedPolicy,
    name: &str,
    from: Sizes,
    to: Sizes,
    d: &ContainerDecision,
    lines: &mut Vec<String>,
) {
    let e = &d.evidence;
    let percentile = policy.rules_for(name).map_or(policy.rules.cpu.percentile, |r| r.cpu.percentile);
    lines.push(format!(
        "Container {name}, {} days, {} samples: CPU p{percentile:.0} {}, peak {}; memory peak {}, of the last day {}.",
        e.days,
        e.cpu_samples,
        amount::measured_cpu(e.cpu_base),
        amount::measured_cpu(e.cpu_peak),
        amount::measured_memory(e.memory_peak),
        amount::measured_memory(e.memory_recent_peak),
    ));
    let part = |what: &str, from: Option<i64>, to: Option<i64>, format: fn(i64) -> String| {
        let one = |v: Option<i64>| v.map_or("unset".to_owned(), format);
        (from != to).then(|| format!("{what} {} → {}", one(from), one(to)))
    };
    let changes: Vec<String> = [
        part("CPU request", from.cpu_request, to.cpu_request, amount::cpu),
        part("CPU limit", from.cpu_limit, to.cpu_limit, amount::cpu),
        part("memory request", from.memory_request, to.memory_request, amount::memory),
        part("memory limit", from.memory_limit, to.memory_limit, amount::memory),
    ]
    .into_iter()
    .flatten()
    .collect();
    lines.push(if changes.is_empty() { "It stays as it is.".to_owned() } else { format!("{}.", changes.join(", ")) });
    for (resource, decision) in [("CPU", &d.cpu), ("Memory", &d.memory)] {
        if let Verdict::Refuse { reason } = decision.request {
            lines.push(format!("{resource}: {}.", refusal(reason)));
        }
        for bound in &decision.bounds {
            lines.push(format!("{resource}: {}.", bounded(*bound, d)));
        }
    }
    for note in &d.notes {
        if let Some(text) = noted(*note, d) {
            lines.push(format!("{text}."));
        }
    }
}

fn refusal(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::NoSamples => "nothing was measured, so nothing is said",
        RefuseReason::InsufficientHistory => "less history than the policy asks for, so nothing is said",
        RefuseReason::StaleHistory => "the newest sample is too old, so nothing is said",
        RefuseReason::HpaOnThisResource => {
            "an autoscaler scales on its utilisation, so another request would move the set point; it stays"
        }
        RefuseReason::ContradictingBounds => "the bounds leave no value",
    }
}

fn bounded(bound: Bound, d: &ContainerDecision) -> String {
    match bound {
        Bound::RuleMinimum => "raised to the least that the policy allows".to_owned(),
        Bound::RuleMaximum => "held at the most that the policy allows; usage asks for more".to_owned(),
        Bound::LimitRangeMinimum => "raised to the least that the namespace's LimitRange allows".to_owned(),
        Bound::LimitRangeMaximum => "held at the most that the namespace's LimitRange allows".to_owned(),
        Bound::LimitRangeRatio => "moved to keep the ratio of limit to request that the LimitRange asks for".to_owned(),
        Bound::CurrentLimit => "held at the limit, which the policy keeps".to_owned(),
        Bound::OomKill => format!(
            "raised above {}, at which it was OOM-killed {} times",
            amount::measured_memory(d.evidence.oom_bytes),
            d.evidence.oom_kills
        ),
        Bound::Throttling => {
            format!("raised because {:.0} % of its CPU periods were throttled", d.evidence.throttled_percent)
        }
        Bound::RuntimeHeap => "not lowered, because the runtime sizes its heap from it".to_owned(),
    }
}

fn noted(note: Note, d: &ContainerDecision) -> Option<String> {
    match note {
        Note::Throttled => {
            Some(format!("It was throttled in {:.0} % of its CPU periods", d.evidence.throttled_percent))
        }
        Note::MemoryGrows => {
            Some(format!("Its memory grows by {:.1} % a day: look for a leak", d.evidence.memory_trend_percent_per_day))
        }
        Note::RecentChange => Some("Its usage changed within the last days".to_owned()),
        Note::ShortHistory => Some(format!("Only {} days of it are known; more would make it surer", d.evidence.days)),
        Note::SamplesRefused => Some("Some samples were no amounts and were left out".to_owned()),
        Note::OomKilled | Note::RuntimeHeapFromLimit => None,
    }
}

fn money(savings: &Savings) -> String {
    let (verb, amount) = match savings.monthly.strip_prefix('-') {
        Some(amount) => ("Costs", amount),
        None => ("Frees", savings.monthly.as_str()),
    };
    let estimate = if savings.estimated { " (estimated)" } else { "" };
    format!(
        "{verb} {amount} {} a month over {} pods, by {}{estimate}.",
        savings.currency.0, savings.pods, savings.price_source
    )
}

fn sureness(decided: &[Decided], confidence: i32) -> String {
    let weakest = decided
        .iter()
        .filter(|d| d.sized.changes())
        .filter_map(|d| d.decision.as_ref())
        .map(|d| d.confidence)
        .min_by_key(|c| c.percent)
        .unwrap_or_default();
    format!(
        "Replayed over {} past days, it would have held on {}: {confidence} % is the lower bound.",
        weakest.days_scored, weakest.days_held
    )
}
