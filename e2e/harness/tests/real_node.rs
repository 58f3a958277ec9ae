//! Recommendations on a real node: the cgroups of running containers change, and change back when the kernel or the
//! kubelet objects. Skipped, with a message, where no node can run.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::{Api, ResourceExt, api::ListParams, core::DynamicObject};
use serde_json::{Value, json};
use support::{DAY, Guarded, Running, SOON, Usage, condition, deployment, modest, namespace, policy, prometheus};
use trimtab_core::quantity::{bytes, cpu_millis};
use trimtab_e2e::{IMAGE, Limits, NodeRuntime, PlaneOptions, Prometheus, RealNode, SELECTOR, WorkDir, eventually};

use crate::support;

const MIB: u64 = 1 << 20;
/// The size of containers before.
const FORMER: Limits = Limits { milli_cpu: Some(1000), memory: Some(512 * MIB) };

/// 20 millicores, 40 MiB.
fn small(second: i64) -> (f64, f64) {
    let wave = (second as f64 / DAY as f64 * std::f64::consts::TAU).sin();
    (0.02 + 0.005 * wave, 40.0 * 1024.0 * 1024.0 * (0.95 + 0.05 * wave))
}

/// A fully installed cluster with a real node, one Deployment `web` on it and a recommendation for that.
struct Bed {
    node: RealNode, // ends before its API server
    trimtab: Running,
    guarded: Guarded,
    _prometheus: (Prometheus, WorkDir),
    began: Instant,
}

impl Bed {
    /// `web`: the Deployment. `usage`: its history in Prometheus.
    async fn start(runtime: &NodeRuntime, web: Value, usage: Usage) -> Result<Self> {
        let replicas = i32::try_from(web["spec"]["replicas"].as_i64().context("replicas")?)?;
        let began = Instant::now();
        let guarded = Guarded::start(PlaneOptions::default()).await?;
        println!("{:6.2} s the cluster is there", began.elapsed().as_secs_f64());
        let cluster = &guarded.cluster;
        let node = RealNode::start(runtime, &cluster.plane).await?;
        println!("{:6.2} s the node is Ready", began.elapsed().as_secs_f64());
        cluster.apply(&[namespace("shop"), web]).await?;
        cluster.ready("shop", "web", replicas).await.map_err(|e| e.context(node.logs()))?;
        println!("{:6.2} s {replicas} pods are ready", began.elapsed().as_secs_f64());
        let prometheus = prometheus(cluster.history(9, |_| Some(usage)).await?).await?;
        cluster.apply(&[quick()]).await?;
        let args = ["--prometheus-url", prometheus.0.url(), "--interval", "20s"];
        let trimtab = guarded.run("trimtab", &args)?;
        Ok(Self { node, trimtab, guarded, _prometheus: prometheus, began })
    }

    fn say(&self, what: &str) {
        println!("{:6.2} s {what}", self.began.elapsed().as_secs_f64());
    }

    /// Waits for the proposal, approves it and returns the proposed limits.
    async fn approve(&self) -> Result<Limits> {
        let rec = self.stands("PendingApproval").await?;
        let proposed = &rec.data["spec"]["proposal"]["containers"][0]["limits"];
        let text = |resource: &str| proposed[resource].as_str().with_context(|| format!("{resource}: {proposed}"));
        let limits = Limits { milli_cpu: Some(cpu_millis(text("cpu")?)?), memory: Some(bytes(text("memory")?)?) };
        self.guarded.decide("shop", "deploy-web", "Approved").await?;
        self.say(&format!("approved: {proposed}"));
        Ok(limits)
    }

    async fn stands(&self, reason: &str) -> Result<DynamicObject> {
        match self.guarded.stands("shop", "deploy-web", reason, SOON).await {
            Ok(rec) => {
                self.say(reason);
                Ok(rec)
            }
            Err(error) => Err(error.context(format!("{:#}\n{}", self.pods_as_json().await?, self.trimtab.log()))),
        }
    }

    async fn pods(&self) -> Result<Vec<Pod>> {
        let api: Api<Pod> = Api::namespaced(self.guarded.cluster.client.clone(), "shop");
        Ok(api.list(&ListParams::default().labels("app=web")).await?.items)
    }

    async fn pods_as_json(&self) -> Result<Value> {
        let of = |p: &Pod| {
            json!([p.name_any(), p.metadata.generation, p.spec.as_ref().map(|s| &s.containers[0].resources), p.status])
        };
        Ok(self.pods().await?.iter().map(of).collect())
    }

