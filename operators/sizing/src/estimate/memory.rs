//! The memory estimate.
//!
//! In: day cells in order. Out: bytes. Daily peaks `p₁ … pₙ` are what counts: a day either fits under the request or
//! does not. The next day's peak is predicted by a kernel density over `ln pᵢ` (triweight, standard deviation
//! `spread · σ`, where σ is the robust dispersion 1.4826 · median |ln pᵢ − median|): a container whose peaks vary from day to day
//! gets room around them, a steady one next to none.
//!
//! Three bounds keep this sound for containers that are busy on some days and idle on others. Their σ is the distance
//! between two kinds of days and says nothing about the variation within one kind, so it is capped at
//! [`MOST_DISPERSION`]. Their highest peaks are much alike (a heap, a cache or the machine is full), so the base goes
//! at most [`MemoryRules::reach_percent`] above the highest. And their median is that of idle days: the scale of the
//! price is taken between the median and the highest peak ([`PEAK_SHARE`]), since it is the busy day that hurts.
//!
//! The base is never below current use: where the latest three hours were all above it, it becomes the highest of their
//! peaks. A peak may be too rare to pay for; a level that lasts for hours is what the next start needs too.

use super::{age_days, is_whole, median, robust_deviation, trend};
use crate::{cell::DayCell, rules::MemoryRules, scale};

/// The reference of the scale of the price, bytes: 1 GiB.
pub const REFERENCE_BYTES: f64 = 1_073_741_824.0;
/// The lower bound of the dispersion.
const LEAST_DISPERSION: f64 = 0.035;
/// The upper bound of the dispersion.
const MOST_DISPERSION: f64 = 0.12;
/// The days of history for which [`MemoryRules::reach_percent`] is meant. The fewer days were seen, the likelier the
/// next one exceeds them all (of `n + 1` days each is equally likely the highest), so the reach scales with `1/n`.
const REACH_DAYS: f64 = 14.0;
/// Where between the median (0) and the highest peak (1) the scale of the price is taken, on a log scale.
const PEAK_SHARE: f64 = 0.7;
/// The dispersion assumed before there are enough days to measure it.
const ASSUMED_DISPERSION: f64 = 0.15;
/// Days required before dispersion is measured.
const DAYS_TO_MEASURE: usize = 4;
/// Peaks below this count as nothing; keeps logarithms finite.
const LEAST_PEAK: f64 = 1e6;
/// How many hours in a row must be above the base for it to follow.
const LATEST_HOURS: usize = 3;
/// Candidates around each peak, in standard deviations of the kernel.
const CANDIDATES: [f64; 10] = [-0.5, 0.0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.2, 2.6];

/// What memory usage asks for, bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryEstimate {
    /// The level that the request covers, before headroom.
    pub base: f64,
    /// With headroom.
    pub bytes: f64,
    /// The predicted share (percent) of days below the base.
    pub covered_percent: f64,
    /// Growth of daily peaks, percent a day; 0 without an upward trend.
    pub growth_percent: f64,
    /// Variation of daily peaks: robust standard deviation of their logarithm, percent.
    pub dispersion_percent: f64,
}

/// Daily memory peaks of the past: cells are pushed in time order.
#[derive(Debug, Clone, Default)]
pub struct MemoryPast {
    /// Logarithm of the peak, UTC day, share of the hours of the day with samples.
    days: Vec<(f64, i32, f64)>,
    /// UTC day and logarithm of the peak, of fully observed days.
    whole_days: Vec<(i32, f64)>,
    /// The latest hours with samples, oldest first: hours since the epoch, and the peak in bytes.
    latest: [Option<(i64, f64)>; LATEST_HOURS],
}

impl MemoryPast {
    /// The growth a day, as a logarithm. A job of minutes a night has no complete days: then each of its days counts.
    fn growth(&self) -> f64 {
        if self.whole_days.len() * 2 >= self.days.len() {
            return trend::growth(&self.whole_days);
        }
        trend::growth(&self.days.iter().map(|(log, day, _)| (*day, *log)).collect::<Vec<_>>())
    }

    /// Nothing seen.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a day. Days come in ascending order.
    pub fn push(&mut self, cell: &DayCell) {
        for (hour, level) in (0_i64..).zip(&cell.memory_peaks).filter(|(_, level)| **level > 0) {
            self.latest.rotate_left(1);
            if let Some(last) = self.latest.last_mut() {
                *last = Some((i64::from(cell.day) * 24 + hour, scale::memory_value(*level)));
            }
        }
        if let Some(peak) = cell.memory_peak() {
            let hours = cell.memory_peaks.iter().filter(|level| **level > 0).count();
            let log = peak.max(LEAST_PEAK).ln();
            self.days.push((log, cell.day, hours as f64 / 24.0));
            if is_whole(&cell.memory_peaks) {
                self.whole_days.push((cell.day, log));
            }
        }
    }

