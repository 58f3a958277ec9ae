//! The existing pods.

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Client,
    api::{Api, ListParams},
};
use trimtab_e2e::eventually;

use crate::{
    fleet::{Kind, Workload},
    manifests::{NAME_LABEL, Target},
    usage::tracks::LivePod,
};

/// How long pods may take to appear.
const WITHIN: Duration = Duration::from_secs(60);

/// Lists the pods of the demo's workloads.
///
/// # Errors
/// When the API server does not answer.
pub async fn list(client: &Client, workloads: &[Workload]) -> Result<Vec<LivePod>> {
    Ok(read(client, workloads).await?.iter().filter_map(live).collect())
}

/// Waits until all workloads have their pods: running, on the demo's own nodes, with the expected kills done; in an
/// existing cluster it is enough that they exist.
///
/// # Errors
/// When they do not appear within a minute, with what is missing.
pub async fn wait(client: &Client, workloads: &[Workload], target: Target) -> Result<Vec<LivePod>> {
    eventually(WITHIN, "the pods of the demo", async || {
        let pods = read(client, workloads).await?;
        for w in workloads {
            let good =
                pods.iter().filter(|p| belongs(p, w) && (target == Target::ExistingCluster || settled(p, w))).count();
            let wanted = match w.kind {
                Kind::Deployment(n) | Kind::StatefulSet(n) => usize::try_from(n)?,
                Kind::DaemonSet => 1,
                Kind::CronJob(_) => 0,
            };
            ensure!(good >= wanted, "{}: {good} of {wanted}", w.id());
        }
        Ok(pods.iter().filter_map(live).collect())
    })
    .await
}

async fn read(client: &Client, workloads: &[Workload]) -> Result<Vec<Pod>> {
    let pods = Api::<Pod>::all(client.clone()).list(&ListParams::default().labels(NAME_LABEL)).await?;
    Ok(pods.items.into_iter().filter(|p| workloads.iter().any(|w| belongs(p, w))).collect())
}

fn belongs(p: &Pod, w: &Workload) -> bool {
    let label = p.metadata.labels.as_ref().and_then(|l| l.get(NAME_LABEL));
    p.metadata.namespace.as_deref() == Some(w.namespace) && label == Some(&w.name)
}

fn settled(p: &Pod, w: &Workload) -> bool {
    let Some(status) = &p.status else { return false };
    let restarts = status.container_statuses.iter().flatten().map(|c| c.restart_count).max().unwrap_or(0);
    status.phase.as_deref() == Some("Running") && (w.behaviour.is_none() || restarts > 0)
}

fn live(p: &Pod) -> Option<LivePod> {
    let m = &p.metadata;
    let running = p.status.as_ref().and_then(|s| s.phase.as_deref()).is_none_or(|p| p == "Running" || p == "Pending");
    (running && m.deletion_timestamp.is_none()).then_some(())?;
    Some(LivePod {
        namespace: m.namespace.clone()?,
        workload: m.labels.as_ref()?.get(NAME_LABEL)?.clone(),
        name: m.name.clone()?,
        node: p.spec.as_ref().and_then(|s| s.node_name.clone()).unwrap_or_default(),
        created_s: m.creation_timestamp.as_ref()?.0.as_second(),
    })
}
