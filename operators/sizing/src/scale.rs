//! The scales on which usage is stored.
//!
//! In: cores and bytes as measured. Out: small integers, and back. Both scales are exponential, so the relative error is
//! the same for a container of 1 millicore and one of 100 cores.
//!
//! * **CPU buckets**: bucket 0 is `[0, 0.1m)`, bucket `i ≥ 1` is `[0.1m·2^((i−1)/32), 0.1m·2^(i/32))`: 2.2 % wide, 745 of
//!   them up to 1,000 cores. A histogram of *resolution* `s` merges `2^s` neighbours (4.4 %, 9.1 %, …).
//! * **Levels**: `⌈1024·log2(v / unit)⌉ + 1` in a `u16`, 0 for "nothing seen": steps of 0.068 %, always rounded up, so that a
//!   stored peak never understates. The unit is 1 byte for memory and 0.1m for CPU.

use std::sync::LazyLock;

/// The lower edge of CPU bucket 1, in cores: 0.1 millicore.
pub const CPU_FLOOR_CORES: f64 = 1e-4;
/// CPU buckets per doubling.
pub const CPU_BUCKETS_PER_DOUBLING: f64 = 32.0;
/// The last CPU bucket; larger samples are counted in it. Its upper edge is about 1,024 cores.
pub const CPU_LAST_BUCKET: u16 = 747;
/// Levels per doubling.
const LEVELS_PER_DOUBLING: f64 = 1024.0;
/// Far more than the error of a logarithm, in levels.
const HAIR: f64 = 1e-6;

/// The CPU bucket of a finite, non-negative number of cores.
#[must_use]
pub fn cpu_bucket(cores: f64) -> u16 {
    if cores < CPU_FLOOR_CORES {
        return 0;
    }
    let position = (cores / CPU_FLOOR_CORES).log2() * CPU_BUCKETS_PER_DOUBLING;
    // The cast saturates, and is bounded by the last bucket.
    (position as u16).saturating_add(1).min(CPU_LAST_BUCKET)
}

/// The upper edge, in cores, of CPU bucket `index` (exclusive).
#[must_use]
pub fn cpu_upper_edge(index: u16) -> f64 {
    CPU_FLOOR_CORES * (f64::from(index) / CPU_BUCKETS_PER_DOUBLING).exp2()
}

/// The upper edges, in cores, of all CPU buckets, computed once.
#[must_use]
pub fn cpu_upper_edges() -> &'static [f64] {
    static EDGES: LazyLock<Vec<f64>> = LazyLock::new(|| (0..=CPU_LAST_BUCKET).map(cpu_upper_edge).collect());
    &EDGES
}

/// The lower edge, in cores, of CPU bucket `index` (inclusive).
#[must_use]
pub fn cpu_lower_edge(index: u16) -> f64 {
    if index == 0 { 0.0 } else { cpu_upper_edge(index - 1) }
}

/// The level of a peak, in multiples of the unit: the smallest level whose value is not below `value`. Zero only for zero.
fn level(value: f64) -> u16 {
    if value <= 0.0 {
        return 0;
    }
    if value <= 1.0 {
        return 1;
    }
    let exact = value.log2() * LEVELS_PER_DOUBLING;
    let ceiling = exact.ceil();
    let rounded = ceiling.min(f64::from(u16::MAX - 1)) as u16 + 1;
    // The logarithm may be slightly low, which matters only just below the next level; the guarantee is that a peak
    // never understates.
    if ceiling - exact < HAIR && level_value(rounded) < value { rounded.saturating_add(1) } else { rounded }
}

fn level_value(level: u16) -> f64 {
    if level == 0 { 0.0 } else { (f64::from(level - 1) / LEVELS_PER_DOUBLING).exp2() }
}

/// The level of `bytes`, rounded up by at most 0.07 %.
#[must_use]
pub fn memory_level(bytes: f64) -> u16 {
    level(bytes)
}

/// The bytes of a memory level; 0 for level 0.
#[must_use]
pub fn memory_value(level: u16) -> f64 {
    level_value(level)
}

/// The level of a number of cores, rounded up by at most 0.07 %.
#[must_use]
pub fn cpu_level(cores: f64) -> u16 {
    level(cores / CPU_FLOOR_CORES)
}

/// The cores of a CPU level; 0 for level 0.
#[must_use]
pub fn cpu_value(level: u16) -> f64 {
    level_value(level) * CPU_FLOOR_CORES
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges_of_the_cpu_scale() {
        for (cores, bucket) in [(0.0, 0), (0.000_099, 0), (0.000_1, 1), (0.000_2, 33), (1e9, CPU_LAST_BUCKET)] {
            assert_eq!(cpu_bucket(cores), bucket, "{cores}");
        }
        assert!(cpu_upper_edge(CPU_LAST_BUCKET) > 1000.0);
    }

    proptest! {
        #[test]
        fn a_sample_lies_in_its_bucket(cores in 0.0f64..1000.0) {
            let bucket = cpu_bucket(cores);
            let slack = 1e-9 * cores;
            prop_assert!(cpu_lower_edge(bucket) <= cores + slack && cores <= cpu_upper_edge(bucket) + slack);
        }

        #[test]
        fn a_peak_is_never_understated_nor_overstated_by_a_thousandth(bytes in 1.0f64..1e15) {
            let stored = memory_value(memory_level(bytes));
            prop_assert!(stored >= bytes && stored <= bytes * 1.001, "{bytes} -> {stored}");
        }

        #[test]
        fn levels_keep_order(a in 0.0f64..1e15, b in 0.0f64..1e15) {
            prop_assert!((a <= b) == (memory_level(a) <= memory_level(b)) || memory_level(a) == memory_level(b));
        }
    }
}
