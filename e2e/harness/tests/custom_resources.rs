//! Custom resources that own their pods are sized once they are named: with the permissions of the manifest and an
//! extra role, also where a definition or a permission comes later. A Rollout without a template uses that of its
//! Deployment.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{ApiResource, PostParams},
    core::{DynamicObject, GroupVersionKind},
};
use serde_json::{Value, json};
use support::{Cluster, Running, SOON, deployment, modest, namespace, policy, prometheus};
use trimtab_e2e::{PlaneOptions, eventually, repository};

use crate::support;

const OWN: &str = "trimtab-system";
/// Long enough for anything that is polled every half minute.
const NOTICED: Duration = Duration::from_secs(120);

/// A definition whose objects have a pod template, with the subresource `scale` or without.
fn definition(group: &str, version: &str, kind: &str, scale: bool) -> Value {
    let plural = format!("{}s", kind.to_lowercase());
    let mut subresources = json!({"status": {}});
    if scale {
        subresources["scale"] = json!({"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"});
    }
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
            "versions": [{"name": version, "served": true, "storage": true, "subresources": subresources, "schema": {
                "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

fn object(api_version: &str, kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec})
}

fn template(app: &str) -> Value {
    deployment("shop", app, 1)["spec"]["template"].clone()
}

async fn defined(cluster: &Cluster, definitions: &[Value]) -> Result<()> {
    cluster.apply(definitions).await?;
    cluster.plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]).await?;
    Ok(())
}

/// Creates an object of the kind with one pod, as its controller would.
async fn sized(cluster: &Cluster, api_version: &str, kind: &str, name: &str) -> Result<()> {
    let spec = json!({"replicas": 1, "template": template(name)});
    cluster.apply(&[object(api_version, kind, name, spec)]).await?;
    let pod = format!("{name}-x2x4z");
    owned(cluster, api_version, kind, name, "Pod", &pod, json!({"labels": {"app": name}})).await?;
    runs(cluster, &pod).await
}

