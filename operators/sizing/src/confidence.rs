//! Confidence, measured: the decision replayed over the container's own past days.
//!
//! In: day cells and rules. Out: the share of days on which yesterday's decision would have held, as a lower bound.

use serde::{Deserialize, Serialize};

use crate::{cell::DayCell, estimate, rules::SizingRules};

/// How often the same rules would have held on the container's own past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confidence {
    /// The lower bound of the share of days that hold, 0–100.
    pub percent: u8,
    /// Past days that could be scored.
    pub days_scored: u32,
    /// Of these, days on which the decision before held.
    pub days_held: u32,
    /// Of the days scored, those with memory over the request.
    pub days_memory_over: u32,
    /// Of the days scored, those with more than 5 % of CPU samples over the request.
    pub days_cpu_over: u32,
}

/// Replays the rules over `cells`.
#[must_use]
pub fn measure(cells: &[DayCell], rules: &SizingRules) -> Confidence {
    let mut confidence = Confidence::default();
    for day in 1..cells.len() {
        let (Some((past, rest)), true) = (cells.split_at_checked(day), true) else { continue };
        let Some(next) = rest.first() else { continue };
        let cpu_over = estimate::cpu(past, rules).is_some_and(|e| next.cpu.share_over(e.cores) > 0.05);
        let memory_over =
            estimate::memory(past, rules).is_some_and(|e| next.memory_peak().is_some_and(|peak| peak > e.bytes));
        confidence.days_scored += 1;
        confidence.days_cpu_over += u32::from(cpu_over);
        confidence.days_memory_over += u32::from(memory_over);
        confidence.days_held += u32::from(!cpu_over && !memory_over);
    }
    let share = f64::from(confidence.days_held) / (f64::from(confidence.days_scored) + 1.0);
    confidence.percent = (share * 100.0) as u8;
    confidence
}
