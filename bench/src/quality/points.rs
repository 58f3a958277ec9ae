//! Every decision of a set of series, prepared so that thousands of constants can be tried on it in seconds.
//!
//! In: series. Out: for given rules and one resource, the result of each series. The figures are those of [`replay`] on
//! the same series (a test compares them), but only the estimate is computed: the past is cut into days once, and
//! confidence, which is most of the cost of a decision, is left out.
//!
//! [`replay`]: trimtab_sizing::replay::replay

use std::ops::AddAssign;

use trimtab_sizing::{
    ContainerHistory, ContainerInput, SizingRules,
    cell::DayCell,
    decide::{decide, window},
    estimate,
    replay::{Sample, Schedule},
    rounding,
};

use super::reference;

const DAY: i64 = 86_400;
const GIB: f64 = (1u64 << 30) as f64;

/// Which request is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Cores, and samples over them.
    Cpu,
    /// GiB, and days with a sample over them.
    Memory,
}

/// The results of requests, added up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    size: f64,
    samples: f64,
    over: f64,
    of: f64,
}

impl Tally {
    /// The average request: cores or GiB.
    pub fn size(&self) -> f64 {
        self.size / self.samples.max(1.0)
    }

    /// The share of CPU samples, or of days of memory, over the request, percent.
    pub fn over_percent(&self) -> f64 {
        self.over * 100.0 / self.of.max(1.0)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.size += other.size;
        self.samples += other.samples;
        self.over += other.over;
        self.of += other.of;
    }
}

/// The sum of tallies.
pub fn sum(tallies: impl IntoIterator<Item = Tally>) -> Tally {
    let mut all = Tally::default();
    tallies.into_iter().for_each(|tally| all += tally);
    all
}

/// One decision to make, and the day after it.
struct Point {
    now: i64,
    /// The days inside the window; empty where the rules refuse to decide.
    cells: Vec<DayCell>,
    /// CPU samples of the day after, ascending.
    cores: Vec<f64>,
    /// Memory samples of the day after, and the highest.
    memory_samples: usize,
    peak: f64,
    /// What the references request: cores and bytes.
    vpa: (f64, f64),
    krr: (f64, f64),
}

/// The decisions of many series.
pub struct Points {
    series: Vec<Vec<Point>>,
}

impl Points {
    /// Prepares `series`, decided daily from day `from_day` on, with the window and the checks of `rules`.
    pub fn of(series: &[Vec<Sample>], rules: &SizingRules, from_day: u32) -> Self {
        let schedule = Schedule { from_day, every_seconds: DAY };
        Self { series: series.iter().map(|samples| points(samples, rules, schedule)).collect() }
    }

    /// The result of VPA's method, for each series.
    pub fn vpa(&self, resource: Resource) -> Vec<Tally> {
        self.tallies(resource, |point| Some(point.vpa))
    }

    /// The result of KRR's method, for each series.
    pub fn krr(&self, resource: Resource) -> Vec<Tally> {
        self.tallies(resource, |point| Some(point.krr))
    }

    /// The result of `rules`, for each series. The other resource is not decided.
    pub fn rules(&self, resource: Resource, rules: &SizingRules) -> Vec<Tally> {
        self.tallies(resource, |point| match resource {
            Resource::Cpu => {
                let cores = estimate::cpu(&point.cells, rules, point.now)?.cores;
                Some((rounding::cpu_up(cores * 1000.0) as f64 / 1000.0, 0.0))
            }
            Resource::Memory => {
                let bytes = estimate::memory(&point.cells, rules, point.now)?.bytes;
                Some((0.0, rounding::memory_up(bytes) as f64))
            }
        })
    }

    fn tallies(&self, resource: Resource, request: impl Fn(&Point) -> Option<(f64, f64)>) -> Vec<Tally> {
        let one = |point: &Point| Some(point.fare(resource, request(point)?));
        self.series.iter().map(|points| sum(points.iter().filter_map(one))).collect()
    }
}

impl Point {
    fn fare(&self, resource: Resource, (cores, bytes): (f64, f64)) -> Tally {
        match resource {
            Resource::Cpu => {
                let samples = self.cores.len() as f64;
                let over = samples - self.cores.partition_point(|used| *used <= cores) as f64;
                Tally { size: cores * samples, samples, over, of: samples }
            }
            Resource::Memory => {
                let samples = self.memory_samples as f64;
                Tally { size: bytes / GIB * samples, samples, over: f64::from(u8::from(self.peak > bytes)), of: 1.0 }
            }
        }
    }
}

fn points(samples: &[Sample], rules: &SizingRules, schedule: Schedule) -> Vec<Point> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Vec::new() };
    let mut points = Vec::new();
    let mut history = ContainerHistory::new();
    let (mut now, mut seen) = (first.time + i64::from(schedule.from_day) * DAY, 0);
    while now <= last.time {
        let (past, rest) = samples.split_at(samples.partition_point(|sample| sample.time < now));
        for sample in past.iter().skip(seen) {
            history.observe_cpu(sample.time, sample.cores, 1);
            history.observe_memory(sample.time, sample.bytes);
        }
        seen = past.len();
        let next = rest.get(..rest.partition_point(|sample| sample.time < now + DAY)).unwrap_or_default();
        let amounts =
            |of: fn(&Sample) -> f64| next.iter().map(of).filter(|amount| amount.is_finite() && *amount >= 0.0);
        let mut cores: Vec<f64> = amounts(|sample| sample.cores).collect();
        cores.sort_by(f64::total_cmp);
        let memory_samples = amounts(|sample| sample.bytes).count();
        if memory_samples > 0 || !cores.is_empty() {
            let decision = decide(rules, &ContainerInput::of(&history), now);
            let fit = decision.cpu.target.is_some() && decision.memory.target.is_some();
            points.push(Point {
                now,
                cells: if fit { window(rules, history.cells(), now).to_vec() } else { Vec::new() },
                cores,
                memory_samples,
                peak: amounts(|sample| sample.bytes).fold(0.0, f64::max),
                vpa: reference::vpa(past, first.time, now),
                krr: reference::krr(past, first.time, now),
            });
        }
        now += schedule.every_seconds;
    }
    points
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use trimtab_sizing::{
        Profile,
        replay::{replay, summary},
    };

    use super::*;
    use crate::quality::synthetic;

    #[test]
    fn the_figures_are_those_of_the_replay() {
        let schedule = Schedule { from_day: 9, every_seconds: DAY };
        for (name, family) in synthetic::families().iter().filter(|(name, _)| ["leak", "erratic days"].contains(name)) {
            for profile in [Profile::Balanced, Profile::Resilient] {
                let rules = SizingRules::of(profile);
                let points = Points::of(family, &SizingRules::default(), 9);
                let made: Vec<_> = family.iter().flat_map(|samples| replay(&rules, samples, schedule)).collect();
                let slow = summary(&made);
                let (cpu, memory) =
                    (sum(points.rules(Resource::Cpu, &rules)), sum(points.rules(Resource::Memory, &rules)));
                for (what, fast, slow) in [
                    ("cores", cpu.size(), slow.average_cores),
                    ("CPU over", cpu.over_percent(), slow.cpu_over_percent),
                    ("GiB", memory.size(), slow.average_bytes / GIB),
                    ("days over", memory.over_percent(), slow.memory_days_over_percent),
                ] {
                    assert!((fast - slow).abs() <= 1e-9 * slow.abs(), "{name}, {profile:?}, {what}: {fast}, {slow}");
                }
            }
        }
    }
}
