//! Another admission policy admits a template but refuses the size of new pods: then it is undone within seconds.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::Pod};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use super::{
    stage::{Stage, TEMPLATE},
    support::SOON,
};

/// How soon it is undone, from the moment at which no pod can be created.
const TAKEN_BACK: Duration = Duration::from_secs(15);

/// All pods are deleted, and none can be created with the size.
pub async fn of_a_deployment(stage: &Stage) -> Result<()> {
    let space = "refused";
    stage.policy(space, |_| {}).await?;
    stage.apply(space, "deploy-web").await?;
    in_place(stage, space, "web").await?;
    let pods: Api<Pod> = Api::namespaced(stage.guarded.cluster.client.clone(), space);
    let begin = Instant::now();
    pods.delete_collection(&DeleteParams::default(), &ListParams::default().labels("app=web")).await?;
    is_taken_back(stage, space, "Deployment/web", begin).await?;
    stage.is_former(space, "web", 2).await?;
    is_said(stage, space, "deploy-web").await
}

/// The first pod stays, and the second cannot be created.
pub async fn of_a_stateful_set(stage: &Stage) -> Result<()> {
    let space = "refused-set";
    stage.policy(space, |_| {}).await?;
    stage.apply(space, "sts-db").await?;
    in_place(stage, space, "db").await?;
    let sets: Api<StatefulSet> = Api::namespaced(stage.guarded.cluster.client.clone(), space);
    let begin = Instant::now();
    let two = json!({"spec": {"replicas": 2}});
    sets.patch("db", &PatchParams::default(), &Patch::Merge(&two)).await?;
    is_taken_back(stage, space, "StatefulSet/db", begin).await?;
    stage.is_former(space, "db", 2).await?;
    is_said(stage, space, "sts-db").await
}

/// A minimum of memory for pods of a namespace, none for templates; returns once the API server enforces it.
async fn in_place(stage: &Stage, space: &str, app: &str) -> Result<()> {
    let memory = stage.memory(space, app).await?;
    ensure!(memory.iter().all(|m| m != TEMPLATE), "it is below that of the template: {memory:?}");
    let enough =
        "object.spec.containers.all(c, quantity(c.resources.requests['memory']).compareTo(quantity('512Mi')) >= 0)";
    let name = format!("least-memory-{space}");
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name}, "spec": {"failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["pods"]}]},
            "validations": [{"expression": enough, "message": "a pod has at least 512Mi of memory"}]}});
    let binding = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}}}}});
    let dir = stage.guarded.cluster.plane.dir();
    for (part, object) in [("policy", policy), ("binding", binding)] {
        let path = dir.join(format!("{name}-{part}.json"));
        std::fs::write(&path, serde_json::to_vec(&object)?)?;
        stage.guarded.cluster.plane.kubectl(&["apply", "-f", path.to_str().unwrap()]).await?;
    }
    let pods: Api<Pod> = Api::namespaced(stage.guarded.cluster.client.clone(), space);
    let small: Pod = serde_json::from_value(json!({"metadata": {"name": "small"}, "spec": {"containers": [
        {"name": "app", "image": "fake/app:1", "resources": {"requests": {"memory": "1Mi"}}}]}}))?;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    eventually(SOON, "small pods are refused", async || match pods.create(&dry, &small).await {
        Err(error) if error.to_string().contains("at least 512Mi") => Ok(()),
        other => bail!("{other:?}"),
    })
    .await
}

async fn is_taken_back(stage: &Stage, space: &str, key: &str, begin: Instant) -> Result<()> {
    eventually(TAKEN_BACK, "new pods get what the template says", async || stage.has_no_entry(space, key).await)
        .await?;
    println!("         {space}: taken back after {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

/// The Recommendation and an event say why.
async fn is_said(stage: &Stage, space: &str, name: &str) -> Result<()> {
    let rec = stage.stands(space, name, "RolledBack").await?;
    let undo = &rec.data["status"]["rollout"]["undo"];
    ensure!(undo["reason"] == "PodsRefused" && undo["message"].to_string().contains("at least 512Mi"), "{undo}");
    let uid = rec.metadata.uid.clone();
    let events: Api<k8s_openapi::api::events::v1::Event> = Api::namespaced(stage.guarded.cluster.client.clone(), space);
    eventually(SOON, "an event says so", async || {
        let events = events.list(&ListParams::default()).await?.items;
        let of_it = events.iter().filter(|e| e.regarding.as_ref().is_some_and(|r| r.uid == uid));
        let said: Vec<Value> = of_it.map(|e| json!([e.reason, e.note])).collect();
        let found = said.iter().any(|e| e[0] == "RollingBack" && e[1].to_string().contains("cannot create pods"));
        ensure!(found, "{said:?}");
        Ok(())
    })
    .await
}
