//! The bounded usage history of one container of one workload, all replicas together.
//!
//! In: samples in any order, from any replica. Out: day cells in ascending order, at most [`MAX_DAYS`] of them.

use crate::{
    cell::DayCell,
    kills::{self, Kill},
    scale::{self, cpu_bucket},
};

/// Seconds of a day.
pub const DAY: i64 = 86_400;
/// More cores than any machine has: a sample above it is a measurement error.
pub const MOST_CORES: f64 = 2048.0;
/// More memory than any machine has, bytes (64 TiB): a sample above it is a measurement error.
pub const MOST_BYTES: f64 = 70_368_744_177_664.0;
/// Less memory than any process has, bytes: a sample of a page or less is of a cgroup to which nothing is charged.
pub const LEAST_BYTES: f64 = 4097.0;
/// The most days a history keeps; the oldest are dropped first.
pub const MAX_DAYS: usize = 90;

/// How many samples were refused as invalid amounts: NaN, infinite, negative, or more than any machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refused {
    /// Refused CPU samples.
    pub cpu: u32,
    /// Refused memory samples.
    pub memory: u32,
}

/// Bounded usage history of one container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerHistory {
    pub(crate) cells: Vec<DayCell>,
    pub(crate) first_sample: Option<i64>,
    pub(crate) last_sample: Option<i64>,
    pub(crate) refused: Refused,
    /// Sorted by time.
    pub(crate) kills: Vec<Kill>,
}

impl ContainerHistory {
    /// An empty history.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `count` CPU samples of `cores` at `time` (unix seconds). An invalid amount is refused and counted.
    pub fn observe_cpu(&mut self, time: i64, cores: f64, count: u32) {
        if !(0.0..=MOST_CORES).contains(&cores) {
            self.refused.cpu = self.refused.cpu.saturating_add(count);
            return;
        }
        let hour = hour_of_day(time);
        let Some(cell) = self.cell_mut(time) else { return };
        cell.cpu.add(cpu_bucket(cores), count);
        cell.cpu_samples = cell.cpu_samples.saturating_add(count);
        cell.cpu_peaks[hour] = cell.cpu_peaks[hour].max(scale::cpu_level(cores).max(1));
        self.stamp(time);
    }

    /// Adds a memory sample (working set, bytes) at `time`. An invalid amount is refused and counted, as is one too
    /// small for any process.
    pub fn observe_memory(&mut self, time: i64, bytes: f64) {
        if !(LEAST_BYTES..=MOST_BYTES).contains(&bytes) {
            self.refused.memory = self.refused.memory.saturating_add(1);
            return;
        }
        let hour = hour_of_day(time);
        let Some(cell) = self.cell_mut(time) else { return };
        cell.memory_samples = cell.memory_samples.saturating_add(1);
        cell.memory_peaks[hour] = cell.memory_peaks[hour].max(scale::memory_level(bytes).max(1));
        self.stamp(time);
    }

    /// Adds CFS periods: `throttled` of `periods` (the increase since the previous reading).
    pub fn observe_throttling(&mut self, time: i64, throttled: u32, periods: u32) {
        let Some(cell) = self.cell_mut(time) else { return };
        cell.throttled_periods = cell.throttled_periods.saturating_add(throttled.min(periods));
        cell.periods = cell.periods.saturating_add(periods);
    }

    /// Records an OOM kill. The same kill counts once, however often it is read.
    pub fn observe_kill(&mut self, kill: Kill) {
        kills::add(&mut self.kills, kill);
    }

    /// Records that a pod of a workload that runs to completion was first seen at `time`.
    pub fn observe_run(&mut self, time: i64) {
        let Some(cell) = self.cell_mut(time) else { return };
        cell.runs = cell.runs.saturating_add(1);
    }

    /// Adds restarts of any cause.
    pub fn observe_restarts(&mut self, time: i64, restarts: u32) {
        let Some(cell) = self.cell_mut(time) else { return };
        cell.restarts = cell.restarts.saturating_add(u16::try_from(restarts).unwrap_or(u16::MAX));
    }

