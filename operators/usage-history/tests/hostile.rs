//! Hostile servers: pods of several owners that come and go, with gaps, kills and runs, and beside them whatever other
//! clusters left on the same server, with or without labels, far larger than ours. The histories of our workloads are
//! the same as without all of it, however the reads are cut and repeated; so the advice is the same, too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Series, Table, id, refresh};
use proptest::prelude::*;
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_metrics_sources::Metric;
use trimtab_sizing::ContainerHistory;
use trimtab_usage_history::UsageStore;

const DAY: i64 = 86_400;
const END: i64 = 20_000 * DAY + DAY / 2;
const START: i64 = END - DAY;
const LATER: i64 = END + 7200;
const MIB: f64 = 1_048_576.0;

/// Ours, of four owners: the living ones are named so, see `ByName`.
const OURS: [&str; 8] =
    ["web-live", "web-gone", "api-live", "api-gone", "db-0-live", "db-1-live", "nightly-live", "nightly-gone"];
/// One of ours always exists and is read without gaps: without any, nothing shows which label is ours.
const ALWAYS: &str = "web-live";
/// Theirs, of owners that have the same names.
const THEIRS: [&str; 6] = ["web-t0", "web-t1", "api-t0", "db-7", "db-8", "nightly-t0"];
/// One that lives with the label of another cluster: it reveals their label.
const HERALD: &str = "web-herald";

