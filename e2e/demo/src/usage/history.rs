//! Two weeks of usage in bulk.
//!
//! In: tracks and the time at which history ends. Out: series with one sample a minute, and the meters of running pods,
//! which continue live from there. Pure.

use std::collections::BTreeMap;

use super::{
    metrics::{METRICS, Metric},
    tracks::Track,
};
use crate::{
    fleet::Container,
    model::{Meter, SLOT_S},
};

/// One series: sample `i` is at `start_s + i × 60`.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: &'static str,
    /// Its labels without the name.
    pub labels: BTreeMap<&'static str, String>,
    /// Time of the first sample, in seconds since the epoch.
    pub start_s: i64,
    /// The samples.
    pub values: Vec<f64>,
}

/// The container's series up to and including `end_s` (or the end of its pod), and its meter at that time.
pub fn of_container(track: &Track<'_>, container: &Container, end_s: i64) -> (Vec<Series>, Meter) {
    let end = track.to_s.unwrap_or(end_s).min(end_s);
    let mut meter = Meter::new(container.source.clone(), track.seed(&container.name), track.from_s);
    let mut all: Vec<(Metric, Series)> = METRICS
        .iter()
        .map(|m| {
            let (labels, values) = (m.labels(track, container), Vec::new());
            (*m, Series { name: m.name, labels, start_s: track.from_s, values })
        })
        .collect();
    let mut t = track.from_s;
    while t <= end {
        let reading = meter.read(t);
        for (metric, series) in &mut all {
            // A series that begins late, such as the reason of the last termination, continues from then on.
            match metric.value(container, &reading) {
                Some(v) => series.values.push(v),
                None => series.start_s = t + SLOT_S,
            }
        }
        t += SLOT_S;
    }
    (all.into_iter().map(|(_, s)| s).filter(|s| !s.values.is_empty()).collect(), meter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fleet::simulated,
        usage::tracks::{LivePod, former, running},
    };

    const NOW: i64 = 1_780_272_000 + 36_000;

    fn pod(namespace: &str, workload: &str) -> LivePod {
        let name = format!("{workload}-1-a");
        LivePod { namespace: namespace.into(), workload: workload.into(), name, node: "n1".into(), created_s: NOW }
    }

    #[test]
    fn what_a_container_has_depends_on_its_limits_and_its_fate() {
        let fleet = simulated();
        for (workload, expected) in [("storefront", 5), ("catalog", 3), ("cart", 4)] {
            let tracks = running(&fleet, &[pod("shop", workload)], NOW);
            let (series, _) = of_container(&tracks[0], &tracks[0].workload.containers[0], NOW);
            let names: Vec<_> = series.iter().map(|s| s.name).collect();
            assert_eq!(names.len(), expected, "{workload}: {names:?}");
            for s in &series {
                #[allow(clippy::cast_possible_wrap)]
                let last = s.start_s + (s.values.len() as i64 - 1) * 60;
                assert_eq!(last, NOW, "{workload}: {} ends at the present", s.name);
            }
        }
    }

    #[test]
    fn labels_and_values_go_on_live_as_they_were() {
        let fleet = simulated();
        let tracks = running(&fleet, &[pod("shop", "search")], NOW);
        let container = &tracks[0].workload.containers[0];
        let (series, mut meter) = of_container(&tracks[0], container, NOW);
        let next = meter.read(NOW + 15);
        for s in &series {
            let metric = METRICS.iter().find(|m| m.name == s.name);
            let live = metric.and_then(|m| m.value(container, &next));
            let last = s.values.last().copied();
            assert!(metric.is_some_and(|m| m.labels(&tracks[0], container) == s.labels));
            if s.name.ends_with("_total") {
                assert!(live >= last && live <= last.map(|l| l + 200.0), "{}: {last:?} then {live:?}", s.name);
            }
        }
    }

    #[test]
    fn former_pods_end_when_they_ended() {
        let fleet = simulated();
        let all = former(&fleet, NOW);
        let run = all.iter().find(|t| t.workload.name == "weekly-invoices");
        let lengths: Vec<usize> = run
            .map(|t| of_container(t, &t.workload.containers[0], NOW).0.iter().map(|s| s.values.len()).collect())
            .unwrap_or_default();
        assert_eq!(lengths, [181, 181, 181]);
    }
}