    /// The estimate; `None` without samples.
    #[must_use]
    pub fn estimate(&self, rules: &MemoryRules, now: i64) -> Option<MemoryEstimate> {
        if self.days.is_empty() {
            return None;
        }
        let mut logs: Vec<f64> = self.days.iter().map(|(log, ..)| *log).collect();
        let typical = median(&mut logs);
        let mut dispersion = robust_deviation(logs).max(LEAST_DISPERSION);
        if self.days.len() < DAYS_TO_MEASURE {
            dispersion = dispersion.max(ASSUMED_DISPERSION);
        }
        let width = rules.spread * dispersion.min(MOST_DISPERSION);

        // An hour more or less of a day says proportionally more or less about its peak.
        let mut peaks: Vec<(f64, f64)> = self
            .days
            .iter()
            .map(|(log, day, hours)| (*log, hours * (-age_days(*day, now) / rules.half_life_days).exp2()))
            .collect();
        peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = peaks.iter().map(|(_, weight)| weight).sum();
        let highest = peaks.last()?.0;
        let typical = typical + (highest - typical) * PEAK_SHARE;
        let most = highest + (rules.reach_percent / 100.0 * REACH_DAYS / self.days.len() as f64).ln_1p();
        let scale = (typical * rules.scale_exponent).exp() * REFERENCE_BYTES.powf(1.0 - rules.scale_exponent);
        let price = rules.overrun_price * scale;

        let mut best = None::<(f64, f64, f64)>;
        let reach = width * KERNEL_REACH;
        for (peak, _) in &peaks {
            for step in CANDIDATES {
                let level = (peak + step * width).min(most);
                let from = peaks.partition_point(|(log, _)| *log < level - reach);
                let over: f64 = peaks
                    .get(from..)
                    .unwrap_or_default()
                    .iter()
                    .map(|(log, weight)| weight * above((level - log) / reach))
                    .sum::<f64>()
                    / total;
                let bytes = level.exp();
                let cost = bytes + price * over;
                if best.is_none_or(|(least, ..)| cost < least) {
                    best = Some((cost, bytes, over));
                }
            }
        }
        let (_, mut base, mut over) = best?;
        if let Some(level) = self.in_use_above(base) {
            base = level;
            let share: f64 = peaks.iter().filter(|(log, _)| *log > level.ln()).map(|(_, weight)| weight).sum();
            over = share / total;
        }
        Some(MemoryEstimate {
            base,
            bytes: base * (1.0 + rules.headroom_percent / 100.0),
            covered_percent: (1.0 - over) * 100.0,
            growth_percent: self.growth().exp_m1() * 100.0,
            dispersion_percent: dispersion * 100.0,
        })
    }
}

impl MemoryPast {
    /// The highest peak of the latest hours, if they are consecutive and every one of them was above `base` bytes.
    fn in_use_above(&self, base: f64) -> Option<f64> {
        let mut highest = base;
        let mut before: Option<i64> = None;
        for latest in self.latest {
            let (hour, peak) = latest?;
            if peak <= base || before.is_some_and(|before| before + 1 != hour) {
                return None;
            }
            before = Some(hour);
            highest = highest.max(peak);
        }
        Some(highest)
    }
}

/// The triweight kernel ends after this many standard deviations.
const KERNEL_REACH: f64 = 3.0;

/// The share of a triweight kernel (35/32 · (1−u²)³ on −1…1) above `u`.
fn above(u: f64) -> f64 {
    if u <= -1.0 {
        return 1.0;
    }
    if u >= 1.0 {
        return 0.0;
    }
    let square = u * u;
    0.5 - 35.0 / 32.0 * u * (1.0 - square * (1.0 - square * (0.6 - square / 7.0)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::{
        history::{ContainerHistory, DAY},
        rules::SizingRules,
    };

    const GIB: f64 = REFERENCE_BYTES;

    /// The estimate of the default profile after days with these peaks, GiB.
    fn after(peaks: &[f64]) -> MemoryEstimate {
        let mut history = ContainerHistory::new();
        for (day, peak) in (0..).zip(peaks) {
            for hour in 0..24 {
                let bytes = if hour == 12 { peak * GIB } else { 0.1 * GIB };
                history.observe_memory(day * DAY + hour * 3600, bytes);
            }
        }
        let rules = SizingRules::default();
        super::super::memory(history.cells(), &rules, peaks.len() as i64 * DAY).expect("there are samples")
    }

    #[test]
    fn busy_days_among_idle_ones_are_covered_and_hardly_exceeded() {
        // Every other day fills the machine; the dispersion of such days is that between busy and idle.
        let busy = [20.0, 5.0, 19.5, 4.8, 20.0, 5.2, 19.8, 5.0, 20.0, 4.9, 19.9, 5.1, 19.7, 5.0];
        let estimate = after(&busy);
        assert!(estimate.dispersion_percent > 100.0, "what is said of the days is what was measured");
        assert!((20.0 * GIB..20.0 * 1.15 * GIB).contains(&estimate.bytes), "{}", estimate.bytes / GIB);
    }

    #[test]
    fn the_fewer_days_were_seen_the_more_room_is_left() {
        let days = [2.0, 2.6, 1.8, 2.3];
        let ratio = |peaks: &[f64]| after(peaks).base / (2.6 * GIB);
        let (few, many) = (ratio(&days), ratio(&days.repeat(4)));
        assert!(few > many, "{few} and {many}");
        let reach = SizingRules::default().memory.reach_percent / 100.0;
        // A stored peak is rounded up by less than a thousandth.
        assert!(many <= (1.0 + reach) * 1.001, "{many}");
    }

    #[test]
    fn a_steady_container_gets_next_to_no_room() {
        let estimate = after(&[4.0; 14]);
        let rules = SizingRules::default().memory;
        let most = (1.0 + rules.reach_percent / 100.0) * (1.0 + rules.headroom_percent / 100.0) * 1.001;
        assert!(most < 1.15);
        assert!((4.0 * GIB..4.0 * most * GIB).contains(&estimate.bytes), "{}", estimate.bytes / GIB);
    }
}
