//! Whether the series on a server name pods of this cluster, or another's alone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{ByName, Series, Table, loads, refresh};
use tokio::sync::mpsc;
use trimtab_core::WorkloadId;
use trimtab_metrics_sources::Metric;
use trimtab_usage_history::{Resolver, Span, UsageStore};

const DAY: i64 = 86_400;
const END: i64 = 20_000 * DAY + DAY / 2;
const START: i64 = END - DAY;

/// Memory of a pod after `from` until `until`, every five minutes.
fn pod(name: &'static str, from: i64, until: i64) -> Series {
    let times = (from.div_euclid(300) + 1..=until.div_euclid(300)).map(|n| n * 300);
    (Metric::MemoryWorkingSet, "a", name, times.map(|t| (t, 1e8)).collect())
}

async fn read(store: &UsageStore, source: &Table, end_s: i64) {
    let (refresh, _) = refresh(store, source, &["a"], end_s).await;
    assert!(refresh.failures.is_empty());
}

#[tokio::test]
async fn series_of_another_cluster_alone_are_known_until_one_names_a_pod_of_this_one() {
    let store = UsageStore::new();
    assert_eq!(store.whose("a"), None, "it was never read");
    // A pod of a workload that has the name of one here, and one that no workload explains; both ended hours ago.
    let source = Table::new(vec![pod("web-theirs", START, START + 3600), pod("stranger", START, START + 3600)]);
    source.clusters.lock().unwrap().extend([("web-theirs", "prod"), ("stranger", "prod")]);
    read(&store, &source, END).await;
    let whose = store.whose("a").unwrap();
    assert_eq!((whose.ours, whose.others()), (false, 2));
    assert_eq!(whose.labels, [("cluster".to_owned(), "prod".to_owned())].into());
    // From now on the server has this cluster's too.
    source.series.lock().unwrap().push(pod("web-live", END, END + 3600));
    read(&store, &source, END + 600).await;
    let whose = store.whose("a").unwrap();
    assert_eq!((whose.ours, whose.others(), whose.labels.len()), (true, 0, 0));
    // That it stops takes nothing back: it is the right server.
    source.series.lock().unwrap().clear();
    read(&store, &source, END + 1200).await;
    assert!(store.whose("a").unwrap().ours);
    store.forget_namespaces(|_| false);
    assert_eq!(store.whose("a"), None);
}

#[tokio::test]
async fn an_empty_server_names_nobody() {
    let store = UsageStore::new();
    read(&store, &Table::new(Vec::new()), END).await;
    assert_eq!(store.whose("a").map(|whose| (whose.ours, whose.others())), Some((false, 0)));
}

/// All pods live, and were created at this time.
struct Born(i64);

impl Resolver for Born {
    fn workload(&self, namespace: &str, pod: &str) -> Option<WorkloadId> {
        ByName.workload(namespace, pod)
    }

    fn is_alive(&self, _: &str, _: &str) -> bool {
        true
    }

    fn born(&self, _: &str, _: &str) -> Option<i64> {
        Some(self.0)
    }
}

#[tokio::test]
async fn what_ended_before_the_pod_was_created_is_of_another_with_its_name() {
    for (born_s, ours) in [(START + 3000, true), (START + 7200, false)] {
        let (store, source) = (UsageStore::new(), Table::new(vec![pod("db-0", START, START + 3600)]));
        let (ready, _arrivals) = mpsc::unbounded_channel();
        let span = Span { end_s: END, window_s: DAY, step_s: 300 };
        store.refresh(&source, loads(&["a"]), span, &Born(born_s), &ready).await;
        assert_eq!(store.whose("a").map(|whose| whose.ours), Some(ours), "{born_s}");
    }
}
