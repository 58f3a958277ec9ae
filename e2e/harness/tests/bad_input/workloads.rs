//! Workloads that cannot be sized, or look as if they could not: each is skipped for its own reason, or sized sensibly.

use anyhow::{Context, Result, ensure};
use kube::{ResourceExt, core::DynamicObject};
use serde_json::{Value, json};
use trimtab_e2e::{Backfill, eventually};

use super::support::{Usage, add, hungry, modest, now, samples};
use super::{Cluster, SOON, deployment, namespace, policy_with, skipped, told};

/// The longest possible names.
pub fn long(letter: &str) -> String {
    letter.repeat(63)
}

fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    *object.pointer_mut(pointer).unwrap() = value;
    object
}

fn annotated(name: &str, key: &str, value: &str) -> Value {
    let mut object = deployment("mess", name, 1);
    object["metadata"]["annotations"] = json!({key: value});
    object
}

/// Creates them, and the policies that select them.
pub async fn make(cluster: &Cluster) -> Result<()> {
    let container = "/spec/template/spec/containers/0";
    let mut hpa = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "scaled", "namespace": "mess"}, "spec": {"minReplicas": 1, "maxReplicas": 2,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "scaled"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]}});
    hpa["metadata"]["labels"] = json!({"app": "scaled"});
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "finished", "namespace": "mess"},
        "spec": {"template": {"metadata": {"annotations": {"e2e.trimtab.dev/duration": "100ms"}, "labels": {"app": "finished"}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "fake/job:1"}]}}}});
    let mut bare = deployment("bare", "rack", 1);
    bare["spec"]["template"]["spec"]["nodeName"] = json!("bare-0");
    bare["spec"]["template"]["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
    let mut pod_level = deployment("mess", "pod-level", 1);
    pod_level["spec"]["template"]["spec"]["resources"] = json!({"requests": {"cpu": "1", "memory": "1Gi"}});
    let mut unread = deployment("mess", "off", 1);
    unread["spec"]["template"]["spec"]["containers"][0]["name"] = json!("untouchable");
    let long_one = with(deployment(&long("n"), &long("d"), 1), &format!("{container}/name"), json!(long("c")));

    for name in ["mess", "limited", "full", "twins", "bare", &long("n")] {
        cluster.apply(&[namespace(name)]).await?;
    }
    cluster
        .apply(&[
            annotated("bounds", "trimtab.dev/min-cpu", "4"),
            annotated("unreadable", "trimtab.dev/max-memory", "lots"),
            annotated("maybe", "trimtab.dev/mode", "Maybe"),
            annotated("opted-out", "trimtab.dev/mode", "Off"),
            deployment("mess", "silent", 1),
            deployment("mess", "young", 1),
            deployment("mess", "zero", 0),
            deployment("mess", "scaled", 1),
            hpa,
            job,
            pod_level,
            unread,
            with(deployment("mess", "none", 1), &format!("{container}/resources"), json!({})),
            deployment("mess", "nan", 1),
            deployment("limited", "web", 1),
            deployment("full", "hungry", 1),
            // The second has a name that a ReplicaSet of the first could have, and its pods have names like those of
            // its pods.
            deployment("twins", "web", 1),
            deployment("twins", "web-5d4f8c6b7", 1),
            bare,
            long_one,
        ])
        .await?;
    for (namespace, name) in
        [("full", "hungry"), ("limited", "web"), ("twins", "web-5d4f8c6b7"), ("bare", "rack"), ("mess", "nan")]
    {
        cluster.ready(namespace, name, 1).await?;
    }
    cluster.ready(&long("n"), &long("d"), 1).await?;
    cluster
        .apply(&[
            // Created after the pods: the API server would have refused them.
            json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "large", "namespace": "limited"},
                "spec": {"limits": [{"type": "Container", "min": {"memory": "4Gi"}}]}}),
            json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight", "namespace": "full"},
                "spec": {"hard": {"requests.cpu": "600m"}}}),
            policy_with("mess", &["mess", "limited", "full"], json!({"sizing": {
                "cpu": {"max": "2"}, "memory": {"max": "2Gi"}, "containers": [{"name": "untouchable", "mode": "Off"}]}})),
            policy_with("twins", &["twins", &long("n")], json!({})),
            policy_with("bare", &["bare"], json!({})),
        ])
        .await
}

/// Two weeks of usage for most.
pub async fn history(cluster: &Cluster) -> Result<Backfill> {
    let mut backfill = cluster
        .history(14, |app| match app {
            "silent" | "young" | "nan" => None,
            "hungry" | "web-5d4f8c6b7" => Some(hungry as Usage),
            _ => Some(modest as Usage),
        })
        .await?;
    for pod in cluster.pods().await? {
        let name = pod.name_any();
        match pod.labels().get("app").map(String::as_str) {
            Some("young") => {
                let rows = |value: fn(i64) -> f64| (0..180).map(value).collect();
                let (cpu, memory) = (rows(|i| i as f64 * 6.0), rows(|_| 180e6));
                backfill = samples(backfill, "mess", &name, "app", now(), cpu, memory);
            }
            Some("nan") => backfill = torn(backfill, &name),
            _ => {}
        }
    }
    // An unknown pod, of a workload that never existed.
    Ok(add(backfill, "mess", "ghost-5d4f8c6b7-x2x9z", "app", 3, now(), hungry))
}

