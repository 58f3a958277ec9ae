//! A small cluster with workloads, two weeks of their usage in a real Prometheus, and Trimtab running against both.
#![allow(dead_code, unused_imports, clippy::unwrap_used, clippy::expect_used)]

mod fleet;
mod going;
mod guarded;
mod running;

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Client, ResourceExt,
    api::{Api, ApiResource, DynamicObject, ListParams, Patch, PatchParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use trimtab_e2e::{
    Backfill, FakeNode, Kwok, Plane, PlaneOptions, Process, Prometheus, PrometheusOptions, Samples, Series, Trimtab,
    WorkDir, eventually, free_port, repository,
};

pub use fleet::{AGENT, reads, writes};
pub use guarded::{APPROVER, Guarded, condition};
pub use running::Running;

pub const SOON: Duration = Duration::from_secs(60);
pub const DAY: i64 = 86_400;

/// Trimtab's kinds.
pub const KINDS: [(&str, &str); 5] = [
    ("AppliedSizes", "appliedsizes"),
    ("OptimizationPolicy", "optimizationpolicies"),
    ("PriceBook", "pricebooks"),
    ("Recommendation", "recommendations"),
    ("UsageProfile", "usageprofiles"),
];

/// A workload's usage: cores and bytes at a second of the day.
pub type Usage = fn(i64) -> (f64, f64);

/// 120 millicores with a daily wave, 180 MiB.
pub fn modest(second: i64) -> (f64, f64) {
    let wave = (second as f64 / DAY as f64 * std::f64::consts::TAU).sin();
    (0.1 + 0.02 * wave, 180.0 * 1024.0 * 1024.0 * (0.95 + 0.05 * wave))
}

/// More than the usual request.
pub fn hungry(second: i64) -> (f64, f64) {
    let (cpu, memory) = modest(second);
    (cpu * 9.0, memory * 4.0)
}

/// A plane with kwok, nodes, and usually Trimtab's kinds.
pub struct Cluster {
    pub plane: Plane,
    pub client: Client,
    pub kwok: Kwok,
}

impl Cluster {
    pub async fn start(options: PlaneOptions) -> Result<Self> {
        let cluster = Self::without_kinds(options).await?;
        let crds = repository().join("crds");
        cluster.plane.kubectl(&["apply", "--server-side", "-f", crds.to_str().unwrap()]).await?;
        cluster.kinds_served().await?;
        Ok(cluster)
    }

    /// The same without Trimtab's kinds, for tests that install them in another way.
    pub async fn without_kinds(options: PlaneOptions) -> Result<Self> {
        let plane = Plane::start(options).await?;
        let client = plane.client().await?;
        let kwok = Kwok::start(&plane).await?;
        let node = |i: usize| {
            FakeNode::new(format!("kwok-{i}"))
                .label("node.kubernetes.io/instance-type", "m5.8xlarge")
                .label("topology.kubernetes.io/region", "us-east-1")
                .provider_id(&format!("aws:///us-east-1a/i-{i:017}"))
                .capacity("32", "128Gi", 110)
        };
        kwok.add(&client, [node(0), node(1)]).await?;
        Ok(Self { plane, client, kwok })
    }

    /// Waits until the API server serves Trimtab's kinds.
    pub async fn kinds_served(&self) -> Result<()> {
        self.plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]).await?;
        // The API server creates the cache of a new kind at its first request, and makes a watch that follows
        // immediately restart: not what is tested here.
        for (kind, plural) in KINDS {
            self.api(kind, plural, None).list(&ListParams::default()).await?;
        }
        Ok(())
    }

    /// Applies manifests.
    pub async fn apply(&self, manifests: &[Value]) -> Result<()> {
        for manifest in manifests {
            let kind = manifest["kind"].as_str().unwrap();
            let (group, version) = match manifest["apiVersion"].as_str().unwrap().split_once('/') {
                Some((group, version)) => (group, version),
                None => ("", manifest["apiVersion"].as_str().unwrap()),
            };
            let plural = match kind {
                "OptimizationPolicy" => "optimizationpolicies".to_owned(),
                "AppliedSizes" => "appliedsizes".to_owned(),
                other => format!("{}s", other.to_lowercase()),
            };
            let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), &plural);
            let api: Api<DynamicObject> = match manifest["metadata"]["namespace"].as_str() {
                Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
                None => Api::all_with(self.client.clone(), &resource),
            };
            let name = manifest["metadata"]["name"].as_str().unwrap();
            api.patch(name, &PatchParams::apply("e2e").force(), &Patch::Apply(manifest))
                .await
                .with_context(|| format!("{kind} {name}"))?;
        }
        Ok(())
    }

    /// All Recommendations of a namespace, by name.
    pub async fn recommendations(&self, namespace: &str) -> Result<Vec<DynamicObject>> {
        Ok(self.api("Recommendation", "recommendations", Some(namespace)).list(&ListParams::default()).await?.items)
    }

    /// One Recommendation; its status must be written.
    pub async fn recommendation(&self, namespace: &str, name: &str) -> Result<DynamicObject> {
        let object = self.api("Recommendation", "recommendations", Some(namespace)).get(name).await?;
        ensure!(object.data["status"]["proposalDigest"].is_string(), "no status yet");
        Ok(object)
    }

    /// The condition `kind` of a policy as `(status, reason, message)`.
    pub async fn condition(&self, policy: &str, kind: &str) -> Result<(String, String, String)> {
        let object = self.api("OptimizationPolicy", "optimizationpolicies", None).get(policy).await?;
        let condition = object.data["status"]["conditions"]
            .as_array()
            .and_then(|list| list.iter().find(|c| c["type"] == kind))
            .with_context(|| format!("no condition {kind}: {}", object.data["status"]))?;
        let text = |key: &str| condition[key].as_str().unwrap_or_default().to_owned();
        Ok((text("status"), text("reason"), text("message")))
    }

    /// The status of a policy.
    pub async fn policy_status(&self, policy: &str) -> Result<Value> {
        let object = self.api("OptimizationPolicy", "optimizationpolicies", None).get(policy).await?;
        Ok(object.data["status"].clone())
    }

    /// An API of one of Trimtab's kinds.
    pub fn api(&self, kind: &str, plural: &str, namespace: Option<&str>) -> Api<DynamicObject> {
        let resource =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("trimtab.dev", "v1alpha1", kind), plural);
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// Waits for the pods of a Deployment.
    pub async fn ready(&self, namespace: &str, name: &str, replicas: i32) -> Result<()> {
        let api: Api<Deployment> = Api::namespaced(self.client.clone(), namespace);
        eventually(SOON, &format!("{namespace}/{name} has {replicas} pods"), async || {
            let ready = api.get(name).await?.status.and_then(|s| s.ready_replicas).unwrap_or(0);
            ensure!(ready == replicas, "{ready}");
            Ok(())
        })
        .await
    }

    /// Two weeks of usage of every pod with label `app`, for those known to `usage`.
    pub async fn history(&self, days: i64, usage: impl Fn(&str) -> Option<Usage>) -> Result<Backfill> {
        let mut backfill = Backfill::new();
        for pod in self.pods().await? {
            let Some(used) = pod.labels().get("app").and_then(|app| usage(app)) else { continue };
            for container in &pod.spec.as_ref().unwrap().containers {
                backfill =
                    add(backfill, &pod.namespace().unwrap(), &pod.name_any(), &container.name, days, now(), used);
            }
        }
        Ok(backfill)
    }

    /// All pods.
    pub async fn pods(&self) -> Result<Vec<Pod>> {
        Ok(Api::<Pod>::all(self.client.clone()).list(&ListParams::default()).await?.items)
    }

    /// Trimtab's controller as the admin, without an election.
    pub fn run(&self, name: &str, args: &[&str]) -> Result<Running> {
        let all = [&["--no-leader-election"], args].concat();
        Running::start(&self.plane.kubeconfig_path(), self.plane.dir(), name, &all)
    }

    /// Trimtab's controller against this plane.
    pub fn trimtab(&self, name: &str, args: &[&str]) -> Result<(Process, u16)> {
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let mut all = vec!["controller", "--admin-address", &address, "--log-format", "text", "--namespace", "default"];
        all.extend(args);
        let process = Trimtab::new(&self.plane.kubeconfig_path(), &all)?.start(name, self.plane.dir())?;
        Ok((process, port))
    }
}