/// Number of servers tried: a sample in each test run, all with `HOSTILE_WORLDS=100000`.
fn worlds() -> u32 {
    std::env::var("HOSTILE_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

#[derive(Clone, Debug)]
struct Pod {
    from: i64,
    until: i64,
    cores: f64,
    mib: f64,
    /// The missing readings.
    gaps: u64,
    killed: bool,
    restarts: bool,
}

fn pod(until: impl Strategy<Value = i64>, most_mib: f64) -> impl Strategy<Value = Pod> {
    let gaps = prop_oneof![2 => Just(0u64), 1 => any::<u64>(), 1 => Just(u64::MAX << 8)];
    let size = prop_oneof![1 => Just((0.0, 0.0)), 6 => (0.0001f64..4.0, 1.0f64..most_mib)];
    (0i64..200, until, size, gaps, any::<bool>(), any::<bool>()).prop_map(
        |(from, until, (cores, mib), gaps, killed, restarts)| {
            let from = START + from * 300;
            let until = until.max(from + 600);
            // One without a single reading of its usage cannot be told from a stranger by its labels.
            let gaps = if until - from < 64 * 300 { 0 } else { gaps };
            Pod { from, until, cores, mib, gaps, killed, restarts }
        },
    )
}

impl Pod {
    fn series(&self, name: &'static str) -> Vec<Series> {
        let steps = self.from.div_euclid(300) + 1..=self.until.div_euclid(300);
        let times: Vec<i64> = steps.filter(|n| self.gaps >> n.rem_euclid(64) & 1 == 0).map(|n| n * 300).collect();
        let all = |value: f64| times.iter().map(|t| (*t, value)).collect::<Vec<_>>();
        let hours = |value: f64| {
            let hours = self.from.div_euclid(3600) + 1..=self.until.div_euclid(3600);
            hours.map(|n| (n * 3600, value)).collect::<Vec<_>>()
        };
        let mut series = vec![
            (Metric::CpuCores, "a", name, all(self.cores)),
            (Metric::MemoryWorkingSet, "a", name, all(self.mib * MIB)),
        ];
        if self.killed {
            series.push((Metric::OomKilled, "a", name, hours(1.0)));
            series.push((Metric::MemoryLimit, "a", name, hours(self.mib * MIB)));
        }
        if self.restarts {
            series.push((Metric::Restarts, "a", name, hours(1.0)));
        }
        series.push((Metric::CpuPeriods, "a", name, all(3000.0)));
        series.push((Metric::CpuThrottledPeriods, "a", name, all(1500.0)));
        series
    }
}

/// All data of our workloads.
fn known(store: &UsageStore) -> Vec<(WorkloadId, Option<ContainerHistory>)> {
    use WorkloadKind::{CronJob, Deployment, StatefulSet};
    [(Deployment, "web"), (Deployment, "api"), (StatefulSet, "db"), (CronJob, "nightly")]
        .map(|(kind, name)| id(kind, "a", name))
        .map(|workload| {
            let history = store.with_workload(&workload, |c| c.first().map(|(_, history)| history.clone()));
            (workload, history)
        })
        .to_vec()
}

prop_compose! {
    fn ours()(
        live in prop::collection::vec(pod(Just(LATER), 4000.0), 4),
        gone in prop::collection::vec(pod(START + 3600..END - 3600, 4000.0), 4),
        here in prop::collection::vec(any::<bool>(), 8),
    ) -> Vec<(&'static str, Pod)> {
        let (mut live, mut gone) = (live.into_iter(), gone.into_iter());
        let pods = OURS.into_iter().filter_map(|name| {
            let pods = if name.ends_with("-live") { &mut live } else { &mut gone };
            pods.next().map(|pod| (name, pod))
        });
        let mut known = pods.zip(here).filter_map(|(pod, here)| (here || pod.0 == ALWAYS).then_some(pod)).collect::<Vec<_>>();
        known.iter_mut().filter(|(name, _)| *name == ALWAYS).for_each(|(_, pod)| pod.gaps = 0);
        known
    }
}

prop_compose! {
    /// Includes whether a label identifies the cluster. An ended pod without a label cannot be told from ours.
    fn theirs()(
        pods in prop::collection::vec((pod(Just(LATER), 4_000_000.0), any::<bool>(), any::<bool>()), 0..=6),
    ) -> Vec<(&'static str, Pod, bool)> {
        THEIRS.into_iter().zip(pods).map(|(name, (mut pod, labelled, lives))| {
            if labelled && !lives {
                pod.until = END - 7200;
                pod.from = pod.from.min(pod.until - 600);
            } else if !labelled {
                // Without readings at the end of a read it cannot be told from one that has ended.
                pod.gaps = 0;
            }
            (name, pod, labelled)
        }).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: worlds(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_others_have_in_the_server_changes_nothing(
        ours in ours(),
        theirs in theirs(),
        own_label in any::<bool>(),
        (pieces, reads, together) in (1i64..6, 1i64..5, any::<bool>()),
    ) {
        let table = |series: Vec<Series>| Table { pieces, together, ..Table::new(series) };
        let our_series = || ours.iter().flat_map(|(name, pod)| pod.series(name)).collect::<Vec<_>>();
        let mut all = our_series();
        all.extend(theirs.iter().flat_map(|(name, pod, _)| pod.series(name)));
        let alone = table(our_series());
        let herald = Pod { from: START, until: LATER, cores: 9.0, mib: 9.0, gaps: 0, killed: true, restarts: true };
        all.extend(herald.series(HERALD));
        let mixed = table(all);
        {
            let mut clusters = mixed.clusters.lock().unwrap();
            clusters.insert(HERALD, "prod");
            clusters.extend(theirs.iter().filter(|(.., labelled)| *labelled).map(|(name, ..)| (*name, "prod")));
            if own_label {
                clusters.extend(ours.iter().map(|(name, _)| (*name, "eu")));
                alone.clusters.lock().unwrap().extend(ours.iter().map(|(name, _)| (*name, "eu")));
            }
        }
        let (one, other) = (UsageStore::new(), UsageStore::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for n in 0..reads {
                for (store, source) in [(&one, &mixed), (&other, &alone)] {
                    let (done, _) = refresh(store, source, &["a"], END + n * 300).await;
                    assert!(done.failures.is_empty());
                }
                assert_eq!(known(&one), known(&other), "read {n}");
                // Repeating the read adds nothing.
                refresh(&one, &mixed, &["a"], END + n * 300).await;
                assert_eq!(known(&one), known(&other), "read {n} twice");
            }
        });
    }
}
