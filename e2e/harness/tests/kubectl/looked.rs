//! What can be seen before anything is installed or applied: `scan`, `try`, `import vpa`, and `explain` for workloads
//! without a Recommendation. On a real API server and Prometheus, also through the API server's Service proxy.

use std::net::{SocketAddr, UdpSocket};

use anyhow::{Context, Result, ensure};
use kube::api::ListParams;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use trimtab_e2e::{PlaneOptions, WorkDir};

use super::{
    bed::*,
    support::{Cluster, Usage, deployment, hungry, modest, namespace, policy, prometheus},
};

fn stateful(namespace: &str, name: &str) -> Value {
    let mut object = deployment(namespace, name, 1);
    object["kind"] = json!("StatefulSet");
    object["spec"]["serviceName"] = json!(name);
    object
}

/// The usage of each of the workloads below; `idle` has none, and `fit` uses what it requests.
fn used(app: &str) -> Option<Usage> {
    match app {
        "web" | "db" => Some(modest),
        "busy" => Some(hungry),
        _ => None,
    }
}

async fn plugin(cluster: &Cluster) -> Result<Plugin> {
    let program = cluster.plane.dir().join("kubectl-trimtab");
    std::os::unix::fs::symlink(trimtab_e2e::trimtab_bin()?, &program)?;
    Ok(Plugin { program, kubeconfig: cluster.plane.kubeconfig_path() })
}

/// A non-loopback address of this machine: endpoints must not use loopback addresses.
fn own_address() -> Result<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect("192.0.2.1:9")?;
    Ok(socket.local_addr()?.ip())
}

/// Forwards connections from an address of this machine to one of its loopback ports, as long as the test runs.
async fn forwarded(to: SocketAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind((own_address()?, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut to = TcpStream::connect(to).await?;
                tokio::io::copy_bidirectional(&mut from, &mut to).await
            });
        }
    });
    Ok(address)
}

#[tokio::test]
async fn what_would_be_is_seen_before_anything_is_applied() -> Result<()> {
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    let mut labelled = deployment("shop", "busy", 1);
    labelled["metadata"]["labels"]["tier"] = json!("hot");
    cluster
        .apply(&[
            namespace("shop"),
            namespace("mail"),
            deployment("shop", "web", 1),
            labelled,
            deployment("shop", "idle", 1),
            stateful("shop", "db"),
            deployment("mail", "imap", 1),
        ])
        .await?;
    for (space, name) in [("shop", "web"), ("shop", "busy"), ("shop", "idle"), ("mail", "imap")] {
        cluster.ready(space, name, 1).await?;
    }
    trimtab_e2e::eventually(super::support::SOON, "the pod of db", async || {
        ensure!(cluster.pods().await?.iter().any(|p| p.metadata.name.as_deref() == Some("db-0")), "not yet");
        Ok(())
    })
    .await?;
    let (server, _data): (_, WorkDir) = prometheus(cluster.history(8, used).await?).await?;
    let url = server.url().to_owned();
    let admin = plugin(&cluster).await?;

    scanned(&cluster, &admin, &url).await?;
    tried(&cluster, &admin, &url).await?;
    explained(&cluster, &admin, &url).await?;
    // None of this has written anything.
    ensure!(cluster.recommendations("shop").await?.is_empty(), "a recommendation was written");
    let policies = cluster.api("OptimizationPolicy", "optimizationpolicies", None).list(&ListParams::default()).await?;
    ensure!(policies.items.iter().all(|p| p.data["status"].is_null()), "a status was written");
    Ok(())
}

