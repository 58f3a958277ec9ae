//! The short suite, on one Kubernetes: Trimtab is installed with Helm, recommends, resizes pods and patches a template,
//! is upgraded, and is removed, and nothing is left.
//!
//! By itself it runs on the control plane of the test bed with the APIs and features of 1.33, the oldest release that
//! is supported. `e2e/versions.sh` runs it on real control planes of all of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod limits;
mod release;
mod server;
mod stages;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api,
    api::{Patch, PatchParams},
    core::DynamicObject,
};
use serde_json::{Value, json};
use trimtab_e2e::{AuditEvent, Kubernetes, PlaneOptions, eventually};

use crate::{chart::helm, support};
use helm::Helm;
use release::{OWN, Release, plugin};
use server::Server;
use stages::Stages;
use support::{AGENT, Cluster, Guarded, Running, SOON, deployment, modest, namespace, prometheus, quick};

/// The oldest release that is supported.
const OLDEST: &str = "1.33";
/// How long a rollout may take.
const A_ROLLOUT: Duration = Duration::from_secs(90);
/// How many warnings the log may have until the rollout has ended: a conflict or two.
const WARNINGS: usize = 3;
/// How often a kind that is not served may be asked for meanwhile: at once, after half a minute, with longer pauses.
const ASKED: usize = 4;

