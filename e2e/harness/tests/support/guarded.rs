//! A fully installed cluster: Trimtab's ServiceAccount with the shipped permissions, the approval guard, sizes by
//! admission, an approver; and helpers for rollouts of Recommendations.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams},
    core::DynamicObject,
};
use serde_json::{Value, json};
use trimtab_e2e::{PlaneOptions, eventually, repository};

use super::{Cluster, Running, SOON};

/// Trimtab's own namespace.
pub const OWN: &str = "trimtab-system";

/// When a new guard vouches for approvals, plus a second for the clock of the API server.
const GUARD_SETTLES: Duration = Duration::from_secs(7);

/// Who approves.
pub const APPROVER: &str = "bob";

/// A fully installed cluster.
pub struct Guarded {
    pub cluster: Cluster,
    pub approver: Client,
    pub kubeconfig: std::path::PathBuf,
    installed: tokio::time::Instant,
}

impl Guarded {
    pub async fn start(options: PlaneOptions) -> Result<Self> {
        Self::guarded_by("policies/approval.yaml", options).await
    }

    /// The same with the approval guard in this file of the repository.
    pub async fn guarded_by(guard: &str, options: PlaneOptions) -> Result<Self> {
        let cluster = Cluster::start(options).await?;
        let others = ["policies/requester.yaml", "policies/roles.yaml", "policies/sizes.yaml"];
        for part in ["deploy/namespace.yaml", "deploy/rbac.yaml", guard].into_iter().chain(others) {
            let path = repository().join(part);
            cluster.plane.kubectl(&["apply", "--server-side", "-f", path.to_str().context("path")?]).await?;
        }
        Self::around(cluster).await
    }

    /// Around what is installed already: an approver, and the kubeconfig of Trimtab's account.
    pub async fn around(cluster: Cluster) -> Result<Self> {
        let user = format!("--user={APPROVER}");
        let role = "--clusterrole=trimtab-approver";
        cluster.plane.kubectl(&["create", "clusterrolebinding", "approvers", role, &user]).await?;
        let approver = cluster.plane.user(APPROVER, &[], &[]).await?;
        let approver = cluster.plane.client_with(&approver).await?;
        let kubeconfig = cluster.plane.service_account_kubeconfig(OWN, "trimtab", &[]).await?;
        Ok(Self { cluster, approver, kubeconfig, installed: tokio::time::Instant::now() })
    }

    /// Trimtab under its own account, with only the shipped permissions.
    pub fn run(&self, name: &str, args: &[&str]) -> Result<Running> {
        let all = [&["--no-leader-election", "--namespace", OWN], args].concat();
        Running::start_as_installed(&self.kubeconfig, self.cluster.plane.dir(), name, &all)
    }

    fn recommendations(&self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        let kind = kube::core::GroupVersionKind::gvk("trimtab.dev", "v1alpha1", "Recommendation");
        let resource = kube::core::ApiResource::from_gvk_with_plural(&kind, "recommendations");
        Api::namespaced_with(client.clone(), namespace, &resource)
    }

    /// By the server's clock: the time from a person's write to a Recommendation after `mark` to the next status of it.
    pub fn taken_up(&self, mark: u64, name: &str) -> Result<jiff::SignedDuration> {
        let events = self.cluster.plane.audit().since(mark)?;
        let writes = || events.iter().filter(|e| e.is_write() && e.name == name);
        let said = writes().find(|e| e.target() == "recommendations").context("the write")?.time;
        let heard = writes().find(|e| e.target() == "recommendations/status" && e.time > said).context("the status")?;
        Ok(heard.time.duration_since(said))
    }

    /// Decides in the approver's name on what the status shows now.
    pub async fn decide(&self, namespace: &str, name: &str, decision: &str) -> Result<DynamicObject> {
        let api = self.recommendations(&self.approver, namespace);
        let digest = eventually(SOON, "a digest", async || {
            let rec = api.get(name).await?;
            rec.data["status"]["proposalDigest"].as_str().map(str::to_owned).context("no digest yet")
        })
        .await?;
        // Approvals in the first seconds of a guard are not vouched for: API servers check for new policies once a
        // second.
        tokio::time::sleep_until(self.installed + GUARD_SETTLES).await;
        self.decides(namespace, name, &json!({"decision": decision, "approver": APPROVER, "proposalDigest": digest}))
            .await
    }

    /// Writes `approval` as the approver.
    pub async fn decides(&self, namespace: &str, name: &str, approval: &Value) -> Result<DynamicObject> {
        let patch = json!({"spec": {"approval": approval}});
        let api = self.recommendations(&self.approver, namespace);
        Ok(api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await?)
    }

    /// Waits until `Ready` has `reason`.
    pub async fn stands(&self, namespace: &str, name: &str, reason: &str, within: Duration) -> Result<DynamicObject> {
        let api = self.cluster.api("Recommendation", "recommendations", Some(namespace));
        eventually(within, &format!("{namespace}/{name} is {reason}"), async || {
            let rec = api.get(name).await?;
            let ready = condition(&rec, "Ready").cloned().unwrap_or_default();
            ensure!(ready["reason"] == reason, "{ready}\n{}", rec.data["status"]["rollout"]);
            Ok(rec)
        })
        .await
    }

    /// Requests and limits of the container `main` of each pod of a Deployment, by pod.
    pub async fn sizes(&self, namespace: &str, app: &str) -> Result<Vec<(String, Value)>> {
        let mut sizes: Vec<(String, Value)> = self
            .cluster
            .pods()
            .await?
            .into_iter()
            .filter(|p| p.namespace().as_deref() == Some(namespace) && p.labels().get("app").is_some_and(|a| a == app))
            .filter(|p| p.metadata.deletion_timestamp.is_none())
            .map(|p| {
                let resources = p.spec.as_ref().map(|s| json!(s.containers[0].resources)).unwrap_or_default();
                (p.name_any(), resources)
            })
            .collect();
        sizes.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(sizes)
    }
}

/// A condition of an object.
pub fn condition<'a>(object: &'a DynamicObject, kind: &str) -> Option<&'a Value> {
    object.data["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind)
}
