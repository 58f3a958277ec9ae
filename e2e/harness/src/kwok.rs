//! Simulated nodes and pods: kwok plays the kubelets by the stages in `e2e/kwok`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{Node, NodeSpec, NodeStatus, Taint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::Client;
use kube::api::{Api, ListParams, ObjectMeta, PostParams};

use crate::{Plane, Process, eventually, free_port, paths};

/// Prefix of the labels and annotations that tell kwok how a pod behaves; see the headers of the files in `e2e/kwok`.
pub const PREFIX: &str = "e2e.trimtab.dev";

/// A running kwok.
#[derive(Debug)]
pub struct Kwok {
    process: Process,
    port: u16,
    client_certificate: [PathBuf; 3],
}

/// A node to simulate.
#[derive(Debug, Clone)]
pub struct FakeNode {
    name: String,
    labels: BTreeMap<String, String>,
    provider_id: Option<String>,
    capacity: Vec<(String, String)>,
    taints: Vec<Taint>,
}

impl FakeNode {
    /// A node with 32 cores, 256 GiB and room for 110 pods.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let labels = [
            ("type", "kwok"),
            ("kubernetes.io/hostname", &name),
            ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", "amd64"),
        ];
        let labels = labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let node = Self { name, labels, provider_id: None, capacity: Vec::new(), taints: Vec::new() };
        node.capacity("32", "256Gi", 110)
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Removes a default label. `type` must stay: kwok recognises its nodes by it.
    #[must_use]
    pub fn without_label(mut self, key: &str) -> Self {
        self.labels.remove(key);
        self
    }

    /// Sets `spec.providerID`.
    #[must_use]
    pub fn provider_id(mut self, id: &str) -> Self {
        self.provider_id = Some(id.into());
        self
    }

    /// Sets capacity and allocatable: quantities and a number of pods.
    #[must_use]
    pub fn capacity(mut self, cpu: &str, memory: &str, pods: u32) -> Self {
        let amounts = [("cpu", cpu.to_owned()), ("memory", memory.to_owned()), ("pods", pods.to_string())];
        self.capacity = amounts.map(|(name, amount)| (name.to_owned(), amount)).into();
        self
    }

    /// Adds a device or another resource beyond those of [`FakeNode::capacity`].
    #[must_use]
    pub fn extended(mut self, resource: &str, amount: &str) -> Self {
        self.capacity.push((resource.to_owned(), amount.to_owned()));
        self
    }

    /// Adds a taint with effect `NoSchedule`.
    #[must_use]
    pub fn taint(mut self, key: &str, value: &str) -> Self {
        self.taints.push(Taint {
            key: key.into(),
            value: Some(value.into()),
            effect: "NoSchedule".into(),
            time_added: None,
        });
        self
    }

    fn object(self) -> Node {
        let resources: BTreeMap<_, _> = self.capacity.into_iter().map(|(k, v)| (k, Quantity(v))).collect();
        let metrics_path = ("metrics.k8s.io/resource-metrics-path".to_owned(), metrics_path(&self.name));
        Node {
            metadata: ObjectMeta {
                name: Some(self.name),
                labels: Some(self.labels),
                annotations: Some([metrics_path].into()),
                ..ObjectMeta::default()
            },
            spec: Some(NodeSpec { provider_id: self.provider_id, taints: Some(self.taints), ..NodeSpec::default() }),
            status: Some(NodeStatus {
                capacity: Some(resources.clone()),
                allocatable: Some(resources),
                ..NodeStatus::default()
            }),
        }
    }
}

fn metrics_path(node: &str) -> String {
    format!("/metrics/nodes/{node}/metrics/resource")
}