    /// Waits until the kernel enforces `limits` on every container of `pods` pods.
    async fn held_to(&self, limits: Limits, pods: usize) -> Result<()> {
        eventually(SOON, &format!("{pods} cgroups have {limits:?}"), async || {
            let all = self.pods().await?;
            let seen = all.iter().map(|p| self.node.limits(p, "app")).collect::<Result<Vec<_>>>()?;
            ensure!(seen.len() == pods && seen.iter().all(|s| *s == limits), "{seen:?}");
            Ok(())
        })
        .await?;
        self.say(&format!(
            "{pods} cgroups: {} m of CPU, {} MiB",
            limits.milli_cpu.unwrap_or(0),
            limits.memory.unwrap_or(0) / MIB
        ));
        Ok(())
    }

    /// Makes the only pod hold this many MiB from now on.
    async fn hold(&self, mib: u32) -> Result<()> {
        self.ask(&format!("set?mem={mib}")).await?;
        self.say(&format!("the container is told to hold {mib} MiB"));
        Ok(())
    }

    /// Waits until it does.
    async fn holds(&self, mib: u32) -> Result<()> {
        eventually(SOON, &format!("the container holds {mib} MiB"), async || {
            let held = self.ask("").await?;
            ensure!(held.trim() == mib.to_string(), "{held}");
            Ok(())
        })
        .await
    }

    async fn ask(&self, path: &str) -> Result<String> {
        let pod = self.pods().await?.pop().context("no pod")?;
        let ip = pod.status.and_then(|s| s.pod_ip).context("no address")?;
        Ok(reqwest::get(format!("http://{ip}:8080/{path}")).await?.error_for_status()?.text().await?)
    }

    /// The status of the container of the only pod.
    async fn container(&self) -> Result<ContainerStatus> {
        Ok(only(&self.pods().await?.pop().context("no pod")?))
    }

    /// Waits until the container of the only pod runs and is ready.
    async fn runs(&self) -> Result<ContainerStatus> {
        eventually(SOON, "the container runs", async || {
            let container = self.container().await?;
            ensure!(container.ready, "{:?}", container.state);
            Ok(container)
        })
        .await
    }
}

fn only(pod: &Pod) -> ContainerStatus {
    pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0].clone()
}