async fn scanned(cluster: &Cluster, admin: &Plugin, url: &str) -> Result<()> {
    // Nothing in the cluster looks like a Prometheus yet.
    admin.says(1, &["scan"], &["no Service in the cluster looks like a Prometheus", "--prometheus URL"]).await?;
    let table = admin
        .says(0, &["scan", "--prometheus", url], &["NAMESPACE", "P95", "DAILY PEAK", "deploy/web", "sts/db"])
        .await?;
    ensure!(table.contains("NoUsageData") && table.contains("kube-system"), "what is left out is said: {table}");
    let line = table.lines().find(|l| l.contains("deploy/web")).context("web")?;
    ensure!(line.contains("500m→1") && line.contains("USD"), "{line}");
    let json = parsed(&admin.run(&["scan", "-n", "shop", "--prometheus", url, "-o", "json"]).await?.stdout)?;
    let workloads = json["workloads"].as_array().context("workloads")?;
    assert_eq!(workloads.len(), 4, "{json}");
    let web = workloads.iter().find(|w| w["name"] == "web").context("web")?;
    let cpu = &web["containers"][0]["cpu"];
    let at = |key: &str| cpu[key].as_i64().unwrap_or(-1);
    ensure!(at("p50") <= at("p95") && at("p95") <= at("p99") && at("p99") <= at("maximum"), "{cpu}");
    ensure!((95..=125).contains(&at("p95")) && at("request") == 500, "{cpu}");
    let csv = admin.run(&["scan", "-n", "shop", "--prometheus", url, "-o", "csv"]).await?.stdout;
    ensure!(csv.starts_with("namespace,kind,workload,container,") && csv.contains("shop,Deployment,web,app,"), "{csv}");
    let html = admin.run(&["scan", "--prometheus", url, "-o", "html", "--profile", "resilient"]).await?.stdout;
    ensure!(
        html.starts_with("<!doctype html>") && html.contains("Deployment web") && !html.contains("<script"),
        "{html}"
    );
    admin.says(1, &["scan", "-n", "ghost", "--prometheus", url], &["there is no namespace ghost"]).await?;

    // A Service that looks like one is found, and queried through the API server.
    let port: u16 = url.rsplit(':').next().context("a port")?.parse()?;
    let address = forwarded(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kps-prometheus", "namespace": "mail",
        "labels": {"app": "kube-prometheus-stack-prometheus"}}, "spec": {"ports": [{"name": "http-web", "port": 9090, "targetPort": address.port()}]}});
    // The API server forwards only to pod addresses.
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "prometheus", "namespace": "mail"},
        "spec": {"schedulerName": "none", "containers": [{"name": "prometheus", "image": "prometheus"}]}});
    let status = json!({"status": {"phase": "Running", "podIP": address.ip().to_string(), "podIPs": [{"ip": address.ip().to_string()}]}});
    let endpoints = json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "kps-prometheus", "namespace": "mail"},
        "subsets": [{
            "addresses": [{"ip": address.ip().to_string(), "targetRef": {"kind": "Pod", "name": "prometheus", "namespace": "mail"}}],
            "ports": [{"name": "http-web", "port": address.port()}]}]});
    cluster.apply(&[service]).await?;
    for (file, object) in [("pod.json", pod), ("endpoints.json", endpoints)] {
        let path = cluster.plane.dir().join(file);
        std::fs::write(&path, object.to_string())?;
        cluster.plane.kubectl(&["apply", "-f", path.to_str().context("a path")?]).await?;
    }
    let patch = status.to_string();
    let patch = ["patch", "pod", "prometheus", "-n", "mail", "--subresource=status", "--type=merge", "-p", &patch];
    cluster.plane.kubectl(&patch).await?;
    trimtab_e2e::eventually(super::support::SOON, "Prometheus is found", async || {
        admin
            .says(
                0,
                &["scan", "-n", "shop"],
                &["usage from Prometheus http://kps-prometheus.mail.svc:9090, through the API server", "deploy/web"],
            )
            .await
            .map(drop)
    })
    .await
}

