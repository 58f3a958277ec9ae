//! Whether usage grows from day to day.
//!
//! In: one logarithm a day. Out: growth per day, if significant. The slope is Theil and Sen's (the median of the slopes
//! between all pairs of days), and it counts only when Kendall's τ over the same pairs says that the days are in order:
//! one step, or noise, is no trend. A week is tested first. Where noise hides the growth of a week, a fortnight is
//! tested, and the lesser of both slopes is used: after a step in the fortnight, the last week is level again.

/// The days tested first, the latest ones.
const WEEK_DAYS: usize = 7;
/// The days tested where a week shows nothing.
const MOST_DAYS: usize = 14;
/// Fewer days than this show no trend.
const LEAST_DAYS: usize = 5;
/// The least τ of a week: of 21 pairs, at most one may be out of order.
const LEAST_TAU: f64 = 0.85;
/// The least τ of more days, in standard deviations of τ without a trend: by chance as rare as [`LEAST_TAU`] in a week.
const LEAST_DEVIATIONS: f64 = 2.85;

/// The growth per day as a logarithm; 0 when there is no upward trend. `days` are `(UTC day, logarithm)` in ascending order.
pub(super) fn growth(days: &[(i32, f64)]) -> f64 {
    let last = |most: usize| days.get(days.len().saturating_sub(most)..).unwrap_or_default();
    let (week, fortnight) = (last(WEEK_DAYS), last(MOST_DAYS));
    if week.len() < LEAST_DAYS {
        return 0.0;
    }
    let (tau, slope) = tau_and_slope(week);
    if tau >= LEAST_TAU {
        return slope.max(0.0);
    }
    let n = fortnight.len() as f64;
    if slope <= 0.0 || fortnight.len() <= WEEK_DAYS {
        return 0.0;
    }
    let (tau, long_slope) = tau_and_slope(fortnight);
    let deviation = (2.0 * (2.0 * n + 5.0) / (9.0 * n * (n - 1.0))).sqrt();
    if tau >= LEAST_DEVIATIONS * deviation { long_slope.min(slope).max(0.0) } else { 0.0 }
}

/// Kendall's τ and the Theil–Sen slope of at least two days.
fn tau_and_slope(days: &[(i32, f64)]) -> (f64, f64) {
    let mut slopes = Vec::with_capacity(days.len() * days.len() / 2);
    let mut order = 0.0;
    for (nth, (day, value)) in days.iter().enumerate() {
        for (before, past) in days.iter().take(nth) {
            let slope = (value - past) / f64::from((day - before).max(1));
            order += if slope > 0.0 { 1.0 } else { -1.0 };
            slopes.push(slope);
        }
    }
    (order / slopes.len().max(1) as f64, super::median(&mut slopes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::growth;

    #[test]
    fn growth_is_seen_and_steps_are_not() {
        let days = |values: [f64; 7]| -> Vec<(i32, f64)> { (0..).zip(values).collect() };
        assert!((growth(&days([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])) - 0.1).abs() < 1e-9);
        assert_eq!(growth(&days([0.0, 0.01, -0.01, 0.0, 0.7, 0.69, 0.71])), 0.0, "one step");
        assert_eq!(growth(&days([0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])), 0.0, "it falls");
        let days = |values: [f64; 14]| -> Vec<(i32, f64)> { (0..).zip(values).collect() };
        let noise = [0.05, -0.08, 0.02, 0.09, -0.05, -0.02, 0.06, -0.07, 0.08, 0.0, -0.06, 0.07, -0.04, 0.03];
        let noisy = |level: fn(usize) -> f64| growth(&days(std::array::from_fn(|nth| level(nth) + noise[nth])));
        let slope = noisy(|nth| 0.05 * nth as f64);
        assert!((0.02..=0.06).contains(&slope), "growth under noise: {slope}");
        assert_eq!(noisy(|_| 0.0), 0.0, "noise alone");
        for at in 1..13 {
            let step = days(std::array::from_fn(|nth| if nth < at { 0.0 } else { 0.7 }));
            assert_eq!(growth(&step), 0.0, "a step before day {at}");
        }
        assert_eq!(growth(&[(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0)]), 0.0, "too few days");
    }
}
