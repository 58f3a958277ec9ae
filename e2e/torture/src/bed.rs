//! The cluster for plans: fully installed, with Trimtab's account, the guard, an approver, nodes, and a Prometheus with
//! just enough data for usage to be fresh. In: nothing. Out: clients and helpers to create a plan's objects.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use kube::{
    Api, Client,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams},
    core::GroupVersionKind,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{
    sync::RwLock,
    time::{Instant, sleep_until},
};
use trimtab_e2e::{
    Audit, Backfill, FakeNode, Kwok, Plane, PlaneOptions, Prometheus, PrometheusOptions, Samples, Series, WorkDir,
    eventually, repository,
};

use crate::scenario::FORMER_CPU;

/// Trimtab's own namespace.
pub const OWN: &str = "trimtab-system";
/// Who approves and rejects.
pub const APPROVER: &str = "bob";
/// The namespace of the workload with known usage.
pub const METER: &str = "meter";
/// The garbage collector's account, which may delete everything.
const COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";
/// The guard's name, and the kind of its binding.
const GUARD: &str = "trimtab-approval";
const GUARD_BINDING: &str = "ValidatingAdmissionPolicyBinding";
const GUARD_VERSION: &str = "admissionregistration.k8s.io/v1";
/// When a new guard vouches for approvals, plus two seconds for the clock of the API server.
const GUARD_SETTLES: Duration = Duration::from_secs(7);
/// The audit policy: writes of rollouts, with their bodies.
const AUDITED: &str = r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
  {"level": "Request", "verbs": ["create", "update", "patch", "delete"], "resources": [
    {"group": "", "resources": ["pods/resize", "pods/eviction"]},
    {"group": "trimtab.dev", "resources": ["recommendations/status", "appliedsizes"]}]},
  {"level": "None"}]}"#;

/// A fully installed cluster.
pub struct Bed {
    /// The API server and its controllers.
    pub plane: Plane,
    /// The cluster's admin.
    pub admin: Client,
    /// Trimtab's account, without client retries.
    pub trimtab: Client,
    /// The approver.
    pub approver: Client,
    /// The usage source.
    pub prometheus: Prometheus,
    /// The garbage collector.
    pub collector: Client,
    /// Held for reading by plans that share the cluster, for writing by one that needs it exclusively.
    pub alone: RwLock<()>,
    _data: WorkDir,
    _kwok: Kwok,
    installed: Mutex<Instant>,
}

impl Bed {
    /// Starts one with a node for each of `lanes` lanes.
    ///
    /// # Errors
    /// When a part of it does not come up.
    pub async fn start(lanes: usize) -> Result<Self> {
        let audit = Audit::Policy(AUDITED.to_owned());
        let plane = Plane::start(PlaneOptions { audit, ..PlaneOptions::default() }).await?;
        let admin = plane.client().await?;
        let kwok = Kwok::start(&plane).await?;
        let node = |i: usize| FakeNode::new(format!("lane-{i}")).label("lane", &i.to_string());
        kwok.add(&admin, (0..lanes).map(node).chain([FakeNode::new(METER).label("lane", METER)])).await?;
        for part in ["crds", "deploy/namespace.yaml", "deploy/rbac.yaml", "policies"] {
            let path = repository().join(part);
            plane.kubectl(&["apply", "--server-side", "-f", path.to_str().context("path")?]).await?;
        }
        let installed = Instant::now();
        plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]).await?;
        let (user, role) = (format!("--user={APPROVER}"), "--clusterrole=trimtab-approver");
        plane.kubectl(&["create", "clusterrolebinding", "approvers", role, &user]).await?;
        let approver = plane.client_with(&plane.user(APPROVER, &[], &[]).await?).await?;
        let account = plane.service_account_kubeconfig(OWN, "trimtab", &[]).await?;
        let trimtab = without_retries(&account).await?;
        let (prometheus, data) = meter(&admin).await?;
        let collector = in_the_name_of(&plane.kubeconfig_path(), COLLECTOR).await?;
        let installed = Mutex::new(installed);
        let alone = RwLock::default();
        let bed =
            Self { plane, admin, trimtab, approver, prometheus, collector, alone, _data: data, _kwok: kwok, installed };
        for kind in ["AppliedSizes", "OptimizationPolicy", "PriceBook", "Recommendation", "UsageProfile"] {
            // The API server creates the cache of a new kind at its first request.
            api(&bed.admin, "trimtab.dev/v1alpha1", kind, None).list(&ListParams::default()).await?;
        }
        Ok(bed)
    }

    /// Waits until the guard vouches for approvals.
    pub async fn settled(&self) {
        let installed = *self.installed.lock();
        sleep_until(installed + GUARD_SETTLES).await;
    }

    /// Removes the binding of the guard.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn open_gap(&self) -> Result<()> {
        let bindings = api(&self.admin, GUARD_VERSION, GUARD_BINDING, None);
        bindings.delete(GUARD, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Restores it as shipped. From then on it has to settle again.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn close_gap(&self) -> Result<()> {
        let path = repository().join("policies/approval.yaml");
        self.plane.kubectl(&["apply", "--server-side", "-f", path.to_str().context("path")?]).await?;
        *self.installed.lock() = Instant::now();
        Ok(())
    }

    /// Applies manifests as the admin.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn apply(&self, manifests: &[Value]) -> Result<()> {
        apply(&self.admin, manifests).await
    }
}

