//! Trimtab and its surroundings fail: processes are killed, servers restart, permissions are missing, namespaces are
//! deleted.
//!
//! One cluster serves all of it, one fault after the other, because each leaves the cluster as it found it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, DeleteParams};
use serde_json::json;
use support::{AGENT, Cluster, Running, SOON, modest, policy, prometheus, reads, writes};
use trimtab_e2e::{Fault, FaultyHttp, PlaneOptions, eventually, rule};

use crate::support;

const WORKLOADS: usize = 66;
const NAMESPACES: [&str; 3] = ["shop", "mail", "search"];
/// The promised maximum cost of a killed leader.
const TAKE_OVER: Duration = Duration::from_secs(20);

struct Scene {
    cluster: Cluster,
    url: String,
    faulty: FaultyHttp,
    digests: BTreeMap<String, String>,
}

#[tokio::test]
async fn trimtab_comes_through() -> Result<()> {
    let begin = Instant::now();
    let at = |what: &str| println!("{:6.1} s {what}", begin.elapsed().as_secs_f64());
    let options = PlaneOptions { restartable_apiserver: true, ..PlaneOptions::default() };
    let cluster = Cluster::start(options).await?;
    cluster.fleet(&NAMESPACES, WORKLOADS).await?;
    cluster.apply(&[policy("all", &NAMESPACES)]).await?;
    let (server, _data) = prometheus(cluster.history(8, |_| Some(modest)).await?).await?;
    let faulty = FaultyHttp::start(Some(server.url())).await?;
    let mut scene = Scene { cluster, url: faulty.url().to_owned(), faulty, digests: BTreeMap::new() };
    at("the cluster is there");
    scene.digests = killed_in_the_middle_of_a_pass(&scene).await?;
    at("killed in the middle of a pass");
    rights_are_missing(&scene).await?;
    at("rights were missing");
    the_api_server_restarts(&scene).await?;
    at("the API server was restarted");
    leaders_end(&scene).await?;
    at("leaders were killed and stopped");
    a_namespace_goes_during_a_pass(&scene).await?;
    at("a namespace was deleted");
    Ok(())
}

impl Scene {
    fn run(&self, name: &str) -> Result<Running> {
        self.cluster.run(name, &["--interval", "30s", "--prometheus-url", &self.url])
    }

    async fn ready(&self, within: Duration) -> Result<String> {
        eventually(within, "the policy is ready", async || {
            let (status, reason, message) = self.cluster.condition("all", "Ready").await?;
            ensure!(status == "True", "{reason}: {message}");
            Ok(message)
        })
        .await
    }

    async fn forget(&self) -> Result<()> {
        for namespace in NAMESPACES {
            let api = self.cluster.api("Recommendation", "recommendations", Some(namespace));
            api.delete_collection(&DeleteParams::default(), &Default::default()).await?;
        }
        eventually(SOON, "no recommendation is left", async || {
            let left = self.cluster.digests().await?.len();
            ensure!(left == 0, "{left}");
            Ok(())
        })
        .await
    }
}

/// Killed while it writes its first recommendations: the next process completes them, and proposes the same.
async fn killed_in_the_middle_of_a_pass(scene: &Scene) -> Result<BTreeMap<String, String>> {
    let audit = scene.cluster.plane.audit();
    let before = 'killed: {
        for attempt in 0..5 {
            let mark = audit.mark()?;
            let mut trimtab = scene.run(&format!("killed-{attempt}"))?;
            let end = Instant::now() + SOON;
            while writes(&audit.since(mark)?).len() < 20 && Instant::now() < end {
                tokio::task::yield_now().await;
            }
            trimtab.process.kill()?;
            let left = scene.cluster.digests().await?;
            if (1..WORKLOADS).contains(&left.len()) {
                break 'killed left;
            }
            // It was faster than the log could be read.
            scene.forget().await?;
        }
        anyhow::bail!("no pass was caught in the middle");
    };
    let bare = before.values().filter(|d| d.is_empty()).count();
    println!("killed with {} of {WORKLOADS} recommendations, {bare} of them without a status", before.len());
    let mut trimtab = scene.run("after-kill")?;
    let after = scene.cluster.recommended(WORKLOADS).await?;
    for (name, digest) in before.iter().filter(|(_, digest)| !digest.is_empty()) {
        assert_eq!(after.get(name), Some(digest), "{name} is said again as it was");
    }
    assert_eq!(
        scene.ready(SOON).await?,
        format!("{WORKLOADS} workloads: {WORKLOADS} with a recommendation, 0 right-sized, 0 skipped")
    );
    trimtab.process.stop(SOON).await?;
    Ok(after)
}

