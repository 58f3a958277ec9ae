//! Whether the last day is so unusual that a reader should know.
//!
//! In: the days of the window, now, and the usual levels. Out: the levels that deviate from them. A day is also
//! compared with the same weekday of the week before, where that was seen: a Sunday like last Sunday is nothing new.
//!
//! Only a complete day is compared in both directions, and only a complete day for CPU: hourly use varies on any day.
//! For the incomplete day one thing is certain: that memory has exceeded the usual level.

use crate::{cell::DayCell, estimate, history::day_of};

/// A level this many times above or below the usual one is unusual.
const USUAL_FACTOR: f64 = 1.5;
/// The same factor against the same weekday of the week before.
const WEEKDAY_FACTOR: f64 = 1.2;
/// Below this many cores a change is insignificant.
const LEAST_CORES: f64 = 0.01;
/// Days of a week.
const WEEK: i32 = 7;

/// Which levels are unusual.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Change {
    /// The median of CPU on the last day, cores, where it is unusual.
    pub cpu: Option<f64>,
    /// The memory peak of the last day, bytes, where it is unusual.
    pub memory: Option<f64>,
}

/// Evaluates the last days of `cells` (oldest first, none after `now`). `usual_cores` is the median of all CPU samples,
/// and `usual_bytes` that of the daily memory peaks.
pub(crate) fn find(cells: &[DayCell], now: i64, usual_cores: f64, usual_bytes: f64) -> Change {
    let over = cells.partition_point(|cell| cell.day < day_of(now));
    let (last, so_far) = (over.checked_sub(1).and_then(|at| cells.get(at)), cells.get(over));
    let cpu = last.and_then(|day| {
        let level = median(day)?;
        let differs = |other: f64, factor: f64| {
            let (level, other) = (level.max(LEAST_CORES), other.max(LEAST_CORES));
            level > other * factor || level * factor < other
        };
        let weekday = week_before(cells, day).and_then(median);
        (differs(usual_cores, USUAL_FACTOR) && weekday.is_none_or(|level| differs(level, WEEKDAY_FACTOR)))
            .then_some(level)
    });
    let memory = [(so_far, false), (last, true)].into_iter().find_map(|(day, is_over)| {
        let day = day?;
        let peak = day.memory_peak()?;
        let differs = |other: f64, factor: f64| peak > other * factor || (is_over && peak * factor < other);
        let weekday = week_before(cells, day).and_then(DayCell::memory_peak);
        (differs(usual_bytes, USUAL_FACTOR) && weekday.is_none_or(|peak| differs(peak, WEEKDAY_FACTOR))).then_some(peak)
    });
    Change { cpu, memory }
}

fn median(day: &DayCell) -> Option<f64> {
    estimate::percentile(&day.cpu, 50.0)
}

/// The same weekday of the week before.
fn week_before<'a>(cells: &'a [DayCell], day: &DayCell) -> Option<&'a DayCell> {
    let wanted = day.day - WEEK;
    cells.get(cells.binary_search_by_key(&wanted, |cell| cell.day).ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::history::{ContainerHistory, DAY};

    const MIB: f64 = 1_048_576.0;

    /// The result `hours` into the day after days with these cores and MiB, when that day has `so_far`.
    fn found(days: &[(f64, f64)], hours: i64, so_far: (f64, f64)) -> (bool, bool) {
        let mut history = ContainerHistory::new();
        let mut observe = |time: i64, (cores, mib): (f64, f64)| {
            history.observe_cpu(time, cores, 1);
            history.observe_memory(time, mib * MIB);
        };
        for (day, usage) in (0..).zip(days) {
            (0..24).for_each(|hour| observe(day * DAY + hour * 3600, *usage));
        }
        let today = days.len() as i64 * DAY;
        (0..hours).for_each(|hour| observe(today + hour * 3600, so_far));
        let change = find(history.cells(), today + hours * 3600, 0.2, 500.0 * MIB);
        (change.cpu.is_some(), change.memory.is_some())
    }

    #[test]
    fn only_what_is_unlike_the_usual_and_its_weekday_is_a_change() {
        let usual = (0.2, 500.0);
        let weeks = |last: (f64, f64), weekday: (f64, f64)| {
            let mut days = vec![usual; 14];
            (days[6], days[13]) = (weekday, last);
            days
        };
        for (case, days, hours, so_far, expected) in [
            ("as ever", weeks(usual, usual), 0, usual, (false, false)),
            ("a few percent", weeks((0.21, 517.0), usual), 0, usual, (false, false)),
            ("memory up", weeks((0.2, 800.0), usual), 0, usual, (false, true)),
            ("memory down", weeks((0.2, 300.0), usual), 0, usual, (false, true)),
            ("CPU up", weeks((0.4, 500.0), usual), 0, usual, (true, false)),
            ("a Sunday like the last", weeks((0.1, 300.0), (0.1, 310.0)), 0, usual, (false, false)),
            ("a Sunday unlike the last", weeks((0.1, 300.0), (0.13, 400.0)), 0, usual, (true, true)),
            ("the first Sunday", vec![usual, usual, usual, (0.1, 300.0)], 0, usual, (true, true)),
            ("a night", weeks(usual, usual), 3, (0.05, 200.0), (false, false)),
            ("a morning with more memory than on any day", weeks(usual, usual), 3, (0.6, 900.0), (false, true)),
        ] {
            assert_eq!(found(&days, hours, so_far), expected, "{case}");
        }
        assert_eq!(find(&[], 0, 0.0, 0.0), Change::default());
    }
}
