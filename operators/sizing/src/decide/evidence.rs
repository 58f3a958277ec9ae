//! The figures that a decision rests on.
//!
//! In: the days in the window and the estimates from them. Out: [`Evidence`].

use crate::{
    cell::{CpuHistogram, DayCell},
    change,
    decision::Evidence,
    estimate,
    history::DAY,
    input::{ContainerInput, RuntimeHint},
    kills,
    rules::SizingRules,
    scale,
};

/// Hours required before the variation of daily peaks is known.
const HOURS_TO_KNOW: u32 = 5 * 24;
/// How much one of a few days exceeds the others by chance (logarithm).
const BY_CHANCE: f64 = 0.1;

/// Sums up the days.
pub(super) fn evidence(
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
        evidence.hours += cell.hours();
        evidence.runs += u64::from(cell.runs);
        evidence.restarts += u32::from(cell.restarts);
        evidence.cpu_peak = evidence.cpu_peak.max(cell.cpu_peak().unwrap_or(0.0));
        throttled += u64::from(cell.throttled_periods);
        periods += u64::from(cell.periods);
    }
    evidence.cpu_periods = periods;
    if periods > 0 {
        evidence.throttled_percent = throttled as f64 * 100.0 / periods as f64;
    }
    evidence.least_hours = u32::try_from(rules.minimum_history_seconds / 7200).unwrap_or(0).min(12);
    let window_start = now.saturating_sub(rules.window_seconds).div_euclid(DAY) * DAY;
    let judged = kills::judge(input.history.kills(), cells, window_start, now);
    evidence.oom_kills = judged.kills;
    evidence.oom_by_node = judged.by_node;
    evidence.oom_unseen = judged.unseen;
    evidence.oom_request = judged.request;
    evidence.oom_sizeless = judged.sizeless;
    evidence.oom_bytes = judged.level;
    evidence.oom_used = judged.used;
    evidence.oom_limit = judged.limit;
    if let RuntimeHint::FixedMemory { bytes } = input.runtime {
        evidence.told_bytes = bytes as f64;
    }
    evidence.from_seconds = input.history.first_sample_time().unwrap_or(now).max(window_start);
    evidence.to_seconds = input.history.last_sample_time().unwrap_or(now).min(now);
    evidence.known_seconds = evidence.to_seconds - evidence.from_seconds;
    if input.runs_on() {
        let both: u32 = cells.iter().map(DayCell::hours_of_both).sum();
        evidence.known_seconds =
            evidence.known_seconds.min(i64::from(if both > 0 { both } else { evidence.hours }) * 3600);
    }
    evidence.memory_new_peak_percent = new_peak_percent(cells, now);
    evidence.days = evidence.days.min(days_between(&evidence, rules));
    evidence.cpu_p50 = estimate::percentile(&pooled, 50.0).unwrap_or(0.0);
    evidence.cpu_p95 = estimate::percentile(&pooled, 95.0).unwrap_or(0.0);
    evidence.cpu_p99 = estimate::percentile(&pooled, 99.0).unwrap_or(0.0);
    if let Some(cpu) = cpu {
        evidence.cpu_base = cpu.base;
        evidence.cpu_trend_percent_per_day = cpu.growth_percent;
        // Over all samples equally, like the percentiles beside it: the estimate itself weights recent ones more.
        evidence.cpu_covered_percent =
            if cpu.base < evidence.cpu_peak { (1.0 - pooled.share_over(cpu.base)) * 100.0 } else { 100.0 };
        evidence.cpu_headroom_percent = percent_over(cpu.cores, cpu.base);
    }
    if let Some(memory) = memory {
        evidence.memory_base = memory.base;
        evidence.memory_trend_percent_per_day = memory.growth_percent;
        evidence.memory_covered_percent = memory.covered_percent;
        evidence.memory_dispersion_percent = memory.dispersion_percent;
        evidence.memory_headroom_percent = percent_over(memory.bytes, memory.base);
    }
    evidence.memory_weekly_peak = weekly_peak(cells);
    evidence.memory_recent_peak = peaks.last().copied().unwrap_or(0.0);
    peaks.sort_by(f64::total_cmp);
    evidence.memory_peak = peaks.last().copied().unwrap_or(0.0);
    evidence.memory_typical_peak = peaks.get(peaks.len() / 2).copied().unwrap_or(0.0);
    let change = change::find(cells, now, evidence.cpu_p50, evidence.memory_typical_peak);
    (evidence.cpu_changed, evidence.memory_changed) = (change.cpu, change.memory);
    evidence
}

/// The days from the first to the last sample, at most those of the window: two weeks that begin at noon touch fifteen
/// days.
fn days_between(evidence: &Evidence, rules: &SizingRules) -> u32 {
    let seconds = (evidence.to_seconds - evidence.from_seconds).min(rules.window_seconds);
    u32::try_from(seconds.div_euclid(DAY) + i64::from(seconds.rem_euclid(DAY) > 0)).unwrap_or(0).max(1)
}

/// How far the highest memory of the last day exceeds everything before it, percent; 0 where it does not, where daily
/// peaks vary as much anyway, or where less than a day is known before.
fn new_peak_percent(cells: &[DayCell], now: i64) -> f64 {
    let (mut latest, mut before, mut hours) = (0.0_f64, 0.0_f64, 0);
    for cell in cells {
        for (hour, level) in (0_i64..).zip(&cell.memory_peaks).filter(|(_, level)| **level > 0) {
            let peak = scale::memory_value(*level);
            if i64::from(cell.day) * DAY + (hour + 1) * 3600 > now - DAY {
                latest = latest.max(peak);
            } else {
                before = before.max(peak);
                hours += 1;
            }
        }
    }
    if hours < 24 || latest <= before {
        return 0.0;
    }
    // With few days, the last one is often the highest.
    let usual = if hours < HOURS_TO_KNOW { BY_CHANCE } else { estimate::dispersion(cells) };
    if (latest / before).ln() > usual { percent_over(latest, before) } else { 0.0 }
}

/// The highest level reached on the same weekday of two consecutive weeks, bytes.
fn weekly_peak(cells: &[DayCell]) -> f64 {
    let peak_on = |day: i32| cells.get(cells.binary_search_by_key(&day, |cell| cell.day).ok()?)?.memory_peak();
    let both = |cell: &DayCell| Some(cell.memory_peak()?.min(peak_on(cell.day - 7)?));
    cells.iter().filter_map(both).fold(0.0, f64::max)
}

fn percent_over(value: f64, base: f64) -> f64 {
    if base > 0.0 { (value / base - 1.0) * 100.0 } else { 0.0 }
}
