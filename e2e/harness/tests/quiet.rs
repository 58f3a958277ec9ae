//! Nothing changes, nothing is written: Trimtab's cost for an API server and a Prometheus once everything is written.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};
use serde_json::json;
use support::{Cluster, Running, SOON, deployment, modest, now, policy, prometheus, reads, writes};
use trimtab_e2e::{PlaneOptions, eventually};

use crate::support;

const WORKLOADS: usize = 44;
/// How long nothing may be written: three full passes, a new step of usage now and then.
const QUIET: Duration = Duration::from_secs(92);

#[tokio::test]
async fn a_settled_cluster_is_left_in_peace() -> Result<()> {
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    let namespaces = ["shop", "mail", "search", "play"];
    cluster.fleet(&namespaces, WORKLOADS).await?;
    // What cannot be read is reported once, not in each pass.
    let mut unreadable = deployment("shop", "unreadable", 1);
    unreadable["metadata"]["annotations"] = json!({"trimtab.dev/mode": "Maybe"});
    cluster.apply(&[policy("all", &namespaces), unreadable]).await?;
    let history = cluster.history(8, |_| Some(modest)).await?;
    let (server, _data) = prometheus(history).await?;
    let args = ["--interval", "30s", "--prometheus-url", server.url()];
    let trimtab = Running::start(&cluster.plane.kubeconfig_path(), cluster.plane.dir(), "trimtab", &args)?;
    cluster.recommended(WORKLOADS).await?;
    settled(&cluster).await?;

    let start = cluster.plane.audit().events()?;
    let reads_before = reads(&start);
    let kinds = [
        "cronjobs",
        "daemonsets",
        "deployments",
        "horizontalpodautoscalers",
        "jobs",
        "limitranges",
        "namespaces",
        "nodes",
        "optimizationpolicies",
        "poddisruptionbudgets",
        "pods",
        "pricebooks",
        "recommendations",
        "replicasets",
        "resourcequotas",
        "statefulsets",
    ];
    for kind in kinds {
        // Recommendations are read once more when an instance becomes leader.
        let lists = if kind == "recommendations" { 2 } else { 1 };
        assert_eq!(reads_before.get(kind), Some(&(lists, 1)), "LISTs and watches of {kind}: {reads_before:?}");
    }
    let written: BTreeMap<String, usize> = writes(&start).iter().fold(BTreeMap::new(), |mut counts, line| {
        *counts.entry(line.split(' ').take(3).collect::<Vec<_>>()[1..].join(" ")).or_default() += 1;
        counts
    });
    println!("to begin with: {written:?}");
    assert_eq!(written.get("patch recommendations"), Some(&WORKLOADS), "each was proposed once");
    assert_eq!(written.get("patch recommendations/status"), Some(&WORKLOADS), "each was stated once");
    assert!(written.get("patch optimizationpolicies/status").is_some_and(|n| *n <= 2), "{written:?}");

    let (mark, queries, began) = (cluster.plane.audit().mark()?, server.queries()?.len(), now());
    let passes = passes(&trimtab).await?;
    tokio::time::sleep(QUIET).await;
    let quiet = cluster.plane.audit().since(mark)?;
    ensure!(writes(&quiet).is_empty(), "written while nothing changed: {:?}", writes(&quiet));
    let again: BTreeMap<_, _> = reads(&quiet).into_iter().filter(|(_, (lists, _))| *lists > 0).collect();
    ensure!(again.is_empty(), "listed again: {again:?}");
    let made = self::passes(&trimtab).await? - passes;
    ensure!(made >= 2.0, "{made} passes in {QUIET:?}");
    // The next pass asks for a step that began just before.
    let steps = usize::try_from(now() / 300 - (began - i64::try_from(QUIET.as_secs())?) / 300)?;
    let asked = server.queries()?.len() - queries;
    println!("{made} passes and {asked} queries in {} steps of five minutes; {} queries before", steps, queries);
    // A pass that began before the mark may end after it.
    ensure!(asked <= steps, "{asked} queries for {steps} new steps");

    disturbed(&cluster, &trimtab, mark).await?;
    drop(trimtab);
    Ok(())
}

async fn passes(trimtab: &Running) -> Result<f64> {
    trimtab.metric("controller_runtime_reconcile_time_seconds_count{controller=\"optimization-policy\"}").await
}

async fn settled(cluster: &Cluster) -> Result<()> {
    let expected = format!("{} workloads: {WORKLOADS} with a recommendation, 0 right-sized, 1 skipped", WORKLOADS + 1);
    eventually(SOON, "the policy has counted all of them", async || {
        let (status, reason, message) = cluster.condition("all", "Ready").await?;
        ensure!(status == "True" && message == expected, "{reason}: {message}");
        Ok(())
    })
    .await
}

/// Pods come, go and fail without a write; a new template causes one.
async fn disturbed(cluster: &Cluster, trimtab: &Running, mark: u64) -> Result<()> {
    let kubectl = async |args: &[&str]| cluster.plane.kubectl(args).await;
    // A pass between the two would rightly say what three pods save, and on a slow machine there may be one.
    trimtab.process.freeze(true)?;
    kubectl(&["scale", "deployment", "-n", "shop", "w-0", "--replicas=3"]).await?;
    cluster.ready("shop", "w-0", 3).await?;
    kubectl(&["scale", "deployment", "-n", "shop", "w-0", "--replicas=1"]).await?;
    cluster.ready("shop", "w-0", 1).await?;
    trimtab.process.freeze(false)?;
    kubectl(&["delete", "pod", "-n", "mail", "-l", "app=w-1", "--wait=false"]).await?;
    let unready =
        json!({"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "ProbeFailed"}]}}).to_string();
    let pod = kubectl(&["get", "pod", "-n", "search", "-l", "app=w-2", "-o", "name"]).await?;
    kubectl(&["patch", "-n", "search", pod.trim(), "--subresource=status", "-p", &unready]).await?;
    cluster.ready("mail", "w-1", 1).await?;

    let template = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "app", "resources": {"requests": {"cpu": "2"}}}]}}}});
    kubectl(&["patch", "deployment", "-n", "play", "w-3", "-p", &template.to_string()]).await?;
    eventually(SOON, "the new template is answered", async || {
        let rec = cluster.recommendation("play", "deploy-w-3").await?;
        let cpu = &rec.data["status"]["current"][0]["requests"]["cpu"];
        ensure!(cpu == "2", "{cpu}");
        Ok(())
    })
    .await?;
    // Everything triggered by the rest has had its pass: that of the template came after it.
    let written = writes(&cluster.plane.audit().since(mark)?);
    let others: Vec<_> =
        written.iter().filter(|w| w.contains(" recommendations") && !w.contains("play/deploy-w-3")).collect();
    ensure!(others.is_empty(), "written for pods that came and went: {others:?}");
    Ok(())
}
