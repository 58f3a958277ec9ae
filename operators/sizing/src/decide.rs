//! The decision on one container: a function of the rules, the container and now.
//!
//! In: [`SizingRules`], [`ContainerInput`], unix seconds. Out: [`ContainerDecision`].

use crate::{
    bounds,
    cell::{CpuHistogram, DayCell},
    confidence,
    decision::{Bound, ContainerDecision, Evidence, Note, RefuseReason, ResourceDecision, Verdict},
    estimate,
    history::{DAY, day_of},
    input::{ContainerInput, RuntimeHint, WorkloadClass},
    rounding,
    rules::SizingRules,
    scale,
};

/// Decides on one container.
///
/// Only the days of `input.history` inside the window that ends at `now` count, the day of `now` as far as it is known.
#[must_use]
pub fn decide(rules: &SizingRules, input: &ContainerInput<'_>, now: i64) -> ContainerDecision {
    let cells = window(rules, input.history.cells(), now);
    let unfit = unfit(rules, input, cells, now);
    let (cpu, memory) = (estimate::cpu(cells, rules, now), estimate::memory(cells, rules, now));
    let evidence = evidence(rules, input, cells, now, cpu, memory);

    let cpu = match (unfit, cpu) {
        (Some(reason), _) => bounds::refused(reason),
        (None, None) => bounds::refused(RefuseReason::NoSamples),
        (None, Some(estimate)) => cpu_decision(rules, input, estimate.cores, &evidence),
    };
    let memory = match (unfit, memory) {
        (Some(reason), _) => bounds::refused(reason),
        (None, None) => bounds::refused(RefuseReason::NoSamples),
        (None, Some(estimate)) => memory_decision(rules, input, estimate.bytes, &evidence),
    };
    let notes = notes(rules, input, cells, &evidence);
    let confidence = if unfit.is_some() { Default::default() } else { confidence::measure(cells, rules, now) };
    ContainerDecision { cpu, memory, confidence, evidence, notes }
}

/// The cells inside the window that ends at `now`.
#[must_use]
pub fn window<'a>(rules: &SizingRules, cells: &'a [DayCell], now: i64) -> &'a [DayCell] {
    let first = day_of(now.saturating_sub(rules.window_seconds));
    let from = cells.partition_point(|cell| cell.day < first);
    let to = cells.partition_point(|cell| cell.day <= day_of(now));
    cells.get(from..to).unwrap_or_default()
}

/// Why no decision can be made at all.
fn unfit(rules: &SizingRules, input: &ContainerInput<'_>, cells: &[DayCell], now: i64) -> Option<RefuseReason> {
    let (Some(first), Some(last)) = (input.history.first_sample_time(), input.history.last_sample_time()) else {
        return Some(RefuseReason::NoSamples);
    };
    if cells.is_empty() {
        return Some(RefuseReason::NoSamples);
    }
    if now.saturating_sub(first) < rules.minimum_history_seconds {
        return Some(RefuseReason::InsufficientHistory);
    }
    let ends = input.class == WorkloadClass::RunToCompletion || input.is_init;
    (!ends && now.saturating_sub(last) > rules.maximum_age_seconds).then_some(RefuseReason::StaleHistory)
}