impl Kwok {
    /// Starts it on a plane. It plays the nodes with the label `type=kwok` and no others.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(plane: &Plane) -> Result<Self> {
        let port = free_port()?;
        let pki = plane.dir().join("pki");
        let mut command = Command::new(paths::plane_bin()?);
        command.arg("kwok").arg("--kubeconfig").arg(plane.kubeconfig_path());
        for file in configuration()? {
            command.arg("--config").arg(file);
        }
        command
            .args(["--manage-all-nodes=false", "--manage-nodes-with-label-selector=type=kwok"])
            .args(["--cidr", "10.244.0.0/16", "--node-ip", "127.0.0.1", "--node-lease-duration-seconds", "40"])
            .args(["--node-port", &port.to_string(), "--server-address", &format!("127.0.0.1:{port}")])
            .arg("--tls-cert-file")
            .arg(pki.join("serving.crt"))
            .arg("--tls-private-key-file")
            .arg(pki.join("serving.key"));
        let process = Process::spawn("kwok", &mut command, plane.dir())?;
        let client_certificate =
            ["ca.crt", "apiserver-kubelet-client.crt", "apiserver-kubelet-client.key"].map(|file| pki.join(file));
        Ok(Self { process, port, client_certificate })
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The port of 127.0.0.1 on which it serves the kubelet API.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Creates nodes and waits until they are Ready.
    ///
    /// # Errors
    /// When one already exists, or they are not Ready within 60 s.
    pub async fn add(&self, client: &Client, nodes: impl IntoIterator<Item = FakeNode>) -> Result<()> {
        let api: Api<Node> = Api::all(client.clone());
        let mut names = Vec::new();
        for node in nodes {
            names.push(node.name.clone());
            api.create(&PostParams::default(), &node.object()).await?;
        }
        eventually(Duration::from_secs(60), "nodes Ready", async || {
            let list = api.list(&ListParams::default().labels("type=kwok")).await?;
            let ready = list.items.iter().filter(|n| is_ready(n)).filter_map(|n| n.metadata.name.as_ref());
            let ready: std::collections::BTreeSet<_> = ready.collect();
            let waiting: Vec<_> = names.iter().filter(|n| !ready.contains(n)).collect();
            ensure!(waiting.is_empty(), "not Ready: {waiting:?}; kwok: {}", crate::process::tail(&self.process.log()));
            Ok(())
        })
        .await
    }

    /// Creates `n` identical nodes, `kwok-0` to `kwok-{n-1}`, in three zones, with these labels, and waits until they
    /// are Ready.
    ///
    /// # Errors
    /// As [`Kwok::add`].
    pub async fn nodes(&self, client: &Client, n: usize, labels: &[(&str, &str)]) -> Result<()> {
        let node = |i: usize| {
            let node = FakeNode::new(format!("kwok-{i}")).label("topology.kubernetes.io/zone", &format!("z{}", i % 3));
            labels.iter().fold(node, |node, (key, value)| node.label(key, value))
        };
        self.add(client, (0..n).map(node)).await
    }

    /// A scrape configuration of Prometheus, in YAML, for the resource metrics of these nodes.
    pub fn scrape_config(&self, nodes: &[&str]) -> String {
        let [ca, cert, key] = self.client_certificate.each_ref().map(|p| p.display().to_string());
        let targets: Vec<_> = nodes
            .iter()
            .map(|node| {
                let labels = BTreeMap::from([("node", (*node).to_owned()), ("__metrics_path__", metrics_path(node))]);
                serde_json::json!({"targets": [format!("127.0.0.1:{}", self.port)], "labels": labels})
            })
            .collect();
        // JSON is YAML.
        serde_json::json!({
            "job_name": "kubelet-resource", "scheme": "https",
            "tls_config": {"ca_file": ca, "cert_file": cert, "key_file": key},
            "static_configs": targets,
        })
        .to_string()
    }
}

/// The stages, metrics and usage that kwok plays.
fn configuration() -> Result<Vec<PathBuf>> {
    let dir = paths::repository().join("e2e/kwok");
    let mut files = vec![dir.join("metrics.yaml"), dir.join("usage.yaml")];
    for entry in std::fs::read_dir(dir.join("stages")).context("e2e/kwok/stages")? {
        files.push(entry?.path());
    }
    files.sort();
    Ok(files)
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|s| s.conditions.as_ref());
    conditions.is_some_and(|c| c.iter().any(|c| c.type_ == "Ready" && c.status == "True"))
}
