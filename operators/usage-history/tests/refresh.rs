//! Reading the past: nothing twice, nothing left out, nothing half-read.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::time::Duration;

use common::{ByName, Series, Table, down, id, loads, refresh};
use tokio::sync::mpsc;
use trimtab_core::WorkloadKind::{Deployment, StatefulSet};
use trimtab_metrics_sources::{Metric, SourceError};
use trimtab_sizing::ContainerHistory;
use trimtab_usage_history::{Span, UsageStore};

const DAY: i64 = 86_400;
/// The end of the reads: noon of a day, so that a day's window lies in two day cells.
const END: i64 = 20_000 * DAY + DAY / 2;
const START: i64 = END - DAY;

fn every_step(metric: Metric, namespace: &'static str, pod: &'static str, value: f64, until: i64) -> Series {
    (metric, namespace, pod, (START / 300 + 1..=until / 300).map(|n| (n * 300, value)).collect())
}

/// Two namespaces with CPU, memory and throttling, up to an hour after the first read.
fn cluster() -> Table {
    let until = END + 3600;
    let mut series = Vec::new();
    for namespace in ["a", "b"] {
        series.push(every_step(Metric::CpuCores, namespace, "web-live", 0.2, until));
        series.push(every_step(Metric::MemoryWorkingSet, namespace, "web-live", 2e8, until));
        series.push(every_step(Metric::CpuPeriods, namespace, "web-live", 100.0, until));
        series.push(every_step(Metric::CpuThrottledPeriods, namespace, "web-live", 7.0, until));
    }
    Table::new(series)
}

fn history(store: &UsageStore, namespace: &str) -> Option<ContainerHistory> {
    store.with_workload(&id(Deployment, namespace, "web"), |c| c.first().map(|(_, h)| h.clone()))
}

/// CPU samples, memory samples, throttled periods and periods.
fn counts(store: &UsageStore, namespace: &str) -> (u64, u64, u32, u32) {
    history(store, namespace).map_or((0, 0, 0, 0), |h| {
        let sum = |f: fn(&trimtab_sizing::cell::DayCell) -> u32| h.cells().iter().map(f).sum();
        (h.cpu_samples(), h.memory_samples(), sum(|c| c.throttled_periods), sum(|c| c.periods))
    })
}

#[tokio::test]
async fn what_is_read_in_pieces_is_what_is_read_at_once() {
    let (whole, parts) = (UsageStore::new(), UsageStore::new());
    let source = cluster();
    refresh(&whole, &source, &["a"], END + 900).await;
    let pieces = Table { pieces: 7, ..cluster() };
    for end in [END, END + 300, END + 900] {
        refresh(&parts, &pieces, &["a"], end).await;
    }
    // The first window began earlier by the three steps.
    let mut expected = history(&whole, "a").unwrap();
    let got = history(&parts, "a").unwrap();
    for n in 1..=3 {
        expected.observe_cpu(START + n * 300, 0.2, 1);
        expected.observe_memory(START + n * 300, 2e8);
        expected.observe_throttling(START + n * 300, 7, 100);
    }
    assert_eq!(got, expected);
    assert_eq!(counts(&parts, "a"), (291, 291, 291 * 7, 29_100));
}

#[tokio::test]
async fn a_history_that_fails_half_way_leaves_nothing_and_is_read_anew() {
    let (store, source) = (UsageStore::new(), Table { pieces: 2, ..cluster() });
    source.refuse(|b| (b.metrics[0] == Metric::CpuCores && b.end_s == END && b.namespaces == ["a"]).then(down));
    let (first, ready) = refresh(&store, &source, &["a", "b"], END).await;
    assert_eq!((first.failures.len(), first.failures[0].namespaces.as_slice()), (1, ["a".to_owned()].as_slice()));
    assert_eq!(ready, ["b"]);
    assert_eq!((counts(&store, "a"), counts(&store, "b").0), ((0, 0, 0, 0), 288));
    source.taken();
    source.refuse(|_| None);
    let (second, ready) = refresh(&store, &source, &["a", "b"], END).await;
    assert!(second.failures.is_empty());
    assert_eq!(ready, ["b", "a"], "what is known is named at once");
    assert!(source.taken().iter().all(|(_, namespaces, _)| namespaces == "a"), "b is not read again");
    assert_eq!(counts(&store, "a"), (288, 288, 288 * 7, 28_800));
}

#[tokio::test]
async fn a_later_read_that_fails_half_way_keeps_what_was_and_is_read_from_there() {
    let (store, source) = (UsageStore::new(), cluster());
    refresh(&store, &source, &["a", "b"], END).await;
    source.taken();
    // CPU and memory are read, throttling is not.
    source.refuse(|b| (b.metrics[0] == Metric::CpuPeriods && b.namespaces == ["a"]).then(down));
    let (_, ready) = refresh(&store, &source, &["a", "b"], END + 300).await;
    assert_eq!(ready, ["b"]);
    assert_eq!((counts(&store, "a").0, counts(&store, "b").0), (288, 289), "a stays as it was");
    source.taken();
    source.refuse(|_| None);
    let (_, mut ready) = refresh(&store, &source, &["a", "b"], END + 600).await;
    ready.sort();
    assert_eq!(ready, ["a", "b"]);
    assert_eq!(
        source.taken(),
        [
            (Metric::CpuCores, "a".to_owned(), (END, END + 600)),
            (Metric::CpuCores, "b".to_owned(), (END + 300, END + 600)),
            (Metric::CpuPeriods, "a".to_owned(), (END, END + 600)),
            (Metric::CpuPeriods, "b".to_owned(), (END + 300, END + 600)),
        ]
    );
    assert_eq!(counts(&store, "a"), (290, 290, 290 * 7, 29_000));
    assert_eq!(counts(&store, "b"), counts(&store, "a"));
}

