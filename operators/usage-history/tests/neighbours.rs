//! Pods of other clusters on the same server are left out, deleted ones of this cluster never.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use async_trait::async_trait;
use common::{ByName, Series, Table, cluster, id, loads, refresh};
use proptest::prelude::*;
use tokio::sync::mpsc;
use trimtab_core::WorkloadKind::{Deployment, StatefulSet};
use trimtab_metrics_sources::{
    Batch, Freshness, Metric, ReadReport, ReadRequest, Sample, SampleSink, SeriesKey, SourceError, UsageSource,
};
use trimtab_sizing::ContainerHistory;
use trimtab_usage_history::{Span, UsageStore};

const DAY: i64 = 86_400;
const END: i64 = 20_000 * DAY + DAY / 2;
const START: i64 = END - DAY;
const LATER: i64 = END + 7200;

/// Memory of a pod from `from` to `until`, every five minutes, and CPU beside it.
fn pod(name: &'static str, from: i64, until: i64, mib: f64) -> [Series; 2] {
    let times = || (from.div_euclid(300) + 1..=until.div_euclid(300)).map(|n| n * 300);
    [
        (Metric::MemoryWorkingSet, "a", name, times().map(|t| (t, mib * 1_048_576.0)).collect()),
        (Metric::CpuCores, "a", name, times().map(|t| (t, 0.1)).collect()),
    ]
}

fn table(pods: impl IntoIterator<Item = [Series; 2]>) -> Table {
    Table::new(pods.into_iter().flatten().collect())
}

fn web(store: &UsageStore) -> ContainerHistory {
    store.with_workload(&id(Deployment, "a", "web"), |c| c.first().map(|(_, h)| h.clone())).unwrap_or_default()
}

fn peak_mib(store: &UsageStore) -> f64 {
    let peak = web(store).cells().iter().filter_map(|c| c.memory_peak()).fold(0.0, f64::max);
    (peak / 1_048_576.0).round()
}

async fn read(store: &UsageStore, source: &Table, ends: impl IntoIterator<Item = i64>) {
    for end in ends {
        let (refresh, _) = refresh(store, source, &["a"], end).await;
        assert!(refresh.failures.is_empty());
    }
}

#[tokio::test]
async fn a_pod_with_another_clusters_label_is_left_out_at_once() {
    let source = table([pod("web-live", START, LATER, 100.0), pod("web-theirs", START, LATER, 3000.0)]);
    source.clusters.lock().unwrap().insert("web-theirs", "prod");
    let store = UsageStore::new();
    read(&store, &source, [END]).await;
    assert!(peak_mib(&store) < 110.0);
    let mixture = store.mixture("a").unwrap();
    assert_eq!(mixture.foreign_pods, 1);
    assert_eq!(mixture.labels["cluster"], (String::new(), "prod".to_owned()));
    // And one of theirs that has ended is identified by the same label.
    let source = table([
        pod("web-live", START, LATER, 100.0),
        pod("web-theirs", START, LATER, 3000.0),
        pod("web-gone", START, START + 7200, 2000.0),
    ]);
    source.clusters.lock().unwrap().extend([("web-theirs", "prod"), ("web-gone", "prod")]);
    let store = UsageStore::new();
    read(&store, &source, [END, END + 300]).await;
    assert!(peak_mib(&store) < 110.0);
}

#[tokio::test]
async fn without_a_label_a_pod_that_lives_on_is_left_out() {
    let source = table([pod("web-live", START, LATER, 100.0), pod("web-theirs", START, LATER, 3000.0)]);
    let store = UsageStore::new();
    read(&store, &source, [END]).await;
    assert!(peak_mib(&store) < 110.0, "in doubt it does not count");
    assert_eq!(store.mixture("a"), None, "and nothing is said yet");
    read(&store, &source, (1..=10).map(|n| END + n * 300)).await;
    assert!(peak_mib(&store) < 110.0);
    let mixture = store.mixture("a").unwrap();
    assert_eq!((mixture.foreign_pods, mixture.labels.len()), (1, 0));
    // It ends: none of it is stored afterwards.
    *source.series.lock().unwrap() = pod("web-live", START, LATER, 100.0).to_vec();
    read(&store, &source, (11..=20).map(|n| END + n * 300)).await;
    assert!(peak_mib(&store) < 110.0);
    assert_eq!(store.mixture("a"), None, "it is over");
}