/// Creates a pod or a ReplicaSet controlled by the object.
async fn owned(
    cluster: &Cluster,
    api_version: &str,
    kind: &str,
    name: &str,
    what: &str,
    made: &str,
    more: Value,
) -> Result<()> {
    let (group, version) = api_version.split_once('/').unwrap();
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    let owner: Api<DynamicObject> = Api::namespaced_with(cluster.client.clone(), "shop", &resource);
    let uid = owner.get(name).await?.metadata.uid;
    let mut metadata = json!({"name": made, "namespace": "shop", "ownerReferences": [
        {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": true}]});
    metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (api_version, resource, spec) = match what {
        "Pod" => ("v1", ApiResource::erase::<Pod>(&()), template(name)["spec"].clone()),
        _ => {
            let gvk = GroupVersionKind::gvk("apps", "v1", what);
            let spec = json!({"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template(name)});
            ("apps/v1", ApiResource::from_gvk(&gvk), spec)
        }
    };
    let object = json!({"apiVersion": api_version, "kind": what, "metadata": metadata, "spec": spec});
    let api: Api<DynamicObject> = Api::namespaced_with(cluster.client.clone(), "shop", &resource);
    api.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    Ok(())
}

async fn runs(cluster: &Cluster, name: &str) -> Result<()> {
    eventually(SOON, &format!("pod {name} runs"), async || {
        let pods = cluster.pods().await?;
        let ours = |p: &&Pod| p.metadata.name.as_deref().is_some_and(|n| n.starts_with(name));
        let phase = pods.iter().find(ours).and_then(|p| p.status.as_ref()?.phase.clone());
        ensure!(phase.as_deref() == Some("Running"), "{phase:?}");
        Ok(())
    })
    .await
}

/// The permission to read a kind, as `docs/custom-resources.md` has it for CloneSets.
fn right(plural: &str) -> Vec<Value> {
    let page = std::fs::read_to_string(repository().join("docs/custom-resources.md")).unwrap();
    let (_, block) = page.split_once("```yaml\napiVersion: rbac.authorization.k8s.io/v1\n").unwrap();
    let block = format!("apiVersion: rbac.authorization.k8s.io/v1\n{}", block.split("```").next().unwrap());
    let block = block.replace("apps.kruise.io", "example.com").replace("[clonesets]", &format!("[{plural}]"));
    let block = block.replace("trimtab-workload-kinds", &format!("trimtab-{plural}"));
    block.split("---").map(|document| serde_yaml::from_str(document).unwrap()).collect()
}

/// The message of `Ready` once it contains all of `parts` and none of `absent`.
async fn ready_says(cluster: &Cluster, parts: &[&str], absent: &[&str]) -> Result<()> {
    eventually(NOTICED, &format!("Ready says {parts:?}"), async || {
        let (status, reason, message) = cluster.condition("shop", "Ready").await?;
        ensure!(status == "True", "{reason}: {message}");
        ensure!(parts.iter().all(|part| message.contains(part)), "{message}");
        ensure!(!absent.iter().any(|part| message.contains(part)), "{message}");
        Ok(())
    })
    .await
}

async fn recommended(cluster: &Cluster, name: &str) -> Result<DynamicObject> {
    eventually(NOTICED, &format!("Recommendation {name}"), async || cluster.recommendation("shop", name).await).await
}

#[tokio::test]
async fn custom_resources_are_sized_once_they_are_named_and_may_be_seen() -> Result<()> {
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    let rights = repository().join("deploy/rbac.yaml");
    cluster.apply(&[namespace("shop"), namespace(OWN)]).await?;
    cluster.plane.kubectl(&["apply", "-f", rights.to_str().unwrap()]).await?;
    let definitions = [("Flock", true), ("Hidden", true), ("Plain", false)];
    let definitions = definitions.map(|(kind, scale)| definition("example.com", "v1", kind, scale));
    defined(&cluster, &definitions).await?;
    cluster.apply(&[right("flocks"), right("lates"), right("plains")].concat()).await?;
    for (kind, name) in [("Flock", "web"), ("Hidden", "api"), ("Plain", "small")] {
        sized(&cluster, "example.com/v1", kind, name).await?;
    }
    // Another one owns a ReplicaSet, which owns the pod.
    let spec = json!({"replicas": 1, "template": template("sets")});
    cluster.apply(&[object("example.com/v1", "Flock", "sets", spec)]).await?;
    owned(&cluster, "example.com/v1", "Flock", "sets", "ReplicaSet", "sets-5d4f8c7b9d", json!({})).await?;
    runs(&cluster, "sets-5d4f8c7b9d-").await?;
    cluster.apply(&[policy("shop", &["shop"])]).await?;

    let history = cluster.history(9, |_| Some(modest)).await?;
    let (prometheus, _data) = prometheus(history).await?;
    let kubeconfig = cluster.plane.service_account_kubeconfig(OWN, "trimtab", &[]).await?;
    let kinds = ["Flock", "Hidden", "Plain", "Late"].map(|kind| format!("{kind}.v1.example.com")).join(",");
    let args =
        ["--namespace", OWN, "--prometheus-url", prometheus.url(), "--interval", "5s", "--workload-kinds", &kinds];
    let trimtab = Running::start_as_installed(&kubeconfig, cluster.plane.dir(), "trimtab", &args)?;
    eventually(SOON, "all is watched but what may not be", async || {
        let (code, body) = trimtab.get("/readyz").await?;
        let says = "[-]hiddens.example.com failed: Forbidden: verb list on hiddens.example.com\nreadyz check failed\n";
        ensure!(code == 503 && body == says, "{code} {body}");
        Ok(())
    })
    .await?;

    for name in ["flock-web", "flock-sets"] {
        let found = recommended(&cluster, name).await?;
        let target = &found.data["spec"]["targetRef"];
        ensure!(target["apiVersion"] == "example.com/v1" && target["kind"] == "Flock", "{target}");
        let factors = found.data["status"]["risk"]["factors"].to_string();
        ensure!(factors.contains("CustomResource"), "{factors}");
    }
    let grant = "Hidden is named by --workload-kinds but not sized, Forbidden: verb list on hiddens.example.com: grant \
                 the controller list and watch on hiddens of apiGroup example.com";
    let says = [grant, "Plain has no subresource scale", "the API server has no Late in example.com/v1"];
    ready_says(&cluster, &says, &[]).await?;
    ensure!(cluster.recommendations("shop").await?.len() == 2, "only what may be seen");
    let unowned = cluster.policy_status("shop").await?["unownedPods"].to_string();
    ensure!(unowned.contains("Hidden") && unowned.contains("Plain"), "{unowned}");

    // A permission and a definition added later are noticed without a restart, as are workloads that ran before.
    cluster.apply(&right("hiddens")).await?;
    recommended(&cluster, "hidden-api").await?;
    defined(&cluster, &[definition("example.com", "v1", "Late", true)]).await?;
    sized(&cluster, "example.com/v1", "Late", "later").await?;
    eventually(NOTICED, "the late one is looked at", async || {
        let skipped = cluster.policy_status("shop").await?["skipped"].to_string();
        ensure!(skipped.contains("Late shop/later"), "{skipped}");
        Ok(())
    })
    .await?;
    trimtab.ready(SOON).await?;
    ready_says(&cluster, &["Plain has no subresource scale"], &["Hidden", "Late"]).await
}

#[tokio::test]
async fn a_rollout_that_refers_to_a_deployment_is_sized_by_its_template() -> Result<()> {
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    defined(&cluster, &[definition("argoproj.io", "v1alpha1", "Rollout", true)]).await?;
    let rollout = |name: &str, deployment: &str| {
        let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment});
        object("argoproj.io/v1alpha1", "Rollout", name, json!({"replicas": 1, "workloadRef": target}))
    };
    // Argo Rollouts has scaled the Deployment to zero and runs the pods itself.
    cluster
        .apply(&[namespace("shop"), deployment("shop", "web", 0), rollout("web", "web"), rollout("lost", "nowhere")])
        .await?;
    owned(&cluster, "argoproj.io/v1alpha1", "Rollout", "web", "ReplicaSet", "web-5d4f8c7b9d", json!({})).await?;
    runs(&cluster, "web-5d4f8c7b9d-").await?;
    cluster.apply(&[policy("shop", &["shop"])]).await?;
    let (prometheus, _data) = prometheus(cluster.history(9, |_| Some(modest)).await?).await?;
    let trimtab = cluster.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "5s"])?;
    trimtab.ready(SOON).await?;

    let found = recommended(&cluster, "rollout-web").await?;
    let factors = found.data["status"]["risk"]["factors"].to_string();
    ensure!(factors.contains("its template is that of Deployment web"), "{factors}");
    eventually(SOON, "the others are skipped, each for its reason", async || {
        let skipped = cluster.policy_status("shop").await?["skipped"].clone();
        for (reason, workload) in [("SizedAsRollout", "Deployment shop/web"), ("NoPodTemplate", "Rollout shop/lost")] {
            let rows = skipped.as_array().cloned().unwrap_or_default();
            let row = rows.iter().find(|row| row["reason"] == reason);
            ensure!(row.is_some_and(|row| row["workloads"] == json!([workload])), "{reason}: {skipped}");
        }
        Ok(())
    })
    .await
}
