//! `/readyz` reports the true state of watches: a restart of the API server has no effect, a revoked permission is
//! reported with its kind, and it recovers once the permission is restored. The leader and the standby report the same.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use trimtab_e2e::{PlaneOptions, eventually, repository};

use super::support::{Guarded, Running, SOON, deployment, namespace};

const OWN: &str = "trimtab-system";

/// What is removed from the shipped role, and the resulting message.
const TAKEN: [(&str, &str); 2] = [
    ("[namespaces, nodes, pods, resourcequotas, limitranges]", "[namespaces, nodes, resourcequotas, limitranges]"),
    (
        "resources: [recommendations]\n    verbs: [list, watch, create",
        "resources: [recommendations]\n    verbs: [list, create",
    ),
];

#[tokio::test]
async fn readiness_follows_the_rights_of_a_running_trimtab() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions { restartable_apiserver: true, ..PlaneOptions::default() }).await?;
    let cluster = &guarded.cluster;
    cluster.apply(&[namespace("shop"), deployment("shop", "web", 1)]).await?;
    cluster.ready("shop", "web", 1).await?;
    let start =
        |name| Running::start_as_installed(&guarded.kubeconfig, cluster.plane.dir(), name, &["--namespace", OWN]);
    let (leads, stands_by) = (start("leads")?, start("stands-by")?);
    for trimtab in [&leads, &stands_by] {
        trimtab.ready(SOON).await?;
        let (_, body) = trimtab.get("/readyz?verbose").await?;
        for kind in ["pods", "verticalpodautoscalers", "recommendations", "appliedsizes", "validatingadmissionpolicies"]
        {
            ensure!(body.contains(&format!("[+]{kind} ok\n")), "no check of {kind}: {body}");
        }
    }

    // Every watch ends, and is re-established.
    cluster.plane.restart_apiserver().await?;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(15) {
        for trimtab in [&leads, &stands_by] {
            let (code, body) = trimtab.get("/readyz").await?;
            ensure!(code == 200, "a reconnect is no fault: {code} {body}");
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }

    let shipped = fs::read_to_string(repository().join("deploy/rbac.yaml"))?;
    let without = TAKEN.iter().try_fold(shipped.clone(), |text, (there, instead)| {
        ensure!(text.contains(there), "{there} is not in deploy/rbac.yaml");
        Ok(text.replace(there, instead))
    })?;
    let give = async |manifest: &str| -> Result<()> {
        let file = cluster.plane.dir().join("rbac.yaml");
        fs::write(&file, manifest)?;
        let file = file.to_str().context("path")?;
        cluster.plane.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", file]).await?;
        Ok(())
    };
    give(&without).await?;
    // An open watch continues without the permission; the next one is refused.
    cluster.plane.restart_apiserver().await?;
    for trimtab in [&leads, &stands_by] {
        eventually(SOON * 3, "not ready for want of two rights", async || {
            let (code, body) = trimtab.get("/readyz").await?;
            ensure!(code == 503, "{code} {body}");
            let failed: Vec<&str> = body.lines().filter(|line| line.starts_with("[-]")).collect();
            ensure!(failed.len() == 2, "these two and no other: {body}");
            ensure!(
                failed.iter().any(|l| l.starts_with("[-]pods failed:") && l.ends_with("Forbidden: verb watch on pods")),
                "{body}"
            );
            ensure!(
                failed.iter().any(|l| l.starts_with("[-]recommendations failed:") && l.contains("forbidden")),
                "{body}"
            );
            Ok(())
        })
        .await?;
        ensure!(trimtab.get("/healthz").await?.0 == 200, "it is alive all the same");
    }

    give(&shipped).await?;
    for trimtab in [&leads, &stands_by] {
        trimtab.ready(SOON * 3).await?;
    }
    Ok(())
}
