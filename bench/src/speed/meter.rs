//! Resource use of processes while nothing changes, sampled each second.
//!
//! In: `/proc` through the test bed. Out: a median, and CPU time by second.

use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;
use trimtab_e2e::Process;

use super::figures::QueryLoad;

/// The sampling interval.
const EVERY: Duration = Duration::from_secs(1);
/// How long after a query its cost may still show.
const AFTER_SECONDS: f64 = 3.0;
/// Queries further apart than this are of different passes.
const APART_SECONDS: f64 = 20.0;

/// Measurements while nothing changed.
#[derive(Debug)]
pub struct Steady {
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub to: Timestamp,
    /// CPU time of the program.
    pub cpu: Duration,
    /// Its resident memory, sorted.
    pub resident: Vec<u64>,
    /// CPU time that Prometheus had used at each sample.
    pub prometheus: Vec<(Timestamp, Duration)>,
}

impl Steady {
    /// How long it was, in seconds.
    pub fn seconds(&self) -> f64 {
        since(self.from, self.to)
    }

    /// The median of the resident memory in bytes.
    pub fn median_resident(&self) -> u64 {
        self.resident.get(self.resident.len() / 2).copied().unwrap_or(0)
    }
}

/// Samples a program, and Prometheus if it is used, for `length`.
///
/// # Errors
/// When one of them has ended.
pub async fn watch(program: &Process, prometheus: Option<&Process>, length: Duration) -> Result<Steady> {
    let (from, begun, before) = (Timestamp::now(), Instant::now(), program.usage()?.cpu);
    let (mut resident, mut seen) = (Vec::new(), Vec::new());
    let mut ticks = tokio::time::interval(EVERY);
    while begun.elapsed() < length {
        ticks.tick().await;
        resident.push(program.usage()?.resident_bytes);
        if let Some(prometheus) = prometheus {
            seen.push((Timestamp::now(), prometheus.usage()?.cpu));
        }
    }
    resident.sort_unstable();
    let cpu = program.usage()?.cpu.saturating_sub(before);
    Ok(Steady { from, to: Timestamp::now(), cpu, resident, prometheus: seen })
}

/// Groups queries (when, samples) into passes, and charges each with the CPU time of Prometheus around it.
pub fn passes(queries: &[(Timestamp, u64)], cpu: &[(Timestamp, Duration)]) -> Vec<QueryLoad> {
    let new_pass = |a: &(Timestamp, u64), b: &(Timestamp, u64)| since(a.0, b.0) < APART_SECONDS;
    queries
        .chunk_by(new_pass)
        .filter_map(|pass| {
            let (first, last) = (pass.first()?.0, pass.last()?.0);
            // The log dates a query by its answer: the sample before it was sent is one further back.
            let before = cpu.iter().rev().find(|(at, _)| since(*at, first) >= EVERY.as_secs_f64());
            let after = cpu.iter().find(|(at, _)| since(last, *at) >= AFTER_SECONDS).or(cpu.last());
            let used = match (before.or(cpu.first()), after) {
                (Some((_, before)), Some((_, after))) => after.saturating_sub(*before),
                _ => Duration::ZERO,
            };
            Some(QueryLoad {
                queries: pass.len(),
                samples: pass.iter().map(|(_, samples)| samples).sum(),
                cpu_seconds: used.as_secs_f64(),
            })
        })
        .collect()
}

/// Seconds from `from` to `to`.
pub fn since(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// The machine's load average over the last minute; 0 where it cannot be read.
pub fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn at(tenths: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + tenths * 100).unwrap()
    }

    #[test]
    fn queries_that_are_close_are_one_pass_and_pay_for_the_time_around_them() {
        let cpu: Vec<_> = (0..60)
            .map(|s| (at(s * 10), Duration::from_millis(if s < 11 { 0 } else { 300 } + if s < 42 { 0 } else { 50 })))
            .collect();
        let queries = [(at(105), 7), (at(112), 8), (at(415), 5)];
        let expected = [
            QueryLoad { queries: 2, samples: 15, cpu_seconds: 0.3 },
            QueryLoad { queries: 1, samples: 5, cpu_seconds: 0.05 },
        ];
        assert_eq!(passes(&queries, &cpu), expected);
    }

    #[test]
    fn no_queries_are_no_pass_and_no_looks_cost_nothing() {
        assert!(passes(&[], &[]).is_empty());
        assert_eq!(passes(&[(at(0), 1)], &[]), [QueryLoad { queries: 1, samples: 1, cpu_seconds: 0.0 }]);
    }
}