async fn tried(cluster: &Cluster, admin: &Plugin, url: &str) -> Result<()> {
    cluster.apply(&[policy("services", &["shop"])]).await?;
    let mut hot = policy("hot", &["shop", "ghost"]);
    hot["spec"]["priority"] = json!(10);
    hot["spec"]["workloadSelector"] = json!({"matchLabels": {"tier": "hot"}});
    let mut low = policy("low", &["shop"]);
    low["spec"]["priority"] = json!(-5);
    low["spec"]["kinds"] = json!(["StatefulSet"]);
    let file = cluster.plane.dir().join("tried.yaml");
    std::fs::write(&file, format!("{}\n---\n{}\n", serde_yaml::to_string(&hot)?, serde_yaml::to_string(&low)?))?;
    let file = file.to_str().context("a path")?;
    let said = admin
        .says(
            0,
            &["try", "-f", file, "--prometheus", url],
            &[
                "deploy/busy",
                "services→hot",
                "hot takes over 1 workload from services",
                "hot names namespaces that do not exist: ghost",
                "selected, and services counts",
            ],
        )
        .await?;
    ensure!(!said.contains("deploy/web"), "only what the tried policies select: {said}");
    // Usage far above the request means more, not less.
    let json = parsed(&admin.run(&["try", "-f", file, "--prometheus", url, "-o", "json"]).await?.stdout)?;
    let busy =
        json["workloads"].as_array().context("workloads")?.iter().find(|w| w["name"] == "busy").context("busy")?;
    ensure!(busy["outcome"] == "Recommended" && busy["policyToday"] == "services", "{busy}");
    let wrong = cluster.plane.dir().join("wrong.yaml");
    std::fs::write(
        &wrong,
        serde_yaml::to_string(&policy("wrong", &["shop"]))?.replace("targetNamespaces", "targetNamespace"),
    )?;
    admin
        .says(
            1,
            &["try", "-f", wrong.to_str().context("a path")?, "--prometheus", url],
            &["spec.targetNamespace: unknown field; did you mean targetNamespaces?"],
        )
        .await?;
    // An unknown container name is reported as the controller reports it, and the answer is still given.
    let mut typo = policy("typo", &["shop"]);
    typo["spec"]["sizing"] = json!({"containers": [{"name": "ap", "mode": "Off"}]});
    typo["spec"]["priority"] = json!(20);
    // JSON is YAML, and has quotes where YAML 1.1 needs them.
    std::fs::write(&wrong, serde_json::to_string(&typo)?)?;
    let typo = ["try", "-f", wrong.to_str().context("a path")?, "--prometheus", url];
    let names = "NamesUnmatched: sizing.containers names \"ap\", but no container of the";
    admin.says(0, &typo, &["deploy/web", names, "did you mean \"app\"?"]).await?;
    std::fs::write(&wrong, "{a: ".repeat(100_000))?;
    admin.says(1, &typo, &["it is refused"]).await?;
    admin.says(1, &["try", "-f", "/nowhere.yaml"], &["cannot read /nowhere.yaml"]).await?;
    Ok(())
}

