//! OOM kills: the sizes in force at the time, each kill once, whatever its source.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Table, down, id, refresh};
use trimtab_core::WorkloadKind::Deployment;
use trimtab_metrics_sources::Metric;
use trimtab_sizing::Kill;
use trimtab_usage_history::UsageStore;

const DAY: i64 = 86_400;
const END: i64 = 20_000 * DAY + DAY / 2;
const START: i64 = END - DAY;
const MIB: i64 = 1 << 20;

fn at(hour: i64) -> i64 {
    START + hour * 3600
}

fn hourly(from: i64, to: i64, value: f64) -> Vec<(i64, f64)> {
    (from..=to).map(|hour| (at(hour), value)).collect()
}

fn mib(mib: i64) -> f64 {
    (mib * MIB) as f64
}

fn kills(store: &UsageStore, name: &str) -> Vec<Kill> {
    store.with_workload(&id(Deployment, "a", name), |c| c.iter().flat_map(|(_, h)| h.kills().to_vec()).collect())
}

#[tokio::test]
async fn a_kill_that_was_seen_before_the_first_read_stays() {
    let store = UsageStore::new();
    let source = Table::new(vec![(Metric::CpuCores, "a", "web-1", vec![(at(1), 0.2)])]);
    let kill = Kill { time: END - 60, request: None, limit: Some(256 * MIB) };
    store.with_container(&id(Deployment, "a", "web"), "app", |h| h.observe_kill(kill));
    refresh(&store, &source, &["a"], END).await;
    assert_eq!(kills(&store, "web"), [kill]);
}

#[tokio::test]
async fn oom_kills_count_once_however_the_window_is_cut() {
    for pieces in [1, 2, 5, 24] {
        let source = Table::new(vec![
            (Metric::OomKilled, "a", "old-1", hourly(1, 12, 1.0)),
            (Metric::OomKilled, "a", "new-1", hourly(9, 12, 1.0)),
            (Metric::OomKilled, "a", "new-2", hourly(9, 9, 1.0)),
            (Metric::OomKilled, "a", "seen-live", hourly(9, 24, 1.0)),
        ]);
        let source = Table { pieces, ..source };
        let store = UsageStore::new();
        refresh(&store, &source, &["a"], END).await;
        let counts = ["old", "new", "seen"].map(|name| kills(&store, name).len());
        // A living pod shows only its last termination, and nothing of a kill before that.
        assert_eq!(counts, [0, 2, 1], "cut in {pieces}");
    }
}

#[tokio::test]
async fn the_sizes_are_those_of_the_time_and_asked_for_only_where_there_are_kills() {
    let source = Table::new(vec![
        (Metric::CpuCores, "b", "web-1", vec![(at(1), 0.2)]),
        (Metric::Restarts, "b", "web-1", hourly(1, 2, 0.0)),
        (Metric::OomKilled, "a", "web-1", hourly(9, 12, 1.0)),
        (Metric::MemoryRequest, "a", "web-1", hourly(1, 12, mib(128))),
        (Metric::MemoryLimit, "a", "web-1", [hourly(1, 8, mib(256)), hourly(9, 12, mib(2048))].concat()),
        (Metric::OomKilled, "a", "bare-1", hourly(9, 12, 1.0)),
        (Metric::MemoryLimit, "a", "bare-2", hourly(1, 12, mib(64))),
    ]);
    let store = UsageStore::new();
    refresh(&store, &source, &["a", "b"], END).await;
    let kill = Kill { time: at(9), request: Some(128 * MIB), limit: Some(256 * MIB) };
    assert_eq!(kills(&store, "web"), [kill], "what was in force before the kill, not after it");
    assert_eq!(kills(&store, "bare"), [Kill { time: at(9), request: None, limit: None }], "nobody told");
    let asked: Vec<_> = source.taken().into_iter().filter(|(metric, ..)| *metric == Metric::MemoryRequest).collect();
    assert_eq!(asked, [(Metric::MemoryRequest, "a".to_owned(), (at(7), at(9)))]);
}

#[tokio::test]
async fn a_limit_that_was_lowered_within_the_step_of_the_kill_is_the_one_that_killed() {
    let source = Table::new(vec![
        (Metric::OomKilled, "a", "web-1", hourly(9, 12, 1.0)),
        (Metric::MemoryLimit, "a", "web-1", [hourly(1, 8, mib(1536)), hourly(9, 12, mib(510))].concat()),
    ]);
    let store = UsageStore::new();
    refresh(&store, &source, &["a"], END).await;
    assert_eq!(kills(&store, "web"), [Kill { time: at(9), request: None, limit: Some(510 * MIB) }]);
}

