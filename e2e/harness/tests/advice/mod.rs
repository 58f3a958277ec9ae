//! Inputs that once led to wrong advice, on one cluster: each row of the table in `docs/advice.md` is a separate check,
//! and all failures are listed together.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod again;
mod faults;
mod gaps;
mod snapshot;
mod usage;
mod world;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use faults::{FAULTS, Row};
use gaps::GAPS;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};
use snapshot::Snapshot;
use support::{Cluster, Running, SOON};
use trimtab_e2e::{FakeNode, FakePrometheus, FakeSeries, PlaneOptions, eventually};

use crate::support;

/// How long rows may take to hold once everything was evaluated: events are written after the status.
const SETTLES: Duration = Duration::from_secs(20);

/// A cluster with all the inputs, and their history.
pub struct Bed {
    /// The cluster with every input applied.
    pub cluster: Cluster,
    /// The fake Prometheus.
    pub prometheus: FakePrometheus,
    /// Ended series, which do not change.
    pub past: Vec<FakeSeries>,
}

impl Bed {
    async fn start() -> Result<Self> {
        let cluster = Cluster::start(PlaneOptions::default()).await?;
        let labels = |node: FakeNode, kind: &str| {
            node.label("node.kubernetes.io/instance-type", kind).label("topology.kubernetes.io/region", "us-east-1")
        };
        let node = |i: usize| labels(FakeNode::new(format!("small-{i}")), "m5.xlarge").capacity("4", "16Gi", 58);
        let gpu = labels(FakeNode::new("gpu-0"), "p3.2xlarge").label("gpu", "yes").capacity("8", "61Gi", 58);
        let gpu = gpu.extended("nvidia.com/gpu", "1").taint("nvidia.com/gpu", "present");
        cluster.kwok.add(&cluster.client, (0..6).map(node).chain([gpu])).await?;
        let bed = Self {
            cluster,
            prometheus: FakePrometheus::start(Vec::new()).await?,
            past: usage::past(support::now() as f64),
        };
        bed.apply("ground", &world::ground()).await?;
        bed.cluster.plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]).await?;
        bed.injects().await?;
        bed.apply("workloads", &world::workloads()).await?;
        bed.pods_run().await?;
        bed.kill_by_the_node().await?;
        bed.scrape().await?;
        bed.apply("policies", &world::policies()).await?;
        Ok(bed)
    }

    /// Applies objects as a person does.
    pub async fn apply(&self, name: &str, objects: &[Value]) -> Result<()> {
        let path = self.cluster.plane.dir().join(format!("{name}.json"));
        std::fs::write(&path, json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string())?;
        self.cluster.plane.kubectl(&["apply", "-f", path.to_str().context("path")?]).await?;
        Ok(())
    }

    /// An API server takes about a second to enforce a new admission policy.
    async fn injects(&self) -> Result<()> {
        let pods: Api<Pod> = Api::namespaced(self.cluster.client.clone(), "adv-inj");
        let probe: Pod = serde_json::from_value(json!({"metadata": {"name": "probe"},
            "spec": {"containers": [{"name": "app", "image": "x"}]}}))?;
        let dry = kube::api::PostParams { dry_run: true, ..Default::default() };
        eventually(SOON, "sidecars are injected", async || {
            let made = pods.create(&dry, &probe).await?;
            ensure!(made.spec.is_some_and(|s| s.containers.len() == 2), "not yet");
            Ok(())
        })
        .await
    }

    /// The pods of the inputs.
    pub async fn pods(&self) -> Result<Vec<Pod>> {
        let ours = |pod: &Pod| world::NAMESPACES.contains(&pod.namespace().unwrap_or_default().as_str());
        Ok(self.cluster.pods().await?.into_iter().filter(ours).collect())
    }

    /// Waits until every workload has its pods, all of them running.
    pub async fn pods_run(&self) -> Result<()> {
        eventually(SOON, "every pod runs", async || {
            let rows = r#"{range .items[*]}{.kind}{"/"}{.metadata.name}{" "}{.spec.replicas}{" "}{.status.readyReplicas}{" "}{.status.updatedReplicas}{" "}{.status.replicas}{"\n"}{end}"#;
            let args = ["get", "deployments,statefulsets", "-A", "-o", &format!("jsonpath={rows}")];
            let text = self.cluster.plane.kubectl(&args).await?;
            for line in text.lines().filter(|line| !line.contains("bootloop")) {
                let words: Vec<&str> = line.split(' ').collect();
                let wanted = words[1];
                ensure!(wanted == "0" || words[2..].iter().all(|have| *have == wanted), "{line}");
            }
            let pods = self.pods().await?;
            let logs = pods.iter().filter(|p| p.labels().get("app").is_some_and(|app| app == "logs"));
            ensure!(logs.count() == 8 && pods.iter().any(|p| p.name_any().starts_with("bootloop")), "not all made");
            let waiting = pods.iter().find(|p| p.status.as_ref().and_then(|s| s.phase.as_deref()) != Some("Running"));
            ensure!(waiting.is_none(), "{:?} does not run", waiting.map(ResourceExt::name_any));
            Ok(())
        })
        .await
    }

    /// A container of `nodeoom` was killed, with 300Mi of its limit of 8Gi in use.
    async fn kill_by_the_node(&self) -> Result<()> {
        let pods: Api<Pod> = Api::namespaced(self.cluster.client.clone(), "adv");
        let found = pods.list(&ListParams::default().labels("app=nodeoom")).await?.items;
        let pod = found.into_iter().next().context("no pod of nodeoom")?;
        let (name, mut statuses) = (pod.name_any(), pod.status.and_then(|s| s.container_statuses).context("status")?);
        let end = jiff::Timestamp::now();
        let killed =
            json!({"terminated": {"reason": "OOMKilled", "exitCode": 137, "startedAt": end, "finishedAt": end}});
        statuses[0].restart_count = 1;
        statuses[0].last_state = Some(serde_json::from_value(killed)?);
        let status = json!({"status": {"containerStatuses": statuses}});
        pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(&status)).await?;
        Ok(())
    }

    /// The present pods have always existed.
    pub async fn scrape(&self) -> Result<()> {
        let living = usage::living(&self.pods().await?);
        self.prometheus.set(self.past.iter().cloned().chain(living).collect());
        Ok(())
    }

    /// Starts Trimtab on it.
    pub fn run(&self, name: &str) -> Result<Running> {
        self.cluster.run(name, &["--prometheus-url", self.prometheus.url(), "--interval", "5s"])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inputs_that_made_wrong_advice_do_not() -> Result<()> {
    let begin = Instant::now();
    let at = |what: &str| println!("{:6.1} s {what}", begin.elapsed().as_secs_f64());
    let mut bed = Bed::start().await?;
    at("the inputs are there");
    let trimtab = bed.run("first")?;
    let policies = world::policies().len();
    let looked = eventually(SOON, "everything is looked at", async || {
        let snapshot = Snapshot::take(&bed.cluster).await?;
        snapshot.is_whole(policies)?;
        ensure!(snapshot.recommendation("adv/deploy-control").is_some(), "{}", snapshot.said_of_policy("advice"));
        Ok(())
    })
    .await;
    looked.with_context(|| format!("{}\n{:#?}", trimtab.log(), bed.prometheus.asked()))?;
    at("everything is looked at");
    let rows: Vec<&Row> = FAULTS.iter().chain(GAPS).collect();
    let mut wrong = judged(&bed, &rows).await?;
    at("each row is judged");
    Snapshot::take(&bed.cluster).await?.table().iter().for_each(|line| println!("{line}"));
    // What follows changes the cluster: each reports its result.
    for (row, result) in again::all(&mut bed, trimtab).await? {
        wrong.extend(result.err().map(|error| format!("{row}: {error:#}")));
        at(row);
    }
    let held = rows.len() + again::ROWS - wrong.len();
    println!("{held} rows hold, {} do not", wrong.len());
    assert!(wrong.is_empty(), "{} rows do not hold:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// Waits until all rows hold, or until the time limit, and returns those that do not.
async fn judged(bed: &Bed, rows: &[&Row]) -> Result<Vec<String>> {
    let begin = Instant::now();
    loop {
        let snapshot = Snapshot::take(&bed.cluster).await?;
        let mut wrong = Vec::new();
        for (name, check) in rows {
            wrong.extend(check(&snapshot).err().map(|error| format!("{name}: {error:#}")));
        }
        if wrong.is_empty() || begin.elapsed() > SETTLES {
            return Ok(wrong);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
