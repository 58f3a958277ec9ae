//! A cluster with Trimtab as it is installed, and what the benchmark does to it as an approver and as its admin.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use kube::{
    Api, Client, ResourceExt,
    api::{DynamicObject, ListParams, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};
use trimtab_e2e::{PlaneOptions, Process, WorkDir, eventually, free_port};

use super::requests::account;
use crate::speed::{NAMESPACES, Size, World, history::History, namespace};

/// Who approves.
pub const APPROVER: &str = "approver";
/// Where Trimtab is installed.
const NAMESPACE: &str = "trimtab-system";
/// Its ServiceAccount.
const ACCOUNT: &str = "trimtab";
/// The policy.
const POLICY: &str = "rollout";
/// After how long a new guard vouches for approvals, with some seconds to spare.
const GUARD_SETTLES: Duration = Duration::from_secs(8);
/// Concurrent approvals.
const AT_ONCE: usize = 16;
/// How often Trimtab's metrics are read.
const SCRAPE: Duration = Duration::from_millis(250);

/// Namespace and name of a Recommendation, and its digest.
pub type Proposal = (String, String, String);

/// Trimtab as it is installed.
pub struct Installed {
    /// The controller.
    pub process: Process,
    admin: Client,
    approver: Client,
    metrics: String,
    since: Instant,
    _dir: WorkDir,
}

fn kind(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("trimtab.dev", "v1alpha1", kind))
}

/// A cluster of this size with `single` Deployments more, whose API server is a process of its own.
pub async fn world(size: Size, single: usize) -> Result<World> {
    let options = PlaneOptions { restartable_apiserver: true, ..PlaneOptions::default() };
    World::with(Size { deployments: size.deployments + single, ..size }, options).await
}

/// Who Trimtab is for the API server.
pub fn controller() -> String {
    account(NAMESPACE, ACCOUNT)
}

impl Installed {
    /// Installs what `sources` ship, and starts `binary`, with a policy over all Deployments whose limits block
    /// nothing.
    pub async fn start(world: &World, history: &History, binary: &Path, sources: &Path) -> Result<Self> {
        for part in ["crds", "deploy/namespace.yaml", "deploy/rbac.yaml", "policies"] {
            let path = sources.join(part);
            world.plane.kubectl(&["apply", "--server-side", "-f", path.to_str().context("path")?]).await?;
            world.plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]).await?;
        }
        let since = Instant::now();
        let user = format!("--user={APPROVER}");
        let role = "--clusterrole=trimtab-approver";
        world.plane.kubectl(&["create", "clusterrolebinding", "approvers", role, &user]).await?;
        let approver = world.plane.user(APPROVER, &[], &[]).await?;
        let approver = world.plane.client_with(&approver).await?;
        let policy = json!({
            "apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": POLICY},
            "spec": {
                "targetNamespaces": (0..NAMESPACES).map(namespace).collect::<Vec<_>>(),
                "rolloutStrategy": {"type": "AllAtOnce"},
                "verification": {"window": "5s"},
                "limits": {"maxConcurrentRollouts": 1000, "maxRolloutsPerHour": 10000, "cooldown": "0s"},
            },
        });
        let policies: Api<DynamicObject> = Api::all_with(world.client.clone(), &kind("OptimizationPolicy"));
        policies.patch(POLICY, &PatchParams::apply("bench"), &Patch::Apply(&policy)).await?;
        let kubeconfig = world.plane.service_account_kubeconfig(NAMESPACE, ACCOUNT, &[]).await?;
        let dir = WorkDir::new("trimtab")?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut command = Command::new(binary);
        command
            .args(["controller", "--namespace", NAMESPACE, "--prometheus-url", history.prometheus.url()])
            .args(["--admin-address", &address, "--kubeconfig"])
            .arg(kubeconfig);
        let process = Process::spawn("trimtab", &mut command, dir.path())?;
        let metrics = format!("http://{address}/metrics");
        Ok(Self { process, admin: world.client.clone(), approver, metrics, since, _dir: dir })
    }

    fn all(&self) -> Api<DynamicObject> {
        Api::all_with(self.admin.clone(), &kind("Recommendation"))
    }

    /// Waits until approvals are vouched for.
    pub async fn guard_settled(&self) {
        sleep_until(self.since + GUARD_SETTLES).await;
    }

    /// Waits for this many recommendations.
    pub async fn recommended(&self, count: usize) -> Result<Vec<Proposal>> {
        eventually(Duration::from_secs(300), "all recommendations", async || {
            let proposals: Vec<Proposal> =
                self.all().list(&ListParams::default()).await?.items.iter().filter_map(proposal).collect();
            ensure!(proposals.len() == count, "{} of {count}", proposals.len());
            Ok(proposals)
        })
        .await
    }

    /// Approves one.
    pub async fn approve(&self, (namespace, name, digest): &Proposal) -> Result<()> {
        let api: Api<DynamicObject> = Api::namespaced_with(self.approver.clone(), namespace, &kind("Recommendation"));
        let approval =
            json!({"spec": {"approval": {"decision": "Approved", "approver": APPROVER, "proposalDigest": digest}}});
        api.patch(name, &PatchParams::default(), &Patch::Merge(&approval)).await?;
        Ok(())
    }

    /// Approves many.
    pub async fn approve_all(&self, proposals: &[Proposal]) -> Result<()> {
        stream::iter(proposals).map(|p| self.approve(p)).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Suspends or resumes the policy; returns when the API server had done so.
    pub async fn suspend(&self, suspend: bool) -> Result<Timestamp> {
        let policies: Api<DynamicObject> = Api::all_with(self.admin.clone(), &kind("OptimizationPolicy"));
        let patch = json!({"spec": {"suspend": suspend}});
        policies.patch(POLICY, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        Ok(Timestamp::now())
    }

    /// Waits until this many are in a state, by Trimtab's metrics and then by the API server.
    pub async fn stand(&self, reason: &str, count: usize) -> Result<()> {
        self.tells(reason, count).await?;
        self.shown(reason, count).await
    }

    /// Waits until Trimtab's metrics show this many in a state. The API server is not asked, because its time is
    /// measured: a list of thousands each second would be a large part of that. Nor are the metrics read too often,
    /// because Trimtab's time is measured, too.
    pub async fn tells(&self, reason: &str, count: usize) -> Result<()> {
        let state = format!("state=\"{reason}\"");
        eventually(Duration::from_secs(600), reason, async || {
            let text = reqwest::get(&self.metrics).await?.text().await?;
            let series = text.lines().filter(|l| l.starts_with("trimtab_recommendations{") && l.contains(&state));
            let there: f64 = series.filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum();
            if there >= count as f64 {
                return Ok(());
            }
            sleep(SCRAPE).await;
            anyhow::bail!("{there} of {count}: {}", self.process.log().lines().last().unwrap_or_default())
        })
        .await
    }

    /// Checks that the API server shows this many in a state.
    pub async fn shown(&self, reason: &str, count: usize) -> Result<()> {
        let list = self.all().list(&ListParams::default()).await?.items;
        let there = list.iter().filter(|r| ready(r) == Some(reason)).count();
        ensure!(there == count, "{there} of {count} are {reason}, according to the API server");
        Ok(())
    }
}

fn proposal(rec: &DynamicObject) -> Option<Proposal> {
    Some((rec.namespace()?, rec.name_any(), rec.data["status"]["proposalDigest"].as_str()?.to_owned()))
}

fn ready(rec: &DynamicObject) -> Option<&str> {
    let conditions = rec.data["status"]["conditions"].as_array()?;
    conditions.iter().find(|c| c["type"] == "Ready")?["reason"].as_str()
}
