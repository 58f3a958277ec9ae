//! Whether usage grows from day to day.
//!
//! In: one logarithm a day. Out: growth per day, if there is any to speak of. The slope is Theil and Sen's (the median of the
//! slopes between all pairs of days), and it counts only when Kendall's τ over the same pairs says that the days are in
//! order: one step, or noise, is no trend.

/// The days that are looked at, the latest ones.
const DAYS: usize = 7;
/// Fewer days than this show no trend.
const LEAST_DAYS: usize = 5;
/// The least τ: of 21 pairs, at most one may be out of order.
const LEAST_TAU: f64 = 0.85;

/// The growth per day as a logarithm; 0 when there is no upward trend. `days` are `(UTC day, logarithm)` in ascending order.
pub(super) fn growth(days: &[(i32, f64)]) -> f64 {
    let days = days.get(days.len().saturating_sub(DAYS)..).unwrap_or_default();
    if days.len() < LEAST_DAYS {
        return 0.0;
    }
    let mut slopes = Vec::with_capacity(DAYS * (DAYS - 1) / 2);
    let mut order = 0.0;
    for (nth, (day, value)) in days.iter().enumerate() {
        for (before, past) in days.iter().take(nth) {
            let slope = (value - past) / f64::from((day - before).max(1));
            order += if slope > 0.0 { 1.0 } else { -1.0 };
            slopes.push(slope);
        }
    }
    if order / (slopes.len() as f64) < LEAST_TAU {
        return 0.0;
    }
    super::median(&mut slopes).max(0.0)
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
        assert_eq!(growth(&[(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0)]), 0.0, "too few days");
    }
}
