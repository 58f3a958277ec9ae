//! One UTC day of a container's usage.
//!
//! In: samples with the second of the day. Out: a sparse CPU histogram, hourly peaks, and counters. The content of a
//! cell does not depend on the order of its samples.

use crate::scale;

/// The most CPU buckets a cell keeps; beyond that neighbours are merged (see [`CpuHistogram`]).
pub const MAX_BUCKETS: usize = 96;

/// A sparse histogram of CPU samples: sorted bucket indices at some resolution, and how many samples fell into each.
///
/// When more than [`MAX_BUCKETS`] buckets are in use, the resolution is raised by one: every two neighbours become one.
/// The final resolution is the least at which the samples fit, so it does not depend on their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CpuHistogram {
    pub(crate) resolution: u8,
    pub(crate) buckets: Vec<u16>,
    pub(crate) counts: Vec<u32>,
}

impl CpuHistogram {
    /// Adds `count` samples to the bucket (of resolution 0) `bucket`.
    pub(crate) fn add(&mut self, bucket: u16, count: u32) {
        if count == 0 {
            return;
        }
        let key = bucket >> self.resolution;
        match self.buckets.binary_search(&key) {
            Ok(at) => self.counts[at] = self.counts[at].saturating_add(count),
            Err(at) => {
                self.buckets.insert(at, key);
                self.counts.insert(at, count);
                while self.buckets.len() > MAX_BUCKETS {
                    self.coarsen();
                }
            }
        }
    }

    /// Merges every two neighbouring buckets.
    fn coarsen(&mut self) {
        self.resolution += 1;
        let mut kept = 0;
        for from in 0..self.buckets.len() {
            let key = self.buckets[from] >> 1;
            let count = self.counts[from];
            if kept > 0 && self.buckets[kept - 1] == key {
                self.counts[kept - 1] = self.counts[kept - 1].saturating_add(count);
            } else {
                self.buckets[kept] = key;
                self.counts[kept] = count;
                kept += 1;
            }
        }
        self.buckets.truncate(kept);
        self.counts.truncate(kept);
    }

    /// Adds all samples of `other`.
    pub(crate) fn merge(&mut self, other: &Self) {
        while self.resolution < other.resolution {
            self.coarsen();
        }
        let shift = other.resolution;
        for (bucket, count) in other.buckets.iter().zip(&other.counts) {
            self.add(bucket << shift, *count);
        }
    }

    /// The buckets in ascending order as `(first, last, count)`: the range of resolution-0 buckets, and the samples in it.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u16, u16, u32)> + '_ {
        let shift = self.resolution;
        self.buckets.iter().zip(&self.counts).map(move |(bucket, count)| {
            let first = bucket << shift;
            (first, first + ((1u16 << shift) - 1), *count)
        })
    }

    /// The share (0–1) of samples above `cores`, interpolated inside the bucket that holds it; 0 when empty.
    #[must_use]
    pub fn share_over(&self, cores: f64) -> f64 {
        let mut total = 0.0;
        let mut over = 0.0;
        for (first, last, count) in self.iter() {
            let count = f64::from(count);
            let (low, high) = (scale::cpu_lower_edge(first), scale::cpu_upper_edge(last));
            total += count;
            if low >= cores {
                over += count;
            } else if high > cores {
                over += count * (high - cores) / (high - low);
            }
        }
        if total > 0.0 { over / total } else { 0.0 }
    }

    pub(crate) fn shrink(&mut self) {
        self.buckets.shrink_to_fit();
        self.counts.shrink_to_fit();
    }
}

/// One UTC day of usage. About 200 bytes plus 6 per CPU bucket in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCell {
    /// Days since 1970-01-01 UTC.
    pub day: i32,
    /// Where the CPU samples fell.
    pub cpu: CpuHistogram,
    /// Highest CPU sample of each hour, as a [`scale::cpu_level`]; 0 for an hour without samples.
    pub cpu_peaks: [u16; 24],
    /// Highest memory sample of each hour, as a [`scale::memory_level`]; 0 for an hour without samples.
    pub memory_peaks: [u16; 24],
    /// CPU samples, the weights added up.
    pub cpu_samples: u32,
    /// Memory samples.
    pub memory_samples: u32,
    /// CFS periods in which the container was throttled.
    pub throttled_periods: u32,
    /// CFS periods in which it ran.
    pub periods: u32,
    /// Pods of a workload that runs to completion that were first seen on this day; 0 for other workloads.
    pub runs: u16,
    /// Restarts of any cause.
    pub restarts: u16,
}

impl DayCell {
    /// An empty cell of that day.
    #[must_use]
    pub fn new(day: i32) -> Self {
        Self {
            day,
            cpu: CpuHistogram::default(),
            cpu_peaks: [0; 24],
            memory_peaks: [0; 24],
            cpu_samples: 0,
            memory_samples: 0,
            throttled_periods: 0,
            periods: 0,
            runs: 0,
            restarts: 0,
        }
    }

    /// The highest memory sample of the day in bytes; `None` without samples.
    #[must_use]
    pub fn memory_peak(&self) -> Option<f64> {
        let level = self.memory_peaks.iter().copied().max().unwrap_or(0);
        (self.memory_samples > 0).then(|| scale::memory_value(level))
    }

    /// The highest CPU sample of the day in cores; `None` without samples.
    #[must_use]
    pub fn cpu_peak(&self) -> Option<f64> {
        let level = self.cpu_peaks.iter().copied().max().unwrap_or(0);
        (self.cpu_samples > 0).then(|| scale::cpu_value(level))
    }

    /// Hours of the day with samples.
    #[must_use]
    pub fn hours(&self) -> u32 {
        self.hours_where(|memory, cpu| memory || cpu)
    }

    /// Hours of the day with samples of both.
    #[must_use]
    pub fn hours_of_both(&self) -> u32 {
        self.hours_where(|memory, cpu| memory && cpu)
    }

    fn hours_where(&self, counts: impl Fn(bool, bool) -> bool) -> u32 {
        let hours = self.memory_peaks.iter().zip(&self.cpu_peaks);
        u32::try_from(hours.filter(|(memory, cpu)| counts(**memory > 0, **cpu > 0)).count()).unwrap_or(24)
    }

    /// Adds the samples of `other`, of the same day (from another replica).
    pub(crate) fn merge(&mut self, other: &Self) {
        self.cpu.merge(&other.cpu);
        for (mine, theirs) in self.cpu_peaks.iter_mut().zip(other.cpu_peaks) {
            *mine = (*mine).max(theirs);
        }
        for (mine, theirs) in self.memory_peaks.iter_mut().zip(other.memory_peaks) {
            *mine = (*mine).max(theirs);
        }
        self.cpu_samples = self.cpu_samples.saturating_add(other.cpu_samples);
        self.memory_samples = self.memory_samples.saturating_add(other.memory_samples);
        self.throttled_periods = self.throttled_periods.saturating_add(other.throttled_periods);
        self.periods = self.periods.saturating_add(other.periods);
        self.runs = self.runs.saturating_add(other.runs);
        self.restarts = self.restarts.saturating_add(other.restarts);
    }

    /// Bytes on the heap and in the cell itself.
    #[must_use]
    pub fn size_in_memory(&self) -> usize {
        size_of::<Self>() + self.cpu.buckets.capacity() * 2 + self.cpu.counts.capacity() * 4
    }
}
