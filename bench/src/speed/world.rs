//! The cluster for measurements: a control plane with an audit log, simulated nodes, and Deployments that request more
//! than they use.
//!
//! In: how large it is. Out: a cluster whose pods are all ready.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Namespace, Pod},
};
use kube::{
    Api, Client,
    api::{ListParams, PostParams},
};
use serde::Serialize;
use serde_json::json;
use trimtab_e2e::{FakeNode, Kwok, Plane, PlaneOptions, eventually};

use super::progress;

/// Namespaces, `w-00` to `w-19`.
pub const NAMESPACES: usize = 20;
/// Concurrent requests.
const AT_ONCE: usize = 16;
/// Page size of lists.
const PAGE: u32 = 1_000;

/// The size of a cluster.
#[derive(Clone, Copy, Debug, Serialize, clap::Args)]
pub struct Size {
    /// The number of nodes.
    #[arg(long, default_value_t = 100)]
    pub nodes: usize,
    /// The number of Deployments, in 20 namespaces.
    #[arg(long, default_value_t = 1_000)]
    pub deployments: usize,
    /// The number of pods per Deployment.
    #[arg(long, default_value_t = 2)]
    pub replicas: usize,
}

impl Size {
    /// All pods.
    pub fn pods(self) -> usize {
        self.deployments * self.replicas
    }
}

/// A pod and its owners.
#[derive(Debug)]
pub struct PodRow {
    /// Its namespace.
    pub namespace: String,
    /// The Deployment that it belongs to.
    pub deployment: String,
    /// The ReplicaSet between them.
    pub replica_set: String,
    /// Its name.
    pub name: String,
    /// The number of the Deployment, from which its usage is generated.
    pub index: usize,
}

/// A running cluster.
pub struct World {
    /// How large it is.
    pub size: Size,
    /// A client as its admin.
    pub client: Client,
    _kwok: Kwok, // before the plane: fields are dropped in order
    /// The control plane.
    pub plane: Plane,
}

/// The namespace of a Deployment.
pub fn namespace(index: usize) -> String {
    format!("w-{:02}", index % NAMESPACES)
}

/// The name of a Deployment.
pub fn name(index: usize) -> String {
    format!("app-{index:04}")
}

impl World {
    /// Starts it and waits until all pods are ready.
    ///
    /// # Errors
    /// When a part does not come up in time.
    pub async fn start(size: Size) -> Result<Self> {
        Self::with(size, PlaneOptions::default()).await
    }

    /// The same on a control plane with these options.
    ///
    /// # Errors
    /// As [`World::start`].
    pub async fn with(size: Size, mut options: PlaneOptions) -> Result<Self> {
        progress("starting the control plane (a first build takes minutes)");
        // Simulated nodes do not fail, and a late heartbeat on a busy machine must not trigger evictions.
        options.controller_manager_args.push("--node-monitor-grace-period=1h".to_owned());
        let plane = Plane::start(options).await?;
        let client = plane.client().await?;
        let kwok = Kwok::start(&plane).await?;
        progress(&format!("making {} nodes", size.nodes));
        let node = |i: usize| {
            let zone = format!("z{}", i % 3);
            FakeNode::new(format!("kwok-{i}"))
                .label("topology.kubernetes.io/zone", &zone)
                .capacity("256", "2048Gi", 250)
                .taint("kwok", "fake")
        };
        kwok.add(&client, (0..size.nodes).map(node)).await?;
        let world = Self { size, client, _kwok: kwok, plane };
        progress(&format!("making {} Deployments of {} pods", size.deployments, size.replicas));
        world.populate().await?;
        progress("the cluster is ready");
        Ok(world)
    }

    async fn populate(&self) -> Result<()> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        for index in 0..NAMESPACES {
            let object = serde_json::from_value(json!({"metadata": {"name": namespace(index)}}))?;
            namespaces.create(&PostParams::default(), &object).await?;
        }
        stream::iter(0..self.size.deployments)
            .map(|index| async move {
                let api: Api<Deployment> = Api::namespaced(self.client.clone(), &namespace(index));
                api.create(&PostParams::default(), &deployment(index, self.size.replicas)?).await?;
                Ok::<(), anyhow::Error>(())
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        self.all_ready().await
    }

    async fn all_ready(&self) -> Result<()> {
        let api: Api<Deployment> = Api::all(self.client.clone());
        let within = Duration::from_secs(120 + self.size.pods() as u64 / 20);
        eventually(within, "all pods ready", async || {
            let list = api.list(&ListParams::default()).await?;
            let ready = list.items.iter().filter_map(|d| d.status.as_ref()?.ready_replicas).sum::<i32>();
            if ready as usize == self.size.pods() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(2)).await; // the list is large
            anyhow::bail!("{ready} of {} are ready", self.size.pods())
        })
        .await
    }

    /// All pods and their owners.
    ///
    /// # Errors
    /// When the API server refuses, or a pod is not as it was created.
    pub async fn pods(&self) -> Result<Vec<PodRow>> {
        let api: Api<Pod> = Api::all(self.client.clone());
        let mut rows = Vec::with_capacity(self.size.pods());
        let mut page = ListParams::default().labels("bench=speed").limit(PAGE);
        loop {
            let list = api.list(&page).await?;
            for pod in list.items {
                rows.push(row(pod).context("a pod without owner, label or name")?);
            }
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => break,
            }
        }
        ensure!(rows.len() == self.size.pods(), "{} pods in place of {}", rows.len(), self.size.pods());
        Ok(rows)
    }
}

fn row(pod: Pod) -> Option<PodRow> {
    let labels: BTreeMap<String, String> = pod.metadata.labels?;
    let deployment = labels.get("app")?.clone();
    Some(PodRow {
        index: deployment.strip_prefix("app-")?.parse().ok()?,
        namespace: pod.metadata.namespace?,
        replica_set: pod.metadata.owner_references?.into_iter().next()?.name,
        name: pod.metadata.name?,
        deployment,
    })
}

/// A Deployment that requests a core and a GiB per pod. It uses at most 20–419 millicores and 64–703 MiB of that, as in
/// its history, so that each is worth a recommendation.
fn deployment(index: usize, replicas: usize) -> Result<Deployment> {
    let (name, cpu, memory) = (name(index), 20 + (index * 37) % 400, 64 + (index * 61) % 640);
    let labels = json!({"app": name, "bench": "speed"});
    Ok(serde_json::from_value(json!({
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": labels, "annotations": {
                    "e2e.trimtab.dev/usage-cpu": format!("{cpu}m"),
                    "e2e.trimtab.dev/usage-memory": format!("{memory}Mi"),
                }},
                "spec": {
                    "tolerations": [{"key": "kwok", "operator": "Exists"}],
                    "containers": [{
                        "name": "app", "image": "fake/web:1",
                        "resources": {
                            "requests": {"cpu": "1", "memory": "1Gi"},
                            "limits": {"cpu": "2", "memory": "2Gi"},
                        },
                    }],
                },
            },
        },
    }))?)
}
