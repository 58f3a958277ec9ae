//! The decision on one container: a function of the rules, the container and now.
//!
//! In: [`SizingRules`], [`ContainerInput`], unix seconds. Out: [`ContainerDecision`].

mod evidence;
mod fit;

pub use fit::{LEAST_RUNS, LEAST_SAMPLES, LEAST_SAMPLES_A_RUN, restarts_between_readings, too_few};

use crate::{
    bounds,
    ceiling::Use,
    cell::DayCell,
    confidence,
    decision::{Bound, ContainerDecision, Evidence, Note, RefuseReason, ResourceDecision, Verdict},
    estimate,
    history::day_of,
    input::{ContainerInput, RuntimeHint},
    notes, rounding,
    rules::{LimitMode, SizingRules},
};

/// Memory growth above this, percent a day, is reported and prevents lowering a limit.
pub const GROWS_PERCENT: f64 = 1.0;
/// Memory of the last day that exceeds everything before it by more than this, percent, prevents lowering a limit.
pub const NEW_PEAK_PERCENT: f64 = 1.5;
/// A weekly memory peak above this multiple of the level otherwise wanted gets room.
const WEEKLY_TIMES: f64 = 1.5;
/// What a runtime needs on top of the memory it was configured to use, as a share of it: threads, code, buffers.
pub const RUNTIME_OVERHEAD: f64 = 0.25;

/// Decides on one container.
///
/// Only the days of `input.history` inside the window ending at `now` count, today as far as it is known.
#[must_use]
pub fn decide(rules: &SizingRules, input: &ContainerInput<'_>, now: i64) -> ContainerDecision {
    let cells = window(rules, input.history.cells(), now);
    let unfit = fit::unfit(rules, input, cells, now);
    let [unfit_cpu, unfit_memory] = fit::unfit_alone(rules, input, cells, now);
    let (cpu, memory) = (estimate::cpu(cells, rules, now), estimate::memory(cells, rules, now));
    let evidence = evidence::evidence(rules, input, cells, now, cpu, memory);

    let cpu = match (unfit.or(unfit_cpu), cpu) {
        (Some(reason), _) => bounds::refused(reason),
        (None, None) => bounds::refused(RefuseReason::NoSamples),
        (None, Some(estimate)) => cpu_decision(rules, input, estimate.cores, &evidence),
    };
    let memory = match (unfit.or(unfit_memory), memory) {
        (None, Some(estimate)) => memory_decision(rules, input, estimate.bytes, false, &evidence),
        // Its own kills are evidence where usage is missing: a crash loop may end before the first sample.
        (Some(RefuseReason::NoSamples | RefuseReason::InsufficientHistory | RefuseReason::StaleHistory) | None, _)
            if evidence.oom_bytes > 0.0 =>
        {
            memory_decision(rules, input, 0.0, true, &evidence)
        }
        (Some(reason), _) => bounds::refused(reason),
        (None, None) => bounds::refused(RefuseReason::NoSamples),
    };
    let mut notes = notes::notes(rules, input, &evidence);
    notes.extend(is_held_after_kill(rules, &memory, &evidence).then_some(Note::OomHeld));
    let confidence = if unfit.is_some() { Default::default() } else { confidence::measure(cells, rules, now) };
    ContainerDecision { cpu, memory, confidence, evidence, notes }
}

/// The greatest use that the evidence proves.
#[must_use]
pub fn greatest_use(evidence: &Evidence) -> Use {
    Use { cores: evidence.cpu_peak, bytes: evidence.memory_peak.max(evidence.oom_bytes) }
}

/// The cells inside the window that ends at `now`.
#[must_use]
pub fn window<'a>(rules: &SizingRules, cells: &'a [DayCell], now: i64) -> &'a [DayCell] {
    let first = day_of(now.saturating_sub(rules.window_seconds));
    let from = cells.partition_point(|cell| cell.day < first);
    let to = cells.partition_point(|cell| cell.day <= day_of(now));
    cells.get(from..to).unwrap_or_default()
}

