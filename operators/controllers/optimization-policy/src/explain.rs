//! The reasons for a Recommendation in plain words, with its numbers and what would change it.
//!
//! In: the decision. Out: a text of a few lines. Pure, and always from a template: no model writes here.

use trimtab_api::{risk::Risk, savings::Savings};
use trimtab_sizing::{ContainerDecision, Evidence, LimitMode, ResourceDecision, Verdict};

use crate::{
    amount,
    decided::{Decided, Left},
    evidence::{self, AveragePods},
    peaks,
    sized::SizedContainer,
    text::{count, cut},
    uneven::Uneven,
    validate::ValidatedPolicy,
};

pub(crate) use words::last_day;
pub use words::{at_least, own_kills};
use words::{bounded, left_because, noted, refusal};

/// Longest text, as the schema bounds it.
const MAX_LENGTH: usize = 4096;

/// The context of the explanation besides the containers.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The average number of pods.
    pub pods: AveragePods,
    /// The savings of the change.
    pub savings: &'a Savings,
    /// Its risk.
    pub risk: &'a Risk,
    /// Sample interval, in seconds.
    pub step_seconds: i64,
    /// That most of its pods use little of it.
    pub uneven: Option<&'a Uneven>,
}

/// Explains a Recommendation: each container with its usage and its change, then money, confidence and risk. If there
/// are too many containers for the text, the last ones are only counted, and the rest is still included.
pub fn explain(policy: &ValidatedPolicy, decided: &[Decided], told: &Told<'_>) -> String {
    let mut end: Vec<String> = resolution(decided, told.step_seconds).into_iter().collect();
    end.push(money(told));
    if let Some(uneven) = told.uneven {
        end.push(format!("Every {} gets this size, but {}. {}.", uneven.each, uneven.fact, uneven.advice));
    }
    end.push(sureness(decided));
    if let Some(first) = told.risk.factors.first() {
        end.push(format!("Risk {}: {}.", told.risk.level.as_str(), first.message));
    }
    let end = end.join("\n");
    // Changes come first.
    let mut order: Vec<&Decided> = decided.iter().filter(|d| d.sized.changes()).collect();
    order.extend(decided.iter().filter(|d| !d.sized.changes()));
    let mut text = String::new();
    for (nth, d) in order.iter().enumerate() {
        let lines = about(policy, d, decided.len() == 1);
        let more = format!("And {}.\n", count((order.len() - nth) as u64, "more container"));
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
        Err(Left::Injected(injected)) => lines.extend(sidecars::injected(&d.sized, injected)),
        Err(left) => lines.push(format!("Container {} is not changed: {}.", d.sized.name, left_because(left))),
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn container(policy: &ValidatedPolicy, sized: &SizedContainer, d: &ContainerDecision, lines: &mut Vec<String>) {
    let e = &d.evidence;
    if e.cpu_samples == 0 && e.memory_samples == 0 {
        lines.push(format!("Container {}: no usage was measured.", sized.name));
    } else {
        lines.push(format!("Container {}: over {}", sized.name, usage(e)));
    }
    let changes = changes(sized);
    lines.push(if changes.is_empty() {
        "Its requests and limits do not change.".to_owned()
    } else {
        format!("{}.", changes.join(", "))
    });
    let rules = policy.rules_for(&sized.name);
    for (resource, decision, changes, mode, limit) in [
        ("CPU", &d.cpu, sized.cpu_changes(), rules.map(|r| r.cpu.limit), sized.to.cpu_limit),
        ("Memory", &d.memory, sized.memory_changes(), rules.map(|r| r.memory.limit), sized.to.memory_limit),
    ] {
        about_resource(resource, decision, changes, d, lines);
        if mode == Some(LimitMode::Remove) && limit.is_some() {
            lines.push(format!("{resource}: the limit is kept, because the namespace requires one."));
        }
    }
    lines.extend(peaks::above_request(sized, e).into_iter().flatten().map(|text| format!("It {text}.")));
    lines.extend(d.notes.iter().filter_map(|note| noted(*note, sized, d)).map(|text| format!("{text}.")));
}

/// What was measured of a container, beginning with the number of days.
fn usage(e: &Evidence) -> String {
    let known = evidence::known(e);
    let samples = if e.cpu_samples > 0 { e.cpu_samples } else { e.memory_samples };
    format!("{} ({}), {}. {}.", count(known.0, known.1), count(samples, "sample"), cpu_usage(e), memory_usage(e))
}

/// A resource without readings is not one that was not used.
fn cpu_usage(e: &Evidence) -> String {
    if e.cpu_samples == 0 {
        return "CPU usage was not measured".to_owned();
    }
    let cpu = |cores: f64| amount::measured_cpu(cores.min(e.cpu_peak));
    format!(
        "CPU stayed at or below {} in {}% of samples; p50 {}, p95 {}, p99 {}, peak {}",
        cpu(e.cpu_base),
        evidence::whole_percent(e.cpu_covered_percent),
        cpu(e.cpu_p50),
        cpu(e.cpu_p95),
        cpu(e.cpu_p99),
        cpu(e.cpu_peak),
    )
}

fn memory_usage(e: &Evidence) -> String {
    if e.memory_samples == 0 {
        return "Memory usage was not measured".to_owned();
    }
    let memory = |bytes: f64| amount::measured_memory(bytes.min(e.memory_peak));
    format!(
        "Memory peaked at {}, at {} on a typical day and at {} on the last day",
        memory(e.memory_peak),
        memory(e.memory_typical_peak),
        memory(e.memory_recent_peak),
    )
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
            lines.push(format!("{resource}: already close to what its usage calls for, so it is not changed."));
        }
        _ => {
            for bound in &decision.bounds {
                lines.push(format!("{resource}: {}.", bounded(*bound, resource, d)));
            }
        }
    }
}