/// Without disruption budgets it continues and says so; without pods it decides nothing.
async fn rights_are_missing(scene: &Scene) -> Result<()> {
    scene.forget().await?;
    let kubeconfig = user(scene, "no-budgets", "poddisruptionbudgets").await?;
    let mut trimtab = run_as(scene, &kubeconfig, "no-budgets")?;
    eventually(SOON, "not ready, and it names the kind", async || {
        let (code, body) = trimtab.get("/readyz").await?;
        let says =
            "[-]poddisruptionbudgets failed: Forbidden: verb list on poddisruptionbudgets\nreadyz check failed\n";
        ensure!(code == 503 && body == says, "{code} {body}");
        Ok(())
    })
    .await?;
    scene.cluster.recommended(WORKLOADS).await?;
    let rec = scene.cluster.recommendation("shop", "deploy-w-0").await?;
    let factors = rec.data["status"]["risk"]["factors"].as_array().cloned().unwrap_or_default();
    let blind = factors.iter().find(|f| f["reason"] == "WorldIncomplete").with_context(|| format!("{factors:?}"))?;
    assert_eq!(blind["message"], "PodDisruptionBudget objects cannot be watched, so none of them was considered");
    assert_eq!(
        scene.ready(SOON).await?,
        format!("{WORKLOADS} workloads: {WORKLOADS} with a recommendation, 0 right-sized, 0 skipped")
    );
    trimtab.process.stop(SOON).await?;

    scene.forget().await?;
    let mark = scene.cluster.plane.audit().mark()?;
    let kubeconfig = user(scene, "no-pods", "pods").await?;
    let mut trimtab = run_as(scene, &kubeconfig, "no-pods")?;
    let message = eventually(SOON, "the policy says that pods are missing", async || {
        let (status, reason, message) = scene.cluster.condition("all", "Ready").await?;
        ensure!(status == "False" && reason == "WorldIncomplete", "{status} {reason}: {message}");
        Ok(message)
    })
    .await?;
    let page = "https://trimtab.dev/docs/runbooks/WorldIncomplete.md";
    assert_eq!(message, format!("Pod cannot be watched: Forbidden: verb list on pods; see {page}"));
    let events = scene.cluster.plane.audit().since(mark)?;
    let tries = events.iter().filter(|e| e.user == "no-pods" && e.resource == "pods").count();
    ensure!(tries < 12, "{tries} requests for what is forbidden");
    assert!(scene.cluster.digests().await?.is_empty(), "nothing is decided without pods");

    // The permission is granted: no restart is needed.
    user(scene, "no-pods", "none").await?;
    scene.cluster.recommended(WORKLOADS).await?;
    scene.ready(SOON).await?;
    trimtab.process.stop(SOON).await?;
    Ok(())
}

