//! The floor of a rollout: what the control plane uses for the same resizes without Trimtab, and for nothing at all.
//!
//! In: the figures of a rollout. Out: what was used while the benchmark resized each pod once, at the rollout's pace
//! and for as long as it took, and what was used in as long a time without any resize. It is the same cluster, and
//! nothing of Trimtab is installed. As during a rollout, the benchmark asks the API server nothing else meanwhile.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, Resource,
    api::{ListParams, Patch, PatchParams},
    core::{PartialObjectMeta, Request},
};
use serde::{Serialize, de::IgnoredAny};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};
use trimtab_e2e::{Plane, eventually, rule};

use super::{
    Figures, cluster,
    requests::{account, per_workload, resized_after},
    span::{Cost, Span},
};
use crate::speed::{Size, World, progress};

/// The account that resizes.
const RESIZER: &str = "resizer";
/// The new CPU request, half of the former one.
const CPU: &str = "500m";
/// The new memory request, half of the former one.
const MEMORY: &str = "512Mi";
/// How many resizes may be under way, as in Trimtab.
const AT_ONCE: usize = 32;
/// What is asked for in return, as by Trimtab.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
/// How long the control plane is looked at to see whether it is at rest.
const LOOK: Duration = Duration::from_secs(10);
/// It is at rest when it uses at least this share of what it used in the look before.
const SAME: f64 = 0.9;

type Meta = PartialObjectMeta<Pod>;

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Floor {
    /// Pods that were resized.
    pub pods: usize,
    /// Seconds until the last one was.
    pub all_resized_seconds: f64,
    /// What was used for the resizes alone.
    pub resizes: Cost,
    /// What was used for nothing.
    pub nothing: Cost,
    /// Requests per workload while pods were resized.
    pub requests_per_workload: BTreeMap<String, f64>,
}

/// Measures a cluster of this size, `single` Deployments more included, at the pace of `rollout`.
///
/// # Errors
/// When that rollout was of another size, or a pod does not get its new size.
pub async fn measure(size: Size, single: usize, rollout: &Figures) -> Result<Floor> {
    ensure!(rollout.pods == size.pods(), "the figures are of {} pods, and not of {}", rollout.pods, size.pods());
    let world = cluster::world(size, single).await?;
    let rules = [rule(&[""], &["pods/resize"], &["patch"])];
    let kubeconfig = world.plane.service_account_kubeconfig("default", RESIZER, &rules).await?;
    let client = world.plane.client_with(&kubeconfig).await?;
    at_rest(&world.plane).await?;

    let length = Duration::from_secs_f64(rollout.plane.seconds);
    progress(&format!("nothing for {} s", length.as_secs()));
    let span = Span::begin(&world.plane)?;
    sleep(length).await;
    let nothing = span.cost()?;

    let pods = pods(&world, size.pods()).await?;
    let pace = Duration::from_secs_f64(rollout.all_resized_seconds);
    progress(&format!("resizing {} pods within {} s", pods.len(), pace.as_secs()));
    let (span, begun, start) = (Span::begin(&world.plane)?, Timestamp::now(), Instant::now());
    resize_all(&client, &pods, pace).await?;
    sleep_until(start + length).await;
    let (resizes, events) = (span.cost()?, span.requests()?);
    have_new_size(&world, pods.len()).await?;

    let user = account("default", RESIZER);
    let times = resized_after(&events, &user, begun);
    Ok(Floor {
        pods: pods.len(),
        all_resized_seconds: times.last().copied().unwrap_or_default(),
        resizes,
        nothing,
        requests_per_workload: per_workload(&events, &user, size.deployments),
    })
}

/// Waits until what the control plane does about new pods is done: until it uses no less than in the look before.
async fn at_rest(plane: &Plane) -> Result<()> {
    progress("waiting until the control plane is at rest");
    let mut before = f64::INFINITY;
    eventually(Duration::from_secs(300), "the control plane is at rest", async || {
        let span = Span::begin(plane)?;
        sleep(LOOK).await;
        let used = span.cost()?.all();
        let former = std::mem::replace(&mut before, used);
        ensure!(used >= former * SAME, "{used:.2} s in {} s, and {former:.2} s before", LOOK.as_secs());
        Ok(())
    })
    .await
}

/// The pods to resize, each with its uid and version.
async fn pods(world: &World, count: usize) -> Result<Vec<Meta>> {
    let api: Api<Pod> = Api::all(world.client.clone());
    let mut pods = api.list_metadata(&ListParams::default().labels("bench=speed")).await?.items;
    ensure!(pods.len() >= count, "{} pods, fewer than {count}", pods.len());
    pods.truncate(count);
    Ok(pods)
}

/// Resizes all, evenly spread over `pace`.
async fn resize_all(client: &Client, pods: &[Meta], pace: Duration) -> Result<()> {
    let (begun, gap) = (Instant::now(), pace.as_secs_f64() / pods.len().max(1) as f64);
    stream::iter(pods.iter().enumerate())
        .map(|(turn, pod)| async move {
            sleep_until(begun + Duration::from_secs_f64(gap * turn as f64)).await;
            resize(client, pod).await
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await
}

/// Resizes one, with the request that Trimtab would send.
async fn resize(client: &Client, pod: &Meta) -> Result<()> {
    let meta = &pod.metadata;
    let name = meta.name.as_deref().context("a pod without a name")?;
    let patch = json!({
        "metadata": {"uid": meta.uid, "resourceVersion": meta.resource_version},
        "spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": CPU, "memory": MEMORY}}}]},
    });
    let params = PatchParams { field_manager: Some("bench".to_owned()), ..PatchParams::default() };
    let pods = Request::new(Pod::url_path(&(), meta.namespace.as_deref()));
    let mut request = pods.patch_subresource("resize", name, &params, &Patch::Strategic(patch))?;
    request.headers_mut().insert("accept", METADATA.parse()?);
    client.request::<IgnoredAny>(request).await.with_context(|| format!("the resize of pod {name}"))?;
    Ok(())
}

/// Checks that the nodes report the new size of this many pods.
async fn have_new_size(world: &World, count: usize) -> Result<()> {
    let api: Api<Pod> = Api::all(world.client.clone());
    let list = api.list(&ListParams::default().labels("bench=speed")).await?.items;
    let there = list.iter().filter(|pod| reported_cpu(pod) == Some(CPU)).count();
    ensure!(there == count, "{there} of {count} pods run with the new size");
    Ok(())
}

/// The CPU request with which the pod runs, as its node reports it.
fn reported_cpu(pod: &Pod) -> Option<&str> {
    let container = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
    Some(container.resources.as_ref()?.requests.as_ref()?.get("cpu")?.0.as_str())
}
