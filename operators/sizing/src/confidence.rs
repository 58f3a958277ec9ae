//! Confidence, measured: the decision replayed over the container's own past days.
//!
//! In: day cells and rules. Out: how often a decision made before a day would have held on that day, as a lower bound.
//!
//! A decision *holds* on a day when no memory sample exceeds its request and at most 5 % of CPU samples do. For every
//! past day `d` the estimates are computed from the days before `d` alone and compared with `d`. A day that barely
//! held, or barely missed, counts as half: the margin `m = ln(request / usage)` decides, through a logistic of width
//! [`MARGIN`]. From the sum `k` of these over `n` days (recent ones counting more) the stated percentage is Wilson's
//! lower bound of `k / n` at [`Z`] standard deviations, so few days give little confidence however well they went.
//! After `d` scored days it is at most `1 − 2⁻ᵈ`: one good day proves only that one day went well.

use serde::{Deserialize, Serialize};

use crate::{
    cell::DayCell,
    estimate::{CpuPast, MemoryPast, percentile},
    history::DAY,
    rules::SizingRules,
};

/// The margin (logarithmic, so about the share of the request) by which a day must hold to count nearly in full.
pub const MARGIN: f64 = 0.02;
/// A day that held by a smaller margin than this held only just.
pub const NEAR: f64 = 2.0 * MARGIN;
/// Standard deviations of the lower bound.
pub const Z: f64 = 0.6;
/// The age at which a scored day weighs half, days.
pub const HALF_LIFE_DAYS: f64 = 20.0;
/// Samples that make a day a full trial: one an hour. A day with fewer counts in part.
pub const SAMPLES_OF_A_DAY: u32 = 24;
/// The most days scored, the latest ones.
pub const MOST_DAYS: usize = 28;

/// How often the same rules would have held on the container's own past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confidence {
    /// The lower bound of the share of days that hold, 0–100.
    pub percent: u8,
    /// Past days that could be scored.
    pub days_scored: u32,
    /// Of these, days on which the decision before held.
    pub days_held: u32,
    /// Of the days held, those that barely held: they count in part.
    #[serde(default)]
    pub days_near: u32,
    /// Of the days scored, those with memory over the request.
    pub days_memory_over: u32,
    /// Of the days scored, those with more than 5 % of CPU samples over the request.
    pub days_cpu_over: u32,
}

/// Replays the rules over `cells` (oldest first).
#[must_use]
pub fn measure(cells: &[DayCell], rules: &SizingRules, now: i64) -> Confidence {
    let mut confidence = Confidence::default();
    let (mut cpu, mut memory) = (CpuPast::new(&rules.cpu), MemoryPast::new());
    let (mut weight_sum, mut held_sum, mut trials) = (0.0, 0.0, 0.0);
    let first_scored = cells.len().saturating_sub(MOST_DAYS);
    let Some(first_day) = cells.first().map(|cell| i64::from(cell.day)) else { return confidence };
    for (nth, cell) in cells.iter().enumerate() {
        let morning = i64::from(cell.day) * DAY;
        let old_enough = (i64::from(cell.day) - first_day) * DAY >= rules.minimum_history_seconds;
        if nth > 0 && nth >= first_scored && old_enough {
            // An idle container uses nothing and cannot exceed its request; the margins are then effectively infinite.
            let cpu_margin = match (cpu.estimate(&rules.cpu, morning), percentile(&cell.cpu, 95.0)) {
                (Some(estimate), Some(used)) => {
                    margin(estimate.cores * 1000.0, rules.cpu.min_millicores, used * 1000.0)
                }
                _ => f64::INFINITY,
            };
            let memory_margin = match (memory.estimate(&rules.memory, morning), cell.memory_peak()) {
                (Some(estimate), Some(peak)) => margin(estimate.bytes, rules.memory.min_bytes, peak),
                _ => f64::INFINITY,
            };
            confidence.days_scored += 1;
            confidence.days_cpu_over += u32::from(cpu_margin < 0.0);
            confidence.days_memory_over += u32::from(memory_margin < 0.0);
            let least = cpu_margin.min(memory_margin);
            confidence.days_held += u32::from(least >= 0.0);
            confidence.days_near += u32::from((0.0..NEAR).contains(&least));
            let age = (now.saturating_sub(morning + DAY).max(0)) as f64 / DAY as f64;
            let seen = seen(cell);
            let weight = seen * (-age / HALF_LIFE_DAYS).exp2();
            trials += seen;
            weight_sum += weight;
            held_sum += weight * held(least);
        }
        cpu.push(cell);
        memory.push(cell);
    }
    if weight_sum > 0.0 {
        let share = wilson_lower(held_sum / weight_sum, trials).min(most(confidence.days_scored));
        confidence.percent = (share * 100.0).clamp(0.0, 100.0) as u8;
    }
    confidence
}

/// The most that this many days can show, 0–1.
fn most(days: u32) -> f64 {
    1.0 - (-f64::from(days)).exp2()
}

/// How much of a day was observed, 0–1.
fn seen(cell: &DayCell) -> f64 {
    let samples = cell.cpu_samples.max(cell.memory_samples).min(SAMPLES_OF_A_DAY);
    f64::from(samples) / f64::from(SAMPLES_OF_A_DAY)
}

/// The logarithm of request over usage; the request is at least the rules' minimum.
fn margin(request: f64, least: i64, used: f64) -> f64 {
    let request = request.max(least as f64);
    if used <= 0.0 { f64::INFINITY } else { (request / used).max(1e-9).ln() }
}

/// How much a day with this margin counts as held, 0–1.
fn held(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin / MARGIN).clamp(-60.0, 60.0).exp())
}

/// Wilson's lower bound of a share `p` measured on `n` trials (Wilson 1927).
fn wilson_lower(p: f64, n: f64) -> f64 {
    let z2 = Z * Z;
    let centre = p + z2 / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
    (centre - spread) / (1.0 + z2 / n)
}