#[tokio::test]
async fn a_pod_that_has_just_gone_counts_as_soon_as_that_is_clear() {
    // Deleted shortly before the start; the server returns its last reading for five minutes.
    let source = table([pod("web-live", START, LATER, 100.0), pod("web-gone", START, END, 300.0)]);
    let store = UsageStore::new();
    read(&store, &source, [END]).await;
    assert!(peak_mib(&store) < 110.0);
    read(&store, &source, (1..=4).map(|n| END + n * 300)).await;
    assert!((295.0..310.0).contains(&peak_mib(&store)), "{}", peak_mib(&store));
    assert_eq!(store.mixture("a"), None);
    let mut whole = ContainerHistory::new();
    for (metric, _, _, samples) in source.series.lock().unwrap().iter() {
        for (time, value) in samples.iter().filter(|(time, _)| *time <= END + 1200) {
            match metric {
                Metric::CpuCores => whole.observe_cpu(*time, *value, 1),
                _ => whole.observe_memory(*time, *value),
            }
        }
    }
    assert_eq!(web(&store), whole, "nothing of it is lost and nothing counts twice");
}

#[tokio::test]
async fn a_pod_that_was_here_is_ours_when_it_has_gone() {
    let store = UsageStore::new();
    let source = table([pod("web-live", START, END + 300, 100.0)]);
    read(&store, &source, [END]).await;
    // It is deleted and its last samples are read afterwards.
    let gone = pod("web-live", START, END + 300, 100.0)
        .map(|(metric, namespace, _, samples)| (metric, namespace, "web-live", samples));
    *source.series.lock().unwrap() = gone.to_vec();
    read(&store, &source, [END + 300]).await;
    assert_eq!(web(&store).memory_samples(), 289);
}

#[tokio::test]
async fn a_workload_of_which_two_clusters_tell_is_left_out_and_named() {
    let source = table([
        pod("db-0-live", START, LATER, 100.0),
        pod("db-1-live", START, LATER, 100.0),
        pod("web-live", START, LATER, 100.0),
    ]);
    source.twice.lock().unwrap().push("db-0-live");
    let store = UsageStore::new();
    read(&store, &source, [END]).await;
    let db = id(StatefulSet, "a", "db");
    store.with_workload(&db, |containers| assert!(containers.is_empty()));
    assert_eq!(web(&store).memory_samples(), 288);
    assert!(store.is_ambiguous(&db) && !store.is_ambiguous(&id(Deployment, "a", "web")));
    let mixture = store.mixture("a").unwrap();
    assert_eq!(mixture.ambiguous.into_iter().collect::<Vec<_>>(), [db]);
    assert_eq!(mixture.labels["cluster"], ("eu".to_owned(), "us".to_owned()));
}

#[tokio::test]
async fn a_workload_whose_series_do_not_fit_together_is_left_out_until_they_do() {
    let source = table([pod("db-0-live", START, LATER, 100.0), pod("web-live", START, LATER, 100.0)]);
    let store = UsageStore::new();
    let db = id(StatefulSet, "a", "db");
    // A short read proves nothing.
    read(&store, &source, [END]).await;
    source.at_odds.lock().unwrap().push("db-0-live");
    read(&store, &source, [END + 300]).await;
    assert!(!store.is_ambiguous(&db));
    // A long one does, and the short ones after it go on.
    let store = UsageStore::new();
    read(&store, &source, [END, END + 300, END + 4200]).await;
    assert!(store.is_ambiguous(&db) && !store.is_ambiguous(&id(Deployment, "a", "web")));
    store.with_workload(&db, |containers| assert!(containers.is_empty()));
    assert!(store.mixture("a").unwrap().labels.is_empty());
    // Once they fit together for an hour, the workload is read again.
    source.at_odds.lock().unwrap().clear();
    read(&store, &source, [END + 4500]).await;
    assert!(store.is_ambiguous(&db));
    read(&store, &source, [END + 7800, END + 8100]).await;
    assert!(!store.is_ambiguous(&db));
}

fn db_peak_mib(store: &UsageStore) -> f64 {
    let db = id(StatefulSet, "a", "db");
    let peak = |h: &ContainerHistory| h.cells().iter().filter_map(|c| c.memory_peak()).fold(0.0, f64::max);
    let peak = store.with_workload(&db, |c| c.iter().map(|(_, h)| peak(h)).fold(0.0, f64::max));
    (peak / 1_048_576.0).round()
}

