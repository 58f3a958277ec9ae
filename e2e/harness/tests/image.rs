//! The image on a real node: containerd starts it as the shipped Deployment says, in the shipped namespace, which enforces
//! the restricted Pod Security Standard, and it works. Skipped, with a message, where there is no image or no node.
//!
//! `TRIMTAB_IMAGE` names the archive, which `make image` writes; nothing is built here.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{net::Ipv4Addr, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::{coordination::v1::Lease, core::v1::Pod};
use kube::{Api, ResourceExt, api::ListParams};
use serde::Deserialize;
use serde_json::{Value, json};
use support::{Guarded, SOON};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use trimtab_e2e::{NodeRuntime, PlaneOptions, RealNode, SELECTOR, eventually, free_port, repository, skipped};

use crate::support;

const OWN: &str = "trimtab-system";
/// Where the pod finds its kubeconfig.
const CONFIG: &str = "/etc/trimtab-e2e";
/// Where a pod finds the credentials of its ServiceAccount.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The archive with the image, and the image's name.
fn image(test: &str) -> Result<Option<(PathBuf, String)>> {
    let Some(archive) = std::env::var_os("TRIMTAB_IMAGE").filter(|path| !path.is_empty()) else {
        skipped(test, "TRIMTAB_IMAGE names no image: make image, and TRIMTAB_IMAGE=target/image/image.tar")?;
        return Ok(None);
    };
    let archive = PathBuf::from(archive).canonicalize().context("TRIMTAB_IMAGE")?;
    let index = Command::new("tar").arg("-xOf").arg(&archive).arg("index.json").output().context("tar")?;
    ensure!(index.status.success(), "{}: {}", archive.display(), String::from_utf8_lossy(&index.stderr));
    let index: Value = serde_json::from_slice(&index.stdout)?;
    let name = index["manifests"][0]["annotations"]["io.containerd.image.name"].as_str().context("a name")?;
    Ok(Some((archive, name.to_owned())))
}

/// The shipped Deployment, with what differs on a node without a registry, DNS or Services.
fn deployment(image: &str) -> Result<Value> {
    let manifest = std::fs::read_to_string(repository().join("deploy/trimtab.yaml"))?;
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(&manifest) {
        documents.push(Value::deserialize(document)?);
    }
    let mut deployment = documents.into_iter().find(|d| d["kind"] == "Deployment").context("no Deployment")?;
    let spec = &mut deployment["spec"]["template"]["spec"];
    spec["nodeSelector"] = json!({SELECTOR.0: SELECTOR.1});
    push(spec, "volumes", json!({"name": "e2e", "configMap": {"name": "kubeconfig"}}));
    let container = &mut spec["containers"][0];
    container["image"] = json!(image);
    container["imagePullPolicy"] = json!("Never");
    push(container, "volumeMounts", json!({"name": "e2e", "mountPath": CONFIG}));
    push(container, "env", json!({"name": "KUBECONFIG", "value": format!("{CONFIG}/kubeconfig")}));
    Ok(deployment)
}

/// Adds to a list that need not be there yet.
fn push(of: &mut Value, list: &str, item: Value) {
    match &mut of[list] {
        Value::Array(items) => items.push(item),
        none => *none = json!([item]),
    }
}

/// The account that the pod has, at the address where it reaches the API server.
fn kubeconfig(gateway: Ipv4Addr, port: u16) -> Value {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "own",
        "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own", "namespace": OWN}}],
        "clusters": [{"name": "own", "cluster": {"server": format!("https://{gateway}:{port}"),
            "tls-server-name": "localhost", "certificate-authority": format!("{ACCOUNT}/ca.crt")}}],
        "users": [{"name": "own", "user": {"tokenFile": format!("{ACCOUNT}/token")}}],
    });
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kubeconfig", "namespace": OWN},
        "data": {"kubeconfig": config.to_string()}})
}

