//! The decision on one workload: what its containers should ask for, whether that is worth saying, and what it means.
//!
//! In: a [`ValidatedPolicy`], what was [`Observed`], and the time. Out: an [`Outcome`]. Pure: the same arguments give the
//! same outcome, which is what makes it replayable and testable.

use jiff::Timestamp;
use trimtab_api::{
    recommendation::{Proposal, TargetRef},
    recommendation_status::{Savings, Summary},
};
use trimtab_core::digest;
use trimtab_pricing::{Money, Resources};
use trimtab_sizing::{
    ContainerDecision, ContainerInput, RefuseReason, RuntimeHint, Sizes, Verdict, WorkloadClass, decide as size,
};
use trimtab_world::row::{ContainerKind, Runtime, TemplateContainer};

use crate::{
    amount,
    bounds::{self, Mode},
    evidence, explain, life,
    observed::Observed,
    outcome::{Draft, Outcome, Skip},
    quota, risk,
    sized::{self, SizedContainer},
    validate::{Thresholds, ValidatedPolicy},
};

/// The longest source of prices that the schema takes.
const MAX_SOURCE: usize = 512;

/// A container with the decision on it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Its sizes, now and proposed.
    pub sized: SizedContainer,
    /// The decision that they come from; none for containers that are left alone.
    pub decision: Option<ContainerDecision>,
}

/// Decides on one workload. `former` is what is proposed for it today, if anything is.
pub fn decide(policy: &ValidatedPolicy, observed: &Observed<'_>, former: Option<&Proposal>, now: Timestamp) -> Outcome {
    let mut decided = match sizes(policy, observed, now) {
        Ok(decided) => decided,
        Err(skip) => return Outcome::Skip(skip),
    };
    let refused = reason_of_refusals(&decided);
    decided.iter_mut().filter(|d| d.decision.is_some()).for_each(|d| life::sticky(former, &mut d.sized));
    decided.iter_mut().for_each(|d| keep_small_changes(&policy.thresholds, &mut d.sized));
    if !decided.iter().any(|d| d.sized.changes()) {
        return refused.map_or(Outcome::RightSized, Outcome::Skip);
    }
    let sized: Vec<SizedContainer> = decided.iter().map(|d| d.sized.clone()).collect();
    if !quota::fits(&sized, observed.pods, observed.quotas) {
        return Outcome::Skip(Skip::QuotaExceeded);
    }
    match draft(policy, observed, &decided, &sized, now) {
        Ok(draft) if saves_too_little(&draft, &policy.thresholds, &sized) => Outcome::RightSized,
        Ok(draft) => Outcome::Recommend(Box::new(draft)),
        Err(skip) => Outcome::Skip(skip),
    }
}

/// What each container should have, before it is weighed whether the change is worth it.
fn sizes(policy: &ValidatedPolicy, observed: &Observed<'_>, now: Timestamp) -> Result<Vec<Decided>, Skip> {
    let row = observed.workload;
    if row.terminating || observed.namespace.terminating {
        return Err(Skip::Terminating);
    }
    match bounds::mode(&row.annotations, &observed.namespace.annotations) {
        Ok(Mode::Off) => return Err(Skip::OptedOut),
        Ok(Mode::Recommend | Mode::Apply) => {}
        Err(_) => return Err(Skip::InvalidAnnotation),
    }
    if row.finished {
        return Err(Skip::Finished);
    }
    if row.template.pod_resources.as_ref().is_some_and(|r| !r.is_empty()) {
        return Err(Skip::PodLevelResources);
    }
    let limit_range = bounds::limit_range(observed.limit_ranges.iter().map(|r| &**r));
    let mut decided = Vec::with_capacity(row.template.containers.len());
    let (mut included, mut known) = (false, false);
    for container in &row.template.containers {
        let unchanged = SizedContainer::unchanged(container);
        let rules = match policy.rules_for(&container.name) {
            // What an init container used is over in seconds and hardly ever measured: it is counted, not sized.
            _ if container.kind == ContainerKind::Init => None,
            rules => rules,
        };
        let Some(rules) = rules else {
            decided.push(Decided { sized: unchanged, decision: None });
            continue;
        };
        included = true;
        let rules = bounds::narrowed(rules, &row.annotations, &container.name).map_err(|_| Skip::InvalidAnnotation)?;
        let rules = rules.validated().map_err(|_| Skip::ContradictingBounds)?;
        let Some(history) = observed.history(&container.name) else {
            decided.push(Decided { sized: unchanged, decision: None });
            continue;
        };
        known = true;
        let input = ContainerInput {
            history,
            current: unchanged.from,
            runtime: runtime(container),
            hpa_on_cpu: observed.hpas.iter().any(|h| h.scales_on_cpu_utilization()),
            hpa_on_memory: observed.hpas.iter().any(|h| h.scales_on_memory_utilization()),
            class: if row.id.kind.runs_to_completion() {
                WorkloadClass::RunToCompletion
            } else {
                WorkloadClass::LongRunning
            },
            is_init: false,
            limit_range,
        };
        let decision = size(&rules, &input, now.as_second());
        let to = proposed(unchanged.from, &decision);
        decided.push(Decided { sized: SizedContainer { to, ..unchanged }, decision: Some(decision) });
    }
    match (included, known) {
        (false, _) => Err(Skip::ContainersExcluded),
        (true, false) => Err(Skip::NoUsageData),
        (true, true) => Ok(decided),
    }
}

