//! The cluster that the examples are applied to: workloads selected by each of them, and two weeks of their usage.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use trimtab_e2e::{Backfill, FakeNode, Prometheus, Samples, Series, WorkDir, eventually};

use super::support::{DAY, Guarded, SOON, Usage, deployment, modest, namespace, now, prometheus, samples};

/// The namespace of the workloads used as clocks, see [`super::a_clock_strikes`].
pub const CLOCK: &str = "clock";

/// 100 millicores, always, and 190 MiB, always: certain, and without risk.
fn steady(_: i64) -> (f64, f64) {
    (0.1, 190.0 * 1024.0 * 1024.0)
}

/// 2.6 cores.
fn greedy(second: i64) -> (f64, f64) {
    (2.6, modest(second).1)
}

fn container(name: &str, cpu: &str, memory: &str) -> Value {
    json!({"name": name, "image": "fake/app:1", "resources": {
        "requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}})
}

fn with(mut workload: Value, tier: &str, containers: &[Value]) -> Value {
    workload["metadata"]["labels"]["tier"] = json!(tier);
    workload["spec"]["template"]["spec"]["containers"] = json!(containers);
    workload
}

/// A workload of another kind with the same pods.
fn of_kind(kind: &str, namespace: &str, name: &str, more: Value) -> Value {
    let mut object = deployment(namespace, name, 1);
    object["kind"] = json!(kind);
    let spec = object["spec"].as_object_mut().unwrap();
    spec.remove("replicas");
    spec.extend(more.as_object().unwrap().clone());
    object
}

fn batch() -> [Value; 2] {
    let pod = |name: &str| {
        json!({"metadata": {"labels": {"app": name}, "annotations": {"e2e.trimtab.dev/duration": "24h"}},
            "spec": {"restartPolicy": "Never", "containers": [container("app", "1", "1Gi")]}})
    };
    let metadata = |name: &str| json!({"name": name, "namespace": "batch"});
    [
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata("migration"),
            "spec": {"template": pod("migration")}}),
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata("import"),
            "spec": {"schedule": "0 2 * * *", "suspend": true, "jobTemplate": {"spec": {"template": pod("import")}}}}),
    ]
}

/// Creates the workloads, with `clocks` Deployments used as clocks, and a Prometheus with their history.
pub async fn make(guarded: &Guarded, clocks: usize) -> Result<(Prometheus, WorkDir)> {
    let cluster = &guarded.cluster;
    let rack =
        FakeNode::new("rack-0").label("topology.kubernetes.io/zone", "fra-rack-1").taint("example.com/rack", "yes");
    cluster.kwok.add(&cluster.client, [rack]).await?;
    let mut shop = namespace("shop");
    shop["metadata"]["labels"] = json!({"trimtab.dev/optimize": "enabled"});
    cluster.apply(&[shop]).await?;
    for name in ["platform", "data", "batch", CLOCK] {
        cluster.apply(&[namespace(name)]).await?;
    }
    let mut racked = with(deployment("shop", "racked", 1), "web", &[container("app", "500m", "512Mi")]);
    racked["spec"]["template"]["spec"]["nodeSelector"] = json!({"topology.kubernetes.io/zone": "fra-rack-1"});
    racked["spec"]["template"]["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
    let checkout = ["checkout-jvm", "istio-proxy", "log-shipper"].map(|name| container(name, "500m", "2Gi"));
    let logs = of_kind("DaemonSet", "shop", "logs", json!({}));
    let more = json!({"replicas": 2, "serviceName": "orders"});
    let mut workloads = vec![
        with(deployment("shop", "storefront", 4), "web", &[container("app", "300m", "216Mi")]),
        with(deployment("shop", "checkout", 2), "web", &checkout),
        with(deployment("shop", "thumbnails", 2), "api", &[container("image-resizer", "500m", "256Mi")]),
        racked,
        with(logs, "api", &[container("app", "500m", "512Mi")]),
        with(deployment("platform", "intranet", 2), "web", &[container("app", "1", "1Gi")]),
        with(deployment("data", "tool", 2), "api", &[container("app", "1", "1Gi")]),
        with(of_kind("StatefulSet", "data", "orders", more), "api", &[container("app", "2", "4Gi")]),
        with(of_kind("DaemonSet", "platform", "agent", json!({})), "api", &[container("app", "500m", "512Mi")]),
    ];
    workloads.extend(batch());
    workloads.extend((0..clocks).map(|i| deployment(CLOCK, &format!("clock-{i}"), 1)));
    cluster.apply(&workloads).await?;
    let ready = [("shop", "storefront", 4), ("shop", "checkout", 2), ("shop", "thumbnails", 2), ("shop", "racked", 1)];
    let ready = ready.into_iter().chain([("platform", "intranet", 2), ("data", "tool", 2)]);
    for (namespace, name, replicas) in ready {
        cluster.ready(namespace, name, replicas).await?;
    }
    for i in 0..clocks {
        cluster.ready(CLOCK, &format!("clock-{i}"), 1).await?;
    }
    for (namespace, pods) in [("data", 4), ("shop", 11), ("platform", 4), ("batch", 1)] {
        pods_run(guarded, namespace, pods).await?;
    }
    let usage = |app: &str| -> Option<Usage> {
        Some(match app {
            "storefront" => steady,
            // After one run of a Job nothing is lowered, so it needs more than it has.
            "thumbnails" | "migration" => greedy,
            _ => modest,
        })
    };
    let history = runs_of_import(cluster.history(14, usage).await?);
    prometheus(requests(history)).await
}

/// Waits until this many pods of a namespace run.
async fn pods_run(guarded: &Guarded, namespace: &str, pods: usize) -> Result<()> {
    eventually(SOON, &format!("{pods} pods run in {namespace}"), async || {
        let all = guarded.cluster.pods().await?;
        let ours = all.iter().filter(|p| p.metadata.namespace.as_deref() == Some(namespace));
        let running = ours.filter(|p| p.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Running")).count();
        ensure!(running == pods, "{running}");
        Ok(())
    })
    .await
}

/// Three hours each night.
fn runs_of_import(mut history: Backfill) -> Backfill {
    for day in 1..=14 {
        let end = (now() / DAY - day) * DAY + 5 * 3600;
        let pod = format!("import-{}-bc2d{}", (end - 3 * 3600) / 60, char::from(b'b' + u8::try_from(day).unwrap()));
        let (cpu, memory) = (0..180).map(|minute| (f64::from(minute) * 12.0, 190e6)).unzip();
        history = samples(history, "batch", &pod, "app", end, cpu, memory);
    }
    history
}

/// Series for the queries of the examples. They continue for an hour, so that they are never stale while the test runs.
fn requests(history: Backfill) -> Backfill {
    let start = (now() - 2 * 3600) * 1000;
    let counter = |name: &str, label: (&str, &str), a_minute: f64| {
        let values = (0..180).map(|i| f64::from(i) * a_minute).collect();
        Series::new(name, &[("namespace", "shop"), ("job", "shop"), label], start, 60_000, Samples::Each(values))
    };
    let duration = "http_request_duration_seconds_bucket";
    history
        .series(counter("http_requests_total", ("code", "200"), 600.0))
        .series(counter("http_requests_total", ("code", "500"), 6.0))
        .series(counter(duration, ("le", "0.1"), 500.0))
        .series(counter(duration, ("le", "1"), 606.0))
        .series(counter(duration, ("le", "+Inf"), 606.0))
}
