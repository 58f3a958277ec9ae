//! Reference implementations of published methods, from their documented formulas.
//!
//! In: the samples before a decision. Out: cores and bytes. These are deliberately slow and plain.
//!
//! * **VPA** (kubernetes/autoscaler, `vertical-pod-autoscaler/pkg/recommender`): CPU is the 90th percentile of a histogram whose
//!   samples halve in weight every 24 h, memory that of daily peaks halving alike, both over 8 days; times 1.15; least 25m and
//!   250 MB. Bucket `n` starts at `first·(1.05ⁿ − 1)/0.05` with `first` 0.01 cores and 10 MB; a percentile is the end of its bucket.
//! * **KRR** `simple` (robusta-dev/krr): CPU is the 95th percentile over 14 days, least 10m; memory the maximum over 14
//!   days times 1.15, least 100 MB.

use trimtab_sizing::replay::{ReplayDecision, Sample, Schedule, fare};

const DAY: i64 = 86_400;

/// A method: cores and bytes from the samples before `now`; `start` is the time of the first sample of the series.
pub type Decide = fn(past: &[Sample], start: i64, now: i64) -> (f64, f64);

/// Decides by the schedule with only the past visible.
pub fn replay(decide: Decide, samples: &[Sample], schedule: Schedule) -> Vec<ReplayDecision> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Vec::new() };
    let mut decisions = Vec::new();
    let mut now = first.time + i64::from(schedule.from_day) * DAY;
    while now <= last.time {
        let (past, rest) = samples.split_at(samples.partition_point(|sample| sample.time < now));
        let (cores, bytes) = decide(past, first.time, now);
        decisions.push(fare(now, cores, bytes, 0, rest));
        now += schedule.every_seconds;
    }
    decisions
}

/// VPA's recommender.
pub fn vpa(past: &[Sample], start: i64, now: i64) -> (f64, f64) {
    let from = now - 8 * DAY;
    let past = past.get(past.partition_point(|sample| sample.time < from)..).unwrap_or_default();
    let weight = |time: i64| ((time - now) as f64 / DAY as f64).exp2();
    let cpu: Vec<(f64, f64)> = past.iter().map(|sample| (sample.cores, weight(sample.time))).collect();
    let mut peaks: Vec<(i64, f64)> = Vec::new();
    for sample in past {
        let day = (sample.time - start).div_euclid(DAY);
        match peaks.last_mut() {
            Some((last, peak)) if *last == day => *peak = peak.max(sample.bytes),
            _ => peaks.push((day, sample.bytes)),
        }
    }
    // A peak is dated at the end of its interval.
    let memory: Vec<(f64, f64)> = peaks.iter().map(|(day, peak)| (*peak, weight(start + (day + 1) * DAY))).collect();
    ((vpa_p90(&cpu, 0.01) * 1.15).max(0.025), (vpa_p90(&memory, 1e7) * 1.15).max(250e6))
}

fn vpa_p90(samples: &[(f64, f64)], first: f64) -> f64 {
    let mut buckets = [0.0; 176];
    for (value, weight) in samples {
        let bucket = ((value.max(0.0) * 0.05 / first + 1.0).ln() / 1.05f64.ln()).floor();
        buckets[(bucket as usize).min(175)] += weight;
    }
    let total: f64 = buckets.iter().sum();
    let mut sum = 0.0;
    for (nth, weight) in buckets.iter().enumerate() {
        sum += weight;
        if sum >= 0.9 * total - 1e-12 {
            return first * (1.05f64.powi(nth as i32 + 1) - 1.0) / 0.05;
        }
    }
    0.0
}

/// KRR's strategy `simple`.
pub fn krr(past: &[Sample], _start: i64, now: i64) -> (f64, f64) {
    let from = now - 14 * DAY;
    let past = past.get(past.partition_point(|sample| sample.time < from)..).unwrap_or_default();
    let mut cores: Vec<f64> = past.iter().map(|sample| sample.cores).collect();
    cores.sort_by(f64::total_cmp);
    // As Prometheus' quantile_over_time: linear between the two nearest ranks.
    let rank = 0.95 * (cores.len().max(1) - 1) as f64;
    let at = |nth: f64| cores.get(nth as usize).or(cores.last()).copied().unwrap_or(0.0);
    let quantile = at(rank.floor()) + (at(rank.floor() + 1.0) - at(rank.floor())) * rank.fract();
    let peak = past.iter().map(|sample| sample.bytes).fold(0.0, f64::max);
    (quantile.max(0.01), (peak * 1.15).max(100e6))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn steady(days: i64, cores: f64, bytes: f64) -> Vec<Sample> {
        (0..days * 288).map(|n| Sample { time: n * 300, cores, bytes }).collect()
    }

    #[test]
    fn a_steady_series() {
        let samples = steady(9, 1.0, 1e9);
        let (cores, bytes) = krr(&samples, 0, 9 * DAY);
        assert!((cores - 1.0).abs() < 1e-9 && (bytes - 1.15e9).abs() < 1.0);
        let (cores, bytes) = vpa(&samples, 0, 9 * DAY);
        assert!((1.15..1.15 * 1.06).contains(&cores), "{cores}");
        assert!((1.15e9..1.15e9 * 1.06).contains(&bytes), "{bytes}");
    }

    #[test]
    fn least_sizes() {
        let samples = steady(9, 0.0, 0.0);
        assert_eq!(vpa(&samples, 0, 9 * DAY), (0.025, 250e6));
        assert_eq!(krr(&samples, 0, 9 * DAY), (0.01, 100e6));
    }
}
