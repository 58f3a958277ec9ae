//! Deletions of every kind: with an owner, with a policy, and by hand. Pods get their former sizes, and nothing is left
//! behind.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams};
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use super::{
    stage::{Stage, TEMPLATE},
    support::SOON,
};

const WEB: &str = "Deployment/web";

/// A person's proposal is garbage-collected with its owner, while one of two pods has the new size.
pub async fn with_its_owner(stage: &Stage) -> Result<()> {
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner", "namespace": "owner"}});
    stage.guarded.cluster.apply(&[owner]).await?;
    let maps: Api<ConfigMap> = Api::namespaced(stage.guarded.cluster.client.clone(), "owner");
    let uid = maps.get("owner").await?.metadata.uid;
    stage
        .propose("owner", "web", json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}]))
        .await?;
    // Without a policy, steps pause for minutes.
    stage.midway("owner", "mine", "web").await?;
    let uid = stage.recs("owner").get("mine").await?.metadata.uid.context("uid")?;
    maps.delete("owner", &DeleteParams::default()).await?;
    stage.is_gone("owner", "mine", &uid).await?;
    stage.is_former("owner", "web", 2).await?;
    stage.has_no_entry("owner", WEB).await?;
    let history = stage.noted("owner", "history", WEB).await?;
    ensure!(history.is_null(), "that it was deleted is no reason against it: {history}");
    Ok(())
}

/// A person's proposal that is rejected, and then garbage-collected with its owner: it was protected before the decision.
pub async fn rejected_with_its_owner(stage: &Stage) -> Result<()> {
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner", "namespace": "owned"}});
    stage.guarded.cluster.apply(&[owner]).await?;
    let maps: Api<ConfigMap> = Api::namespaced(stage.guarded.cluster.client.clone(), "owned");
    let uid = maps.get("owner").await?.metadata.uid;
    stage
        .propose("owned", "web", json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}]))
        .await?;
    eventually(SOON, "it is protected before anybody decides", async || {
        let finalizers = stage.recs("owned").get("mine").await?.metadata.finalizers.unwrap_or_default();
        ensure!(finalizers == ["trimtab.dev/settle"], "{finalizers:?}");
        Ok(())
    })
    .await?;
    stage.guarded.decide("owned", "mine", "Rejected").await?;
    let uid = stage.stands("owned", "mine", "Rejected").await?.metadata.uid.context("uid")?;
    maps.delete("owner", &DeleteParams::default()).await?;
    stage.is_gone("owned", "mine", &uid).await?;
    let by = stage.noted("owned", "history", WEB).await?["rejected"][0]["by"].clone();
    ensure!(by == super::support::APPROVER, "{by}");
    Ok(())
}

/// Waiting proposals are deleted, those under way are undone and deleted, those in force stay until they are rejected.
pub async fn with_its_policy(stage: &Stage) -> Result<()> {
    stage.policy("policy", |_| {}).await?;
    stage.apply("policy", "deploy-before").await?;
    let applied = stage.memory("policy", "before").await?;
    stage.policy("policy", pauses).await?;
    stage.midway("policy", "deploy-midway", "midway").await?;
    stage.stands("policy", "deploy-waiting", "PendingApproval").await?;
    let uid = |name: &'static str| async move { stage.recs("policy").get(name).await?.metadata.uid.context("uid") };
    let [midway, waiting] = [uid("deploy-midway").await?, uid("deploy-waiting").await?];

    let policies = stage.guarded.cluster.api("OptimizationPolicy", "optimizationpolicies", None);
    policies.delete("policy", &DeleteParams::default()).await?;
    stage.is_gone("policy", "deploy-waiting", &waiting).await?;
    stage.is_gone("policy", "deploy-midway", &midway).await?;
    stage.is_former("policy", "midway", 2).await?;
    stage.has_no_entry("policy", "Deployment/midway").await?;
    // The deletion of its policy is no rejection of the change.
    let noted = stage.noted("policy", "history", "Deployment/midway").await?;
    ensure!(noted.is_null(), "{noted}");

    let before = stage.stands("policy", "deploy-before", "Applied").await?;
    ensure!(stage.memory("policy", "before").await? == applied, "what was in force is");
    stage.reject("policy", "deploy-before").await?;
    stage.is_former("policy", "before", 2).await?;
    // Nothing of it is in force any more, and nobody proposes it.
    stage.is_gone("policy", "deploy-before", &before.metadata.uid.context("uid")?).await?;
    stage.has_no_entry("policy", "Deployment/before").await
}

fn pauses(spec: &mut Value) {
    spec["rolloutStrategy"]["steps"] = json!([{"replicas": 1, "pause": "10m"}, {"replicas": "100%"}]);
}

pub async fn in_force(stage: &Stage) -> Result<()> {
    stage.policy("force", |_| {}).await?;
    stage.apply("force", "deploy-web").await?;
    ensure!(!stage.noted("force", "workloads", WEB).await?.is_null(), "new pods get the size");
    let uid = stage.delete("force", "deploy-web").await?;
    stage.is_gone("force", "deploy-web", &uid).await?;
    // It is gone once everything is restored: nothing is left to wait for.
    let memory = stage.memory("force", "web").await?;
    ensure!(memory.iter().all(|m| m == TEMPLATE), "{memory:?}");
    stage.is_former("force", "web", 3).await?;
    stage.has_no_entry("force", WEB).await?;
    // The policy proposes it again: its deletion is no rejection.
    stage.anew("force", "deploy-web", &uid, "PendingApproval").await?;
    Ok(())
}

/// The previous change is undone as well: the original size of the pods is that of the template.
pub async fn after_a_second_change(stage: &Stage) -> Result<()> {
    stage.policy("twice", |_| {}).await?;
    let first = stage.apply("twice", "deploy-web").await?;
    let digest = first.data["status"]["proposalDigest"].clone();
    stage.policy("twice", |spec| spec["sizing"] = json!({"cpu": {"headroomPercent": 100}})).await?;
    eventually(SOON, "something else is proposed", async || {
        let rec = stage.recs("twice").get("deploy-web").await?;
        ensure!(rec.data["status"]["proposalDigest"] != digest, "{digest}");
        Ok(())
    })
    .await?;
    let second = stage.apply("twice", "deploy-web").await?;
    let (first, second) = (&first.data["status"]["rollout"], &second.data["status"]["rollout"]);
    ensure!(second["former"] == first["desired"], "{second}");
    ensure!(second["original"] == first["former"], "{second}");
    let uid = stage.delete("twice", "deploy-web").await?;
    stage.is_gone("twice", "deploy-web", &uid).await?;
    stage.is_former("twice", "web", 2).await?;
    stage.has_no_entry("twice", WEB).await
}