async fn apply(client: &Client, manifests: &[Value]) -> Result<()> {
    for manifest in manifests {
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
        let (version, kind) = (text("/apiVersion").context("apiVersion")?, text("/kind").context("kind")?);
        let name = text("/metadata/name").context("name")?;
        let params = PatchParams::apply("torture").force();
        api(client, version, kind, text("/metadata/namespace"))
            .patch(name, &params, &Patch::Apply(manifest))
            .await
            .with_context(|| format!("{kind} {name}"))?;
    }
    Ok(())
}

/// An API of a kind, by its name.
pub fn api(client: &Client, version: &str, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let plural = match kind {
        "OptimizationPolicy" => "optimizationpolicies".to_owned(),
        "AppliedSizes" => "appliedsizes".to_owned(),
        other => format!("{}s", other.to_lowercase()),
    };
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), &plural);
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

/// The admin impersonating somebody else.
async fn in_the_name_of(kubeconfig: &Path, user: &str) -> Result<Client> {
    let mut config = kube::config::Kubeconfig::read_from(kubeconfig)?;
    for named in &mut config.auth_infos {
        named.auth_info.get_or_insert_default().impersonate = Some(user.to_owned());
    }
    let config = kube::Config::from_custom_kubeconfig(config, &kube::config::KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

async fn without_retries(kubeconfig: &Path) -> Result<Client> {
    let config = kube::config::Kubeconfig::read_from(kubeconfig)?;
    let mut config = kube::Config::from_custom_kubeconfig(config, &kube::config::KubeConfigOptions::default()).await?;
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}

/// A Deployment on the nodes of a lane, with former requests of 500m and 512Mi.
pub fn deployment(namespace: &str, name: &str, lane: &str, replicas: usize, labels: Value) -> Value {
    let mut all = json!({"app": name});
    if let (Some(all), Some(more)) = (all.as_object_mut(), labels.as_object()) {
        all.extend(more.clone());
    }
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": all, "annotations": {"e2e.trimtab.dev/resize-delay": "50ms"}},
            "spec": {"nodeSelector": {"lane": lane}, "terminationGracePeriodSeconds": 0, "containers": [{
                "name": "app", "image": "fake/app:1", "resources": {
                    "requests": {"cpu": FORMER_CPU, "memory": "512Mi"}, "limits": {"memory": "512Mi"}}}]}}}})
}

/// Waits until a Deployment has this many ready pods and no others.
///
/// # Errors
/// With the pods found instead.
pub async fn ready(client: &Client, namespace: &str, name: &str, replicas: usize) -> Result<()> {
    let deployments = api(client, "apps/v1", "Deployment", Some(namespace));
    eventually(Duration::from_secs(60), &format!("{namespace}/{name} has {replicas} pods"), async || {
        let status = deployments.get(name).await?.data["status"].clone();
        let [ready, all] = ["readyReplicas", "replicas"].map(|key| status[key].as_u64().unwrap_or(0));
        anyhow::ensure!((ready, all) == (replicas as u64, replicas as u64), "{status}");
        Ok(())
    })
    .await
}

/// A workload with an hour of usage: too little for a proposal, and enough to show that usage is being measured.
async fn meter(admin: &Client) -> Result<(Prometheus, WorkDir)> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": METER}});
    apply(admin, &[namespace, deployment(METER, METER, METER, 1, json!({}))]).await?;
    ready(admin, METER, METER, 1).await?;
    let pods = api(admin, "v1", "Pod", Some(METER)).list(&ListParams::default()).await?;
    let pod = pods.items.first().and_then(|p| p.metadata.name.clone()).context("no pod of the meter")?;
    let labels = [
        ("namespace", METER),
        ("pod", &pod),
        ("container", "app"),
        ("image", "fake/app:1"),
        ("cpu", "total"),
        ("job", "kubelet"),
        ("metrics_path", "/metrics/cadvisor"),
    ];
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis())?;
    let (start, minutes) = (now - 3_600_000, 60_u32);
    let cpu = Samples::Each((1..=minutes).map(|m| f64::from(m) * 6.0).collect());
    let memory = Samples::Constant(1e8, 60);
    let dir = WorkDir::new("torture")?;
    let data = dir.path().join("data");
    Backfill::new()
        .series(Series::new("container_cpu_usage_seconds_total", &labels, start, 60_000, cpu))
        .series(Series::new("container_memory_working_set_bytes", &labels, start, 60_000, memory))
        .write(&data)?;
    let options = PrometheusOptions { data: Some(data), ..PrometheusOptions::default() };
    Ok((Prometheus::start(options).await?, dir))
}
