//! Whether CPU usage has a weekly pattern, and which past day then predicts a coming one.
//!
//! In: day cells in order, and now. Out: the day a week before a coming day, if weekdays matter.
//!
//! The container's own past decides. Each fully observed past day `d` is predicted twice: by the day before and by the
//! same weekday of the week before, both as `u = ln p95`. Over all such days
//! ```text
//! E₁ = Σ (u(d) − u(d−1))²      E₇ = Σ (u(d) − u(d−7))²
//! ```
//!
//! are about equal where weekdays mean nothing: then `E₁ / E₇` approximately follows Fisher's F with equal degrees of
//! freedom for numerator and denominator. There is a weekly pattern where the ratio exceeds the 95th percentile of that
//! distribution, and where days differ enough to matter at all. A step, a ramp or a single busy day is predicted worse
//! by last week than by yesterday, so none of them passes for a pattern.

use super::{is_whole, percentile};
use crate::{cell::DayCell, history::day_of};

/// Days of a week.
const WEEK: i32 = 7;
/// The percentile of a day that is compared: a decision holds on a day when its request covers it.
const PERCENTILE: f64 = 95.0;
/// Usage below this many cores counts as none.
const LEAST_CORES: f64 = 1e-3;
/// The 95th percentile of Fisher's F with `n` and `n` degrees of freedom, for `n` from 3 on; the last also serves for
/// more.
const CRITICAL_RATIO: [f64; 6] = [9.28, 6.39, 5.05, 4.28, 3.79, 3.44];
/// Fewer predicted days than this show no pattern.
const LEAST_PAIRS: usize = 3;
/// The least root mean square of the day-to-day change (logarithmic): less is insignificant.
const LEAST_CHANGE: f64 = 0.2;

/// Fully observed past days, with the logarithm of their level, in ascending order.
#[derive(Debug, Clone, Default)]
pub(super) struct Weekdays<'a> {
    days: Vec<(&'a DayCell, f64)>,
}

impl<'a> Weekdays<'a> {
    /// Adds a day. Days come in ascending order.
    pub(super) fn push(&mut self, cell: &'a DayCell) {
        if is_whole(&cell.cpu_peaks)
            && let Some(level) = percentile(&cell.cpu, PERCENTILE)
        {
            self.days.push((cell, level.max(LEAST_CORES).ln()));
        }
    }

    /// The days a week before those on which a decision at `now` must hold, the next 24 hours: none without a weekly
    /// pattern.
    pub(super) fn week_before(&self, now: i64) -> impl Iterator<Item = &'a DayCell> {
        let (today, end) = (day_of(now), day_of(now.saturating_add(crate::history::DAY - 1)));
        let listens = self.shows_pattern(today);
        (today..=end).filter(move |_| listens).filter_map(|day| self.find(day - WEEK)).map(|(cell, _)| cell)
    }

    /// Whether the days before `today`, which is incomplete, show a weekly pattern.
    fn shows_pattern(&self, today: i32) -> bool {
        let (mut pairs, mut by_yesterday, mut by_weekday) = (0, 0.0, 0.0);
        for (cell, level) in self.days.iter().filter(|(cell, _)| cell.day < today) {
            if let (Some((_, yesterday)), Some((_, weekday))) = (self.find(cell.day - 1), self.find(cell.day - WEEK)) {
                pairs += 1;
                by_yesterday += (level - yesterday).powi(2);
                by_weekday += (level - weekday).powi(2);
            }
        }
        let critical = CRITICAL_RATIO.get(pairs.min(LEAST_PAIRS + CRITICAL_RATIO.len() - 1).wrapping_sub(LEAST_PAIRS));
        critical.is_some_and(|ratio| by_yesterday >= ratio * by_weekday)
            && by_yesterday >= pairs as f64 * LEAST_CHANGE.powi(2)
    }

    fn find(&self, day: i32) -> Option<(&'a DayCell, f64)> {
        let at = self.days.binary_search_by_key(&day, |(cell, _)| cell.day).ok()?;
        self.days.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::history::{ContainerHistory, DAY};

    /// Whether two weeks whose days have these levels show a pattern.
    fn pattern(levels: &[f64]) -> bool {
        let mut history = ContainerHistory::new();
        for (day, level) in (0..).zip(levels) {
            for hour in 0..24 {
                history.observe_cpu(day * DAY + hour * 3600, *level, 1);
            }
        }
        let mut weekdays = Weekdays::default();
        for cell in history.cells() {
            weekdays.push(cell);
        }
        weekdays.shows_pattern(levels.len() as i32)
    }

    #[test]
    fn only_weeks_that_repeat_are_a_pattern() {
        let office = [1.0, 1.1, 0.9, 1.0, 1.0, 0.2, 0.2];
        let batch = [0.2, 0.21, 2.0, 0.2, 0.19, 0.2, 0.22];
        let step = [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 1.0, 1.0, 1.0, 1.0];
        let ramp: Vec<f64> = (0..14).map(|day| 0.2 * 1.1f64.powi(day)).collect();
        let one = [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 2.0, 0.2, 0.2, 0.2, 0.2];
        let ripple = [0.2, 0.21, 0.2, 0.19, 0.2, 0.2, 0.2];
        for (name, levels, shows) in [
            ("office hours", [office, office].concat(), true),
            ("weekly batch", [batch, batch].concat(), true),
            ("one week only", office.to_vec(), false),
            ("a step", step.to_vec(), false),
            ("a ramp", ramp, false),
            ("one busy day", one.to_vec(), false),
            ("differences that do not matter", [ripple, ripple].concat(), false),
        ] {
            assert_eq!(pattern(&levels), shows, "{name}");
        }
    }

    #[test]
    fn noise_seldom_passes_for_a_pattern() {
        // Levels that differ by a factor of two and more from day to day, at random (a linear congruential generator).
        let mut state = 1u64;
        let mut level = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            0.5 * ((state >> 33) as f64 / (1u64 << 31) as f64 * 2.0).exp()
        };
        let passed = (0..500).filter(|_| pattern(&(0..14).map(|_| level()).collect::<Vec<_>>())).count();
        assert!(passed <= 50, "{passed} of 500");
    }
}
