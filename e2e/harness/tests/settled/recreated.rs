//! The workload goes and its pods stay: `kubectl delete --cascade=orphan`, alone or before it is created again. No pod
//! keeps the size of a rollout whose workload is gone; where a workload of another name adopts it, nothing starts from that.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams, PropagationPolicy},
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use super::{
    stage::{A_ROLLOUT, Stage, TEMPLATE, stateful_set},
    support::{condition, deployment},
};

/// In mid-rollout, and created again at once.
pub async fn midway(stage: &Stage) -> Result<()> {
    let pauses = json!([{"replicas": 1, "pause": "10m"}, {"replicas": "100%"}]);
    stage.policy("adopt-mid", |spec| spec["rolloutStrategy"]["steps"] = pauses).await?;
    stage.midway("adopt-mid", "deploy-web", "web").await?;
    let pods = pods(stage, "adopt-mid", "web").await?;
    orphan(stage, "adopt-mid", "deployments", "web").await?;
    create(stage, "adopt-mid", deployment("adopt-mid", "web", 2)).await?;
    restored(stage, "adopt-mid", "web", &pods).await
}

/// While its size is in force.
pub async fn in_force(stage: &Stage) -> Result<()> {
    stage.policy("adopt-force", |_| {}).await?;
    stage.apply("adopt-force", "deploy-web").await?;
    let pods = pods(stage, "adopt-force", "web").await?;
    orphan(stage, "adopt-force", "deployments", "web").await?;
    create(stage, "adopt-force", deployment("adopt-force", "web", 2)).await?;
    restored(stage, "adopt-force", "web", &pods).await?;
    // What is proposed for the new workload starts from its template's size.
    let rec = eventually(A_ROLLOUT, "the old change is over", async || {
        let rec = stage.recs("adopt-force").get("deploy-web").await?;
        ensure!(rec.data["status"]["rollout"]["result"] == "Superseded", "{}", rec.data["status"]["rollout"]);
        Ok(rec)
    })
    .await?;
    let undo = &rec.data["status"]["rollout"]["undo"];
    let said = undo["message"].as_str().unwrap_or_default();
    ensure!(said.contains("kept the size of this rollout"), "{undo} {:?}", condition(&rec, "Ready"));
    Ok(())
}

/// A StatefulSet, whose pods have no owner in between.
pub async fn of_a_stateful_set(stage: &Stage) -> Result<()> {
    stage.policy("adopt-set", |_| {}).await?;
    stage.apply("adopt-set", "sts-db").await?;
    let pods = pods(stage, "adopt-set", "db").await?;
    orphan(stage, "adopt-set", "statefulsets", "db").await?;
    create(stage, "adopt-set", stateful_set("adopt-set", "db")).await?;
    restored(stage, "adopt-set", "db", &pods).await
}

/// With its pods, as `kubectl replace --force` does: the first new pods may still be sized by the entry of the old one.
pub async fn with_its_pods(stage: &Stage) -> Result<()> {
    stage.policy("replaced", |_| {}).await?;
    stage.apply("replaced", "deploy-web").await?;
    workloads(stage, "replaced", "deployments").delete("web", &DeleteParams::default()).await?;
    create(stage, "replaced", deployment("replaced", "web", 2)).await?;
    stage.is_former("replaced", "web", 2).await?;
    stage.has_no_entry("replaced", "Deployment/web").await
}

