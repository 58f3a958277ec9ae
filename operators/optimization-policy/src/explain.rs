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
    uneven::Uneven,
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
    /// That most of its pods use little of it.
    pub uneven: Option<&'a Uneven>,
}

/// Explains a recommendation: each container with what it used and what would change, then money, sureness and risk. Where
/// there are too many containers for the text, the last ones are counted, and the rest is still said.
pub fn explain(policy: &ValidatedPolicy, decided: &[Decided], told: &Told<'_>) -> String {
    let mut end = vec![money(told)];
    if let Some(uneven) = told.uneven {
        end.push(format!("Every node gets this size, but {}. {}.", uneven.fact, uneven.advice));
    }
    end.push(sureness(decided));
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
        Err(left) => lines.push(format!("Container {} is not changed: {}.", d.sized.name, left_because(*left))),
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn left_because(left: Left) -> &'static str {
    match left {
        Left::Init => "init containers count towards the pod's request but are not sized",
        Left::Excluded => "the policy excludes it",
        Left::Unmeasured => "there is no usage data for it",
        Left::Injected => {
            "it is injected into the pods at admission, so the workload's template cannot hold its size; set it where it is \
             injected, for example by an annotation of the mesh"
        }
    }
}

fn container(policy: &ValidatedPolicy, sized: &SizedContainer, d: &ContainerDecision, lines: &mut Vec<String>) {
    let e = &d.evidence;
    let cpu = |cores: f64| amount::measured_cpu(cores.min(e.cpu_peak));
    let memory = |bytes: f64| amount::measured_memory(bytes.min(e.memory_peak));
    lines.push(format!(
        "Container {}: over {} ({}), CPU stayed at or below {} in {}% of samples; p50 {}, p95 {}, p99 {}, peak {}. Memory \
         peaked at {}, at {} on a typical day and at {} on the last day.",
        sized.name,
        count(e.days, "day"),
        count(e.cpu_samples, "sample"),
        cpu(e.cpu_base),
        evidence::whole_percent(e.cpu_covered_percent),
        cpu(e.cpu_p50),
        cpu(e.cpu_p95),
        cpu(e.cpu_p99),
        cpu(e.cpu_peak),
        memory(e.memory_peak),
        memory(e.memory_typical_peak),
        memory(e.memory_recent_peak),
    ));
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
            lines.push(format!("{resource}: already close to what its usage calls for, so it is not changed."));
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
        RefuseReason::NoSamples => "there are no samples, so it is not changed",
        RefuseReason::InsufficientHistory => "there is less history than the policy requires, so it is not changed",
        RefuseReason::StaleHistory => "the newest sample is too old, so it is not changed",
        RefuseReason::HpaOnThisResource => {
            "an autoscaler scales on its utilization, so a different request would shift its target; it is not changed"
        }
        RefuseReason::ContradictingBounds => {
            "no value satisfies the bounds of both the policy and the namespace, so it is not changed"
        }
        RefuseReason::FarAboveUse => {
            "the rules lead to more than three times the greatest usage ever seen, so it is not changed"
        }
    }
}

fn bounded(bound: Bound, resource: &str, d: &ContainerDecision) -> String {
    match bound {
        Bound::RuleMinimum => "not lowered below the minimum set by the policy or an annotation".to_owned(),
        Bound::RuleMaximum => {
            "capped at the maximum set by the policy or an annotation; its usage calls for more".to_owned()
        }
        Bound::LimitRangeMinimum => "raised to the minimum of the namespace's LimitRange".to_owned(),
        Bound::LimitRangeMaximum => {
            "capped at the maximum of the namespace's LimitRange; its usage calls for more".to_owned()
        }
        Bound::LimitRangeRatio => "adjusted to keep the limit-to-request ratio that the LimitRange requires".to_owned(),
        Bound::CurrentLimit => "capped at its limit; its usage calls for more".to_owned(),
        Bound::OomKill => format!(
            "raised above {}, the memory that it needed when it was OOM-killed {}",
            amount::measured_memory(d.evidence.oom_bytes),
            count(d.evidence.oom_kills - d.evidence.oom_by_node, "time"),
        ),
        Bound::Throttling => format!(
            "raised because {:.0}% of its {resource} periods were throttled, so it wanted more than it could use",
            d.evidence.throttled_percent
        ),
        Bound::RuntimeHeap => {
            "not lowered further, because the runtime sizes its heap from it or was told that it may use as much"
                .to_owned()
        }
        Bound::NodeMaximum => {
            "capped at what the largest node has that the workload can run on; its usage calls for more".to_owned()
        }
        Bound::FewSamples => "not lowered, because too few samples or runs were seen".to_owned(),
        Bound::WholeCores => "rounded up to whole cores, so that a Guaranteed pod keeps cores of its own".to_owned(),
    }
}