fn cpu_decision(rules: &SizingRules, input: &ContainerInput<'_>, cores: f64, evidence: &Evidence) -> ResourceDecision {
    let throttled = evidence.throttled_percent > rules.cpu.throttled_percent;
    let guaranteed = input.guaranteed && !rules.cpu.limit_explicit;
    let mut moved = Vec::new();
    let mut held = vec![(rules.cpu.min_millicores, Bound::RuleMinimum)];
    let mut wanted = cores * 1000.0;
    let mut limit = None;
    if guaranteed {
        // The request is also the limit: anything above it is throttled.
        wanted = wanted.max(evidence.cpu_peak * 1000.0);
    }
    if throttled {
        // Usage under throttling is censored at the limit: demand is unknown, only that it was higher. Today's limit
        // says nothing about the one that throttled: a raise relative to it would never converge.
        let raise = 1.0 + evidence.throttled_percent.clamp(0.0, 100.0) / 100.0;
        limit = Some(rounding::cpu_up(evidence.cpu_peak * 1000.0 * raise));
        wanted *= 1.0 + evidence.throttled_percent.clamp(0.0, 100.0) / 200.0;
        moved.push(Bound::Throttling);
        // However little it used on average: how much more it wanted is unknown.
        held.push((i64::MAX, Bound::WhileThrottled));
    }
    let mut wanted = rounding::cpu_up(wanted).min(greatest_use(evidence).most_cpu());
    let mode = if guaranteed { LimitMode::EqualsRequest } else { rules.cpu.limit };
    let whole = input.current.cpu_request.is_some_and(|now| now > 0 && now % rounding::CORE == 0);
    if guaranteed && whole && wanted % rounding::CORE != 0 {
        wanted = rounding::whole_cores(wanted);
        moved.push(Bound::WholeCores);
    }
    let ask = bounds::Ask {
        wanted,
        limit_floor: limit,
        // Anything above the limit is throttled.
        limit_grown: Some(rounding::cpu_up(evidence.cpu_peak * 1000.0)),
        // And a limit that holds the peak is kept: a lower one would have cut it off. One that throttles is already too
        // low.
        limit_held: Some(if throttled { i64::MAX } else { rounding::cpu_up(evidence.cpu_peak * 1000.0) }),
        urgent: throttled,
        moved,
        current_request: input.current.cpu_request,
        current_limit: input.current.cpu_limit,
        mode,
        held,
        raise_only: too_few(input.class, evidence),
        rule_max: rules.cpu.max_millicores,
        range_min: input.limit_range.cpu_min,
        range_max: input.limit_range.cpu_max,
        range_ratio: input.limit_range.cpu_max_ratio,
        node_max: input.node.cpu,
        tolerance_percent: rules.tolerance_percent,
        round_up: rounding::cpu_up,
        round_down: rounding::cpu_down,
    };
    let decision = ask.settle();
    if input.hpa_on_cpu { refuse_for_hpa(decision) } else { decision }
}