/// Its pods are as Trimtab leaves them for a workload of another name that adopts them before it sees them alone.
pub async fn with_pods_of_another(stage: &Stage) -> Result<()> {
    let pods: Api<Pod> = Api::namespaced(stage.guarded.cluster.client.clone(), "adopted");
    let params = PatchParams { field_manager: Some("trimtab-recommendation".to_owned()), ..PatchParams::default() };
    let resources = json!({"requests": {"memory": "256Mi"}, "limits": {"memory": "256Mi"}});
    let body = json!({"spec": {"containers": [{"name": "app", "resources": resources}]}});
    for (pod, _) in stage.guarded.sizes("adopted", "web").await? {
        pods.patch_resize(&pod, &params, &Patch::Strategic(&body)).await?;
    }
    stage.propose("adopted", "web", json!([])).await?;
    stage.stands("adopted", "mine", "PendingApproval").await?;
    stage.guarded.decide("adopted", "mine", "Approved").await?;
    let waits = stage.stands("adopted", "mine", "Blocked").await?;
    let gates = waits.data["status"]["gates"].as_array().cloned().unwrap_or_default();
    let of_pods = gates.iter().find(|gate| gate["gate"] == "Pods").with_context(|| format!("{gates:?}"))?;
    let said = of_pods["message"].as_str().unwrap_or_default();
    let difference = "app: requests.memory 256Mi instead of 512Mi, limits.memory 256Mi instead of 512Mi";
    ensure!(of_pods["reason"] == "LeftoverSize" && said.contains(difference), "{of_pods}");
    // As the message says.
    let (_, restart) = said.rsplit_once("kubectl ").context("no command")?;
    let args: Vec<&str> = restart.split(' ').chain(["-n", "adopted"]).collect();
    stage.guarded.cluster.plane.kubectl(&args).await?;
    eventually(A_ROLLOUT, "it begins once the pods are restarted", async || {
        let rollout = stage.recs("adopted").get("mine").await?.data["status"]["rollout"].clone();
        ensure!(rollout["former"][0]["requests"]["memory"] == TEMPLATE, "{rollout}");
        Ok(())
    })
    .await
}

/// It is not created again: its pods stay alone, and the Recommendation is withdrawn.
pub async fn for_good(stage: &Stage) -> Result<()> {
    stage.policy("orphan", |_| {}).await?;
    stage.apply("orphan", "deploy-web").await?;
    let pods = pods(stage, "orphan", "web").await?;
    orphan(stage, "orphan", "deployments", "web").await?;
    restored(stage, "orphan", "web", &pods).await?;
    eventually(A_ROLLOUT, "the Recommendation is withdrawn", async || {
        let left = stage.recs("orphan").get_opt("deploy-web").await?;
        ensure!(left.is_none(), "{}", left.map(|r| r.data["status"].clone()).unwrap_or_default());
        Ok(())
    })
    .await
}

/// The names of the pods of an app.
async fn pods(stage: &Stage, space: &str, app: &str) -> Result<Vec<String>> {
    let sizes = stage.guarded.sizes(space, app).await?;
    ensure!(sizes.iter().any(|(_, size)| size["requests"]["memory"] != TEMPLATE), "nothing is changed: {sizes:?}");
    Ok(sizes.into_iter().map(|(pod, _)| pod).collect())
}

/// Deletes a workload without its pods, and waits until it is gone.
async fn orphan(stage: &Stage, space: &str, plural: &str, name: &str) -> Result<()> {
    let api = workloads(stage, space, plural);
    let params = DeleteParams { propagation_policy: Some(PropagationPolicy::Orphan), ..DeleteParams::default() };
    api.delete(name, &params).await?;
    eventually(A_ROLLOUT, &format!("{space}/{name} is gone"), async || {
        ensure!(api.get_opt(name).await?.is_none(), "it is still there");
        Ok(())
    })
    .await
}

async fn create(stage: &Stage, space: &str, object: Value) -> Result<()> {
    let plural = format!("{}s", object["kind"].as_str().unwrap_or_default().to_lowercase());
    workloads(stage, space, &plural).create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    Ok(())
}

fn workloads(stage: &Stage, space: &str, plural: &str) -> Api<DynamicObject> {
    let kind = if plural == "deployments" { "Deployment" } else { "StatefulSet" };
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("apps", "v1", kind), plural);
    Api::namespaced_with(stage.guarded.cluster.client.clone(), space, &resource)
}

/// Waits until each of the same pods has the size of the template.
async fn restored(stage: &Stage, space: &str, app: &str, pods: &[String]) -> Result<()> {
    eventually(A_ROLLOUT, &format!("the pods of {space}/{app} have their former size"), async || {
        let sizes = stage.guarded.sizes(space, app).await?;
        let names: Vec<&String> = sizes.iter().map(|(pod, _)| pod).collect();
        ensure!(names == pods.iter().collect::<Vec<_>>(), "they are others: {names:?}, not {pods:?}");
        ensure!(sizes.iter().all(|(_, size)| size["requests"]["memory"] == TEMPLATE), "{sizes:?}");
        Ok(())
    })
    .await
}