/// A user with Trimtab's permissions except for one resource.
async fn user(scene: &Scene, name: &str, without: &str) -> Result<PathBuf> {
    let read = |groups: &[&str], resources: &[&str]| {
        let kept: Vec<&str> = resources.iter().copied().filter(|r| *r != without).collect();
        rule(groups, &kept, &["get", "list", "watch"])
    };
    let write = ["get", "list", "watch", "create", "update", "patch", "delete"];
    let rules = [
        read(&[""], &["namespaces", "nodes", "pods", "resourcequotas", "limitranges"]),
        read(&["apps"], &["deployments", "replicasets", "statefulsets", "daemonsets"]),
        read(&["batch"], &["jobs", "cronjobs"]),
        read(&["autoscaling"], &["horizontalpodautoscalers"]),
        read(&["policy"], &["poddisruptionbudgets", "nothing"]),
        rule(
            &["admissionregistration.k8s.io"],
            &[
                "validatingadmissionpolicies",
                "validatingadmissionpolicybindings",
                "mutatingadmissionpolicies",
                "mutatingadmissionpolicybindings",
            ],
            &["list", "watch"],
        ),
        rule(&["trimtab.dev"], &["*"], &write),
        rule(&["apiextensions.k8s.io"], &["customresourcedefinitions"], &["get"]),
        rule(&["", "events.k8s.io"], &["events"], &["create", "patch", "update"]),
        rule(&["coordination.k8s.io"], &["leases"], &["get", "create", "patch", "update"]),
    ];
    scene.cluster.plane.user(name, &[], &rules).await
}

fn run_as(scene: &Scene, kubeconfig: &std::path::Path, name: &str) -> Result<Running> {
    let args = ["--interval", "30s", "--prometheus-url", &scene.url];
    Running::start(kubeconfig, scene.cluster.plane.dir(), name, &args)
}

/// The API server stops and restarts under a running Trimtab.
async fn the_api_server_restarts(scene: &Scene) -> Result<()> {
    let mut trimtab = scene.run("through-restart")?;
    trimtab.ready(SOON).await?;
    scene.cluster.recommended(WORKLOADS).await?;
    let mark = scene.cluster.plane.audit().mark()?;
    let down = Instant::now();
    scene.cluster.plane.restart_apiserver().await?;
    let up = Instant::now();
    // Changes now are seen only if the watches are back.
    scene
        .cluster
        .api("Recommendation", "recommendations", Some("shop"))
        .delete("deploy-w-0", &DeleteParams::default())
        .await?;
    eventually(SOON, "it sees what happens after the restart", async || {
        scene.cluster.recommendation("shop", "deploy-w-0").await
    })
    .await?;
    println!("down for {:.1} s, at work again {:.1} s later", (up - down).as_secs_f64(), up.elapsed().as_secs_f64());
    trimtab.ready(SOON).await?;
    scene.ready(SOON).await?;
    assert!(trimtab.process.exited()?.is_none(), "it is the same process");
    assert_eq!(scene.cluster.recommended(WORKLOADS).await?, scene.digests);
    let relisted: BTreeMap<_, _> =
        reads(&scene.cluster.plane.audit().since(mark)?).into_iter().filter(|(_, (lists, _))| *lists > 0).collect();
    println!("listed again: {relisted:?}");
    ensure!(relisted.values().all(|(lists, _)| *lists <= 1), "listed more than once: {relisted:?}");
    ensure!(trimtab.process.stop(Duration::from_secs(5)).await?.success(), "it stops within five seconds");
    Ok(())
}

