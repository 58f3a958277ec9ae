#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeMap, sync::atomic::Ordering};

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_runtime::Leadership;
use trimtab_testkit::Then;
use trimtab_world::{Kind, Tables};

use super::*;
use crate::fakes::{Meter, START, Server, clock};

/// StatefulSets `db0`, `db1`, … with one pod each, in the namespace `shop`.
fn cluster(workloads: usize) -> Arc<World> {
    let mut tables = Tables::default();
    tables.apply_json(Kind::Namespace, &json!({"metadata": {"name": "shop", "uid": "ns"}})).unwrap();
    for n in 0..workloads {
        let (name, uid) = (format!("db{n}"), format!("w-{n}"));
        let set = json!({"metadata": {"name": name, "namespace": "shop", "uid": uid}});
        tables.apply_json(Kind::StatefulSet, &set).unwrap();
        let pod = json!({"metadata": {"name": format!("{name}-0"), "namespace": "shop", "uid": format!("pod-{n}"),
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": uid, "controller": true}]},
            "spec": {"containers": [{"name": "app"}]}, "status": {"phase": "Running"}});
        tables.apply_json(Kind::Pod, &pod).unwrap();
    }
    World::fixed(tables)
}

struct Running {
    meter: Arc<Meter>,
    world: Arc<World>,
    store: Arc<UsageStore>,
    metrics: Arc<Metrics>,
    ready: watch::Receiver<bool>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

fn sampler(server: &Server, workloads: usize, leadership: &Leadership) -> (Sampler, Arc<Meter>, watch::Receiver<bool>) {
    clock();
    let meter = Arc::new(Meter { workloads, ..Meter::default() });
    let (client, metrics) = (server.client(), Metrics::new("1", None));
    let (ready, receiver) = watch::channel(false);
    let sampler = Sampler {
        client: client.clone(),
        world: cluster(workloads),
        source: meter.clone(),
        store: Arc::new(UsageStore::new()),
        namespaces: Arc::new(|| vec!["shop".to_owned(), "unknown".to_owned()]),
        writer: Writer::new(client.clone(), "trimtab-usage-profile", leadership.clone()),
        events: Events::new(client, CONTROLLER, "test", leadership.clone(), metrics.clone()),
        metrics,
        runbooks: Runbooks::default(),
        ready,
    };
    (sampler, meter, receiver)
}

fn start(server: &Server, workloads: usize, leadership: Leadership) -> Running {
    let (sampler, meter, ready) = sampler(server, workloads, &leadership);
    let (world, store, metrics) = (sampler.world.clone(), sampler.store.clone(), sampler.metrics.clone());
    let stop = CancellationToken::new();
    let terms = Terms::new(leadership, stop.clone());
    let task = tokio::spawn(run(sampler, terms, Settings { page_size: 2, ..Settings::default() }, clock));
    Running { meter, world, store, metrics, ready, stop, task }
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(6), self.task).await.unwrap().unwrap();
    }

    fn cpu_samples(&self, name: &str) -> u64 {
        let id = WorkloadId::new(WorkloadKind::StatefulSet, "shop", name);
        self.store.with_workload(&id, |c| c.iter().map(|(_, h)| h.cpu_samples()).sum())
    }
}

async fn minutes(n: u64) {
    // Half a minute after a tick, when its work is done.
    sleep(Duration::from_secs(n * 60 + 30)).await;
}

