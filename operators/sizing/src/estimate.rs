//! What usage alone asks for: cores and bytes before rounding and bounds.
//!
//! In: day cells of the past (oldest first) and the rules. Out: an estimate with the figures that led to it. The same two
//! functions serve the decision, its confidence and the replay.

use crate::{cell::DayCell, rules::SizingRules, scale};

/// What CPU usage asks for, cores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CpuEstimate {
    /// The percentile that the rules ask for.
    pub base: f64,
    /// With headroom.
    pub cores: f64,
}

/// What memory usage asks for, bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryEstimate {
    /// The peak that counts.
    pub base: f64,
    /// With headroom.
    pub bytes: f64,
}

/// The CPU estimate from `cells`; `None` without samples.
#[must_use]
pub fn cpu(cells: &[DayCell], rules: &SizingRules) -> Option<CpuEstimate> {
    let mut pooled = crate::cell::CpuHistogram::default();
    for cell in cells {
        pooled.merge(&cell.cpu);
    }
    let base = percentile(&pooled, rules.cpu.percentile)?;
    Some(CpuEstimate { base, cores: base * (1.0 + rules.cpu.headroom_percent / 100.0) })
}

/// The memory estimate from `cells`; `None` without samples.
#[must_use]
pub fn memory(cells: &[DayCell], rules: &SizingRules) -> Option<MemoryEstimate> {
    let base = cells.iter().filter_map(DayCell::memory_peak).reduce(f64::max)?;
    Some(MemoryEstimate { base, bytes: base * (1.0 + rules.memory.headroom_percent / 100.0) })
}

/// A percentile (0–100) of a histogram, interpolated inside its bucket; `None` when empty.
#[must_use]
pub fn percentile(histogram: &crate::cell::CpuHistogram, percent: f64) -> Option<f64> {
    let total: f64 = histogram.iter().map(|(_, _, count)| f64::from(count)).sum();
    let rank = total * (percent / 100.0).clamp(0.0, 1.0);
    let mut before = 0.0;
    let mut answer = None;
    for (first, last, count) in histogram.iter() {
        let count = f64::from(count);
        let (low, high) = (scale::cpu_lower_edge(first), scale::cpu_upper_edge(last));
        answer = Some(low + (high - low) * ((rank - before) / count).clamp(0.0, 1.0));
        before += count;
        if before >= rank {
            break;
        }
    }
    answer
}
