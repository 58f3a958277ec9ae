//! Splitting the price of a node into unit prices per core, GiB and GPU.
//!
//! In: an hourly price and the node's shape. Out: unit prices in a fixed ratio, such that cores, GiB and GPUs times
//! their prices give back the price of the node to within 10⁻⁹.

use jiff::civil::{Date, date};

use crate::money::Money;

/// Bytes per GiB.
pub(crate) const GIB: u64 = 1 << 30;

/// Default price per core and hour in USD, from OpenCost's `configs/default.json` (2026, Apache-2.0).
pub const REFERENCE_CPU_CORE_HOURLY: Money = Money::from_nanos(31_611_000);
/// Default price per GiB of memory and hour in USD, from the same file.
pub const REFERENCE_MEMORY_GIB_HOURLY: Money = Money::from_nanos(4_237_000);
/// Default price per GPU and hour in USD, from the same file.
pub const REFERENCE_GPU_HOURLY: Money = Money::from_nanos(950_000_000);
/// The date of these three: only the year is known, so its first day.
pub const REFERENCE_AS_OF: Date = date(2026, 1, 1);

/// The CPU, memory and GPUs of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape {
    /// Thousandths of a core.
    pub cpu_millis: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// GPUs.
    pub gpus: u32,
}

impl Shape {
    /// Whether CPU and memory are both known.
    pub const fn is_known(self) -> bool {
        self.cpu_millis > 0 && self.memory_bytes > 0
    }
}

/// The price per hour of one core, one GiB and one GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Units {
    /// Per core and hour.
    pub cpu_core_hourly: Money,
    /// Per GiB of memory and hour.
    pub memory_gib_hourly: Money,
    /// Per GPU and hour; zero if the node has none.
    pub gpu_hourly: Money,
}

/// The reference prices as units.
pub const REFERENCE: Units = Units {
    cpu_core_hourly: REFERENCE_CPU_CORE_HOURLY,
    memory_gib_hourly: REFERENCE_MEMORY_GIB_HOURLY,
    gpu_hourly: REFERENCE_GPU_HOURLY,
};

impl Units {
    /// The price of a shape per hour. `None` on overflow.
    pub fn total(&self, shape: Shape) -> Option<Money> {
        let cpu = self.cpu_core_hourly.checked_mul_div(shape.cpu_millis, 1000)?;
        let memory = self.memory_gib_hourly.checked_mul_div(shape.memory_bytes, GIB)?;
        let gpus = self.gpu_hourly.checked_mul_div(u64::from(shape.gpus), 1)?;
        cpu.checked_add(memory)?.checked_add(gpus)
    }
}

/// Splits the price of a node in the ratio of the reference prices: each part is scaled by the same factor, the price
/// over the node's price at reference prices. `None` for an unknown shape and on overflow.
pub fn split(hourly: Money, shape: Shape) -> Option<Units> {
    if !shape.is_known() {
        return None;
    }
    // Whole billionths: a share is then a ratio of two u64.
    let at_reference = REFERENCE.total(shape)?.whole_nanos()?;
    let share = |reference: Money| hourly.checked_mul_div(reference.whole_nanos()?, at_reference);
    let memory_gib_hourly = share(REFERENCE_MEMORY_GIB_HOURLY)?;
    let gpu_hourly = if shape.gpus > 0 { share(REFERENCE_GPU_HOURLY)? } else { Money::ZERO };
    // The core's price takes the rest, so that rounding the others loses nothing.
    let others = Units { cpu_core_hourly: Money::ZERO, memory_gib_hourly, gpu_hourly }.total(shape)?;
    // Not below zero: beside one core, terabytes of memory may have been rounded up by more than the core costs.
    let rest = hourly.checked_sub(others)?.max(Money::ZERO);
    let cpu_core_hourly = rest.checked_mul_div(1000, shape.cpu_millis)?;
    Some(Units { cpu_core_hourly, memory_gib_hourly, gpu_hourly })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use proptest::prelude::*;

    use super::*;

    fn shape(cores: u64, gib: u64, gpus: u32) -> Shape {
        Shape { cpu_millis: cores * 1000, memory_bytes: gib * GIB, gpus }
    }

    #[test]
    fn known_splits() {
        // 2 × 0.031611 + 8 × 0.004237 = 0.097118; m5.large at 0.096 is 0.98848822… of it.
        let m5 = split(Money::from_nanos(96_000_000), shape(2, 8, 0)).unwrap();
        assert_eq!(m5.cpu_core_hourly.rounded(6).to_string(), "0.031247");
        assert_eq!(m5.memory_gib_hourly.rounded(6).to_string(), "0.004188");
        assert_eq!(m5.gpu_hourly, Money::ZERO);
        // At the reference price the parts are the reference prices.
        assert_eq!(
            split(Money::from_nanos(97_118_000), shape(2, 8, 0)).unwrap().memory_gib_hourly,
            REFERENCE_MEMORY_GIB_HOURLY
        );
        // Most of a GPU node's price is its GPUs.
        let gpu = split(Money::from_nanos(1_000_000_000), shape(8, 32, 1)).unwrap();
        assert!(gpu.gpu_hourly > Money::from_nanos(650_000_000), "{gpu:?}");
        assert_eq!(split(Money::from_nanos(1), Shape::default()), None);
    }

    #[test]
    fn no_part_is_below_zero() {
        for (cpu_millis, gib, nanos) in [(1, 30_000, 2), (1, 50_001, 1), (100, 39_990, 87), (1_000, 24_000, 1)] {
            let shape = Shape { cpu_millis, memory_bytes: gib * GIB, gpus: 0 };
            let units = split(Money::from_nanos(nanos), shape).unwrap();
            assert_eq!(units.cpu_core_hourly, Money::ZERO, "{cpu_millis} millicores and {gib} GiB");
        }
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_node(
            nanos in 0i64..1_000_000_000_000,
            cpu_millis in 1u64..2_000_000,
            memory_bytes in 1u64..(40_000 * GIB),
            gpus in 0u32..17,
        ) {
            let (hourly, shape) = (Money::from_nanos(nanos), Shape { cpu_millis, memory_bytes, gpus });
            // A node of less than a billionth at reference prices does not exist; it may be refused, never mis-split.
            if let Some(units) = split(hourly, shape) {
                let off = units.total(shape).unwrap().checked_sub(hourly).unwrap();
                prop_assert!(off <= Money::from_nanos(1) && off >= Money::from_nanos(-1), "off by {off}");
                for part in [units.cpu_core_hourly, units.memory_gib_hourly, units.gpu_hourly] {
                    prop_assert!(!part.is_negative(), "{units:?}");
                }
            } else {
                prop_assert!(cpu_millis < 2, "refused {shape:?}");
            }
        }
    }
}
