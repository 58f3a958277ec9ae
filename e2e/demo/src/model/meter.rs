//! The counters that a kubelet and kube-state-metrics would report for one container.
//!
//! In: a [`Source`], a seed and increasing times. Out: a [`Reading`] at each of them. A meter advanced to the end of
//! the history continues live, so that counters never jump.

use super::{SLOT_S, Source};

/// CPU quota periods per second: the kernel's default period is 100 ms.
const PERIODS_PER_SECOND: f64 = 10.0;

/// The counters and gauges of a container at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// Total CPU time in seconds since the container started.
    pub cpu_seconds: f64,
    /// Memory working set in bytes.
    pub memory_bytes: f64,
    /// CPU quota periods that elapsed since the container started.
    pub periods: f64,
    /// Of those, periods in which it was throttled.
    pub throttled_periods: f64,
    /// Restarts since the pod started, all of them OOM kills.
    pub restarts: f64,
}

/// Adds up one container's usage.
#[derive(Clone, Debug)]
pub struct Meter {
    source: Source,
    seed: u64,
    at: i64,
    kills: i64,
    reading: Reading,
}

impl Meter {
    /// A container that starts at `t`, with all counters at zero.
    pub fn new(source: Source, seed: u64, t: i64) -> Self {
        let usage = source.usage(seed, t);
        let reading = Reading { memory_bytes: usage.memory_bytes, ..Reading::default() };
        Self { source, seed, at: t, kills: usage.kills, reading }
    }

    /// Advances to `t` and reads. A time before the last one gives the same reading.
    pub fn read(&mut self, t: i64) -> Reading {
        while self.at < t {
            let end = ((self.at.div_euclid(SLOT_S) + 1) * SLOT_S).min(t);
            let usage = self.source.usage(self.seed, self.at);
            #[allow(clippy::cast_precision_loss)]
            let seconds = (end - self.at) as f64;
            let periods = (seconds * PERIODS_PER_SECOND).round();
            self.reading.cpu_seconds += usage.cpu_cores * seconds;
            self.reading.periods += periods;
            self.reading.throttled_periods += (periods * usage.throttled).round();
            self.at = end;
            self.start_anew_after_kill();
        }
        self.reading
    }

    /// Memory is that of the present slot. A killed container has a new cgroup: its counters start at 0.
    fn start_anew_after_kill(&mut self) {
        let now = self.source.usage(self.seed, self.at);
        self.reading.memory_bytes = now.memory_bytes;
        if now.kills > self.kills {
            #[allow(clippy::cast_precision_loss)]
            let kills = (now.kills - self.kills) as f64;
            self.kills = now.kills;
            self.reading = Reading {
                memory_bytes: now.memory_bytes,
                restarts: self.reading.restarts + kills,
                ..Reading::default()
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cpu, Load, Memory};

    const START: i64 = 1_780_272_000;

    fn source(memory: Memory) -> Source {
        let cpu = Cpu { base: 0.2, swing: 0.5, weekend: 0.3, noise: 0.2, burst: None, limit: Some(0.6) };
        Source::Simulated(Load { cpu, memory })
    }

    fn level() -> Memory {
        Memory::Level { base: 100.0, swing: 20.0, noise: 0.02 }
    }

    #[test]
    fn history_and_live_data_join_without_a_seam() {
        let mut whole = Meter::new(source(level()), 5, START);
        let mut parts = whole.clone();
        for minute in 1..=600 {
            parts.read(START + minute * 60);
        }
        // Like scrapes: at irregular times.
        for t in (0..1_000).map(|i| START + 36_000 + 7 + i * 15) {
            parts.read(t);
        }
        let (a, b) = (whole.read(START + 52_000), parts.read(START + 52_000));
        assert!((a.cpu_seconds - b.cpu_seconds).abs() < 1e-6, "{a:?} {b:?}");
        assert!((a.memory_bytes - b.memory_bytes).abs() < f64::EPSILON);
    }

    #[test]
    fn counters_rise_unless_the_container_is_killed() {
        let mut meter = Meter::new(source(Memory::Leak { low: 50.0, high: 100.0, hours: 10 }), 5, START);
        let readings: Vec<Reading> = (1..=2_880).map(|m| meter.read(START + m * 60)).collect();
        for w in readings.windows(2) {
            let killed = w[1].restarts > w[0].restarts;
            assert!(if killed { w[1].cpu_seconds == 0.0 } else { w[1].cpu_seconds >= w[0].cpu_seconds }, "{w:?}");
            assert!(w[1].throttled_periods <= w[1].periods);
        }
        let kills = readings[readings.len() - 1].restarts;
        assert!((4.0..=5.0).contains(&kills), "{kills}");
        let before = meter.read(START + 2_880 * 60);
        assert_eq!(meter.read(START), before, "time does not run backwards");
    }
}
