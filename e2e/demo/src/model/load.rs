//! Generated load: a level, the hours of the day, weekdays and weekends, bursts, leaks, and noise on all of it.
//!
//! In: a [`Load`], a seed, a time. Out: [`Usage`]. Pure.

use std::f64::consts::TAU;

use super::{
    DAY_S, SLOT_S, Usage,
    noise::{bell, drift, mix, unit},
};

const MIB: f64 = 1_048_576.0;

/// A container's demand and its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// CPU.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Memory,
}

/// Demand for CPU, in cores.
#[derive(Clone, Debug, PartialEq)]
pub struct Cpu {
    /// At the quietest hour.
    pub base: f64,
    /// Added at the busiest hour of a weekday.
    pub swing: f64,
    /// The share of that at weekends, 0 to 1.
    pub weekend: f64,
    /// Standard deviation of the noise, as a share of the level.
    pub noise: f64,
    /// Short bursts.
    pub burst: Option<Burst>,
    /// The limit: demand above it is throttled.
    pub limit: Option<f64>,
}

/// Short bursts of CPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// How many a day, on average.
    pub per_day: f64,
    /// How long each is, in minutes.
    pub minutes: i64,
    /// The largest burst, in cores above the level.
    pub cores: f64,
}

/// Demand for memory, in MiB.
#[derive(Clone, Debug, PartialEq)]
pub enum Memory {
    /// A level that follows the load.
    Level {
        /// At the quietest hour.
        base: f64,
        /// Added at the busiest hour of a weekday.
        swing: f64,
        /// Standard deviation of the noise, as a share of the level.
        noise: f64,
    },
    /// A leak: from `low` up to `high`, where the container is killed and restarts.
    Leak {
        /// After the start.
        low: f64,
        /// At the kill: the memory limit.
        high: f64,
        /// Hours from one kill to the next.
        hours: i64,
    },
}

impl Load {
    /// Usage in the slot that begins at `t`.
    pub(super) fn usage(&self, seed: u64, t: i64) -> Usage {
        let busy = busyness(t, self.cpu.weekend);
        let demand = self.cpu.demand(seed, t, busy);
        let (cpu_cores, throttled) = match self.cpu.limit {
            Some(limit) => (demand.min(limit), throttled_share(demand / limit)),
            None => (demand, 0.0),
        };
        let (mib, kills) = self.memory.level(mix(seed, 2), t, busy);
        Usage { cpu_cores, memory_bytes: (mib * MIB / 4096.0).round() * 4096.0, throttled, kills }
    }
}

impl Cpu {
    fn demand(&self, seed: u64, t: i64, busy: f64) -> f64 {
        let level = self.base + self.swing * busy;
        // Slow noise is user behaviour; fast noise is what remains in a one-minute mean.
        let noise = 0.7 * drift(mix(seed, 3), t, 2_700) + 0.7 * bell(mix(seed, 4), t / SLOT_S);
        let burst = self.burst.map_or(0.0, |b| b.height(mix(seed, 5), t));
        (level * (1.0 + self.noise * noise) + burst).max(0.0)
    }
}

impl Burst {
    fn height(self, seed: u64, t: i64) -> f64 {
        let cell = t.div_euclid(self.minutes * 60);
        #[allow(clippy::cast_precision_loss)]
        let chance = self.per_day * self.minutes as f64 / 1_440.0;
        if unit(seed, cell) < chance { self.cores * (0.6 + 0.4 * unit(mix(seed, 1), cell)) } else { 0.0 }
    }
}

impl Memory {
    /// MiB in use, and how many kills there have been since the epoch.
    fn level(&self, seed: u64, t: i64, busy: f64) -> (f64, i64) {
        match *self {
            Self::Level { base, swing, noise } => {
                let level = base + swing * busy;
                let wobble = 0.8 * drift(seed, t, 7_200) + 0.3 * bell(seed, t / SLOT_S);
                ((level * (1.0 + noise * wobble)).max(1.0), 0)
            }
            Self::Leak { low, high, hours } => {
                let period = hours * 3_600;
                // Pods leak at the same rate but do not die together.
                let moved = t + i64::try_from(seed % 86_400).unwrap_or_default();
                #[allow(clippy::cast_precision_loss)]
                let share = moved.rem_euclid(period) as f64 / (period - SLOT_S) as f64;
                (low + (high - low) * share.min(1.0), moved.div_euclid(period))
            }
        }
    }
}

