//! Applies objects to the cluster: by server-side apply, so that a second run changes nothing.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::{Namespace as NamespaceObject, Node};
use kube::{
    Client,
    api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams},
};
use serde::Deserialize;
use serde_json::Value;
use trimtab_e2e::eventually;

use crate::{fleet::Namespace, manifests};

const MANAGER: &str = "trimtab-demo";
/// Concurrent requests.
const AT_ONCE: usize = 8;
/// The label of the demo's namespaces and of its release, so that no others are touched.
pub const PART_OF: (&str, &str) = ("app.kubernetes.io/part-of", "trimtab-demo");

/// Installs the CRDs.
///
/// # Errors
/// When the API server refuses one.
pub async fn crds(client: &Client, repository: &Path) -> Result<()> {
    let dir = repository.join("crds");
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .with_context(|| dir.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.sort();
    for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "yaml")) {
        file(client, path).await?;
    }
    Ok(())
}

/// Waits until the CRDs are served.
///
/// # Errors
/// When that takes longer than half a minute.
pub async fn crds_served(client: &Client) -> Result<()> {
    eventually(Duration::from_secs(30), "the CRDs served", async || {
        let groups = client.list_api_group_resources("trimtab.dev/v1alpha1").await?;
        // Policies are applied next: one kind may be served before another.
        for kind in ["AppliedSizes", "OptimizationPolicy", "PriceBook", "Recommendation", "UsageProfile"] {
            ensure!(groups.resources.iter().any(|r| r.kind == kind), "no {kind}");
        }
        Ok(())
    })
    .await
}

/// Creates nodes and waits until they are Ready.
///
/// # Errors
/// When the API server refuses one, or they are not Ready within a minute.
pub async fn nodes(client: &Client, nodes: &[Value]) -> Result<()> {
    let api: Api<Node> = Api::all(client.clone());
    for node in nodes {
        api.create(&PostParams::default(), &serde_json::from_value(node.clone())?).await?;
    }
    eventually(Duration::from_secs(60), "nodes Ready", async || {
        let list = api.list(&Default::default()).await?;
        let ready = |n: &&Node| {
            let conditions = n.status.as_ref().and_then(|s| s.conditions.as_ref());
            conditions.is_some_and(|c| c.iter().any(|c| c.type_ == "Ready" && c.status == "True"))
        };
        let count = list.items.iter().filter(ready).count();
        ensure!(count >= nodes.len(), "{count} of {}", nodes.len());
        Ok(())
    })
    .await
}

/// Creates the demo's namespaces with their quotas and LimitRanges, and waits for their default ServiceAccounts.
///
/// # Errors
/// When a namespace of that name already exists and is not the demo's.
pub async fn namespaces(client: &Client, all: &[Namespace]) -> Result<()> {
    let api: Api<NamespaceObject> = Api::all(client.clone());
    for n in all {
        let there = api.get_opt(n.name).await?;
        if there.is_some() && !is_ours(&there) {
            bail!("the namespace {} is there already and not the demo's: nothing was changed", n.name);
        }
    }
    for n in all {
        for object in manifests::namespace(n) {
            one(client, object).await?;
        }
    }
    let accounts =
        all.iter().map(|n| Api::<k8s_openapi::api::core::v1::ServiceAccount>::namespaced(client.clone(), n.name));
    for api in accounts {
        eventually(Duration::from_secs(30), "default ServiceAccount", async || {
            Ok(api.get("default").await.map(drop)?)
        })
        .await?;
    }
    Ok(())
}

/// Applies objects, several concurrently.
///
/// # Errors
/// The first one that the API server refuses.
pub async fn objects(client: &Client, all: Vec<Value>) -> Result<()> {
    stream::iter(all.into_iter().map(|o| one(client, o))).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(())
}

/// Applies every object of a YAML file in order.
///
/// # Errors
/// When the file cannot be read, or the API server refuses an object.
pub async fn file(client: &Client, path: &Path) -> Result<()> {
    for object in documents(path)? {
        one(client, object).await.with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// The objects of a YAML file.
///
/// # Errors
/// When it cannot be read.
pub fn documents(path: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_yaml::Deserializer::from_str(&text)
        .map(Value::deserialize)
        .filter(|object| !matches!(object, Ok(Value::Null)))
        .map(|object| object.with_context(|| path.display().to_string()))
        .collect()
}

/// The names of the objects of one kind in a YAML file.
///
/// # Errors
/// When it cannot be read.
pub fn names(path: &Path, kind: &str) -> Result<Vec<String>> {
    let all = documents(path)?.into_iter().filter(|o| o["kind"] == kind);
    Ok(all.filter_map(|o| o["metadata"]["name"].as_str().map(str::to_owned)).collect())
}

/// The API of an object, by its own fields. Plurals are guessed, which is correct for all kinds used here.
///
/// # Errors
/// When it does not say its kind.
pub fn api_of(client: &Client, object: &Value) -> Result<Api<DynamicObject>> {
    let text = |key: &str| object[key].as_str().with_context(|| format!("an object without {key}"));
    let version = text("apiVersion")?;
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, text("kind")?));
    Ok(match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    })
}

async fn one(client: &Client, object: Value) -> Result<()> {
    let name = object["metadata"]["name"].as_str().context("an object without a name")?.to_owned();
    let params = PatchParams::apply(MANAGER).force();
    api_of(client, &object)?
        .patch(&name, &params, &Patch::Apply(&object))
        .await
        .with_context(|| format!("{} {name}", object["kind"].as_str().unwrap_or_default()))?;
    Ok(())
}

/// Whether a namespace was made by the demo.
pub fn is_ours(namespace: &Option<NamespaceObject>) -> bool {
    let labels = namespace.as_ref().and_then(|n| n.metadata.labels.as_ref());
    labels.and_then(|l| l.get(PART_OF.0)).map(String::as_str) == Some(PART_OF.1)
}