/// One instance at a time: the second takes over when the first is killed, and immediately when it shuts down
/// gracefully.
async fn leaders_end(scene: &Scene) -> Result<()> {
    let mut first = run_as(scene, &user(scene, "first", "none").await?, "first")?;
    eventually(SOON, "the first leads", async || leads(&first).await).await?;
    let mut second = run_as(scene, &user(scene, "second", "none").await?, "second")?;
    second.ready(SOON).await?;
    let mark = scene.cluster.plane.audit().mark()?;
    first.process.kill()?;
    let (killed, killed_at) = (Instant::now(), Timestamp::now());
    eventually(SOON, "the second leads", async || leads(&second).await).await?;
    let took = killed.elapsed();
    scene
        .cluster
        .api("Recommendation", "recommendations", Some("mail"))
        .delete("deploy-w-1", &DeleteParams::default())
        .await?;
    eventually(SOON, "the second does the work", async || scene.cluster.recommendation("mail", "deploy-w-1").await)
        .await?;
    println!("killed: the second leads after {:.1} s", took.as_secs_f64());
    ensure!(took <= TAKE_OVER, "{took:?}");
    let all = scene.cluster.plane.audit().events()?;
    let of = |user: &str| -> Vec<Timestamp> {
        let by = all.iter().filter(|e| e.user == user && e.user_agent.starts_with(AGENT) && e.is_write());
        by.filter(|e| e.resource != "leases").map(|e| e.time).collect()
    };
    ensure!(of("first").iter().all(|t| *t < killed_at), "the first writes after its end");
    ensure!(
        !of("second").is_empty() && of("second").iter().all(|t| *t > killed_at),
        "the second writes before its time"
    );
    ensure!(writes(&scene.cluster.plane.audit().since(mark)?).iter().all(|w| w.starts_with("second ")), "one writes");

    let mut third = run_as(scene, &user(scene, "third", "none").await?, "third")?;
    third.ready(SOON).await?;
    let stopped = Instant::now();
    let status = second.process.stop(Duration::from_secs(5)).await?;
    println!("stopped in {:.2} s", stopped.elapsed().as_secs_f64());
    ensure!(status.success(), "it ends in order within five seconds: {status}");
    ensure!(second.log().contains("lease released"), "{}", second.log());
    eventually(SOON, "the third leads", async || leads(&third).await).await?;
    println!("released: the third leads {:.1} s after the signal", stopped.elapsed().as_secs_f64());
    ensure!(stopped.elapsed() < Duration::from_secs(6), "a released lease is taken at once: {:?}", stopped.elapsed());
    third.process.stop(Duration::from_secs(5)).await?;
    let leases: Api<Lease> = Api::namespaced(scene.cluster.client.clone(), "default");
    let holder = leases.get("trimtab-controller").await?.spec.and_then(|s| s.holder_identity).unwrap_or_default();
    assert_eq!(holder, "", "nobody holds the Lease");
    Ok(())
}

async fn leads(trimtab: &Running) -> Result<()> {
    let leader = trimtab.metric("leader_election_master_status{name=\"trimtab-controller\"}").await?;
    ensure!(leader == 1.0, "{leader}");
    Ok(())
}

/// Its recommendations are deleted with it, no write into it is retried, and the others are served.
async fn a_namespace_goes_during_a_pass(scene: &Scene) -> Result<()> {
    scene.forget().await?;
    scene.faulty.set(Fault::Slow(Duration::from_secs(2)));
    let mut trimtab = scene.run("namespace")?;
    eventually(SOON, "it reads usage", async || {
        ensure!(trimtab.log().contains("starting") && !scene.faulty.seen().is_empty(), "not yet");
        trimtab.ready(SOON).await
    })
    .await?;
    let mark = scene.cluster.plane.audit().mark()?;
    scene.cluster.plane.kubectl(&["delete", "namespace", "mail", "--wait=false"]).await?;
    scene.cluster.plane.kubectl(&["delete", "deployment", "-n", "shop", "w-0"]).await?;
    scene.cluster.recommended(WORKLOADS - WORKLOADS / 3 - 1).await?;
    scene.faulty.heal();
    eventually(SOON, "the policy says which namespace is missing", async || {
        let (status, reason, message) = scene.cluster.condition("all", "Ready").await?;
        ensure!(status == "False" && reason == "NamespaceNotFound", "{status} {reason}: {message}");
        ensure!(message.starts_with("targetNamespaces names mail: no such namespace; see http"), "{message}");
        let counts = scene.cluster.policy_status("all").await?["workloads"].clone();
        let left = WORKLOADS - WORKLOADS / 3 - 1;
        ensure!(counts == json!({"selected": left, "recommended": left, "rightSized": 0, "skipped": 0}), "{counts}");
        Ok(())
    })
    .await?;
    let written = writes(&scene.cluster.plane.audit().since(mark)?);
    let refused =
        written.iter().filter(|w| w.contains(" mail/") && !w.ends_with(" 200") && !w.ends_with(" 201")).count();
    println!("{refused} writes into the namespace that goes were refused");
    ensure!(refused <= WORKLOADS / 3, "each is tried once at most: {written:?}");
    ensure!(!trimtab.log().contains("panicked"), "{}", trimtab.log());
    trimtab.process.stop(SOON).await?;
    Ok(())
}