#[tokio::test]
async fn a_pod_of_the_same_name_on_another_clusters_node_is_left_out_at_once() {
    let source = table([pod("db-0-live", START, LATER, 100.0), pod("db-0-theirs", START, LATER, 3000.0)]);
    source.namesakes.lock().unwrap().push(("db-0-theirs", "db-0-live", "their-node", true));
    let store = UsageStore::new();
    read(&store, &source, [END, END + 300]).await;
    assert!((99.0..102.0).contains(&db_peak_mib(&store)), "{}", db_peak_mib(&store));
    let mixture = store.mixture("a").unwrap();
    assert_eq!((mixture.foreign_pods, mixture.labels.len()), (1, 0));
    assert_eq!(mixture.node, Some(("node".to_owned(), "their-node".to_owned())));
    // Others on that node are identified by it, including those that have ended.
    let all = [
        pod("db-0-live", START, LATER, 100.0),
        pod("db-0-theirs", START, LATER, 3000.0),
        pod("db-1-theirs", START, END - 7200, 4000.0),
    ];
    let source = table(all);
    source
        .namesakes
        .lock()
        .unwrap()
        .extend([("db-0-theirs", "db-0-live", "their-node", true), ("db-1-theirs", "db-1-live", "their-node", false)]);
    let store = UsageStore::new();
    read(&store, &source, [END]).await;
    assert!((99.0..102.0).contains(&db_peak_mib(&store)), "{}", db_peak_mib(&store));
}

#[tokio::test]
async fn the_past_of_a_pod_on_a_node_that_was_removed_is_ours() {
    // It was moved an hour before the end; or just now, and the server still returns its last reading.
    for moved in [END - 3600, END] {
        let source = table([pod("db-0-live", moved - 300, LATER, 100.0), pod("db-0-before", START, moved, 300.0)]);
        source.namesakes.lock().unwrap().push(("db-0-before", "db-0-live", "removed-node", false));
        let store = UsageStore::new();
        read(&store, &source, (0..=6).map(|n| END + n * 300)).await;
        assert!((299.0..302.0).contains(&db_peak_mib(&store)), "{}", db_peak_mib(&store));
        assert_eq!(store.mixture("a"), None);
    }
}

#[tokio::test]
async fn a_pod_of_the_same_name_that_lives_on_is_left_out_in_the_end() {
    let source = table([pod("db-0-live", END - 300, LATER, 100.0), pod("db-0-theirs", START, LATER, 3000.0)]);
    source.namesakes.lock().unwrap().push(("db-0-theirs", "db-0-live", "their-node", false));
    let store = UsageStore::new();
    read(&store, &source, (0..=8).map(|n| END + n * 300)).await;
    assert!((99.0..102.0).contains(&db_peak_mib(&store)), "{}", db_peak_mib(&store));
    assert!(store.mixture("a").unwrap().node.is_some());
}

/// The cluster in the label of a reading; none if empty.
type Label = fn(Metric, &str, i64) -> &'static str;

/// A table in which each reading has its own label.
struct Labelled(Table, Label);

struct Relabel<'a> {
    sink: &'a mut dyn SampleSink,
    label: Label,
}

impl SampleSink for Relabel<'_> {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        let label = |sample: &Sample| (self.label)(key.metric, key.pod, sample.time_s);
        for part in samples.chunk_by(|left, right| label(left) == label(right)) {
            let origin = cluster(label(&part[0]));
            self.sink.series(SeriesKey { origin: &origin, ..key }, part);
        }
    }

    fn done(&mut self, batch: &Batch) {
        self.sink.done(batch);
    }
}

#[async_trait]
impl UsageSource for Labelled {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn server(&self) -> &str {
        self.0.server()
    }

    fn has_history(&self) -> bool {
        self.0.has_history()
    }

    fn plan(&self, request: &ReadRequest) -> Vec<Batch> {
        self.0.plan(request)
    }

    async fn read(&self, batch: &Batch, sink: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        self.0.read(batch, &mut Relabel { sink, label: self.1 }).await
    }

    async fn check(&self, now_s: i64) -> Result<Freshness, SourceError> {
        self.0.check(now_s).await
    }
}