fn cpu_decision(rules: &SizingRules, input: &ContainerInput<'_>, cores: f64, evidence: &Evidence) -> ResourceDecision {
    let throttled = evidence.throttled_percent > rules.cpu.throttled_percent;
    let mut moved = Vec::new();
    let mut wanted = cores * 1000.0;
    let mut limit = None;
    if throttled {
        if let Some(current) = input.current.cpu_limit {
            // Usage under throttling is censored at the limit: what was wanted is not known, only that it was more.
            let raise = 1.0 + evidence.throttled_percent.clamp(0.0, 100.0) / 100.0;
            limit = Some(rounding::cpu_up(current as f64 * raise));
        }
        wanted *= 1.0 + evidence.throttled_percent.clamp(0.0, 100.0) / 200.0;
        moved.push(Bound::Throttling);
    }
    let ask = bounds::Ask {
        wanted: rounding::cpu_up(wanted),
        raised_limit: limit,
        urgent: throttled,
        moved,
        current_request: input.current.cpu_request,
        current_limit: input.current.cpu_limit,
        mode: rules.cpu.limit,
        rule_min: rules.cpu.min_millicores,
        rule_max: rules.cpu.max_millicores,
        range_min: input.limit_range.cpu_min,
        range_max: input.limit_range.cpu_max,
        range_ratio: input.limit_range.cpu_max_ratio,
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
    evidence: &Evidence,
) -> ResourceDecision {
    let mut moved = Vec::new();
    let mut wanted = bytes;
    let after_oom = evidence.oom_bytes * (1.0 + rules.memory.oom_headroom_percent / 100.0);
    let killed = evidence.oom_kills > 0 && after_oom > 0.0;
    if killed && after_oom > wanted {
        wanted = after_oom;
        moved.push(Bound::OomKill);
    }
    // The request is what is reserved; the limit is where the kernel kills. It never goes under a peak that was seen.
    let seen = evidence.memory_peak * (1.0 + rules.memory.headroom_percent / 100.0);
    let limit_floor = if killed { after_oom.max(seen) } else { seen };
    let mut floor = None;
    if !rules.memory.lower_runtime_heaps
        && let RuntimeHint::HeapFromLimit { .. } = input.runtime
    {
        // The heap follows the limit: usage under it says what the collector allowed, not what the program needs.
        floor = input.current.memory_limit.or(input.current.memory_request);
    }
    if let RuntimeHint::FixedMemory { bytes } = input.runtime {
        wanted = wanted.max(bytes as f64);
    }
    let ask = bounds::Ask {
        wanted: rounding::memory_up(wanted),
        raised_limit: Some(rounding::memory_up(limit_floor)),
        urgent: killed,
        moved,
        current_request: input.current.memory_request,
        current_limit: input.current.memory_limit,
        mode: rules.memory.limit,
        rule_min: rules.memory.min_bytes,
        rule_max: rules.memory.max_bytes,
        range_min: input.limit_range.memory_min,
        range_max: input.limit_range.memory_max,
        range_ratio: input.limit_range.memory_max_ratio,
        tolerance_percent: rules.tolerance_percent,
        round_up: rounding::memory_up,
        round_down: rounding::memory_down,
    };
    let decision = match floor {
        Some(floor) => ask.settle_not_lowered(floor),
        None => ask.settle(),
    };
    if input.hpa_on_memory { refuse_for_hpa(decision) } else { decision }
}

fn refuse_for_hpa(decision: ResourceDecision) -> ResourceDecision {
    let refuse = Verdict::Refuse { reason: RefuseReason::HpaOnThisResource };
    ResourceDecision { request: refuse, limit: refuse, ..decision }
}

fn evidence(
    rules: &SizingRules,
    input: &ContainerInput<'_>,
    cells: &[DayCell],
    now: i64,
    cpu: Option<estimate::CpuEstimate>,
    memory: Option<estimate::MemoryEstimate>,
) -> Evidence {
    let mut pooled = CpuHistogram::default();
    let mut peaks: Vec<f64> = cells.iter().filter_map(DayCell::memory_peak).collect();
    let mut evidence = Evidence::default();
    let (mut throttled, mut periods) = (0u64, 0u64);
    for cell in cells {
        pooled.merge(&cell.cpu);
        evidence.cpu_samples += u64::from(cell.cpu_samples);
        evidence.memory_samples += u64::from(cell.memory_samples);
        evidence.days += u32::from(cell.cpu_samples > 0 || cell.memory_samples > 0);
        evidence.oom_kills += u32::from(cell.oom_kills);
        evidence.oom_bytes = evidence.oom_bytes.max(scale::memory_value(cell.oom_level));
        evidence.restarts += u32::from(cell.restarts);
        evidence.cpu_peak = evidence.cpu_peak.max(cell.cpu_peak().unwrap_or(0.0));
        throttled += u64::from(cell.throttled_periods);
        periods += u64::from(cell.periods);
    }
    if periods > 0 {
        evidence.throttled_percent = throttled as f64 * 100.0 / periods as f64;
    }
    let window_start = now.saturating_sub(rules.window_seconds) / DAY * DAY;
    evidence.from_seconds = input.history.first_sample_time().unwrap_or(now).max(window_start);
    evidence.to_seconds = input.history.last_sample_time().unwrap_or(now).min(now);
    evidence.cpu_p50 = estimate::percentile(&pooled, 50.0).unwrap_or(0.0);
    evidence.cpu_p95 = estimate::percentile(&pooled, 95.0).unwrap_or(0.0);
    evidence.cpu_p99 = estimate::percentile(&pooled, 99.0).unwrap_or(0.0);
    if let Some(cpu) = cpu {
        evidence.cpu_base = cpu.base;
        evidence.cpu_trend_percent_per_day = cpu.growth_percent;
        evidence.cpu_covered_percent = cpu.covered_percent;
        evidence.cpu_headroom_percent = percent_over(cpu.cores, cpu.base);
    }
    if let Some(memory) = memory {
        evidence.memory_base = memory.base;
        evidence.memory_trend_percent_per_day = memory.growth_percent;
        evidence.memory_covered_percent = memory.covered_percent;
        evidence.memory_dispersion_percent = memory.dispersion_percent;
        evidence.memory_headroom_percent = percent_over(memory.bytes, memory.base);
    }
    evidence.memory_recent_peak = peaks.last().copied().unwrap_or(0.0);
    peaks.sort_by(f64::total_cmp);
    evidence.memory_peak = peaks.last().copied().unwrap_or(0.0);
    evidence.memory_typical_peak = peaks.get(peaks.len() / 2).copied().unwrap_or(0.0);
    evidence
}

fn percent_over(value: f64, base: f64) -> f64 {
    if base > 0.0 { (value / base - 1.0) * 100.0 } else { 0.0 }
}

/// Usage of the last day so many times above or below the usual is a change that a reader should know of.
const CHANGE_FACTOR: f64 = 1.5;
/// Below this many cores a change says nothing.
const CHANGE_LEAST_CORES: f64 = 0.01;

/// Whether the last day differs much from what is usual in the window.
fn recent_change(cells: &[DayCell], evidence: &Evidence) -> bool {
    let Some(median) = cells.last().and_then(|cell| estimate::percentile(&cell.cpu, 50.0)) else { return false };
    let differs = |now: f64, usual: f64| now > usual * CHANGE_FACTOR || now * CHANGE_FACTOR < usual;
    differs(median.max(CHANGE_LEAST_CORES), evidence.cpu_p50.max(CHANGE_LEAST_CORES))
        || differs(evidence.memory_recent_peak, evidence.memory_typical_peak)
}

fn notes(rules: &SizingRules, input: &ContainerInput<'_>, cells: &[DayCell], evidence: &Evidence) -> Vec<Note> {
    let mut notes = Vec::new();
    let refused = input.history.refused();
    for (holds, note) in [
        (evidence.throttled_percent > rules.cpu.throttled_percent, Note::Throttled),
        (evidence.oom_kills > 0, Note::OomKilled),
        (evidence.memory_trend_percent_per_day > 1.0, Note::MemoryGrows),
        (recent_change(cells, evidence), Note::RecentChange),
        (matches!(input.runtime, RuntimeHint::HeapFromLimit { .. }), Note::RuntimeHeapFromLimit),
        (refused.cpu > 0 || refused.memory > 0, Note::SamplesRefused),
        (evidence.to_seconds - evidence.from_seconds < rules.window_seconds - 2 * DAY, Note::ShortHistory),
    ] {
        if holds {
            notes.push(note);
        }
    }
    notes
}
