//! The stage: an API server with the guard, and recommendations at every stage of their lives.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, bail, ensure};
use kube::{
    Client,
    api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use trimtab_e2e::{Audit, Plane, PlaneOptions, eventually, repository};

use super::{
    act::{approve, proposal, proposal_with, rejected},
    people::Person,
    sizes,
};

pub const SOON: Duration = Duration::from_secs(30);

/// Digests that statuses show.
pub const WEB: &str = "sha256:00000000000000000000000000000001";
pub const API: &str = "sha256:00000000000000000000000000000002";
/// One that no status shows.
pub const OLD: &str = "sha256:0000000000000000000000000000000f";

pub const TRIMTAB: &str = "system:serviceaccount:trimtab-system:trimtab";

pub struct Stage {
    pub plane: Plane,
    pub people: BTreeMap<&'static str, Person>,
}

/// A rollout that has begun.
pub fn under_way() -> Value {
    json!({"proposalDigest": API, "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "u-1", "template": "t",
        "stage": "Resizing", "step": 1, "steps": 2, "progress": "0/2", "started": "2026-11-21T12:00:00Z",
        "stageSince": "2026-11-21T12:00:00Z", "former": [{"name": "app", "requests": {"cpu": "1"}}],
        "desired": [{"name": "app", "requests": {"cpu": "200m"}}], "delivery": "Admission",
        "baseline": {"readyPods": 2, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}})
}

/// One that was undone, with an earlier change still in force.
pub fn undone_once() -> Value {
    let mut rollout = carried_out();
    rollout["result"] = json!("RolledBack");
    rollout["original"] = json!([{"name": "app", "requests": {"cpu": "2"}}]);
    rollout
}

/// The same, rolled out to its end.
pub fn carried_out() -> Value {
    let mut rollout = under_way();
    rollout["stage"] = json!("Ended");
    rollout["result"] = json!("Applied");
    rollout
}

impl Stage {
    pub async fn start() -> Result<Self> {
        let plane = Plane::start(PlaneOptions { audit: Audit::Off, ..PlaneOptions::default() }).await?;
        let mut stage = Self { plane, people: BTreeMap::new() };
        stage.apply_files(&["crds"]).await?;
        stage.plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]).await?;
        stage.apply_files(&["policies/roles.yaml"]).await?;
        stage.roles().await?;
        stage.people().await?;
        // An approval from before the guard, in the name of somebody who never gave it.
        stage.put("root", "elder", proposal()).await?;
        stage.status("root", "elder", json!({"proposalDigest": OLD})).await?;
        let forged = approve("ada", OLD);
        let params = PatchParams { field_manager: Some("mallory".into()), ..PatchParams::default() };
        stage.api("root", "Recommendation", "shop").patch("elder", &params, &Patch::Merge(&forged)).await?;
        stage.apply_files(&["policies/approval.yaml"]).await?;
        stage.guarded().await?;
        stage.objects().await?;
        Ok(stage)
    }

    pub async fn apply_files(&self, files: &[&str]) -> Result<()> {
        for file in files {
            let path = repository().join(file);
            self.plane.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", path.to_str().unwrap()]).await?;
        }
        Ok(())
    }

    /// Waits until the API server enforces the guard.
    pub async fn guarded(&self) -> Result<()> {
        let object = serde_json::from_value(json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
            "metadata": {"name": "probe"}, "spec": proposal_with(approve("admin", OLD))["spec"]}))?;
        let params = PostParams { dry_run: true, ..PostParams::default() };
        eventually(SOON, "the guard is in force", async || {
            match self.api("root", "Recommendation", "shop").create(&params, &object).await {
                Err(error) if error.to_string().contains("trimtab-approval") => Ok(()),
                other => bail!("{other:?}"),
            }
        })
        .await
    }

    async fn objects(&self) -> Result<()> {
        let made = || {
            proposal_with(json!({"metadata": {"labels": {"trimtab.dev/policy": "services"}},
                "spec": {"policyRef": {"name": "services"}, "targetRef": {"uid": "u-1"}}}))
        };
        self.put("trimtab", "deploy-fresh", made()).await?;
        for (name, status) in [
            ("deploy-web", json!({"proposalDigest": WEB})),
            ("deploy-late", json!({"proposalDigest": WEB})),
            ("deploy-other", json!({"proposalDigest": WEB})),
            ("deploy-api", json!({"proposalDigest": API})),
            ("deploy-held", json!({"proposalDigest": API})),
            ("deploy-roll", json!({"proposalDigest": API, "rollout": under_way()})),
            // Something else is proposed now.
            ("deploy-moved", json!({"proposalDigest": WEB, "rollout": carried_out()})),
            ("deploy-twice", json!({"proposalDigest": WEB, "rollout": undone_once()})),
            ("deploy-leaving", json!({"proposalDigest": WEB, "rollout": carried_out()})),
        ] {
            let mut object = made();
            if status["rollout"].is_object() {
                object["metadata"]["finalizers"] = json!(["trimtab.dev/settle"]);
            }
            self.put("trimtab", name, object).await?;
            self.status("trimtab", name, status).await?;
        }
        self.api("root", "Recommendation", "shop").delete("deploy-leaving", &DeleteParams::default()).await?;
        // People's proposals: their risk, and the proposal it is about. One has none yet, one was changed since.
        for (who, name, risk) in [
            ("eve", "by-eve", json!({"level": "Low", "proposalDigest": WEB})),
            ("ada", "by-ada", json!({"level": "High", "proposalDigest": WEB})),
            ("ada", "unsigned", json!({"level": "Critical", "proposalDigest": WEB})),
            ("ada", "tame", json!({"level": "Medium", "proposalDigest": WEB})),
            ("ada", "changed", json!({"level": "Low", "proposalDigest": OLD})),
            ("ada", "undated", json!({"level": "Low"})),
            ("ada", "unassessed", Value::Null),
            ("ada", "unassessed-unsigned", Value::Null),
        ] {
            let requester = json!({"metadata": {"annotations": {"trimtab.dev/requested-by": who}}});
            let object = if name.ends_with("unsigned") { proposal() } else { proposal_with(requester) };
            self.put(who, name, object).await?;
            self.status("trimtab", name, json!({"proposalDigest": WEB, "risk": risk})).await?;
        }
        // A person's proposal that is in force, and a policy's that was just rejected.
        self.put("eve", "mine", proposal()).await?;
        self.status("trimtab", "mine", json!({"proposalDigest": WEB, "rollout": carried_out()})).await?;
        self.put("trimtab", "sts-denied", made()).await?;
        self.status("trimtab", "sts-denied", json!({"proposalDigest": WEB})).await?;
        self.merge("ada", "sts-denied", rejected("ada", WEB)).await?;
        self.applied("ada", "deploy-api", "approvals", approve("ada", API)).await?;
        self.applied("ada", "deploy-roll", "approvals", approve("ada", API)).await?;
        let params = PatchParams { field_manager: Some("kubectl-patch".into()), ..PatchParams::default() };
        let held = self.api("ada", "Recommendation", "shop");
        held.patch("deploy-held", &params, &Patch::Merge(&approve("ada", API))).await?;
        let sizes = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "AppliedSizes", "metadata": {"name": "trimtab"},
            "spec": sizes::spec()});
        let profile = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "UsageProfile", "metadata": {"name": "deploy-web"},
            "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
        for (kind, object) in [("AppliedSizes", sizes), ("UsageProfile", profile)] {
            let object = serde_json::from_value(object)?;
            self.api("trimtab", kind, "shop").create(&PostParams::default(), &object).await?;
        }
        // Dates in managedFields are in whole seconds: a later write must be distinguishable from these.
        let begin = std::time::Instant::now();
        eventually(SOON, "the next second", async || {
            ensure!(begin.elapsed() > Duration::from_millis(1100));
            Ok(())
        })
        .await
    }

    /// Creates a recommendation in `shop`.
    pub async fn put(&self, who: &str, name: &str, mut object: Value) -> Result<()> {
        object["apiVersion"] = json!("trimtab.dev/v1alpha1");
        object["kind"] = json!("Recommendation");
        object["metadata"]["name"] = json!(name);
        let object = serde_json::from_value(object)?;
        self.api(who, "Recommendation", "shop").create(&PostParams::default(), &object).await?;
        Ok(())
    }

    /// Writes its status.
    pub async fn status(&self, who: &str, name: &str, status: Value) -> Result<()> {
        let patch = json!({"status": status});
        let api = self.api(who, "Recommendation", "shop");
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        Ok(())
    }

    /// Server-side apply by a field manager.
    pub async fn applied(&self, who: &str, name: &str, manager: &str, body: Value) -> Result<()> {
        let mut body = body;
        body["apiVersion"] = json!("trimtab.dev/v1alpha1");
        body["kind"] = json!("Recommendation");
        body["metadata"]["name"] = json!(name);
        let api = self.api(who, "Recommendation", "shop");
        api.patch(name, &PatchParams::apply(manager), &Patch::Apply(&body)).await?;
        Ok(())
    }

    /// Merge patch of a recommendation in `shop`, with that person's own field manager: with a shared one, a write a
    /// second later would renew the date of somebody else's approval, which the guard refuses.
    pub async fn merge(&self, who: &str, name: &str, body: Value) -> Result<DynamicObject> {
        let api = self.api(who, "Recommendation", "shop");
        let params = PatchParams { field_manager: Some(format!("{who}-client")), ..PatchParams::default() };
        Ok(api.patch(name, &params, &Patch::Merge(&body)).await?)
    }

    pub fn client(&self, who: &str) -> Client {
        self.people[who].client.clone()
    }

    /// An API of one of Trimtab's kinds as somebody.
    pub fn api(&self, who: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let plural = match kind {
            "AppliedSizes" => "appliedsizes".to_owned(),
            other => format!("{}s", other.to_lowercase()),
        };
        let resource =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("trimtab.dev", "v1alpha1", kind), &plural);
        Api::namespaced_with(self.client(who), namespace, &resource)
    }

    /// An object of `shop` with everything that is stored.
    pub async fn seen(&self, kind: &str, name: &str) -> Result<Option<Value>> {
        let found = self.api("root", kind, "shop").get_opt(name).await?;
        Ok(found.map(serde_json::to_value).transpose()?)
    }

    /// `kubectl` as somebody.
    pub async fn kubectl(&self, who: &str, args: &[&str]) -> Result<String> {
        self.plane.kubectl_as(&self.people[who].kubeconfig, args).await
    }
}