/// A store that has read these pods under these labels.
async fn labelled(pods: Vec<[Series; 2]>, label: Label, ends: impl IntoIterator<Item = i64>) -> UsageStore {
    let (store, source) = (UsageStore::new(), Labelled(table(pods), label));
    let (sender, _receiver) = mpsc::unbounded_channel();
    for end_s in ends {
        let span = Span { end_s, window_s: DAY, step_s: 300 };
        let refresh = store.refresh(&source, loads(&["a"]), span, &ByName, &sender).await;
        assert!(refresh.failures.is_empty());
    }
    store
}

fn eu_and_us(store: &UsageStore) {
    assert_eq!(store.mixture("a").unwrap().labels["cluster"], ("eu".to_owned(), "us".to_owned()));
}

#[tokio::test]
async fn a_pod_that_has_ended_beside_ours_with_another_label_is_left_out_and_told() {
    let label: Label = |_, pod, _| if pod == "web-theirs" { "us" } else { "eu" };
    let pods = vec![pod("web-live", START, LATER, 100.0), pod("web-theirs", START + 7200, END - 7200, 3000.0)];
    for reads in [1, 2, 12] {
        let store = labelled(pods.clone(), label, (0..reads).map(|n| END + n * 300)).await;
        assert!(peak_mib(&store) < 110.0);
        let mixture = store.mixture("a").unwrap();
        assert_eq!((mixture.foreign_pods, mixture.past_pods), (0, 1), "after {reads} reads");
        eu_and_us(&store);
    }
    // One of ours that ended with our label shows since when it is ours.
    let pods = vec![
        pod("web-live", END - 3600, LATER, 100.0),
        pod("web-gone", START, END - 7200, 120.0),
        pod("web-theirs", START + 7200, END - 14_400, 3000.0),
    ];
    let store = labelled(pods, label, [END]).await;
    assert!((115.0..130.0).contains(&peak_mib(&store)), "{}", peak_mib(&store));
    eu_and_us(&store);
    // And so does an earlier read.
    let mut live = pod("web-live", START, LATER, 100.0);
    live.iter_mut().for_each(|(.., samples)| samples.retain(|(time, _)| !(END + 1..END + 5400).contains(time)));
    let pods = vec![live, pod("web-theirs", END + 600, END + 3600, 3000.0)];
    let store = labelled(pods, label, [END, LATER]).await;
    assert!(peak_mib(&store) < 110.0);
    eu_and_us(&store);
}

#[tokio::test]
async fn a_pod_that_has_ended_lives_on_in_what_is_told_until_it_leaves_the_window() {
    let label: Label = |_, pod, _| if pod == "web-theirs" { "us" } else { "eu" };
    let pods = vec![pod("web-live", START, LATER, 100.0), pod("web-theirs", START, END, 3000.0)];
    let store = labelled(pods, label, [END, END + 300, END + 3600]).await;
    let mixture = store.mixture("a").unwrap();
    assert_eq!((mixture.foreign_pods, mixture.past_pods), (0, 1));
    eu_and_us(&store);
}

#[tokio::test]
async fn what_ended_before_the_cluster_got_its_label_is_ours() {
    let change = END - 7200;
    let pods = vec![pod("web-live", change, LATER, 100.0), pod("web-gone", START, change + 300, 300.0)];
    let label: Label = |_, pod, _| if pod == "web-gone" { "" } else { "eu" };
    let store = labelled(pods, label, [END, END + 300]).await;
    assert!((295.0..310.0).contains(&peak_mib(&store)), "{}", peak_mib(&store));
    assert_eq!(store.mixture("a"), None);
    // So is one that had another label before, while the living pod ran on.
    let pods = vec![pod("web-live", START, LATER, 100.0), pod("web-gone", START, END - 9000, 300.0)];
    let label: Label = |_, _, time| if time > END - 7200 { "eu" } else { "old" };
    let store = labelled(pods, label, [END, END + 300]).await;
    assert!((295.0..310.0).contains(&peak_mib(&store)), "{}", peak_mib(&store));
    assert_eq!(store.mixture("a"), None);
}

