//! The targets for Trimtab, and whether they are met. Pure.

use serde::Serialize;

use super::figures::{Figures, QueryLoad, mib};

/// Seconds to all recommendations.
const ALL_SECONDS: f64 = 10.0;
/// Resident memory in decimal megabytes, also at its peak: the strictest reading of the target.
const RESIDENT_MB: f64 = 50.0;
/// Own CPU time until all recommendations, in seconds.
const CPU_SECONDS: f64 = 2.0;
/// The first pass.
const FIRST: QueryLoad = QueryLoad { queries: 60, samples: 0, cpu_seconds: 10.0 };
/// A later pass may cost this share of the first.
const LATER: f64 = 50.0;
/// Large cluster: MiB resident while nothing changes.
const LARGE_STEADY_MIB: f64 = 60.0;
/// Large cluster: MiB resident at its peak.
const LARGE_PEAK_MIB: f64 = 90.0;

/// One target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The figure.
    pub figure: &'static str,
    /// The target value.
    pub target: String,
    /// The measured value.
    pub measured: String,
    /// Whether the target is met.
    pub met: bool,
}

impl Verdict {
    fn at_most(figure: &'static str, measured: f64, target: f64, unit: &str) -> Self {
        let decimals = if target.fract() == 0.0 && target >= 1.0 { 0 } else { 1 };
        Self {
            figure,
            target: format!("≤ {target:.decimals$} {unit}").trim_end().to_owned(),
            measured: format!("{measured:.2} {unit}").trim_end().to_owned(),
            met: measured <= target,
        }
    }

    /// `FIGURE: MEASURED, target TARGET`.
    pub fn line(&self) -> String {
        format!("{}: {}, target {}", self.figure, self.measured, self.target)
    }
}

/// Judges a run on the cluster of 2,000 pods, and one on that of 20,000 if there is one.
pub fn judge(figures: &Figures, large: Option<&Figures>) -> Vec<Verdict> {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    let first = figures.first_pass.unwrap_or_default();
    let mut verdicts = vec![
        Verdict::at_most("all recommendations", figures.all_seconds, ALL_SECONDS, "s"),
        Verdict::at_most("resident memory, peak", mb(figures.resident_peak_bytes), RESIDENT_MB, "MB"),
        Verdict::at_most("own processor time until then", figures.cpu_seconds, CPU_SECONDS, "s"),
        Verdict::at_most("queries of the first pass", first.queries as f64, FIRST.queries as f64, ""),
        Verdict::at_most("Prometheus' processor time, first pass", first.cpu_seconds, FIRST.cpu_seconds, "s"),
    ];
    if let Some(later) = mean(&figures.later_passes) {
        let share = later.samples / (first.samples.max(1) as f64) * 100.0;
        verdicts.extend([
            Verdict::at_most("queries of a later pass", later.queries, FIRST.queries as f64 / LATER, ""),
            Verdict::at_most("samples of a later pass, of those of the first", share, 100.0 / LATER, "%"),
            Verdict::at_most(
                "Prometheus' processor time, later pass",
                later.cpu_seconds,
                FIRST.cpu_seconds / LATER,
                "s",
            ),
        ]);
    }
    verdicts.push(Verdict::at_most("writes a minute when nothing changes", figures.writes_per_minute, 0.0, ""));
    verdicts.push(Verdict {
        figure: "lists and watches",
        target: "one each for a kind, no polling".to_owned(),
        measured: lists(figures),
        met: figures.list_faults.is_empty() && !polls(figures),
    });
    if let Some(large) = large {
        let steady = mib(large.resident_steady_bytes);
        verdicts.push(Verdict::at_most("20,000 pods: resident memory, steady", steady, LARGE_STEADY_MIB, "MiB"));
        let peak = mib(large.resident_peak_bytes);
        verdicts.push(Verdict::at_most("20,000 pods: resident memory, peak", peak, LARGE_PEAK_MIB, "MiB"));
    }
    verdicts
}

/// The mean later pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// Queries.
    pub queries: f64,
    /// Samples.
    pub samples: f64,
    /// CPU time of Prometheus.
    pub cpu_seconds: f64,
}

/// The mean of some passes; `None` of none.
pub fn mean(passes: &[QueryLoad]) -> Option<Mean> {
    let n = passes.len() as f64;
    (!passes.is_empty()).then(|| Mean {
        queries: passes.iter().map(|p| p.queries as f64).sum::<f64>() / n,
        samples: passes.iter().map(|p| p.samples as f64).sum::<f64>() / n,
        cpu_seconds: passes.iter().map(|p| p.cpu_seconds).sum::<f64>() / n,
    })
}

/// Whether it read from the API server while nothing changed, except for its Lease. A restarted watch is not a poll.
fn polls(figures: &Figures) -> bool {
    figures.requests_steady.keys().any(|k| (k.starts_with("list ") || k.starts_with("get ")) && !k.ends_with(" leases"))
}

fn lists(figures: &Figures) -> String {
    let mut said = figures.list_faults.clone();
    if polls(figures) {
        said.push("reads while nothing changes".to_owned());
    }
    if said.is_empty() { "as it should be".to_owned() } else { said.join("; ") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn good() -> Figures {
        Figures {
            all_seconds: 10.0,
            resident_peak_bytes: 50_000_000,
            cpu_seconds: 2.0,
            first_pass: Some(QueryLoad { queries: 60, samples: 5_000, cpu_seconds: 10.0 }),
            later_passes: vec![QueryLoad { queries: 1, samples: 100, cpu_seconds: 0.2 }],
            resident_steady_bytes: 60 << 20,
            ..Figures::default()
        }
    }

    #[test]
    fn what_is_at_its_target_meets_it_and_what_is_above_misses_it() {
        assert!(judge(&good(), None).iter().all(|v| v.met));
        let changes: [fn(&mut Figures); 10] = [
            |f| f.all_seconds = 10.1,
            |f| f.resident_peak_bytes += 1_000,
            |f| f.cpu_seconds = 2.01,
            |f| f.first_pass = Some(QueryLoad { queries: 61, samples: 5_000, cpu_seconds: 10.0 }),
            |f| f.first_pass = Some(QueryLoad { queries: 60, samples: 5_000, cpu_seconds: 10.1 }),
            |f| f.later_passes[0].queries = 2,
            |f| f.later_passes[0].samples = 101,
            |f| f.writes_per_minute = 0.1,
            |f| f.list_faults = vec!["pods: 2 lists, 1 watches".to_owned()],
            |f| f.requests_steady.extend([("list pods".to_owned(), 1)]),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut figures = good();
            change(&mut figures);
            let missed = judge(&figures, None).iter().filter(|v| !v.met).count();
            assert_eq!(missed, 1, "change {index}");
        }
    }

    #[test]
    fn the_large_cluster_has_targets_of_its_own_and_a_lease_is_no_poll() {
        let mut large = good();
        large.requests_steady.insert("get leases".to_owned(), 9);
        assert!(judge(&large, Some(&large)).iter().all(|v| v.met));
        large.resident_steady_bytes += 1 << 20;
        large.resident_peak_bytes = 91 << 20;
        let missed: Vec<_> = judge(&good(), Some(&large)).into_iter().filter(|v| !v.met).collect();
        assert_eq!(missed.len(), 2);
        assert!(missed[0].line().contains("61.00 MiB, target ≤ 60 MiB"), "{}", missed[0].line());
    }
}