fn noted(note: Note, d: &ContainerDecision) -> Option<String> {
    let e = &d.evidence;
    match note {
        Note::Throttled if d.cpu.bounds.contains(&Bound::Throttling) => None,
        Note::Throttled => Some(format!("It was throttled in {:.0}% of its CPU periods", e.throttled_percent)),
        Note::MemoryGrows => {
            Some(format!("Its memory usage grows by {:.1}% a day; check for a leak", e.memory_trend_percent_per_day))
        }
        Note::RecentChange => Some(format!(
            "The last day was unusual: memory peaked at {}, compared with {} on a typical day",
            amount::measured_memory(e.memory_recent_peak),
            amount::measured_memory(e.memory_typical_peak),
        )),
        Note::ShortHistory => {
            Some(format!("Only {} of history are available; more would raise the confidence", count(e.days, "day")))
        }
        Note::SamplesRefused => Some("Some samples were not valid numbers and were ignored".to_owned()),
        Note::OomKilled if d.memory.bounds.contains(&Bound::OomKill) => None,
        Note::OomKilled => Some(format!(
            "It was OOM-killed {}, using {}",
            count(e.oom_kills - e.oom_by_node, "time"),
            amount::measured_memory(e.oom_bytes)
        )),
        Note::KilledByNode => Some(format!(
            "It was OOM-killed {} while it used {} of a limit of {}: the node ran out of memory, which is no reason to raise \
             its own",
            count(e.oom_by_node, "time"),
            amount::measured_memory(e.oom_used),
            amount::measured_memory(e.oom_limit),
        )),
        Note::FewSamples if e.runs > 0 => Some(format!(
            "Only {} with {} were seen, too few to lower anything",
            count(e.runs, "run"),
            count(e.cpu_samples.min(e.memory_samples), "sample")
        )),
        Note::FewSamples => Some(format!(
            "Only {} were seen, too few to lower anything",
            count(e.cpu_samples.min(e.memory_samples), "sample")
        )),
        Note::LimitAboveNode => {
            Some("Its memory limit is above what any node has that it can run on, so it limits nothing".to_owned())
        }
        Note::RatioNotKept => Some(
            "Its memory limit is more than four times its request; a ratio that large is not kept when the request grows"
                .to_owned(),
        ),
        Note::WrongUnit => Some(
            "A request or limit of it looks like a wrong unit: 400m of memory is 0.4 bytes, 400Mi was probably meant".to_owned(),
        ),
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
    // The source says itself what was assumed, where it knows.
    let estimate = if savings.estimated && !savings.price_source.contains("estimate") { " (estimated)" } else { "" };
    let (currency, source) = (&savings.currency.0, &savings.price_source);
    format!("{verb} {amount} {currency} a month {over}, at prices from {source}{estimate}.{real}")
}

fn sureness(decided: &[Decided]) -> String {
    let c = evidence::weakest(decided);
    if c.days_scored == 0 {
        return "There are no past days to replay this size against yet, so it has no confidence figure.".to_owned();
    }
    format!(
        "Replayed over {}, this size would have been enough on {}; the lower bound of that share is {}%.",
        count(c.days_scored, "past day"),
        c.days_held,
        c.percent
    )
}

#[cfg(test)]
mod tests;