/// Passes connections to the gateway of pods on to the API server, which listens on loopback only, until the test ends.
async fn relay(gateway: Ipv4Addr, port: u16, server: &str) -> Result<()> {
    let server = server.trim_start_matches("https://").to_owned();
    // The address comes with the pod's network, before its container.
    let listener =
        eventually(SOON, "the pod has a network", async || Ok(TcpListener::bind((gateway, port)).await?)).await?;
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut from, _)) = listener.accept().await {
            let server = server.clone();
            connections.spawn(async move {
                let mut to = TcpStream::connect(server).await?;
                tokio::io::copy_bidirectional(&mut from, &mut to).await
            });
        }
    });
    Ok(())
}

/// The process of the pod's program: `/proc/PID`.
fn process(pod: &Pod) -> Result<PathBuf> {
    let uid = pod.uid().context("a pod without a uid")?;
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let read = |file: &str| std::fs::read_to_string(path.join(file)).unwrap_or_default();
        if read("cmdline").starts_with("/trimtab\0controller") && read("cgroup").contains(&uid) {
            return Ok(path);
        }
    }
    bail!("no process /trimtab of pod {uid}")
}

#[tokio::test]
async fn containerd_starts_the_image_as_it_is_shipped_and_it_leads() -> Result<()> {
    let test = "containerd_starts_the_image_as_it_is_shipped_and_it_leads";
    let Some((archive, name)) = image(test)? else { return Ok(()) };
    let Some(runtime) = NodeRuntime::or_skip(test)? else { return Ok(()) };
    let runtime = runtime.with_image(archive);
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let cluster = &guarded.cluster;
    let node = RealNode::start(&runtime, &cluster.plane).await?;
    let port = free_port()?;
    cluster.apply(&[kubeconfig(node.gateway(), port), deployment(&name)?]).await?;
    relay(node.gateway(), port, cluster.plane.server()).await.map_err(|error| error.context(node.logs()))?;
    if let Err(error) = cluster.ready(OWN, "trimtab", 1).await {
        let kubectl = async |args: &[&str]| cluster.plane.kubectl(args).await.unwrap_or_else(|e| format!("{e:#}"));
        let pods = kubectl(&["describe", "pods", "-n", OWN]).await;
        let said = kubectl(&["logs", "-n", OWN, "deployment/trimtab"]).await;
        return Err(error.context(format!("{pods}\n{said}\n{}", node.logs())));
    }

    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), OWN);
    let pod = pods.list(&ListParams::default()).await?.items.pop().context("no pod")?;
    let ip = pod.status.as_ref().and_then(|s| s.pod_ip.clone()).context("no address")?;
    let get =
        async |path: &str| reqwest::get(format!("http://{ip}:8080/{path}")).await?.error_for_status()?.text().await;
    let metrics = get("metrics").await?;
    ensure!(metrics.contains("trimtab_build_info{"), "{metrics}");
    let leases: Api<Lease> = Api::namespaced(cluster.client.clone(), OWN);
    eventually(SOON, "it leads", async || {
        let holder = leases.get("trimtab-controller").await?.spec.and_then(|s| s.holder_identity);
        ensure!(holder.as_deref().is_some_and(|h| h.contains(&pod.name_any())), "{holder:?}");
        Ok(())
    })
    .await?;
    let status = pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap();
    assert_eq!(status[0].restart_count, 0, "{status:?}");

    // What the kernel says of it, and not what the Pod asks for.
    let process = process(&pod)?;
    let of = std::fs::read_to_string(process.join("status"))?;
    let field = |key: &str| of.lines().find_map(|l| l.strip_prefix(key)).unwrap_or_default().trim().to_owned();
    assert_eq!(field("Uid:").split_whitespace().next(), Some("65532"), "{of}");
    assert_eq!(field("Gid:").split_whitespace().next(), Some("65532"), "{of}");
    assert_eq!((field("CapEff:"), field("NoNewPrivs:")), ("0000000000000000".into(), "1".into()), "{of}");
    let mounts = std::fs::read_to_string(process.join("mountinfo"))?;
    let root = mounts.lines().find(|l| l.split(' ').nth(4) == Some("/")).context("no root")?;
    assert!(root.split(' ').nth(5).is_some_and(|options| options.split(',').any(|o| o == "ro")), "{root}");
    Ok(())
}