/// The Deployment, on the real node. `holds`: the MiB each container actually holds.
fn web(replicas: i32, holds: u32) -> Value {
    let mut web = deployment("shop", "web", replicas);
    let spec = &mut web["spec"]["template"]["spec"];
    spec["nodeSelector"] = json!({SELECTOR.0: SELECTOR.1});
    spec["terminationGracePeriodSeconds"] = json!(1);
    spec["automountServiceAccountToken"] = json!(false);
    let container = &mut spec["containers"][0];
    container["image"] = json!(IMAGE);
    container["imagePullPolicy"] = json!("Never");
    container["env"] = json!([{"name": "MEM", "value": holds.to_string()}, {"name": "CPU", "value": "0.02"}]);
    container["readinessProbe"] = json!({"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1});
    container["resources"] =
        json!({"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}});
    web
}

/// A policy whose rollouts take seconds and that changes limits with requests.
fn quick() -> Value {
    let mut policy = policy("shop", &["shop"]);
    policy["spec"]["sizing"] = json!({"cpu": {"limit": "KeepRatio"}, "memory": {"limit": "KeepRatio"}});
    policy["spec"]["rolloutStrategy"] = json!({"steps": [{"replicas": 1, "pause": "1s"}, {"replicas": "100%"}]});
    policy["spec"]["verification"] = json!({"window": "5s"});
    policy["spec"]["limits"] = json!({"cooldown": "0s"});
    policy
}

#[tokio::test]
async fn cgroups_change_without_a_restart_and_new_pods_begin_with_the_size() -> Result<()> {
    let test = "cgroups_change_without_a_restart_and_new_pods_begin_with_the_size";
    let Some(runtime) = NodeRuntime::or_skip(test)? else { return Ok(()) };
    let bed = Bed::start(&runtime, web(2, 60), modest).await?;
    bed.held_to(FORMER, 2).await?;
    let before: Vec<_> = bed.pods().await?.iter().map(only).collect();
    let proposed = bed.approve().await?;
    bed.held_to(proposed, 2).await?;
    bed.stands("Applied").await?;
    for (was, now) in before.iter().zip(bed.pods().await?.iter().map(only)) {
        assert_eq!((now.restart_count, &now.container_id), (0, &was.container_id));
    }
    bed.guarded.cluster.plane.kubectl(&["scale", "-n", "shop", "deployment/web", "--replicas=3"]).await?;
    bed.held_to(proposed, 3).await?;

    let traces = bed.node.traces();
    assert!(traces().len() > 2, "{:?}", traces());
    drop(bed);
    eventually(SOON, "nothing of the node is left", async || {
        ensure!(traces().is_empty(), "{:?}", traces());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_container_that_wants_a_restart_is_restarted_once() -> Result<()> {
    let Some(runtime) = NodeRuntime::or_skip("a_container_that_wants_a_restart_is_restarted_once")? else {
        return Ok(());
    };
    let mut web = web(1, 60);
    web["spec"]["template"]["spec"]["containers"][0]["resizePolicy"] = json!([{"resourceName": "cpu", "restartPolicy": "NotRequired"}, {"resourceName": "memory", "restartPolicy": "RestartContainer"}]);
    let bed = Bed::start(&runtime, web, modest).await?;
    let proposed = bed.approve().await?;
    bed.held_to(proposed, 1).await?;
    let rec = bed.stands("Applied").await?;
    assert_eq!(bed.runs().await?.restart_count, 1);
    let checks = rec.data["status"]["rollout"]["checks"].as_array().unwrap();
    let restarts = checks.iter().find(|c| c["name"] == "Restarts").unwrap();
    assert_eq!(restarts["message"], "1 container with the new size restarted, 1 expected by resizePolicy");
    bed.held_to(proposed, 1).await
}

#[tokio::test]
async fn an_oom_kill_by_the_kernel_undoes_the_change() -> Result<()> {
    let Some(runtime) = NodeRuntime::or_skip("an_oom_kill_by_the_kernel_undoes_the_change")? else { return Ok(()) };
    let bed = Bed::start(&runtime, web(1, 10), small).await?;
    bed.held_to(FORMER, 1).await?;
    let proposed = bed.approve().await?;
    bed.held_to(proposed, 1).await?;
    // More than was ever seen, and less than its limit was.
    bed.hold(200).await?;
    eventually(SOON, "the kernel kills the container", async || {
        let container = bed.container().await?;
        let end = container.last_state.or(container.state).and_then(|s| s.terminated).context("it runs on")?;
        ensure!(end.reason.as_deref() == Some("OOMKilled"), "{end:?}");
        Ok(())
    })
    .await?;
    bed.say("OOMKilled");
    let rec = bed.stands("RolledBack").await?;
    let undo = &rec.data["status"]["rollout"]["undo"];
    println!("{undo}");
    assert_eq!(undo["reason"], "ChecksFailed");
    assert!(undo["message"].as_str().unwrap().contains("OOM-killed"), "{undo}");
    // The former size is in force, and enough for what the new one could not hold.
    let restarts = bed.runs().await?.restart_count;
    bed.held_to(FORMER, 1).await?;
    bed.hold(200).await?;
    bed.holds(200).await?;
    assert_eq!(bed.runs().await?.restart_count, restarts);
    Ok(())
}

#[tokio::test]
async fn a_limit_below_what_is_in_use_is_undone() -> Result<()> {
    let Some(runtime) = NodeRuntime::or_skip("a_limit_below_what_is_in_use_is_undone")? else { return Ok(()) };
    let bed = Bed::start(&runtime, web(1, 200), small).await?;
    let before = bed.runs().await?;
    bed.approve().await?;
    // The kubelet does not pass it to the kernel: nothing is killed.
    let rec = bed.stands("RolledBack").await?;
    let undo = &rec.data["status"]["rollout"]["undo"];
    println!("{undo}");
    assert_eq!(undo["reason"], "ResizeInfeasible");
    assert!(undo["message"].as_str().unwrap().contains("below current usage"), "{undo}");
    bed.held_to(FORMER, 1).await?;
    let after = bed.runs().await?;
    assert_eq!((after.restart_count, after.container_id), (0, before.container_id));
    Ok(())
}

#[tokio::test]
async fn memory_that_is_in_use_is_taken_back_once_it_is_free() -> Result<()> {
    let test = "memory_that_is_in_use_is_taken_back_once_it_is_free";
    let Some(runtime) = NodeRuntime::or_skip(test)? else { return Ok(()) };
    let mut web = web(1, 10);
    web["spec"]["template"]["spec"]["containers"][0]["resources"] =
        json!({"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}});
    let former = Limits { milli_cpu: Some(200), memory: Some(64 * MIB) };
    let bed = Bed::start(&runtime, web, modest).await?;
    let more = bed.approve().await?;
    assert!(more.memory > former.memory);
    bed.stands("Applied").await?;
    bed.held_to(more, 1).await?;
    bed.hold(120).await?;
    bed.holds(120).await?;
    bed.guarded.decide("shop", "deploy-web", "Rejected").await?;
    // The kubelet does not take away memory in use. The status says so, and does not claim that it is restored.
    eventually(SOON, "the status says why it is not back", async || {
        let rec = bed.guarded.stands("shop", "deploy-web", "RollingBack", SOON).await?;
        let ready = condition(&rec, "Ready").unwrap();
        ensure!(ready["message"].as_str().unwrap().contains("below current usage"), "{ready}");
        Ok(())
    })
    .await?;
    bed.say("the status says that the node refuses");
    bed.held_to(more, 1).await?;
    bed.hold(10).await?;
    bed.stands("RolledBack").await?;
    let pod = bed.pods().await?.pop().unwrap();
    assert_eq!(bed.node.limits(&pod, "app")?, former);
    assert_eq!(bed.runs().await?.restart_count, 0);
    Ok(())
}