#[tokio::test]
async fn what_was_in_force_may_be_learnt_later() {
    let (store, web) = (UsageStore::new(), id(Deployment, "a", "web"));
    let kill = |time, limit: i64| Kill { time, request: None, limit: Some(limit * MIB) };
    for time in [100, 200] {
        store.with_container(&web, "app", |h| h.observe_kill(kill(time, 1536)));
    }
    store.know_kills(&web, |container, k| (container == "app" && k.time > 150).then(|| kill(k.time, 510)));
    assert_eq!(kills(&store, "web"), [kill(100, 1536), kill(200, 510)]);
}

#[tokio::test]
async fn the_same_kill_read_again_or_seen_live_and_in_series_counts_once() {
    let store = UsageStore::new();
    let seen = Kill { time: at(9) - 1234, request: Some(100 * MIB), limit: Some(200 * MIB) };
    store.with_container(&id(Deployment, "a", "web"), "app", |h| h.observe_kill(seen));
    let source = Table::new(vec![(Metric::OomKilled, "a", "web-1", hourly(9, 12, 1.0))]);
    refresh(&store, &source, &["a"], END).await;
    assert_eq!(kills(&store, "web"), [seen]);
    // After a gap longer than the window everything is read again, and what was seen live stays.
    store.with_container(&id(Deployment, "a", "live"), "app", |h| h.observe_kill(Kill { time: END, ..seen }));
    refresh(&store, &source, &["a"], END + 2 * DAY).await;
    assert_eq!(kills(&store, "live"), [Kill { time: END, ..seen }]);
}

#[tokio::test]
async fn a_kill_that_a_living_pod_shows_and_a_series_tells_counts_once_in_either_order() {
    let source = Table::new(vec![
        (Metric::OomKilled, "a", "web-1-live", hourly(9, 12, 1.0)),
        (Metric::OomKilled, "a", "web-2-live", hourly(9, 12, 1.0)),
    ]);
    let web = id(Deployment, "a", "web");
    for (what, shown, expected) in [
        ("nothing", vec![], 2),
        ("both within the step", vec![at(9) - 1234, at(9) - 600], 2),
        ("one, and a later one that no series tells", vec![at(9) - 1234, at(12) + 60], 3),
        ("one long before", vec![at(7)], 3),
    ] {
        for shown_first in [true, false] {
            let store = UsageStore::new();
            let show = || {
                for time in &shown {
                    store.observe_kill(&web, "app", Kill { time: *time, request: None, limit: None });
                }
            };
            if shown_first {
                show();
            }
            refresh(&store, &source, &["a"], END).await;
            // A status is read again and again.
            show();
            assert_eq!(kills(&store, "web").len(), expected, "{what}, shown first: {shown_first}");
        }
    }
}

#[tokio::test]
async fn a_namespace_whose_sizes_cannot_be_read_is_read_again() {
    let store = UsageStore::new();
    let source = Table::new(vec![
        (Metric::OomKilled, "a", "web-1", hourly(9, 12, 1.0)),
        (Metric::MemoryLimit, "a", "web-1", hourly(1, 12, mib(256))),
    ]);
    source.refuse(|b| (b.metrics[0] == Metric::MemoryRequest).then(down));
    let (first, ready) = refresh(&store, &source, &["a"], END).await;
    assert_eq!((first.failures.len(), ready.len()), (1, 0));
    assert!(store.workloads().is_empty());
    source.refuse(|_| None);
    refresh(&store, &source, &["a"], END).await;
    assert_eq!(kills(&store, "web"), [Kill { time: at(9), request: None, limit: Some(256 * MIB) }]);
}

#[tokio::test]
async fn kills_under_exported_labels_are_those_of_the_exported_pod() {
    let store = UsageStore::new();
    let source = Table::new(vec![
        (Metric::CpuCores, "a", "web-live", vec![(at(1), 0.2)]),
        (Metric::CpuCores, "b", "web-live", vec![(at(1), 0.2)]),
    ]);
    *source.exported.lock().unwrap() = vec![(Metric::OomKilled, "a", "web-1", hourly(9, 12, 1.0))];
    assert!(!store.labels_not_honored());
    refresh(&store, &source, &["a", "b"], END).await;
    assert_eq!(kills(&store, "web").len(), 1);
    assert!(store.labels_not_honored());
}

#[tokio::test]
async fn a_server_without_kube_state_metrics_is_asked_once() {
    let usage = |namespace| (Metric::CpuCores, namespace, "web-live", vec![(at(1), 0.2)]);
    let source = Table::new(vec![usage("a"), usage("b"), usage("c")]);
    let store = UsageStore::new();
    for end in [END, END + 300, END + 600] {
        refresh(&store, &source, &["a", "b", "c"], end).await;
    }
    let asked = source.taken().into_iter().filter(|(metric, ..)| *metric == Metric::Restarts).count();
    assert_eq!(asked, 1);
    assert!(!store.labels_not_honored());
}