/// A Deployment of two pods without limits: before 1.34 no memory limit is lowered in place, which `limits` is about.
async fn workload(cluster: &Cluster) -> Result<()> {
    let mut web = deployment("shop", "web", 2);
    web["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"requests": requests()});
    cluster.apply(&[namespace("shop"), web]).await?;
    // The harness applies with its own field manager, which Template delivery would rightly not overwrite.
    let released = json!({"metadata": {"managedFields": [{}]}});
    let api: Api<Deployment> = Api::namespaced(cluster.client.clone(), "shop");
    api.patch("web", &PatchParams::default(), &Patch::Merge(&released)).await?;
    cluster.ready("shop", "web", 2).await
}

/// What its pods request at first.
fn requests() -> Value {
    json!({"cpu": "500m", "memory": "512Mi"})
}

/// Waits until the requests of both pods are these.
async fn sized(guarded: &Guarded, wanted: &Value) -> Result<()> {
    eventually(SOON, &format!("both pods request {wanted}"), async || {
        let sizes = guarded.sizes("shop", "web").await?;
        ensure!(sizes.len() == 2 && sizes.iter().all(|(_, size)| size["requests"] == *wanted), "{sizes:?}");
        Ok(())
    })
    .await
}

/// Waits until the Recommendation has this reason; an error has the log.
async fn stands(guarded: &Guarded, trimtab: &Running, reason: &str) -> Result<DynamicObject> {
    guarded.stands("shop", "deploy-web", reason, A_ROLLOUT).await.with_context(|| trimtab.log())
}

#[tokio::test]
async fn trimtab_is_installed_recommends_rolls_out_is_upgraded_and_removed() -> Result<()> {
    let kubernetes = Kubernetes::from_environment(Kubernetes::Emulated(OLDEST.to_owned()))?;
    let helm = Helm::find().await?;
    let options = PlaneOptions { kubernetes: kubernetes.clone(), ..PlaneOptions::default() };
    let cluster = Cluster::without_kinds(options).await?;
    let server = Server::ask(&cluster, &kubernetes).await?;
    workload(&cluster).await?;
    let (usage, _data) = prometheus(cluster.history(9, |_| Some(modest)).await?).await?;

    let mut stages = Stages::begin(&kubernetes)?;
    let release = Release::install(helm, &cluster, &server).await?;
    stages.passed("install")?;

    // The pods of the release are simulated. Trimtab runs here, with the account and rights that the chart gives it.
    let guarded = Guarded::around(cluster).await?;
    let mut policy = quick("shop", &["shop"]);
    if server.mutates {
        // Elsewhere that is what `Auto` comes to.
        policy["spec"]["delivery"] = json!({"mode": "Template"});
    }
    guarded.cluster.apply(&[policy]).await?;
    let args = ["--namespace", OWN, "--prometheus-url", usage.url(), "--interval", "5s"];
    let trimtab = Running::start_as_installed(&guarded.kubeconfig, guarded.cluster.plane.dir(), "trimtab", &args)?;
    stands(&guarded, &trimtab, "PendingApproval").await?;
    trimtab.ready(SOON).await?;
    stages.passed("recommend")?;

    guarded.decide("shop", "deploy-web", "Approved").await?;
    let applied = stands(&guarded, &trimtab, "Applied").await?;
    rolled_out(&guarded, &applied).await?;
    calm(&guarded.cluster, &server, &trimtab)?;
    limits::checked(&guarded, &trimtab, &server).await?;
    stages.passed("rollout")?;

    release.upgrade(&guarded.cluster).await?;
    let still = stands(&guarded, &trimtab, "Applied").await?;
    let course = |rec: &DynamicObject| {
        let status = &rec.data["status"];
        (status["approval"].clone(), status["rollout"]["started"].clone())
    };
    ensure!(course(&applied) == course(&still), "{:?}, and now {:?}", course(&applied), course(&still));
    stages.passed("upgrade")?;

    let said = plugin(&guarded.cluster, &["uninstall", "--yes"]).await.with_context(|| trimtab.log())?;
    ensure!(said.contains("1 size in force or in progress will be undone first"), "{said}");
    sized(&guarded, &requests()).await?;
    drop(trimtab);
    release.forget().await?;
    guarded.cluster.plane.kubectl(&["delete", "namespace", OWN, "--wait=false"]).await?;
    eventually(SOON, "nothing is in deletion", async || {
        let going = guarded.cluster.in_deletion().await?;
        ensure!(going.is_empty(), "{going:?}");
        Ok(())
    })
    .await?;
    let left = server.objects(&guarded.cluster).await?;
    ensure!(left.is_empty(), "{left:?}");
    stages.passed("uninstall")
}

/// The running pods were resized in place, the template has the size, and so have all pods.
async fn rolled_out(guarded: &Guarded, applied: &DynamicObject) -> Result<()> {
    let status = &applied.data["status"];
    ensure!(status["rollout"]["delivery"] == "Template", "{}", status["rollout"]);
    let wanted = &applied.data["spec"]["proposal"]["containers"][0]["requests"];
    ensure!(*wanted != requests(), "nothing was to change");
    let api: Api<Deployment> = Api::namespaced(guarded.cluster.client.clone(), "shop");
    let web = json!(api.get("web").await?);
    let template = &web["spec"]["template"]["spec"]["containers"][0]["resources"];
    ensure!(template["requests"] == *wanted, "{template}, not {wanted}");
    sized(guarded, wanted).await?;
    let events = guarded.cluster.plane.audit().events()?;
    let resized = events.iter().filter(|e| e.user_agent.starts_with(AGENT) && e.target() == "pods/resize");
    let codes: Vec<u16> = resized.map(|e| e.code).collect();
    ensure!(codes.iter().filter(|code| **code == 200).count() >= 2, "answers to resizes: {codes:?}");
    Ok(())
}

/// The log has next to no warnings, and what the API server does not have is hardly asked for.
fn calm(cluster: &Cluster, server: &Server, trimtab: &Running) -> Result<()> {
    let log = trimtab.log();
    let loud: Vec<&str> = log.lines().filter(|line| line.contains("\"WARN\"") || line.contains("\"ERROR\"")).collect();
    println!("{} of {} lines of the log are warnings", loud.len(), log.lines().count());
    ensure!(loud.len() <= WARNINGS, "{} warnings:\n{}", loud.len(), loud.join("\n"));
    let events = cluster.plane.audit().events()?;
    let absent = |e: &&AuditEvent| e.resource == "mutatingadmissionpolicies" && e.code == 404;
    let asked = events.iter().filter(|e| e.user_agent.starts_with(AGENT)).filter(absent).count();
    ensure!(server.mutates || (1..=ASKED).contains(&asked), "asked {asked} times for what is not there");
    Ok(())
}