fn runtime(container: &TemplateContainer) -> RuntimeHint {
    match &container.runtime {
        None => RuntimeHint::None,
        Some(Runtime::Jvm { xmx_bytes: Some(heap), .. }) => {
            RuntimeHint::JvmFixedHeap { heap_bytes: i64::try_from(*heap).unwrap_or(i64::MAX) }
        }
        // A JVM that is told nothing takes a quarter of its limit (MaxRAMPercentage=25, JDK 10 and later).
        Some(Runtime::Jvm { max_ram_percent_hundredths, .. }) => {
            RuntimeHint::JvmHeapFromLimit { heap_percent: max_ram_percent_hundredths.unwrap_or(2500).div_ceil(100) }
        }
    }
}

fn proposed(from: Sizes, decision: &ContainerDecision) -> Sizes {
    Sizes {
        cpu_request: decision.cpu.request.value(from.cpu_request),
        cpu_limit: decision.cpu.limit.value(from.cpu_limit),
        memory_request: decision.memory.request.value(from.memory_request),
        memory_limit: decision.memory.limit.value(from.memory_limit),
    }
}

/// Why nothing is said about a resource, where that is so: the reason that a person can do most about comes first.
fn reason_of_refusals(decided: &[Decided]) -> Option<Skip> {
    let refused: Vec<RefuseReason> = decided
        .iter()
        .filter_map(|d| d.decision.as_ref())
        .flat_map(|d| [&d.cpu.request, &d.memory.request])
        .filter_map(|verdict| match verdict {
            Verdict::Refuse { reason } => Some(*reason),
            _ => None,
        })
        .collect();
    [
        (RefuseReason::ContradictingBounds, Skip::ContradictingBounds),
        (RefuseReason::InsufficientHistory, Skip::InsufficientHistory),
        (RefuseReason::StaleHistory, Skip::StaleMetrics),
        (RefuseReason::NoSamples, Skip::NoUsageData),
        (RefuseReason::HpaOnThisResource, Skip::HpaOnSameResource),
    ]
    .into_iter()
    .find(|(reason, _)| refused.contains(reason))
    .map(|(_, skip)| skip)
}

/// Takes back changes that are not worth making. A resource changes with its limit or not at all.
fn keep_small_changes(thresholds: &Thresholds, sized: &mut SizedContainer) {
    let worth = |from: Option<i64>, to: Option<i64>, least: i64| match (from, to) {
        (Some(from), Some(to)) => {
            let change = (to - from).abs();
            change >= least && change * 100 >= thresholds.min_change_percent * from
        }
        (from, to) => from != to,
    };
    let (from, to) = (sized.from, &mut sized.to);
    if !worth(from.cpu_request, to.cpu_request, thresholds.min_cpu)
        && !worth(from.cpu_limit, to.cpu_limit, thresholds.min_cpu)
    {
        (to.cpu_request, to.cpu_limit) = (from.cpu_request, from.cpu_limit);
    }
    if !worth(from.memory_request, to.memory_request, thresholds.min_memory)
        && !worth(from.memory_limit, to.memory_limit, thresholds.min_memory)
    {
        (to.memory_request, to.memory_limit) = (from.memory_request, from.memory_limit);
    }
}