/// Seconds since the epoch.
pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// Adds the usage of one container up to `until`, one sample a minute.
pub fn add(
    backfill: Backfill,
    namespace: &str,
    pod: &str,
    container: &str,
    days: i64,
    until: i64,
    usage: Usage,
) -> Backfill {
    let start = until - days * DAY;
    let (mut cpu, mut memory, mut total) = (Vec::new(), Vec::new(), 0.0);
    for minute in 0..days * 1440 {
        let (cores, bytes) = usage((start + minute * 60).rem_euclid(DAY));
        total += cores * 60.0;
        cpu.push(total);
        memory.push(bytes);
    }
    samples(backfill, namespace, pod, container, until, cpu, memory)
}

/// Adds samples of one container, one a minute and the last at `until`: its CPU counter and its memory.
pub fn samples(
    backfill: Backfill,
    namespace: &str,
    pod: &str,
    container: &str,
    until: i64,
    cpu: Vec<f64>,
    memory: Vec<f64>,
) -> Backfill {
    let start = until - i64::try_from(cpu.len()).unwrap() * 60;
    let labels = [
        ("namespace", namespace),
        ("pod", pod),
        ("container", container),
        ("image", "fake/app:1"),
        ("cpu", "total"),
        ("job", "kubelet"),
        ("metrics_path", "/metrics/cadvisor"),
    ];
    backfill
        .series(Series::new("container_cpu_usage_seconds_total", &labels, start * 1000, 60_000, Samples::Each(cpu)))
        .series(Series::new("container_memory_working_set_bytes", &labels, start * 1000, 60_000, Samples::Each(memory)))
}

/// A Prometheus with this history.
pub async fn prometheus(history: Backfill) -> Result<(Prometheus, WorkDir)> {
    let dir = WorkDir::new("prometheus")?;
    let data: PathBuf = dir.path().join("data");
    history.write(&data)?;
    let prometheus = Prometheus::start(PrometheusOptions { data: Some(data), ..PrometheusOptions::default() }).await?;
    Ok((prometheus, dir))
}

pub fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

pub fn deployment(namespace: &str, name: &str, replicas: i32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "app", "image": "fake/app:1", "resources": {
                "requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}}]}}}})
}

pub fn policy(name: &str, namespaces: &[&str]) -> Value {
    json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": name},
        "spec": {"targetNamespaces": namespaces}})
}

/// A policy whose rollouts take seconds.
pub fn quick(name: &str, namespaces: &[&str]) -> Value {
    let mut policy = policy(name, namespaces);
    policy["spec"]["rolloutStrategy"] =
        json!({"steps": [{"replicas": 1, "pause": "2s"}, {"replicas": "50%", "pause": "1s"}, {"replicas": "100%"}]});
    policy["spec"]["verification"] = json!({"window": "3s"});
    policy["spec"]["limits"] = json!({"cooldown": "0s"});
    policy
}