fn money(told: &Told<'_>) -> String {
    let savings = told.savings;
    let (verb, amount) = match savings.monthly.strip_prefix('-') {
        Some(amount) => ("Costs", amount),
        None => ("Frees", savings.monthly.as_str()),
    };
    let over = if told.pods.runs_at_times {
        format!("for {}", count(told.pods.hours_a_month(), "pod-hour"))
    } else {
        format!("across {}", count(savings.pods.unsigned_abs(), "pod"))
    };
    let real = match (&savings.realisable_monthly, &savings.not_realisable) {
        (Some(real), Some(why)) => {
            format!(" {real} {} of it can be realised: {}.", savings.currency.0, why.message)
        }
        _ => String::new(),
    };
    // The source itself states what was assumed, if it knows.
    let estimate = if savings.estimated && !savings.price_source.contains("estimate") { " (estimated)" } else { "" };
    let (currency, source) = (&savings.currency.0, &savings.price_source);
    format!("{verb} {amount} {currency} a month {over}, at prices from {source}{estimate}.{real}")
}

/// The interval between readings, if there are any: what happens between two of them is not fully seen.
fn resolution(decided: &[Decided], step_seconds: i64) -> Option<String> {
    let measured = |d: &&Decided| d.decision.as_ref().is_ok_and(|x| x.evidence.memory_samples > 0);
    decided.iter().find(measured)?;
    let seconds = step_seconds.unsigned_abs();
    let step = if seconds.is_multiple_of(60) { count(seconds / 60, "minute") } else { count(seconds, "second") };
    Some(format!(
        "Readings are {step} apart: CPU is the mean between two of them and memory the value at each, so a shorter peak, as at a \
         start, may not be seen."
    ))
}

fn sureness(decided: &[Decided]) -> String {
    let c = evidence::weakest(decided);
    if c.days_scored == 0 {
        return "There are no past days to replay this size against yet, so it has no confidence figure.".to_owned();
    }
    // Similar days and old ones count partially: unless that is stated, the figure would not follow from the days.
    let (near, how) = if c.days_near > 0 {
        (
            format!(", on {} of them only just", c.days_near),
            "in which such days count for less and recent ones for more",
        )
    } else {
        (String::new(), "in which recent days count for more")
    };
    format!(
        "Replayed over {}, sizes that the same rules choose from the days before would have been enough on {}{near}; the lower bound \
         of that share, {how}, is {}%.",
        count(c.days_scored, "past day"),
        c.days_held,
        c.percent
    )
}

pub(crate) mod sidecars;
mod words;

#[cfg(test)]
mod tests;
