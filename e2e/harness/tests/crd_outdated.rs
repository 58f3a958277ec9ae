//! CRDs that are older than Trimtab: nothing is begun and nothing written that could not be recorded, `/readyz`, the log,
//! a metric and `kubectl trimtab status` say which CRD and what to do, and it goes on by itself once they are applied.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{fs, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use support::{AGENT, Cluster, Guarded, Running, SOON, deployment, modest, namespace, policy, prometheus};
use trimtab_e2e::{PlaneOptions, Trimtab, eventually, repository};

use crate::support;

const OWN: &str = "trimtab-system";
const CRD: &str = "recommendations.trimtab.dev";
const SERIES: &str = "trimtab_crd_outdated{crd=\"recommendations.trimtab.dev\"}";
const LEADS: &str = "leader_election_master_status{name=\"trimtab-controller\"}";
const BEGINS: &str = "the installed CRDs are not known to be those of this release";
const ENDS: &str = "the installed CRDs have what this release needs";
/// Within which a running Trimtab notices a change, as docs/operations.md says, with a margin for a slow machine.
const NOTICED: Duration = Duration::from_secs(40);

/// Installs the CRD of Recommendations of an older release, without the risk.
async fn downgrade(cluster: &Cluster) -> Result<()> {
    let text = fs::read_to_string(repository().join("crds/trimtab.dev_recommendations.yaml"))?;
    let mut crd: Value = serde_yaml::from_str(&text)?;
    let status = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
    let fields = crd.pointer_mut(status).and_then(Value::as_object_mut).context("no status")?;
    fields.remove("risk").context("no risk")?;
    let file = cluster.plane.dir().join("older.json");
    fs::write(&file, serde_json::to_vec(&crd)?)?;
    let file = file.to_str().context("path")?;
    cluster.plane.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", file]).await?;
    Ok(())
}

/// Installs those of this release, as the message says.
async fn upgrade(cluster: &Cluster) -> Result<()> {
    let crds = repository().join("crds");
    let crds = crds.to_str().context("path")?;
    cluster.plane.kubectl(&["apply", "--server-side", "-f", crds]).await?;
    Ok(())
}

/// Waits until `/readyz` fails and says all of `parts` of the CRDs.
async fn unready(trimtab: &Running, parts: &[&str]) -> Result<()> {
    eventually(NOTICED, "not ready for the sake of a CRD", async || {
        let (code, body) = trimtab.get("/readyz").await?;
        let line = body.lines().find(|line| line.starts_with("[-]customresourcedefinitions failed: "));
        let line = line.with_context(|| format!("{code} {body}"))?;
        ensure!(code == 503 && parts.iter().all(|part| line.contains(part)), "{code} {body}");
        Ok(())
    })
    .await
}

/// What Trimtab wrote of its own kinds since `mark`, and of its Lease.
fn written(cluster: &Cluster, mark: u64) -> Result<Vec<String>> {
    let events = cluster.plane.audit().since(mark)?;
    let own = events.iter().filter(|e| e.user_agent.starts_with(AGENT) && e.is_write());
    let kinds = own.filter(|e| e.group == "trimtab.dev" || e.group == "events.k8s.io" || e.resource == "leases");
    Ok(kinds.map(|e| format!("{} {} {} {}", e.verb, e.target(), e.name, e.code)).collect())
}

#[tokio::test]
async fn nothing_is_written_while_a_crd_is_older_and_it_goes_on_once_it_is_applied() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let cluster = &guarded.cluster;
    cluster.apply(&[namespace("shop"), deployment("shop", "web", 1)]).await?;
    cluster.ready("shop", "web", 1).await?;
    let history = cluster.history(9, |_| Some(modest)).await?;
    let (usage, _data) = prometheus(history).await?;
    cluster.apply(&[policy("shop", &["shop"])]).await?;
    downgrade(cluster).await?;

    let mark = cluster.plane.audit().mark()?;
    let args = ["--namespace", OWN, "--interval", "5s", "--prometheus-url", usage.url()];
    let trimtab = Running::start_as_installed(&guarded.kubeconfig, cluster.plane.dir(), "trimtab", &args)?;
    let lacks = [CRD, "lacks status.risk", "kubectl apply --server-side --force-conflicts -f crds/"];
    unready(&trimtab, &lacks).await?;
    ensure!(trimtab.get("/healthz").await?.0 == 200, "it is alive all the same");
    ensure!(trimtab.metric(SERIES).await? == 1.0 && trimtab.metric(LEADS).await? == 0.0, "it leads");
    // Everything else has been read long since, and a pass would be due.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let written_then = written(cluster, mark)?;
    ensure!(written_then.is_empty(), "written with an older CRD: {written_then:?}");
    ensure!(trimtab.log().matches(BEGINS).count() == 1, "one line says so: {}", trimtab.log());
    let plugin = Trimtab::new(&cluster.plane.kubeconfig_path(), &["kubectl", "status"])?.output().await?;
    ensure!(plugin.stdout.contains(CRD) && plugin.stdout.contains("lacks status.risk"), "{plugin:?}");

    upgrade(cluster).await?;
    trimtab.ready(NOTICED).await?;
    eventually(SOON, "a recommendation", async || cluster.recommendation("shop", "deploy-web").await).await?;
    ensure!(trimtab.metric(SERIES).await? == 0.0 && trimtab.metric(LEADS).await? == 1.0, "it does not lead");
    ensure!(trimtab.log().matches(ENDS).count() == 1, "one line says so: {}", trimtab.log());

    // The same while it runs: it steps down, and writes nothing more.
    downgrade(cluster).await?;
    unready(&trimtab, &lacks).await?;
    eventually(SOON, "the Lease is given up", async || {
        let holder = ["get", "lease", "trimtab-controller", "-n", OWN, "-o", "jsonpath={.spec.holderIdentity}"];
        let holder = cluster.plane.kubectl(&holder).await?;
        ensure!(holder.is_empty() && trimtab.metric(LEADS).await? == 0.0, "{holder} leads");
        Ok(())
    })
    .await?;
    let mark = cluster.plane.audit().mark()?;
    cluster.plane.kubectl(&["delete", "deployment", "-n", "shop", "web"]).await?;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let written_then = written(cluster, mark)?;
    ensure!(written_then.is_empty(), "written with an older CRD: {written_then:?}");
    upgrade(cluster).await?;
    trimtab.ready(NOTICED).await?;
    eventually(SOON, "the recommendation is withdrawn", async || {
        let left = cluster.recommendations("shop").await?.len();
        ensure!(left == 0, "{left} left");
        Ok(())
    })
    .await?;

    // One that is missing is reported in the same way, and stops nothing.
    cluster.plane.kubectl(&["delete", "crd", "usageprofiles.trimtab.dev"]).await?;
    let missing = "usageprofiles.trimtab.dev is not installed: kubectl apply --server-side --force-conflicts -f crds/";
    unready(&trimtab, &[missing]).await?;
    ensure!(trimtab.metric(LEADS).await? == 1.0, "it does not lead");
    upgrade(cluster).await?;
    trimtab.ready(NOTICED).await?;
    Ok(())
}