#[tokio::test(start_paused = true)]
async fn profiles_are_written_once_an_interval_and_not_all_at_once() {
    let server = Server::default();
    let running = start(&server, 30, Leadership::always());
    let elsewhere = WorkloadId::new(WorkloadKind::StatefulSet, "elsewhere", "db");
    let set = json!({"metadata": {"name": "db", "namespace": "elsewhere", "uid": "e"}});
    running.world.update(|t| t.apply_json(Kind::StatefulSet, &set)).unwrap();
    running.store.with_container(&elsewhere, "app", |h| h.observe_restarts(START, 1));
    minutes(61).await;
    assert!(*running.ready.borrow());
    assert_eq!((server.count("list", "usageprofiles"), server.profiles()), (1, 30));
    let (objects, statuses) = server.applied();
    assert!(objects == 30 && (30..=31).contains(&statuses), "{objects} objects, {statuses} statuses");
    minutes(120).await;
    let (objects, statuses) = server.applied();
    assert!((88..=92).contains(&statuses), "{statuses}");
    assert_eq!(objects, 30, "later writes are of the status alone");
    let mut per_minute: BTreeMap<i64, usize> = BTreeMap::new();
    for asked in server.0.writes() {
        let minute = (asked.at.as_second() - START) / 60;
        *per_minute.entry(minute).or_default() += usize::from(asked.resource.ends_with("/status"));
    }
    assert!(per_minute.values().all(|n| *n <= 2), "{per_minute:?}");
    let profile = server.profile("sts-db7").unwrap();
    assert_eq!(profile["status"]["conditions"][0]["reason"], "Recording");
    assert_eq!(profile["metadata"]["ownerReferences"][0]["uid"], "w-7");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_writes_what_is_new_and_a_restart_goes_on_from_there() {
    let server = Server::default();
    let first = start(&server, 5, Leadership::always());
    minutes(9).await;
    let sampled = first.cpu_samples("db0");
    assert_eq!(sampled, 10);
    first.stop().await;
    assert_eq!(server.samples("sts-db0"), 10);
    let before = server.applied().1;
    let mut second = start(&server, 5, Leadership::always());
    second.ready.wait_for(|r| *r).await.unwrap();
    assert!(second.cpu_samples("db4") >= 10);
    assert_eq!(server.count("list", "usageprofiles"), 4, "one page of none, then three pages of two");
    second.meter.down.store(true, Ordering::SeqCst);
    minutes(0).await;
    let known = second.cpu_samples("db0");
    second.stop().await;
    assert_eq!(server.samples("sts-db0"), i64::try_from(known).unwrap());
    assert!(server.applied().1 - before <= 5);
    let before = server.applied();
    let third = start(&server, 5, Leadership::always());
    third.meter.down.store(true, Ordering::SeqCst);
    minutes(180).await;
    third.stop().await;
    assert_eq!(server.applied(), before, "without anything new nothing is written");
}

#[tokio::test(start_paused = true)]
async fn only_what_is_sound_comes_back() {
    let server = Server::default();
    let first = start(&server, 6, Leadership::always());
    minutes(3).await;
    first.stop().await;
    let edit = |name: &str, pointer: &str, value: Value| {
        let place = ("usageprofiles", "shop", name);
        server.0.edit(place, "", |profile| *profile.pointer_mut(pointer).unwrap() = value);
    };
    edit("sts-db1", "/status/containers/0/history", json!("%%%"));
    edit("sts-db2", "/spec/targetRef/uid", json!("another"));
    edit("sts-db3", "/status/samples", json!("many"));
    // One workload fewer than there are profiles: db5 is gone.
    let mut second = start(&server, 5, Leadership::always());
    second.meter.down.store(true, Ordering::SeqCst);
    second.ready.wait_for(|r| *r).await.unwrap();
    let known: Vec<u64> = (0..6).map(|n| second.cpu_samples(&format!("db{n}"))).collect();
    assert_eq!(known, [4, 0, 4, 0, 4, 0]);
    for name in ["sts-db1", "sts-db3"] {
        let condition = &server.profile(name).unwrap()["status"]["conditions"][0];
        assert_eq!((&condition["status"], &condition["reason"]), (&json!("False"), &json!("HistoryUnreadable")));
    }
    assert_eq!(server.profile("sts-db1").unwrap()["status"]["containers"][0]["history"], "%%%", "left to be saved");
    assert!(server.profile("sts-db5").is_none());
    minutes(1).await;
    assert_eq!(server.count("create", "events"), 2);
    second.meter.down.store(false, Ordering::SeqCst);
    minutes(62).await;
    for n in 0..5 {
        let profile = server.profile(&format!("sts-db{n}")).unwrap();
        assert_eq!(profile["status"]["conditions"][0]["reason"], "Recording", "{n}");
        assert_eq!(profile["spec"]["targetRef"]["uid"], format!("w-{n}"));
    }
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sampled_or_decided_before_the_past_is_back() {
    let server = Server::default();
    server.refuse("list", "usageprofiles", 403);
    let mut running = start(&server, 2, Leadership::always());
    minutes(5).await;
    assert!(!*running.ready.borrow() && running.store.workloads().is_empty());
    let text = running.metrics.encode();
    assert!(text.contains(r#"operation="restore",class="user""#), "{text}");
    server.0.heal();
    running.ready.wait_for(|r| *r).await.unwrap();
    minutes(1).await;
    assert!(running.cpu_samples("db0") >= 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_is_counted_and_disturbs_nothing() {
    let server = Server::default();
    let running = start(&server, 2, Leadership::always());
    running.meter.down.store(true, Ordering::SeqCst);
    minutes(10).await;
    let text = running.metrics.encode();
    assert!(
        text.contains(r#"component="usage-profile",operation="sample",class="user",severity="error"} 11"#),
        "{text}"
    );
    assert!(text.contains(r#"trimtab_circuit_open{dependency="metrics-server"} 1"#), "{text}");
    assert_eq!(server.applied(), (0, 0));
    running.meter.down.store(false, Ordering::SeqCst);
    minutes(1).await;
    assert_eq!(running.cpu_samples("db0"), 1);
    running.stop().await;
    assert_eq!(server.samples("sts-db0"), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_written_holds_up_no_other() {
    let server = Server::default();
    server.refuse("", "usageprofiles sts-db1", 409);
    let running = start(&server, 3, Leadership::always());
    minutes(61).await;
    assert_eq!(server.profiles(), 2);
    server.0.heal();
    minutes(61).await;
    assert_eq!(server.profiles(), 3);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_pass_fails_where_a_permission_is_missing_and_not_where_a_webhook_refuses() {
    let denied = "admission webhook \"policy.example\" denied the request: no profiles here";
    for (message, fails) in [("Forbidden", true), (denied, false)] {
        let server = Server::default();
        server.0.always("", "usageprofiles sts-db1", Then::refuse(403, "Forbidden", message));
        let running = start(&server, 3, Leadership::always());
        minutes(61).await;
        let [_, failed] = passes(&running.metrics);
        assert_eq!(failed > Some(0), fails, "{message}: {failed:?}");
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_was_deleted_and_a_workload_made_anew() {
    let server = Server::default();
    let running = start(&server, 2, Leadership::always());
    minutes(61).await;
    let first = server.profile("sts-db0").unwrap()["metadata"]["uid"].clone();
    server.0.delete("usageprofiles", "shop", "sts-db0");
    let anew = json!({"metadata": {"name": "db1", "namespace": "shop", "uid": "w-anew"}});
    running.world.update(|t| t.apply_json(Kind::StatefulSet, &anew)).unwrap();
    minutes(61).await;
    let made = server.profile("sts-db0").unwrap();
    assert_ne!(made["metadata"]["uid"], first);
    assert!(made["status"]["samples"].as_i64().unwrap() > 60, "its history is in memory");
    let other = server.profile("sts-db1").unwrap();
    assert_eq!(other["spec"]["targetRef"]["uid"], "w-anew");
    assert!(other["status"]["samples"].as_i64().unwrap() > 61, "the same name has the same history");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_lead_asks_nothing() {
    let server = Server::default();
    let running = start(&server, 2, Leadership::never());
    minutes(90).await;
    assert!(server.0.asked().is_empty() && running.store.workloads().is_empty());
    running.stop().await;
    assert!(server.0.asked().is_empty());
}

/// How many passes are under way, and how many failed.
fn passes(metrics: &Metrics) -> [Option<u64>; 2] {
    let text = metrics.encode();
    ["active_workers", "reconcile_errors_total"].map(|name| {
        let series = format!("controller_runtime_{name}{{controller=\"{CONTROLLER}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok())
    })
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_the_end_cuts_off_has_not_failed() {
    let server = Server::default();
    let running = start(&server, 2, Leadership::always());
    minutes(2).await;
    running.meter.hangs.store(true, Ordering::SeqCst);
    minutes(1).await;
    let metrics = running.metrics.clone();
    assert_eq!(passes(&metrics), [Some(1), Some(0)]);
    running.stop().await;
    assert_eq!(passes(&metrics), [Some(0), Some(0)]);
    assert_eq!(server.samples("sts-db0"), 3, "what the passes before it took is kept");
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_a_change_of_the_leader_cuts_off_has_not_failed() {
    let server = Server::default();
    let (sampler, ..) = sampler(&server, 1, &Leadership::never());
    let reconcile = sampler.metrics.controller(CONTROLLER, 1);
    let mut terms = Terms::new(Leadership::never(), CancellationToken::new());
    let mut term = Term::new(&sampler, Settings::default(), clock);
    assert_eq!(term.pass(&mut terms, &reconcile).await, Err(Over::Lost));
    assert_eq!(passes(&sampler.metrics), [Some(0), Some(0)]);
}