fn memory_decision(
    rules: &SizingRules,
    input: &ContainerInput<'_>,
    bytes: f64,
    only_kills: bool,
    evidence: &Evidence,
) -> ResourceDecision {
    let guaranteed = input.guaranteed && !rules.memory.limit_explicit;
    let mut moved = Vec::new();
    let mut wanted = bytes;
    let after_oom = after_kill(rules, evidence);
    let killed = after_oom > 0.0;
    if killed && after_oom > wanted {
        wanted = after_oom;
        moved.push(Bound::OomKill);
    }
    // The request is what is reserved; the limit is where the kernel kills. It never goes below a peak that was seen.
    let seen = evidence.memory_peak * (1.0 + rules.memory.headroom_percent / 100.0);
    let limit_floor = rounding::memory_up(if killed { after_oom.max(seen) } else { seen });
    let mut held = vec![(rules.memory.min_bytes, Bound::RuleMinimum)];
    let mut limit_held = None;
    // The heap follows the limit: usage below it shows what the collector allowed, not what the program needs.
    let mut not_lowered = None;
    match input.runtime {
        RuntimeHint::HeapFromLimit { .. } if !rules.memory.lower_runtime_heaps => {
            not_lowered = input.current.memory_limit.or(input.current.memory_request);
        }
        RuntimeHint::FixedMemory { bytes } => {
            held.push((bytes, Bound::RuntimeHeap));
            limit_held = Some(rounding::memory_up(bytes as f64 * (1.0 + RUNTIME_OVERHEAD)));
        }
        RuntimeHint::HeapFromLimit { .. } | RuntimeHint::None => {}
    }
    if evidence.oom_kills > 0 {
        // Where it was killed, for whatever cause, less is not a remedy: neither of the limit nor of the request in
        // force then.
        limit_held = Some(i64::MAX);
        let then = if evidence.oom_sizeless { i64::MAX } else { evidence.oom_request as i64 };
        held.push((then, Bound::AfterOomKill));
    }
    if evidence.memory_trend_percent_per_day > GROWS_PERCENT {
        // A lower limit that its growth soon reaches helps nobody.
        limit_held = Some(i64::MAX);
    }
    if evidence.memory_new_peak_percent > NEW_PEAK_PERCENT {
        // Growth over a few days, or a step: where it ends is unknown until a day has passed without more.
        limit_held = Some(i64::MAX);
    }
    if evidence.memory_weekly_peak > wanted * WEEKLY_TIMES {
        // It recurs every week: sizing for the days between is then too low.
        let weekly = evidence.memory_weekly_peak * (1.0 + rules.memory.headroom_percent / 100.0);
        held.push((rounding::memory_up(weekly), Bound::WeeklyPeak));
    }
    let ask = bounds::Ask {
        wanted: rounding::memory_up(wanted).min(greatest_use(evidence).most_memory()),
        limit_floor: Some(limit_floor),
        limit_grown: None,
        limit_held,
        urgent: killed,
        moved,
        current_request: input.current.memory_request,
        current_limit: input.current.memory_limit,
        mode: if guaranteed { LimitMode::EqualsRequest } else { rules.memory.limit },
        held,
        raise_only: only_kills || too_few(input.class, evidence),
        rule_max: rules.memory.max_bytes,
        range_min: input.limit_range.memory_min,
        range_max: input.limit_range.memory_max,
        range_ratio: input.limit_range.memory_max_ratio,
        node_max: input.node.memory,
        tolerance_percent: rules.tolerance_percent,
        round_up: rounding::memory_up,
        round_down: rounding::memory_down,
    };
    let decision = match not_lowered {
        Some(floor) => ask.settle_not_lowered(floor),
        None => ask.settle(),
    };
    if input.hpa_on_memory { refuse_for_hpa(decision) } else { decision }
}

/// The memory an OOM kill calls for, bytes; 0 where none does.
fn after_kill(rules: &SizingRules, evidence: &Evidence) -> f64 {
    evidence.oom_bytes * (1.0 + rules.memory.oom_headroom_percent / 100.0)
}

/// Whether a maximum holds the memory request below the room an OOM kill calls for.
fn is_held_after_kill(rules: &SizingRules, memory: &ResourceDecision, evidence: &Evidence) -> bool {
    let maximum = |bound: &Bound| {
        matches!(bound, Bound::RuleMaximum | Bound::LimitRangeMaximum | Bound::NodeMaximum | Bound::CurrentLimit)
    };
    let room = after_kill(rules, evidence);
    memory.target.is_some_and(|target| (target as f64) < room) && memory.bounds.iter().any(maximum)
}

fn refuse_for_hpa(decision: ResourceDecision) -> ResourceDecision {
    let refuse = Verdict::Refuse { reason: RefuseReason::HpaOnThisResource };
    ResourceDecision { request: refuse, limit: refuse, ..decision }
}
