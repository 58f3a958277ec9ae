//! The reasons for a recommendation in plain words, with its numbers and what would change it.
//!
//! In: the decision. Out: a text of a few lines. Pure, and always from a template: no model writes here.

use trimtab_api::recommendation_status::{Risk, Savings};
use trimtab_sizing::{Bound, ContainerDecision, LimitMode, Note, RefuseReason, ResourceDecision, Verdict};

use crate::{
    amount,
    decide::{Decided, Left},
    evidence::{self, AveragePods},
    sized::SizedContainer,
    text::{count, cut},
    validate::ValidatedPolicy,
};

/// Longest text, as the schema bounds it.
const MAX_LENGTH: usize = 4096;

/// What is said beside the containers.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// How many pods run on average.
    pub pods: AveragePods,
    /// What the change saves.
    pub savings: &'a Savings,
    /// How risky it is.
    pub risk: &'a Risk,
}

/// Explains a recommendation: each container with what it used and what would change, then money, sureness and risk. Where
/// there are too many containers for the text, the last ones are counted, and the rest is still said.
pub fn explain(policy: &ValidatedPolicy, decided: &[Decided], told: &Told<'_>) -> String {
    let mut end = vec![money(told), sureness(decided)];
    if let Some(first) = told.risk.factors.first() {
        end.push(format!("Risk {}: {}.", told.risk.level.as_str(), first.message));
    }
    let end = end.join("\n");
    // What would change is said first.
    let mut order: Vec<&Decided> = decided.iter().filter(|d| d.sized.changes()).collect();
    order.extend(decided.iter().filter(|d| !d.sized.changes()));
    let mut text = String::new();
    for (nth, d) in order.iter().enumerate() {
        let lines = about(policy, d, decided.len() == 1);
        let more = format!("And {}.\n", count((order.len() - nth) as u64, "further container"));
        if text.len() + lines.len() + more.len() + end.len() > MAX_LENGTH {
            text.push_str(&more);
            break;
        }
        text.push_str(&lines);
    }
    text.push_str(&end);
    cut(text, MAX_LENGTH)
}