/// 100 millicores and 200 MB, except for samples that are not numbers and a counter that resets every ten hours.
fn torn(backfill: Backfill, pod: &str) -> Backfill {
    let (mut cpu, mut memory) = (Vec::new(), Vec::new());
    for i in 0..14 * 1440_i64 {
        cpu.push(if i % 97 == 0 { f64::NAN } else { (i % 600) as f64 * 6.0 });
        memory.push(if i % 13 == 0 { f64::NAN } else { 200e6 });
    }
    samples(backfill, "mess", pod, "app", now(), cpu, memory)
}

/// What Trimtab reports about them.
pub async fn are_answered(cluster: &Cluster) -> Result<()> {
    for (reason, workload) in [
        ("ContradictingBounds", "Deployment mess/bounds"),
        ("InvalidAnnotation", "Deployment mess/unreadable"),
        ("InvalidAnnotation", "Deployment mess/maybe"),
        ("OptedOut", "Deployment mess/opted-out"),
        ("NoUsageData", "Deployment mess/silent"),
        ("InsufficientHistory", "Deployment mess/young"),
        ("ScaledToZero", "Deployment mess/zero"),
        ("Finished", "Job mess/finished"),
        ("PodLevelResources", "Deployment mess/pod-level"),
        ("ContainersExcluded", "Deployment mess/off"),
        ("ContradictingBounds", "Deployment limited/web"),
        ("QuotaExceeded", "Deployment full/hungry"),
    ] {
        skipped(cluster, "mess", reason, workload).await?;
    }
    eventually(SOON, "events say which annotation", async || {
        let args =
            ["get", "events", "-A", "--field-selector=reason=InvalidAnnotation", "-o", "jsonpath={.items[*].message}"];
        let events = cluster.plane.kubectl(&args).await?;
        for says in
            ["trimtab.dev/max-memory: \"lots\" is not an amount of memory", "trimtab.dev/mode: \"Maybe\" is not one of"]
        {
            ensure!(events.contains(says), "{says:?} is not in {events}");
        }
        Ok(())
    })
    .await?;

    let scaled = sized(cluster, "mess", "deploy-scaled").await?;
    ensure!(scaled["requests"]["cpu"] == "500m", "the set point of its autoscaler stays: {scaled}");
    let none = sized(cluster, "mess", "deploy-none").await?;
    ensure!(none["requests"]["cpu"].is_string() && none["requests"]["memory"].is_string(), "{none}");
    let nan = sized(cluster, "mess", "deploy-nan").await?;
    ensure!((100..=200).contains(&millis(&nan)?), "100m with resets and holes: {nan}");
    ensure!((190..=300).contains(&mebibytes(&nan)?), "200 MB with holes: {nan}");

    let (web, twin) =
        (sized(cluster, "twins", "deploy-web").await?, sized(cluster, "twins", "deploy-web-5d4f8c6b7").await?);
    ensure!(millis(&web)? < 200 && millis(&twin)? > 900, "each has its own usage: {web} and {twin}");
    let long_one = sized(cluster, &long("n"), &format!("deploy-{}", long("d"))).await?;
    ensure!(long_one["name"] == long("c"), "{long_one}");

    sized(cluster, "bare", "deploy-rack").await?;
    told(cluster, "bare", "PricesEstimated", ("True", "NodeTypeUnknown"), "add their nodes to a PriceBook").await?;
    let rack = cluster.recommendation("bare", "deploy-rack").await?;
    ensure!(rack.data["status"]["savings"]["estimated"] == true, "{}", rack.data["status"]["savings"]);
    ensure!(rack.data["status"]["savings"]["monthly"] != "0.00", "never a silent zero");
    told(cluster, "good", "PricesEstimated", ("False", "PricesKnown"), "").await
}

async fn sized(cluster: &Cluster, namespace: &str, name: &str) -> Result<Value> {
    let get = async || -> Result<DynamicObject> { cluster.recommendation(namespace, name).await };
    let rec = eventually(SOON, &format!("{namespace}/{name}"), get).await?;
    rec.data["spec"]["proposal"]["containers"].get(0).cloned().context("no container")
}

fn millis(container: &Value) -> Result<i64> {
    let text = container["requests"]["cpu"].as_str().context("no cpu")?;
    Ok(match text.strip_suffix('m') {
        Some(millis) => millis.parse()?,
        None => (text.parse::<f64>()? * 1000.0) as i64,
    })
}

fn mebibytes(container: &Value) -> Result<i64> {
    let text = container["requests"]["memory"].as_str().context("no memory")?;
    Ok(text.strip_suffix("Mi").with_context(|| text.to_owned())?.parse()?)
}