    /// Drops the days that ended at or before `time`.
    pub fn forget_before(&mut self, time: i64) {
        let day = day_of(time);
        self.cells.retain(|cell| cell.day >= day);
        self.kills.retain(|kill| day_of(kill.time) >= day);
        if let Some(first) = self.cells.first() {
            let start = i64::from(first.day) * DAY;
            self.first_sample = self.first_sample.map(|at| at.max(start));
        } else {
            self.first_sample = None;
            self.last_sample = None;
        }
    }

    /// Adds the history of another replica or of an earlier time.
    pub fn merge(&mut self, other: &Self) {
        for theirs in &other.cells {
            if let Some(mine) = self.cell_of_day(theirs.day) {
                mine.merge(theirs);
            }
        }
        for time in other.first_sample.into_iter().chain(other.last_sample) {
            self.stamp(time);
        }
        for kill in &other.kills {
            self.observe_kill(*kill);
        }
        self.refused.cpu = self.refused.cpu.saturating_add(other.refused.cpu);
        self.refused.memory = self.refused.memory.saturating_add(other.refused.memory);
    }

    /// Time of the first CPU or memory sample that is still kept.
    #[must_use]
    pub fn first_sample_time(&self) -> Option<i64> {
        self.first_sample
    }

    /// Time of the last CPU or memory sample.
    #[must_use]
    pub fn last_sample_time(&self) -> Option<i64> {
        self.last_sample
    }

    /// CPU samples in all days.
    #[must_use]
    pub fn cpu_samples(&self) -> u64 {
        self.cells.iter().map(|cell| u64::from(cell.cpu_samples)).sum()
    }

    /// Memory samples in all days.
    #[must_use]
    pub fn memory_samples(&self) -> u64 {
        self.cells.iter().map(|cell| u64::from(cell.memory_samples)).sum()
    }

    /// Samples that were refused.
    #[must_use]
    pub fn refused(&self) -> Refused {
        self.refused
    }

    /// OOM kills, oldest first.
    #[must_use]
    pub fn kills(&self) -> &[Kill] {
        &self.kills
    }

    /// The days, oldest first.
    #[must_use]
    pub fn cells(&self) -> &[DayCell] {
        &self.cells
    }

    /// Whether nothing has been seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.kills.is_empty()
    }

    /// Bytes on the heap and in the struct itself.
    #[must_use]
    pub fn size_in_memory(&self) -> usize {
        let spare = (self.cells.capacity() - self.cells.len()) * size_of::<DayCell>();
        size_of::<Self>() + spare + self.cells.iter().map(DayCell::size_in_memory).sum::<usize>()
    }

    fn stamp(&mut self, time: i64) {
        self.first_sample = Some(self.first_sample.map_or(time, |first| first.min(time)));
        self.last_sample = Some(self.last_sample.map_or(time, |last| last.max(time)));
    }

    fn cell_mut(&mut self, time: i64) -> Option<&mut DayCell> {
        self.cell_of_day(day_of(time))
    }

    /// The cell of a day, created if there is none; `None` for a day too old to be kept.
    fn cell_of_day(&mut self, day: i32) -> Option<&mut DayCell> {
        let at = match self.cells.last() {
            Some(last) if last.day == day => self.cells.len() - 1,
            Some(last) if last.day > day => match self.cells.binary_search_by_key(&day, |cell| cell.day) {
                Ok(at) => at,
                Err(0) if self.cells.len() >= MAX_DAYS => return None,
                Err(at) => self.insert(at, day),
            },
            _ => {
                if let Some(last) = self.cells.last_mut() {
                    last.cpu.shrink();
                }
                self.insert(self.cells.len(), day)
            }
        };
        self.cells.get_mut(at)
    }

    fn insert(&mut self, at: usize, day: i32) -> usize {
        if self.cells.len() == self.cells.capacity() {
            self.cells.reserve_exact(2);
        }
        self.cells.insert(at, DayCell::new(day));
        if self.cells.len() > MAX_DAYS {
            self.cells.remove(0);
            return at - 1;
        }
        at
    }
}

/// The UTC day of a time.
#[must_use]
pub fn day_of(time: i64) -> i32 {
    i32::try_from(time.div_euclid(DAY)).unwrap_or(if time < 0 { i32::MIN } else { i32::MAX })
}

fn hour_of_day(time: i64) -> usize {
    usize::try_from(time.rem_euclid(DAY) / 3600).unwrap_or(0)
}