async fn explained(cluster: &Cluster, admin: &Plugin, url: &str) -> Result<()> {
    // `services` takes everything in shop; nothing runs that would write recommendations.
    let shop = |args: &[&'static str]| [args, &["-n", "shop"]].concat();
    let usage = ["--prometheus", url];
    for typed in ["deploy/idle", "idle", "deployment/idle", "deploy-idle"] {
        admin
            .says(
                0,
                &[&["explain", typed, "-n", "shop"], usage.as_slice()].concat(),
                &["shop/idle, a Deployment, has no Recommendation", "NoUsageData: ", "services   takes it"],
            )
            .await?;
    }
    admin
        .says(
            0,
            &[&["why", "sts/db", "-n", "shop"], usage.as_slice()].concat(),
            &["shop/db, a StatefulSet", "Recommended", "P95", "500m"],
        )
        .await?;
    admin
        .says(
            0,
            &["why", "imap", "-n", "mail"],
            &["NotSelected: no OptimizationPolicy selects it", "targetNamespaces does not name mail"],
        )
        .await?;
    admin
        .says(1, &shop(&["explain", "wbe"]), &["there is no Recommendation shop/wbe", "did you mean deploy/web?"])
        .await?;
    admin.says(1, &shop(&["explain", "imap"]), &["there is a Deployment imap in namespace mail: add -n mail"]).await?;
    admin
        .says(
            1,
            &shop(&["approve", "web"]),
            &["there is no Recommendation for Deployment shop/web", "explain deploy/web"],
        )
        .await?;
    admin.says(2, &shop(&["explain", "svc/web"]), &["svc is not a workload kind that Trimtab sizes"]).await?;
    cluster.apply(&[stateful("shop", "web")]).await?;
    admin.says(1, &shop(&["explain", "web"]), &["web may be deploy/web or sts/web: specify which"]).await?;
    Ok(())
}

/// The part of the VPA's CRD that an import uses.
fn vpa_crd() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "verticalpodautoscalers.autoscaling.k8s.io",
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes/kubernetes/pull/63797"}},
        "spec": {"group": "autoscaling.k8s.io", "scope": "Namespaced",
            "names": {"kind": "VerticalPodAutoscaler", "plural": "verticalpodautoscalers"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

#[tokio::test]
async fn vpas_become_policies_that_the_api_server_takes() -> Result<()> {
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    let admin = plugin(&cluster).await?;
    cluster.apply(&[namespace("shop"), deployment("shop", "web", 1), deployment("shop", "api", 1)]).await?;
    admin.says(1, &["import", "vpa", "-A"], &["the cluster has no VerticalPodAutoscaler"]).await?;
    let dir = cluster.plane.dir();
    let kubectl = async |name: &str, object: &Value| -> Result<()> {
        let path = dir.join(name);
        std::fs::write(&path, object.to_string())?;
        cluster.plane.kubectl(&["apply", "-f", path.to_str().context("a path")?]).await?;
        Ok(())
    };
    kubectl("crd.json", &vpa_crd()).await?;
    cluster.plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]).await?;
    admin.says(0, &["import", "vpa", "-A"], &["there is no VerticalPodAutoscaler in the cluster"]).await?;
    let vpa = |name: &str, mode: &str, containers: Value| {
        json!({"apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "updatePolicy": {"updateMode": mode}, "resourcePolicy": {"containerPolicies": containers}}})
    };
    let bounds = json!([{"containerName": "*", "minAllowed": {"cpu": "50m"}, "maxAllowed": {"cpu": 2, "memory": "4Gi"}, "controlledValues": "RequestsOnly"}]);
    kubectl("web.json", &vpa("web", "Recreate", bounds)).await?;
    let memory = json!([{"containerName": "app", "controlledResources": ["memory"]}]);
    kubectl("api.json", &vpa("api", "Off", memory)).await?;
    let out = admin.run(&["import", "vpa", "-n", "shop"]).await?.stdout;
    ensure!(out.contains("# updateMode Recreate") && out.contains("# updateMode Off"), "{out}");
    let path = dir.join("imported.yaml");
    std::fs::write(&path, &out)?;
    cluster.plane.kubectl(&["apply", "--server-side", "-f", path.to_str().context("a path")?]).await?;
    let imported = cluster.api("OptimizationPolicy", "optimizationpolicies", None).get("vpa-shop-web").await?;
    assert_eq!(imported.data["spec"]["sizing"]["cpu"], json!({"limit": "Keep", "max": "2", "min": "50m"}));
    assert_eq!(imported.data["spec"]["workloadSelector"], json!({"matchLabels": {"app": "web"}}));
    let one = admin.run(&["import", "vpa", "api", "-n", "shop"]).await?.stdout;
    ensure!(one.contains("vpa-shop-api") && !one.contains("vpa-shop-web"), "{one}");
    admin.says(1, &["import", "vpa", "ghost", "-n", "shop"], &["there is no VerticalPodAutoscaler shop/ghost"]).await?;
    Ok(())
}
