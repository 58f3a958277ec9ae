//! Pods that run to completion, and workloads that vanish and come back.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Series, Table, id, refresh};
use trimtab_core::WorkloadKind::{CronJob, Deployment};
use trimtab_metrics_sources::Metric;
use trimtab_usage_history::UsageStore;

const DAY: i64 = 86_400;
const END: i64 = 20_000 * DAY + DAY / 2;
const START: i64 = END - DAY;

/// A run of five minutes, read every 30 seconds.
fn run(pod: &'static str, from: i64) -> [Series; 2] {
    let samples = |value: f64| (1..=10).map(|n| (from + n * 30, value)).collect();
    [(Metric::CpuCores, "a", pod, samples(0.5)), (Metric::MemoryWorkingSet, "a", pod, samples(2e8))]
}

#[tokio::test]
async fn runs_are_counted_once_however_the_window_is_cut() {
    for pieces in [1, 3, 288] {
        let series = [run("nightly-1", START + 3600), run("nightly-2", START + 7200), run("nightly-3", END - 150)];
        let source = Table { pieces, ..Table::new(series.concat()) };
        let store = UsageStore::new();
        // The last one goes on after the first read.
        for end in [END, END + 300, END + 600, END + 900, END + 1200] {
            refresh(&store, &source, &["a"], end).await;
        }
        store.with_workload(&id(CronJob, "a", "nightly"), |containers| {
            let cells = containers[0].1.cells();
            let sum = |f: fn(&trimtab_sizing::cell::DayCell) -> u32| cells.iter().map(f).sum::<u32>();
            assert_eq!(sum(|c| u32::from(c.runs)), 3, "cut in {pieces}");
            assert_eq!((sum(|c| c.cpu_samples), sum(|c| c.memory_samples)), (30, 30), "cut in {pieces}");
        });
    }
}

#[tokio::test]
async fn a_fine_step_gives_pods_that_run_on_no_more_weight() {
    let fine = (1..=100).map(|n| (START + n * 30, 0.1)).collect();
    let source = Table::new(vec![(Metric::CpuCores, "a", "web-1", fine)]);
    let store = UsageStore::new();
    refresh(&store, &source, &["a"], END).await;
    store.with_workload(&id(Deployment, "a", "web"), |containers| {
        let history = &containers[0].1;
        assert_eq!((history.cpu_samples(), history.cells()[0].runs), (10, 0));
    });
}

#[tokio::test]
async fn a_workload_that_comes_back_under_its_name_has_its_history() {
    let steps = (1..=288 + 12).map(|n| (START + n * 300, 0.1)).collect();
    let source = Table::new(vec![(Metric::CpuCores, "a", "web-live", steps)]);
    let store = UsageStore::new();
    refresh(&store, &source, &["a"], END).await;
    let web = id(Deployment, "a", "web");
    let samples =
        |store: &UsageStore| store.with_workload(&web, |c| c.iter().map(|(_, h)| h.cpu_samples()).sum::<u64>());
    assert_eq!(samples(&store), 288);
    // Deleted: passes go on without it.
    for n in 1..4 {
        store.forget(START - DAY, |_| false);
        refresh(&store, &Table::new(Vec::new()), &["a"], END + n * 300).await;
    }
    store.forget(START - DAY, |_| true);
    refresh(&store, &source, &["a"], END + 1200).await;
    assert_eq!(samples(&store), 289, "the past and what is new");
    // What is older than the window goes, and with it the workload.
    store.forget(END + 3 * DAY, |_| false);
    assert!(store.workloads().is_empty());
}