/// Whether a change that only takes away saves less than the policy asks for. A change that gives something is about
/// reliability and is never held back by money.
fn saves_too_little(draft: &Draft, thresholds: &Thresholds, sized: &[SizedContainer]) -> bool {
    let gives = |from: Option<i64>, to: Option<i64>| to.unwrap_or(i64::MAX) > from.unwrap_or(i64::MAX);
    let reliability = sized.iter().any(|c| {
        gives(c.from.cpu_limit, c.to.cpu_limit)
            || gives(c.from.memory_limit, c.to.memory_limit)
            || c.to.cpu_request.unwrap_or(0) > c.from.cpu_request.unwrap_or(0)
            || c.to.memory_request.unwrap_or(0) > c.from.memory_request.unwrap_or(0)
    });
    !reliability && draft.monthly < thresholds.min_savings
}

fn draft(
    policy: &ValidatedPolicy,
    observed: &Observed<'_>,
    decided: &[Decided],
    sized: &[SizedContainer],
    now: Timestamp,
) -> Result<Draft, Skip> {
    let row = observed.workload;
    let changed = || decided.iter().filter(|d| d.sized.changes());
    let proposal = Proposal { containers: changed().map(|d| sized::written(&d.sized.name, d.sized.to)).collect() };
    let current = changed().map(|d| sized::written(&d.sized.name, d.sized.from)).collect();
    let (from, to) = (sized::pod_request(sized, |c| c.from), sized::pod_request(sized, |c| c.to));
    let (monthly, savings) = savings(observed, decided, from, to)?;
    let evidence = evidence::evidence(policy, observed, decided, now);
    let confidence =
        changed().filter_map(|d| d.decision.as_ref()).map(|d| i32::from(d.confidence.percent)).min().unwrap_or(0);
    let risk = risk::assess(observed, decided, sized);
    let target = TargetRef {
        api_version: row.id.kind.api_version().to_owned(),
        kind: row.id.kind.as_str().to_owned(),
        name: row.id.name.to_string(),
        uid: Some(row.uid.to_string()),
    };
    // Writing plain data as JSON cannot fail; an empty digest would match no approval.
    let digest = digest::of(&(&target, &proposal)).unwrap_or_default();
    let summary =
        Summary { cpu: sized::arrow(from.0, to.0, amount::cpu), memory: sized::arrow(from.1, to.1, amount::memory) };
    let explanation = explain::explain(policy, observed, decided, confidence, &savings, &risk);
    Ok(Draft {
        uid: row.uid.to_string(),
        proposal,
        current,
        summary,
        digest,
        confidence_percent: confidence,
        risk,
        monthly,
        savings,
        evidence,
        explanation,
        patch: sized::patch(row.id.kind, sized, &row.template).to_string(),
    })
}

/// What the change saves over all pods: the price of what the scheduler sets aside, or of what is used where that is
/// more, before and after.
fn savings(
    observed: &Observed<'_>,
    decided: &[Decided],
    from: (i64, i64),
    to: (i64, i64),
) -> Result<(Money, Savings), Skip> {
    let typical = decided
        .iter()
        .filter_map(|d| d.decision.as_ref())
        .fold((0.0, 0.0), |sum, d| (sum.0 + d.evidence.cpu_p50 * 1000.0, sum.1 + d.evidence.memory_typical_peak));
    let shape = |cpu: i64, memory: i64| Resources {
        cpu_millis: u64::try_from(cpu).unwrap_or(0),
        memory_bytes: u64::try_from(memory).unwrap_or(0),
        gpus: 0,
    };
    let usage = shape(typical.0 as i64, typical.1 as i64);
    let pods = evidence::average_pods(observed, decided);
    let one = trimtab_pricing::savings(shape(from.0, from.1), shape(to.0, to.1), usage, observed.prices, 1)
        .map_err(|_| Skip::PriceUnknown)?;
    let monthly = one.monthly.checked_mul_div(pods.hundredths, 100).ok_or(Skip::PriceUnknown)?;
    let mut price_source = one.price_source;
    let mut end = price_source.len().min(MAX_SOURCE);
    while !price_source.is_char_boundary(end) {
        end -= 1;
    }
    price_source.truncate(end);
    let written = Savings {
        monthly: monthly.fixed(2),
        currency: trimtab_api::money::Currency(one.currency.as_str().to_owned()),
        price_source,
        as_of: one.as_of.map(|date| date.to_string()),
        estimated: one.estimated,
        pods: pods.whole(),
    };
    Ok((monthly, written))
}
