//! A control plane with Trimtab's kinds and the policy in force.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::{
    Client,
    api::{Api, ApiResource, DynamicObject, ListParams, Patch, PatchParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use trimtab_e2e::{Audit, Plane, PlaneOptions, eventually, repository};

use super::shape::{self, Sizes};

pub const SOON: Duration = Duration::from_secs(60);

/// A running plane.
pub struct Bed {
    pub plane: Plane,
    pub client: Client,
}

impl Bed {
    pub async fn start() -> Result<Self> {
        let plane = Plane::start(PlaneOptions { audit: Audit::Off, ..PlaneOptions::default() }).await?;
        let client = plane.client().await?;
        let bed = Self { plane, client };
        bed.apply_file("crds").await?;
        bed.plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]).await?;
        bed.apply_file("policies/sizes.yaml").await?;
        // The server starts to enforce a policy some time after it was stored.
        bed.make(&[shape::namespace("first"), shape::entry("first", "Deployment/web", &[shape::usual()])]).await?;
        bed.sees("first").await?;
        Ok(bed)
    }

    pub async fn apply_file(&self, path: &str) -> Result<()> {
        let path = repository().join(path);
        self.plane.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", path.to_str().unwrap()]).await?;
        Ok(())
    }

    fn api(&self, manifest: &Value) -> Api<DynamicObject> {
        let kind = manifest["kind"].as_str().unwrap();
        let (group, version) = manifest["apiVersion"].as_str().unwrap().split_once('/').unwrap_or(("", "v1"));
        let plural =
            if kind == "AppliedSizes" { "appliedsizes".to_owned() } else { format!("{}s", kind.to_lowercase()) };
        let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), &plural);
        match manifest["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// Applies a manifest and returns its uid.
    pub async fn put(&self, manifest: &Value) -> Result<String> {
        let name = manifest["metadata"]["name"].as_str().unwrap();
        let applied = self.api(manifest).patch(name, &PatchParams::apply("e2e").force(), &Patch::Apply(manifest)).await;
        Ok(applied.with_context(|| format!("{} {name}", manifest["kind"]))?.metadata.uid.unwrap_or_default())
    }

    /// Applies manifests in order.
    pub async fn make(&self, manifests: &[Value]) -> Result<()> {
        for manifest in manifests {
            self.put(manifest).await?;
        }
        Ok(())
    }

    /// Deletes an object.
    pub async fn delete(&self, manifest: &Value) -> Result<()> {
        let name = manifest["metadata"]["name"].as_str().unwrap();
        self.api(manifest).delete(name, &kube::api::DeleteParams::background()).await?;
        Ok(())
    }

    /// Waits until the policy knows the newest entry of a namespace, `Deployment/web` with the usual sizes, by creating
    /// pods in dry runs. Objects of one kind reach it in write order, so it then knows all earlier ones.
    pub async fn sees(&self, namespace: &str) -> Result<()> {
        let pod = shape::pod_of_replica_set(namespace, "web", &json!([shape::app(&shape::usual().from)]));
        eventually(SOON, &format!("the policy sees {namespace}"), async || {
            let sizes = self.dry_run(namespace, &pod).await?;
            ensure!(sizes["app"] == shape::usual().to, "{sizes:?}");
            Ok(())
        })
        .await
    }

    /// Creates a pod in a dry run, and returns its containers' sizes.
    pub async fn dry_run(&self, namespace: &str, pod: &Value) -> Result<Sizes> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let params = kube::api::PostParams { dry_run: true, ..kube::api::PostParams::default() };
        Ok(shape::sizes(&api.create(&params, &serde_json::from_value(pod.clone())?).await?))
    }

    /// The pods of a namespace.
    pub async fn pods(&self, namespace: &str) -> Result<Vec<Pod>> {
        Ok(Api::<Pod>::namespaced(self.client.clone(), namespace).list(&ListParams::default()).await?.items)
    }

    /// Waits for the first pod of a namespace; without one, reports the controllers' errors.
    pub async fn pod(&self, namespace: &str) -> Result<Pod> {
        let first = async || self.pods(namespace).await?.into_iter().next().context("there is none");
        match eventually(SOON, &format!("a pod in {namespace}"), first).await {
            Ok(pod) => Ok(pod),
            Err(error) => {
                let events: Api<Event> = Api::namespaced(self.client.clone(), namespace);
                let events = events.list(&ListParams::default()).await?.items;
                let told: Vec<_> = events.into_iter().filter_map(|e| e.message).collect();
                bail!("{error:#}: {told:?}")
            }
        }
    }

    /// Runs every case, eight at a time, and collects the failures of each.
    pub async fn each<C: Sync>(&self, cases: &[C], check: impl AsyncFn(&C) -> Result<()>) -> Result<()> {
        let wrong: Vec<String> = stream::iter(cases)
            .map(|case| check(case))
            .buffer_unordered(8)
            .map(|result| Ok::<_, anyhow::Error>(result.err().map(|error| format!("{error:#}"))))
            .try_filter_map(async |error| Ok(error))
            .try_collect()
            .await?;
        ensure!(wrong.is_empty(), "{} of {} went wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
        Ok(())
    }
}
