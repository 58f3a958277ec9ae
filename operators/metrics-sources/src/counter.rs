//! Turns the readings of a monotonic counter into increases per step.
//!
//! In: one reading per step, absent ones as NaN. Out: the increase per step, absent ones as NaN. Pure.
//!
//! This replaces PromQL's `rate()`: raw points cost the server a fraction of it, and one reading of a counter serves
//! both as the end of one step and the start of the next.

/// The maximum distance of two readings, in steps, that still gives an increase: one missing reading is bridged by the
/// mean of both steps, assigned to the later one. Over a longer distance, the counter may have been reset unseen.
pub const MAX_GAP_STEPS: usize = 2;

/// A reading of at least this share of the one before is no reset.
const NEARLY: f64 = 0.5;

/// Replaces each reading by the increase since the previous one, per step. The first is only a base and becomes NaN.
///
/// A reading below the one before means that the counter was reset (the container restarted): its value was then
/// counted since the reset, and is taken as the increase. That is a lower bound, as with `increase()`. A reading only
/// slightly below counts as absent: an increase of zero would claim what is not known, and for a value that falls all
/// the time it would be claimed forever.
pub fn increases(readings: &mut [f64]) {
    let mut last: Option<(usize, f64)> = None;
    for (index, slot) in readings.iter_mut().enumerate() {
        let now = *slot;
        if now.is_nan() {
            continue;
        }
        *slot = match last {
            // From another replica, or a clock that went back: a restarted container does not use nearly as much within
            // a step as it did in all its life before.
            Some((at, before)) if index - at <= MAX_GAP_STEPS && now < before && now >= before * NEARLY => {
                *slot = f64::NAN;
                continue;
            }
            Some((at, before)) if index - at <= MAX_GAP_STEPS => {
                let increase = if now >= before { now - before } else { now };
                // A gap is at most MAX_GAP_STEPS long, so the cast is exact.
                #[allow(clippy::cast_precision_loss)]
                let steps = (index - at) as f64;
                increase / steps
            }
            _ => f64::NAN,
        };
        // What was counted once is not counted again after a step back.
        last =
            Some((index, last.map_or(now, |(_, before)| if now >= before * NEARLY { now.max(before) } else { now })));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use proptest::prelude::*;

    use super::*;

    const GAP: f64 = f64::NAN;

    #[test]
    fn readings_become_increases() {
        let table: [(&str, &[f64], &[f64]); 11] = [
            ("a small step back is no reading", &[1000.0, 1030.0, 1029.0, 1060.0], &[GAP, 30.0, GAP, 15.0]),
            ("two servers in turn", &[100.0, 98.0, 104.0, 102.0, 108.0], &[GAP, GAP, 2.0, GAP, 2.0]),
            ("what falls is no counter", &[100.0, 99.0, 98.0, 97.0, 96.0, 95.0], &[GAP; 6]),
            ("nothing", &[], &[]),
            ("a base alone tells nothing", &[7.0], &[GAP]),
            ("steady", &[0.0, 30.0, 60.0], &[GAP, 30.0, 30.0]),
            ("idle", &[5.0, 5.0], &[GAP, 0.0]),
            ("reset: what is shown was counted since", &[100.0, 130.0, 12.0, 20.0], &[GAP, 30.0, 12.0, 8.0]),
            ("reset to zero", &[100.0, 0.0, 4.0], &[GAP, 0.0, 4.0]),
            ("one missing reading is bridged by the mean", &[10.0, GAP, 30.0, 31.0], &[GAP, GAP, 10.0, 1.0]),
            ("two missing readings end the story", &[10.0, GAP, GAP, 30.0, 31.0], &[GAP, GAP, GAP, GAP, 1.0]),
        ];
        for (name, readings, expected) in table {
            let mut got = readings.to_vec();
            increases(&mut got);
            assert_eq!(format!("{got:?}"), format!("{expected:?}"), "{name}");
        }
    }

    proptest! {
        #[test]
        fn increases_are_never_negative_and_sum_to_the_whole_without_resets(
            deltas in prop::collection::vec(0.0..1e6f64, 1..200),
        ) {
            let mut readings = vec![0.0];
            for delta in &deltas {
                readings.push(readings[readings.len() - 1] + delta);
            }
            let whole = readings[readings.len() - 1];
            increases(&mut readings);
            prop_assert!(readings[0].is_nan());
            prop_assert!(readings[1..].iter().all(|increase| *increase >= 0.0));
            let sum: f64 = readings[1..].iter().sum();
            prop_assert!((sum - whole).abs() <= 1e-6 * whole.max(1.0));
        }

        #[test]
        fn what_is_missing_never_makes_more_or_less_of_a_constant_rate(
            rate in 0.001..1e3f64,
            begin in 0.0..1e9f64,
            there in prop::collection::vec(any::<bool>(), 1..300),
        ) {
            let value = |step: usize| begin + rate * step as f64;
            let mut readings: Vec<f64> =
                there.iter().enumerate().map(|(step, there)| if *there { value(step) } else { f64::NAN }).collect();
            increases(&mut readings);
            for increase in readings.into_iter().filter(|increase| !increase.is_nan()) {
                // The precision of a double of this size.
                prop_assert!((increase - rate).abs() <= 1e-9 * rate + 4.0 * f64::EPSILON * (begin + rate * 300.0), "{increase}");
            }
        }

        #[test]
        fn no_input_gives_a_negative_increase(
            mut readings in prop::collection::vec(prop_oneof![3 => 0.0..1e9f64, 1 => Just(f64::NAN)], 0..50),
        ) {
            increases(&mut readings);
            prop_assert!(readings.iter().all(|increase| increase.is_nan() || *increase >= 0.0));
        }
    }
}