#[tokio::test]
async fn a_batch_whose_second_half_fails_leaves_nothing() {
    let (store, source) = (UsageStore::new(), cluster());
    let large = || SourceError::TooLarge { server: "table".to_owned(), limit: 1, unit: "points" };
    source.refuse(move |b| match (b.end_s - b.start_s, b.end_s) {
        (DAY, _) => Some(large()),
        (_, END) if b.metrics[0] == Metric::CpuCores => Some(down()),
        _ => None,
    });
    refresh(&store, &source, &["a"], END).await;
    assert_eq!(counts(&store, "a"), (0, 0, 0, 0));
    source.refuse(move |b| (b.end_s - b.start_s == DAY).then(large));
    refresh(&store, &source, &["a"], END).await;
    assert_eq!(counts(&store, "a"), (288, 288, 288 * 7, 28_800));
}

#[tokio::test]
async fn a_shared_batch_that_fails_keeps_all_its_namespaces_waiting() {
    let (store, source) = (UsageStore::new(), Table { together: true, ..cluster() });
    source.refuse(|b| (b.metrics[0] == Metric::CpuPeriods).then(down));
    let (_, ready) = refresh(&store, &source, &["a", "b"], END).await;
    assert!(ready.is_empty());
    assert!(store.workloads().is_empty());
}

#[tokio::test]
async fn namespaces_are_ready_one_by_one_and_whole() {
    let store = UsageStore::new();
    let source = Table { pieces: 3, ..cluster() };
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let span = Span { end_s: END, window_s: DAY, step_s: 300 };
    let reading = async {
        store.refresh(&source, loads(&["b", "a", "empty"]), span, &ByName, &sender).await;
        drop(sender);
    };
    let deciding = async {
        let mut seen = Vec::new();
        while let Some(batch) = receiver.recv().await {
            for namespace in batch {
                seen.push((namespace.clone(), counts(&store, &namespace).0));
            }
        }
        seen
    };
    let ((), seen) = tokio::join!(reading, deciding);
    assert_eq!(seen, [("a".to_owned(), 288), ("b".to_owned(), 288), ("empty".to_owned(), 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_is_given_up_leaves_nothing_by_halves() {
    let (store, source) = (UsageStore::new(), cluster());
    *source.hang.lock().unwrap() = Some(Metric::CpuPeriods);
    tokio::time::timeout(Duration::from_secs(60), refresh(&store, &source, &["a"], END)).await.unwrap_err();
    assert_eq!(source.taken().len(), 2, "CPU and memory were read, throttling was asked for");
    assert!(store.workloads().is_empty());
    *source.hang.lock().unwrap() = None;
    refresh(&store, &source, &["a"], END).await;
    assert_eq!(counts(&store, "a").0, 288);
}

#[tokio::test]
async fn pods_with_roles_count_by_the_busiest_and_others_by_all() {
    let at = |n: i64| START + n * 300;
    let cpu = |pod, values: [f64; 3]| {
        let samples = values.iter().zip(1..).map(|(v, n)| (at(n), *v)).collect();
        (Metric::CpuCores, "a", pod, samples)
    };
    let source = Table::new(vec![
        cpu("db-0", [0.1, 0.9, 0.2]),
        cpu("db-1", [0.5, 0.3, 0.1]),
        cpu("web-1", [0.1, 0.9, 0.2]),
        cpu("web-2", [0.5, 0.3, 0.1]),
    ]);
    let store = UsageStore::new();
    refresh(&store, &source, &["a"], END).await;
    let mut busiest = ContainerHistory::new();
    for (n, cores) in [(1, 0.5), (2, 0.9), (3, 0.2)] {
        busiest.observe_cpu(at(n), cores, 1);
    }
    store.with_workload(&id(StatefulSet, "a", "db"), |c| assert_eq!(c[0].1, busiest));
    assert_eq!(history(&store, "a").unwrap().cpu_samples(), 6);
}

#[tokio::test]
async fn throttling_is_paired_by_step_over_all_pods() {
    let source = Table::new(vec![
        (Metric::CpuThrottledPeriods, "a", "web-1", vec![(START + 300, 40.0), (START + 600, 5.0)]),
        (Metric::CpuPeriods, "a", "web-1", vec![(START + 300, 100.0), (START + 600, 100.0)]),
        (Metric::CpuPeriods, "a", "web-2", vec![(START + 300, 50.0)]),
        // Throttled periods without total periods are no evidence.
        (Metric::CpuThrottledPeriods, "a", "web-2", vec![(START + 900, 30.0)]),
    ]);
    let store = UsageStore::new();
    refresh(&store, &source, &["a"], END).await;
    let (_, _, throttled, periods) = counts(&store, "a");
    assert_eq!((throttled, periods), (45, 250));
}