#[tokio::test]
async fn a_workload_whose_cpu_is_another_clusters_is_left_out_and_named() {
    let pods = || vec![pod("web-live", START, LATER, 100.0), pod("db-0-live", START, LATER, 100.0)];
    let db = id(StatefulSet, "a", "db");
    let always: Label = |metric, pod, _| if metric == Metric::CpuCores && pod.starts_with("db") { "us" } else { "eu" };
    let store = labelled(pods(), always, [END, END + 300]).await;
    assert!(store.is_ambiguous(&db) && !store.is_ambiguous(&id(Deployment, "a", "web")));
    store.with_workload(&db, |containers| assert!(containers.is_empty()));
    eu_and_us(&store);
    // It begins between short reads: one of them is no proof, several are.
    let later: Label = |metric, pod, time| {
        if metric == Metric::CpuCores && pod.starts_with("db") && time > END { "us" } else { "eu" }
    };
    for (reads, expected) in [(2, false), (7, true)] {
        let store = labelled(pods(), later, (0..reads).map(|n| END + n * 300)).await;
        assert_eq!(store.is_ambiguous(&db), expected, "after {reads} reads");
    }
    // A changed label, in one metric a little later than in the other, is no other cluster's.
    let change: Label = |metric, _, time| {
        let change = END - 7200 + if metric == Metric::CpuCores { 600 } else { 0 };
        if time > change { "eu" } else { "old" }
    };
    let store = labelled(pods(), change, [END, END + 300]).await;
    assert_eq!(store.mixture("a"), None);
}

#[tokio::test]
async fn a_workload_of_which_only_another_cluster_tells_is_left_out_and_named() {
    let live = |name| pod(name, START, LATER, 100.0);
    let db = id(StatefulSet, "a", "db");
    let label: Label = |_, pod, _| match pod {
        "cart-live" => "asia",
        "db-0-live" | "web-theirs" => "us",
        _ => "eu",
    };
    let pods = vec![live("web-live"), live("api-live"), live("db-0-live"), pod("web-theirs", START, LATER, 3000.0)];
    let store = labelled(pods, label, [END, END + 300]).await;
    assert!(store.is_ambiguous(&db) && !store.is_ambiguous(&id(Deployment, "a", "web")));
    store.with_workload(&db, |containers| assert!(containers.is_empty()));
    eu_and_us(&store);
    assert!(peak_mib(&store) < 110.0, "and its label is not ours");
    // With too few others, or with others that disagree, nothing can be concluded.
    for names in [vec!["web-live"], vec!["web-live", "api-live", "cart-live"]] {
        let pods = names.iter().copied().map(live).chain([live("db-0-live")]).collect();
        let store = labelled(pods, label, [END]).await;
        assert_eq!(store.mixture("a"), None, "{names:?}");
    }
    // One whose readings ended before the label changed is ours.
    let ended = vec![live("web-live"), live("api-live"), pod("db-0-live", START, END - 14_400, 100.0)];
    let change: Label = |_, _, time| if time > END - 14_400 { "eu" } else { "" };
    let store = labelled(ended, change, [END]).await;
    assert_eq!(store.mixture("a"), None);
}

#[derive(Clone, Debug)]
struct Theirs {
    from: i64,
    until: i64,
    mib: u32,
    labelled: bool,
}

fn theirs() -> impl Strategy<Value = Theirs> {
    (0i64..280, 300u32..8000, any::<bool>(), any::<bool>()).prop_map(|(from, mib, labelled, lives)| Theirs {
        from: START + from * 300,
        // Those that have ended are identified by their label, while others with it live.
        until: if lives || !labelled { LATER } else { END - 3600 },
        mib,
        labelled,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// Whatever another cluster has on the server, the history is the one without it.
    #[test]
    fn no_foreign_series_ever_changes_a_history(
        theirs in prop::collection::vec(theirs(), 1..5),
        pieces in 1i64..6,
        reads in 1i64..8,
    ) {
        const NAMES: [&str; 5] = ["web-t0", "web-t1", "web-t2", "web-t3", "web-t4"];
        let ours = || [pod("web-live", START, LATER, 100.0), pod("web-old", START, START + 9000, 120.0)];
        let mut all: Vec<[Series; 2]> = ours().to_vec();
        let mut clusters = vec![("web-herald", "prod")];
        all.push(pod("web-herald", START, LATER, 50.0));
        for (name, one) in NAMES.into_iter().zip(&theirs) {
            all.push(pod(name, one.from, one.until, f64::from(one.mib)));
            if one.labelled {
                clusters.push((name, "prod"));
            }
        }
        let mixed = Table { pieces, ..table(all) };
        mixed.clusters.lock().unwrap().extend(clusters);
        let alone = table(ours());
        let (one, other) = (UsageStore::new(), UsageStore::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for n in 0..reads {
                read(&one, &mixed, [END + n * 300]).await;
                read(&other, &alone, [END + n * 300]).await;
                assert_eq!(web(&one), web(&other));
            }
        });
    }
}
