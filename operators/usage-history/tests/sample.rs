//! Sampling the present, restoring stored histories, and OOM kills of living pods.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{ByName, Series, Table, down, id, loads};
use serde_json::{Value, json};
use trimtab_core::WorkloadKind::{CronJob, Deployment, StatefulSet};
use trimtab_metrics_sources::Metric;
use trimtab_sizing::{ContainerHistory, Kill};
use trimtab_usage_history::{Sampled, UsageStore};
use trimtab_world::{Kind, Tables, World};

const NOW: i64 = 1_800_000_000;

/// A source that returns whatever is in its table, regardless of time.
async fn sample(store: &UsageStore, source: &Table, now_s: i64) -> Sampled {
    store.sample(source, loads(&["shop"]), now_s, 60, &ByName).await.unwrap()
}

fn table(series: Vec<Series>) -> Table {
    Table { past: false, groups: vec![vec![Metric::CpuCores, Metric::MemoryWorkingSet]], ..Table::new(series) }
}

fn cpu(pod: &'static str, time_s: i64, cores: f64) -> Series {
    (Metric::CpuCores, "shop", pod, vec![(time_s, cores)])
}

fn web(store: &UsageStore) -> u64 {
    store.with_workload(&id(Deployment, "shop", "web"), |c| c.iter().map(|(_, h)| h.cpu_samples()).sum())
}

#[tokio::test]
async fn what_is_told_twice_counts_once() {
    let store = UsageStore::new();
    let source = table(vec![cpu("web-1", NOW - 20, 0.2), cpu("web-2", NOW - 5, 0.3)]);
    assert_eq!((sample(&store, &source, NOW).await.fresh, web(&store)), (2, 2));
    // One of the nodes reports nothing new.
    *source.series.lock().unwrap() = vec![cpu("web-1", NOW - 20, 0.2), cpu("web-2", NOW + 55, 0.3)];
    let second = sample(&store, &source, NOW + 60).await;
    assert_eq!((second.fresh, second.stale, web(&store)), (1, 1, 3));
    let third = sample(&store, &source, NOW + 120).await;
    assert_eq!((third.fresh, third.stale, web(&store)), (0, 2, 3), "and it is remembered");
}

#[tokio::test]
async fn what_is_old_when_it_is_told_does_not_count() {
    let store = UsageStore::new();
    let source = table(vec![cpu("web-1", NOW - 301, 0.2), cpu("web-2", NOW + 61, 0.2), cpu("web-3", NOW - 299, 0.2)]);
    let sampled = sample(&store, &source, NOW).await;
    assert_eq!((sampled.fresh, sampled.stale, web(&store)), (1, 2, 1));
}

#[tokio::test]
async fn replicas_that_are_here_are_known_one_by_one() {
    let store = UsageStore::new();
    let source = table(vec![
        cpu("web-1-live", NOW - 20, 0.2),
        cpu("web-2-live", NOW - 5, 1.5),
        cpu("web-3", NOW - 5, 0.9),
        cpu("db-0-live", NOW - 5, 0.4),
        cpu("nightly-0-live", NOW - 5, 0.7),
    ]);
    sample(&store, &source, NOW).await;
    let levels = |kind, name| {
        let mut levels = store.pod_levels(&id(kind, "shop", name));
        levels.sort_by(|a, b| a.1.cmp(&b.1));
        levels.iter().map(|(_, pod, level)| (pod.to_string(), level.cpu)).collect::<Vec<_>>()
    };
    assert_eq!(levels(Deployment, "web"), [("web-1-live".to_owned(), 0.2), ("web-2-live".to_owned(), 1.5)]);
    assert_eq!(levels(StatefulSet, "db"), [("db-0-live".to_owned(), 0.4)]);
    assert!(levels(CronJob, "nightly").is_empty(), "runs come and go");
}

#[tokio::test]
async fn a_failure_keeps_nothing_and_costs_one_sample() {
    let store = UsageStore::new();
    let source = table(vec![cpu("web-1", NOW - 20, 0.2)]);
    source.refuse(|_| Some(down()));
    assert!(store.sample(&source, loads(&["shop"]), NOW, 60, &ByName).await.is_err());
    assert!(store.workloads().is_empty());
    source.refuse(|_| None);
    assert_eq!((sample(&store, &source, NOW + 30).await.fresh, web(&store)), (1, 1));
}

#[tokio::test]
async fn the_busiest_pod_counts_though_each_was_measured_at_its_own_second() {
    let store = UsageStore::new();
    let source = table(vec![cpu("db-0", NOW - 25, 0.1), cpu("db-1", NOW - 3, 0.7), cpu("db-2", NOW - 14, 0.4)]);
    sample(&store, &source, NOW).await;
    let mut busiest = ContainerHistory::new();
    busiest.observe_cpu(NOW, 0.7, 1);
    store.with_workload(&id(StatefulSet, "shop", "db"), |c| assert_eq!(c[0].1, busiest));
}

#[tokio::test]
async fn what_was_kept_is_added_to() {
    let store = UsageStore::new();
    let mut kept = ContainerHistory::new();
    kept.observe_cpu(NOW - 3600, 0.5, 10);
    store.restore(&World::fixed(Tables::default()), &id(Deployment, "shop", "web"), vec![("app".into(), kept)]);
    sample(&store, &table(vec![cpu("web-1", NOW - 9, 0.2)]), NOW).await;
    assert_eq!(web(&store), 11);
}

fn killed(name: &str, finished_at: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "u", "controller": true}]},
        "spec": {"containers": [{"name": "app", "resources": {"limits": {"memory": "256Mi"}}}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "restartCount": 1,
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": finished_at}}}]}})
}

#[test]
fn a_restored_history_takes_in_the_kills_since_and_no_others() {
    let mut tables = Tables::default();
    let db = json!({"metadata": {"name": "db", "namespace": "shop", "uid": "u"}});
    tables.apply_json(Kind::StatefulSet, &db).unwrap();
    tables.apply_json(Kind::Pod, &killed("db-0", "2026-11-20T10:00:00Z")).unwrap();
    tables.apply_json(Kind::Pod, &killed("db-1", "2026-11-20T12:00:00Z")).unwrap();
    let world = World::fixed(tables);
    let of = id(StatefulSet, "shop", "db");
    let noon = |hour: u32| format!("2026-11-20T{hour:02}:30:00Z").parse::<jiff::Timestamp>().unwrap().as_second();
    let at = |time: i64| Kill { time, request: None, limit: None };
    for (written, expected) in [(9, 2 + 5), (11, 1 + 5), (12, 5)] {
        let store = UsageStore::new();
        // The world reported both at its start, before anything was restored.
        store.with_container(&of, "app", |h| (0..2).for_each(|n| h.observe_kill(at(noon(10) + n))));
        let mut kept = ContainerHistory::new();
        kept.observe_cpu(noon(written), 0.5, 1);
        (0..5).for_each(|n| kept.observe_kill(at(noon(8) + n)));
        store.restore(&world, &of, vec![("app".into(), kept)]);
        let kills: usize = store.with_workload(&of, |c| c.iter().map(|(_, h)| h.kills().len()).sum());
        assert_eq!(kills, expected, "written at {written}:30");
    }
}