/// How busy people are, 0 to 1: least at 4:00 UTC, most at 16:00, and less at weekends.
fn busyness(t: i64, weekend: f64) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let hour = t.rem_euclid(DAY_S) as f64 / 3_600.0;
    let wave = 0.5 - 0.5 * ((hour - 4.0) / 24.0 * TAU).cos();
    // 1970-01-01 was a Thursday.
    let day = (t.div_euclid(DAY_S) + 4).rem_euclid(7);
    wave.powf(1.3) * if day == 0 || day == 6 { weekend } else { 1.0 }
}

/// The share of 100 ms periods in which the quota is used up, from demand over limit as a one-minute mean: bursts
/// within the minute reach the limit long before the mean does.
fn throttled_share(ratio: f64) -> f64 {
    ((ratio - 0.7) / 0.6).clamp(0.0, 0.95)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Monday, 2026-06-01 00:00 UTC.
    const MONDAY: i64 = 1_780_272_000;

    fn web() -> Load {
        Load {
            cpu: Cpu { base: 0.05, swing: 0.2, weekend: 0.3, noise: 0.15, burst: None, limit: None },
            memory: Memory::Level { base: 200.0, swing: 50.0, noise: 0.02 },
        }
    }

    fn mean(load: &Load, from: i64, hours: i64) -> f64 {
        let slots = hours * 60;
        #[allow(clippy::cast_precision_loss)]
        let n = slots as f64;
        (0..slots).map(|i| load.usage(9, from + i * SLOT_S).cpu_cores).sum::<f64>() / n
    }

    #[test]
    fn days_and_weeks_can_be_seen() {
        let (night, noon) = (mean(&web(), MONDAY + 3 * 3_600, 2), mean(&web(), MONDAY + 15 * 3_600, 2));
        assert!(noon > 3.0 * night, "night {night}, afternoon {noon}");
        let (weekday, sunday) = (mean(&web(), MONDAY, 24), mean(&web(), MONDAY + 6 * DAY_S, 24));
        assert!(weekday > 1.5 * sunday, "Monday {weekday}, Sunday {sunday}");
    }

    #[test]
    fn a_leak_ends_at_the_limit_and_starts_anew() {
        let leak = Load { memory: Memory::Leak { low: 90.0, high: 256.0, hours: 20 }, ..web() };
        let slots: Vec<Usage> = (0..3 * 1_440).map(|i| leak.usage(9, MONDAY + i * SLOT_S)).collect();
        let highest = slots.iter().map(|u| u.memory_bytes).fold(0.0, f64::max);
        assert!((highest - 256.0 * MIB).abs() < MIB, "{highest}");
        assert!(slots.windows(2).all(|w| (w[1].kills > w[0].kills) == (w[1].memory_bytes < w[0].memory_bytes)));
        assert!((3..=4).contains(&(slots[slots.len() - 1].kills - slots[0].kills)));
    }

    #[test]
    fn demand_above_the_limit_is_throttled_not_used() {
        let mut load = web();
        load.cpu = Cpu { base: 0.7, swing: 0.0, weekend: 1.0, noise: 0.0, burst: None, limit: Some(0.5) };
        let u = load.usage(1, MONDAY);
        assert!((u.cpu_cores - 0.5).abs() < 1e-9 && u.throttled > 0.9, "{u:?}");
        load.cpu.limit = Some(2.0);
        assert!(load.usage(1, MONDAY).throttled == 0.0);
    }

    proptest! {
        #[test]
        fn usage_is_never_negative_nor_infinite(
            seed: u64, t in 0..4_000_000_000_i64, base in 0.0..4.0, swing in 0.0..4.0, noise in 0.0..3.0,
            per_day in 0.0..100.0, memory in 0.0..4096.0,
        ) {
            let load = Load {
                cpu: Cpu { base, swing, weekend: 0.5, noise, burst: Some(Burst { per_day, minutes: 3, cores: 1.0 }), limit: None },
                memory: Memory::Level { base: memory, swing: memory, noise },
            };
            let u = load.usage(seed, t);
            prop_assert!(u.cpu_cores >= 0.0 && u.cpu_cores.is_finite(), "{:?}", u);
            prop_assert!(u.memory_bytes > 0.0 && u.memory_bytes.is_finite(), "{:?}", u);
        }
    }
}
