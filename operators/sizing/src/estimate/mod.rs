//! What usage alone asks for: cores and bytes before rounding and bounds.
//!
//! In: day cells of the past (oldest first), the rules, and now. Out: an estimate with the figures that led to it. The same
//! code serves the decision, its confidence and the replay.
//!
//! Both resources are sized as in the newsvendor problem (Arrow, Harris, Marschak 1951; Autopilot, EuroSys '20, applies the
//! same to jobs): a request `r` costs `r` all the time, and usage over it has a price. The request is
//!
//! ```text
//! argmin over r of   r + price · scale · P(usage > r)
//! scale = typical^a · reference^(1−a)
//! ```
//!
//! where `P` is measured on the past. The scale grows more slowly than the container (`a < 1`): exceeding the request
//! hurts a small container as much as a large one, while room for it costs next to nothing. So small and erratic
//! containers get room, and rare excursions of large ones are covered only where they are frequent enough to pay for
//! it.
//!
//! * [`cpu`]: `P` over samples, the last day weighted most; never below the percentile of the rules, weighted alike;
//!   raised for a weekday known to be busy, and immediately after hours above it.
//! * [`memory`]: `P` over daily peaks, each smoothed by how much the peaks of this container vary from day to day.

mod cpu;
mod memory;
mod rise;
mod trend;
mod weekday;

pub use cpu::{CpuEstimate, CpuPast};
pub use memory::{MemoryEstimate, MemoryPast};

use crate::{
    cell::{CpuHistogram, DayCell},
    history::DAY,
    rules::SizingRules,
    scale,
};

/// The CPU estimate from `cells` at `now` (unix seconds); `None` without samples.
#[must_use]
pub fn cpu(cells: &[DayCell], rules: &SizingRules, now: i64) -> Option<CpuEstimate> {
    let mut past = CpuPast::new(&rules.cpu);
    for cell in cells {
        past.push(cell);
    }
    past.estimate(&rules.cpu, now)
}

/// The memory estimate from `cells` at `now` (unix seconds); `None` without samples.
#[must_use]
pub fn memory(cells: &[DayCell], rules: &SizingRules, now: i64) -> Option<MemoryEstimate> {
    let mut past = MemoryPast::new();
    for cell in cells {
        past.push(cell);
    }
    past.estimate(&rules.memory, now)
}

/// Variation of the daily memory peaks: the robust standard deviation of their logarithm.
#[must_use]
pub fn dispersion(cells: &[DayCell]) -> f64 {
    robust_deviation(cells.iter().filter_map(DayCell::memory_peak).map(f64::ln).collect())
}

/// 1.4826 · median |x − median|; 0 when empty.
fn robust_deviation(mut values: Vec<f64>) -> f64 {
    let typical = median(&mut values);
    for value in &mut values {
        *value = (*value - typical).abs();
    }
    1.4826 * median(&mut values)
}

/// A percentile (0–100) of a histogram, interpolated inside its bucket; `None` when empty.
#[must_use]
pub fn percentile(histogram: &CpuHistogram, percent: f64) -> Option<f64> {
    let total: f64 = histogram.iter().map(|(_, _, count)| f64::from(count)).sum();
    let rank = total * (percent / 100.0).clamp(0.0, 1.0);
    let mut before = 0.0;
    let mut holder = None;
    for (first, last, count) in histogram.iter() {
        let count = f64::from(count);
        holder = Some((first, last, (rank - before) / count));
        before += count;
        if before >= rank {
            break;
        }
    }
    let (first, last, part) = holder?;
    let (low, high) = (scale::cpu_lower_edge(first), scale::cpu_upper_edge(last));
    Some(low + (high - low) * part.clamp(0.0, 1.0))
}

/// Whether a day was observed almost completely, so that its level is comparable with that of other days.
fn is_whole(peaks: &[u16; 24]) -> bool {
    peaks.iter().filter(|level| **level > 0).count() >= 20
}

/// The median; 0 when empty. Sorts.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (Some(upper), 0) => (upper + values.get(middle.wrapping_sub(1)).unwrap_or(upper)) / 2.0,
        (Some(value), _) => *value,
        (None, _) => 0.0,
    }
}

/// Days between the end of a UTC day and `now`; 0 for the incomplete day.
fn age_days(day: i32, now: i64) -> f64 {
    let end = (i64::from(day) + 1) * DAY;
    (now.saturating_sub(end).max(0)) as f64 / DAY as f64
}
