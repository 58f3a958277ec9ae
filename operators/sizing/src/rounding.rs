//! Rounding of proposals to steps that people write and that do not change with every sample.
//!
//! In: an exact amount. Out: the next step at or above it. Steps are 1, 2 or 5 times a power of ten (CPU) or a power of two
//! (memory), near 1 % of the amount, at least 1m and 1Mi.

const MIB: i64 = 1 << 20;
/// Millicores of a core.
pub const CORE: i64 = 1000;

/// Rounds millicores up to whole cores, at least one.
#[must_use]
pub fn whole_cores(millicores: i64) -> i64 {
    (millicores.max(1) - 1).div_euclid(CORE).saturating_add(1).saturating_mul(CORE)
}

/// Rounds millicores up: 1m below 200m, 2m below 500m, 5m below 1 core, 10m below 2 cores, and so on.
#[must_use]
pub fn cpu_up(millicores: f64) -> i64 {
    up(millicores, cpu_step(millicores))
}

/// Rounds bytes up: 1Mi below 256Mi, then the greatest power of two of MiB that is at most 1/128 of the amount.
#[must_use]
pub fn memory_up(bytes: f64) -> i64 {
    up(bytes, memory_step(bytes))
}

/// Rounds millicores down by the same steps.
#[must_use]
pub fn cpu_down(millicores: i64) -> i64 {
    let step = cpu_step(millicores as f64);
    millicores.max(0) / step * step
}

/// Rounds bytes down by the same steps.
#[must_use]
pub fn memory_down(bytes: i64) -> i64 {
    let step = memory_step(bytes as f64);
    bytes.max(0) / step * step
}

fn cpu_step(millicores: f64) -> i64 {
    let mut power = 1;
    loop {
        for multiple in [1, 2, 5] {
            let step = power * multiple;
            let next = step as f64 * if multiple == 2 { 2.5 } else { 2.0 };
            if millicores < next * 100.0 || step >= 1_000_000 {
                return step;
            }
        }
        power *= 10;
    }
}

fn memory_step(bytes: f64) -> i64 {
    let mut step = MIB;
    while step as f64 * 256.0 <= bytes && step < MIB << 20 {
        step *= 2;
    }
    step
}

fn up(amount: f64, step: i64) -> i64 {
    // A small tolerance, so that 100.0000001 does not become 101. The cast saturates, and NaN becomes 0.
    let steps = (amount / step as f64 - 1e-9).ceil().max(0.0) as i64;
    steps.saturating_mul(step)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cpu_steps() {
        for (exact, rounded) in [
            (0.0, 0),
            (0.2, 1),
            (12.0, 12),
            (12.1, 13),
            (199.5, 200),
            (201.0, 202),
            (501.0, 505),
            (1001.0, 1010),
            (2001.0, 2020),
            (7_777.0, 7_800),
        ] {
            assert_eq!(cpu_up(exact), rounded, "{exact}");
        }
    }

    #[test]
    fn memory_steps() {
        let mib = MIB as f64;
        for (exact, rounded) in
            [(0.0, 0), (1.0, 1), (100.2 * mib, 101), (257.0 * mib, 258), (1000.5 * mib, 1004), (4097.0 * mib, 4128)]
        {
            assert_eq!(memory_up(exact), rounded * MIB, "{exact}");
        }
    }

    proptest! {
        #[test]
        fn up_is_close_above_and_keeps_order(a in 0.0f64..1e6, b in 0.0f64..1e6) {
            prop_assert!(cpu_up(a) as f64 >= a - 1e-3 && cpu_up(a) as f64 <= a * 1.011 + 1.0);
            if a <= b {
                prop_assert!(cpu_up(a) <= cpu_up(b));
            }
            let (a, b) = (a * 1e6, b * 1e6);
            prop_assert!(memory_up(a) as f64 >= a - 2.0 && memory_up(a) as f64 <= a * 1.008 + MIB as f64);
            if a <= b {
                prop_assert!(memory_up(a) <= memory_up(b));
            }
        }
    }
}