fn about(policy: &ValidatedPolicy, d: &Decided, alone: bool) -> String {
    let mut lines = Vec::new();
    match &d.decision {
        Ok(decision) => container(policy, &d.sized, decision, &mut lines),
        Err(_) if alone => return String::new(),
        Err(left) => lines.push(format!("Container {} is left as it is: {}.", d.sized.name, left_because(*left))),
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn left_because(left: Left) -> &'static str {
    match left {
        Left::Init => "it is an init container, which counts in the pod's request but is not sized",
        Left::Excluded => "the policy excludes it",
        Left::Unmeasured => "nothing was ever measured of it",
    }
}

fn container(policy: &ValidatedPolicy, sized: &SizedContainer, d: &ContainerDecision, lines: &mut Vec<String>) {
    let e = &d.evidence;
    lines.push(format!(
        "Container {}, {}, {}: CPU at most {} in {} % of its samples, peak {}; memory peak {}, of the last day {}.",
        sized.name,
        count(e.days, "day"),
        count(e.cpu_samples, "sample"),
        amount::measured_cpu(e.cpu_base.min(e.cpu_peak)),
        evidence::whole_percent(e.cpu_covered_percent),
        amount::measured_cpu(e.cpu_peak),
        amount::measured_memory(e.memory_peak),
        amount::measured_memory(e.memory_recent_peak),
    ));
    let changes = changes(sized);
    lines.push(if changes.is_empty() { "It stays as it is.".to_owned() } else { format!("{}.", changes.join(", ")) });
    let rules = policy.rules_for(&sized.name);
    for (resource, decision, changes, mode, limit) in [
        ("CPU", &d.cpu, sized.cpu_changes(), rules.map(|r| r.cpu.limit), sized.to.cpu_limit),
        ("Memory", &d.memory, sized.memory_changes(), rules.map(|r| r.memory.limit), sized.to.memory_limit),
    ] {
        about_resource(resource, decision, changes, d, lines);
        if mode == Some(LimitMode::Remove) && limit.is_some() {
            lines.push(format!("{resource}: the limit stays, because the namespace demands one."));
        }
    }
    lines.extend(d.notes.iter().filter_map(|note| noted(*note, d)).map(|text| format!("{text}.")));
}

fn changes(sized: &SizedContainer) -> Vec<String> {
    let (from, to) = (sized.from, sized.to);
    let part = |what: &str, from: Option<i64>, to: Option<i64>, format: fn(i64) -> String| {
        let one = |v: Option<i64>| v.map_or("unset".to_owned(), format);
        (from != to).then(|| format!("{what} {} → {}", one(from), one(to)))
    };
    [
        part("CPU request", from.cpu_request, to.cpu_request, amount::cpu),
        part("CPU limit", from.cpu_limit, to.cpu_limit, amount::cpu),
        part("memory request", from.memory_request, to.memory_request, amount::memory),
        part("memory limit", from.memory_limit, to.memory_limit, amount::memory),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn about_resource(
    resource: &str,
    decision: &ResourceDecision,
    changes: bool,
    d: &ContainerDecision,
    lines: &mut Vec<String>,
) {
    match decision.request {
        Verdict::Refuse { reason } => lines.push(format!("{resource}: {}.", refusal(reason))),
        Verdict::Resize { from, to } if !changes && from != Some(to) => {
            lines.push(format!("{resource}: close enough to what usage asks for, so it stays."));
        }
        _ => {
            for bound in &decision.bounds {
                lines.push(format!("{resource}: {}.", bounded(*bound, resource, d)));
            }
        }
    }
}

fn refusal(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::NoSamples => "nothing was measured, so it stays",
        RefuseReason::InsufficientHistory => "less history than the policy asks for, so it stays",
        RefuseReason::StaleHistory => "the newest sample is too old, so it stays",
        RefuseReason::HpaOnThisResource => {
            "an autoscaler scales on its utilisation, so another request would move the set point; it stays"
        }
        RefuseReason::ContradictingBounds => "the bounds of the policy and the namespace leave no value, so it stays",
    }
}

fn bounded(bound: Bound, resource: &str, d: &ContainerDecision) -> String {
    match bound {
        Bound::RuleMinimum => "raised to the least that the policy or an annotation allows".to_owned(),
        Bound::RuleMaximum => {
            "held at the most that the policy or an annotation allows; usage asks for more".to_owned()
        }
        Bound::LimitRangeMinimum => "raised to the least that the namespace's LimitRange allows".to_owned(),
        Bound::LimitRangeMaximum => {
            "held at the most that the namespace's LimitRange allows; usage asks for more".to_owned()
        }
        Bound::LimitRangeRatio => "moved to keep the ratio of limit to request that the LimitRange asks for".to_owned(),
        Bound::CurrentLimit => "held at its limit; usage asks for more".to_owned(),
        Bound::OomKill => format!(
            "raised above {}, at which it was OOM-killed {}",
            amount::measured_memory(d.evidence.oom_bytes),
            count(d.evidence.oom_kills, "time"),
        ),
        Bound::Throttling => format!(
            "raised because {:.0} % of its {resource} periods were throttled: what it used is less than what it wanted",
            d.evidence.throttled_percent
        ),
        Bound::RuntimeHeap => "not lowered, because the runtime sizes its heap from it".to_owned(),
    }
}

fn noted(note: Note, d: &ContainerDecision) -> Option<String> {
    let e = &d.evidence;
    match note {
        Note::Throttled if d.cpu.bounds.contains(&Bound::Throttling) => None,
        Note::Throttled => Some(format!("It was throttled in {:.0} % of its CPU periods", e.throttled_percent)),
        Note::MemoryGrows => {
            Some(format!("Its memory grows by {:.1} % a day: look for a leak", e.memory_trend_percent_per_day))
        }
        Note::RecentChange => Some(format!(
            "The last day differs from what was usual: memory peak {} against {}",
            amount::measured_memory(e.memory_recent_peak),
            amount::measured_memory(e.memory_typical_peak),
        )),
        Note::ShortHistory => Some(format!("Only {} of it are known; more would make it surer", count(e.days, "day"))),
        Note::SamplesRefused => Some("Some samples were no amounts and were left out".to_owned()),
        Note::OomKilled if d.memory.bounds.contains(&Bound::OomKill) => None,
        Note::OomKilled => Some(format!(
            "It was OOM-killed {} at {}",
            count(e.oom_kills, "time"),
            amount::measured_memory(e.oom_bytes)
        )),
        Note::RuntimeHeapFromLimit => None,
    }
}

fn money(told: &Told<'_>) -> String {
    let savings = told.savings;
    let (verb, amount) = match savings.monthly.strip_prefix('-') {
        Some(amount) => ("Costs", amount),
        None => ("Frees", savings.monthly.as_str()),
    };
    let over = if told.pods.runs_at_times {
        format!("for {}", count(told.pods.hours_a_month(), "pod hour"))
    } else {
        format!("over {}", count(savings.pods.unsigned_abs(), "pod"))
    };
    // The source says itself what was assumed, where it knows.
    let estimate = if savings.estimated && !savings.price_source.contains("estimate") { " (estimated)" } else { "" };
    format!("{verb} {amount} {} a month {over}, priced by {}{estimate}.", savings.currency.0, savings.price_source)
}

fn sureness(decided: &[Decided]) -> String {
    let c = evidence::weakest(decided);
    if c.days_scored == 0 {
        return "It could not be replayed over past days yet, so nothing is said about how sure it is.".to_owned();
    }
    format!(
        "Replayed over {}, it would have held on {}: {} % is the lower bound.",
        count(c.days_scored, "past day"),
        c.days_held,
        c.percent
    )
}

#[cfg(test)]
mod tests;
