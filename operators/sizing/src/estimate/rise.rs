//! Whether usage has just risen to a level the past does not show yet.
//!
//! In: the last days' hourly peaks. Out: the level of the latest hours, if every one of them exceeded the covered
//! level.
//!
//! A histogram over days learns a new level only as its samples accumulate: after three hours it is an eighth of the
//! day, and a request that covers 90 % of samples is still below it. But three consecutive hours whose peaks all exceed
//! a level that hardly any sample should exceed are no accident. This only ever raises: a fall in usage is accepted as
//! slowly as before.

use crate::{cell::DayCell, scale};

/// The consecutive hours that must be above.
const HOURS: usize = 3;
const HOURS_OF_DAY: usize = 24;

/// The median of the peaks of the latest [`HOURS`] hours, if all of them exceed `covered` (cores) and are consecutive.
pub(super) fn level(before: Option<&DayCell>, last: &DayCell, covered: f64) -> Option<f64> {
    let latest = last.cpu_peaks.iter().rposition(|level| *level > 0)?;
    let before = before.filter(|cell| cell.day + 1 == last.day);
    let mut peaks = [0.0; HOURS];
    for (back, peak) in peaks.iter_mut().enumerate() {
        let level = match latest.checked_sub(back) {
            Some(hour) => last.cpu_peaks.get(hour),
            None => before.and_then(|cell| cell.cpu_peaks.get(HOURS_OF_DAY + latest - back)),
        };
        *peak = scale::cpu_value(*level?);
    }
    peaks.sort_by(f64::total_cmp);
    let [least, median, _] = peaks;
    (least > covered).then_some(median)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::level;
    use crate::history::ContainerHistory;

    #[test]
    fn hours_in_a_row_count_and_gaps_do_not() {
        let seen = |hours: &[(i64, f64)]| {
            let mut history = ContainerHistory::new();
            for (hour, cores) in hours {
                history.observe_cpu(hour * 3600, *cores, 1);
            }
            let cells = history.cells();
            level(cells.len().checked_sub(2).map(|at| &cells[at]), cells.last().unwrap(), 1.0)
        };
        let near = |level: Option<f64>, cores: f64| level.is_some_and(|level| (level / cores - 1.0).abs() < 1e-3);
        assert!(near(seen(&[(8, 0.5), (9, 2.0), (10, 4.0), (11, 3.0)]), 3.0));
        assert!(near(seen(&[(22, 2.0), (23, 2.0), (24, 2.0)]), 2.0), "across midnight");
        assert_eq!(seen(&[(8, 2.0), (9, 0.5), (10, 2.0), (11, 2.0)]), None, "one hour was not above");
        assert_eq!(seen(&[(8, 2.0), (10, 2.0), (11, 2.0)]), None, "an hour without samples");
        assert_eq!(seen(&[(23, 2.0), (48, 2.0), (49, 2.0)]), None, "a day without samples");
        assert_eq!(seen(&[(1, 2.0)]), None, "no day before");
    }
}
