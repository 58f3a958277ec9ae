//! Simulated and recorded usage: what a container uses at any time, past or future, from its definition alone.
//!
//! In: a [`Source`], the seed of one container of one pod, and a time. Out: [`Usage`] at that time, and through
//! [`Meter`] the counters that a kubelet would show. Pure: the same question has the same answer, so that history written
//! at once and live data made minute by minute join without a seam.

pub mod load;
pub mod meter;
pub mod noise;
pub mod recorded;
pub mod schedule;

use std::sync::Arc;

pub use load::{Burst, Cpu, Load, Memory};
pub use meter::{Meter, Reading};
pub use recorded::Recording;
pub use schedule::Schedule;

/// Usage is constant within slots of so many seconds.
pub const SLOT_S: i64 = 60;
/// Seconds of a day.
pub const DAY_S: i64 = 86_400;

/// What a container uses at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// CPU in cores; never above the limit.
    pub cpu_cores: f64,
    /// Memory working set in bytes.
    pub memory_bytes: f64,
    /// Share of CPU periods in which it is throttled, 0 to 1.
    pub throttled: f64,
    /// How often it was killed for want of memory since the epoch; only differences mean something.
    pub kills: i64,
}

/// Where the numbers come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Made up by a formula.
    Simulated(Load),
    /// Recorded elsewhere and shifted in time.
    Recorded(Arc<Recording>),
}

impl Source {
    /// Usage at `t` seconds since the epoch by the container whose noise has this `seed`.
    pub fn usage(&self, seed: u64, t: i64) -> Usage {
        let slot = t.div_euclid(SLOT_S) * SLOT_S;
        match self {
            Self::Simulated(load) => load.usage(seed, slot),
            Self::Recorded(recording) => recording.usage(slot),
        }
    }
}
