//! The test bed itself: the basis of the other end-to-end tests.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use trimtab_e2e::{
    Backfill, Fault, FaultyHttp, Kwok, MetricsServer, Plane, PlaneOptions, Prometheus, PrometheusOptions, Samples,
    Series, WorkDir, audit, eventually, query_log, rule,
};

const SOON: Duration = Duration::from_secs(60);

fn from<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn pod(name: &str, labels: Value, annotations: Value) -> Pod {
    from(json!({
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": {"containers": [{"name": "app", "image": "fake/app:1",
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}}]},
    }))
}

fn deployment(name: &str, replicas: u32) -> Deployment {
    from(json!({
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}, "annotations": {
                "e2e.trimtab.dev/usage-cpu": "120m", "e2e.trimtab.dev/usage-memory": "180Mi"}},
            "spec": {
                "initContainers": [
                    {"name": "init", "image": "fake/init:1"},
                    {"name": "proxy", "image": "fake/proxy:1", "restartPolicy": "Always"}],
                "containers": [{"name": "app", "image": "fake/web:1",
                    "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}}]}}},
    }))
}

async fn create<T>(api: &Api<T>, object: &T) -> Result<T>
where
    T: Clone + serde::Serialize + serde::de::DeserializeOwned + std::fmt::Debug + kube::Resource,
{
    Ok(api.create(&PostParams::default(), object).await?)
}

/// Everything that kwok simulates, on one plane.
#[tokio::test]
async fn nodes_and_pods_are_played() -> Result<()> {
    let begin = Instant::now();
    let at = |what: &str| println!("{:6.2} s {what}", begin.elapsed().as_secs_f64());
    let plane = Plane::start(PlaneOptions::default()).await?;
    at("plane ready");
    let client = plane.client().await?;
    let kwok = Kwok::start(&plane).await?;
    kwok.nodes(&client, 20, &[("tier", "test")]).await?;
    at("20 nodes Ready");

    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    create(&deployments, &deployment("web", 50)).await?;
    eventually(SOON, "50 replicas ready", async || {
        let ready = deployments.get("web").await?.status.and_then(|s| s.ready_replicas);
        ensure!(ready == Some(50), "{ready:?}");
        Ok(())
    })
    .await?;
    at("50 pods Ready");

    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let web = pods.list(&ListParams::default().labels("app=web").limit(1)).await?.items.remove(0);
    let init = web.status.context("no status")?.init_container_statuses.unwrap_or_default();
    ensure!(init.len() == 2, "{init:?}");
    ensure!(init[0].state.as_ref().is_some_and(|s| s.terminated.is_some()), "an init container has ended: {init:?}");
    ensure!(init[1].state.as_ref().is_some_and(|s| s.running.is_some()), "a sidecar runs: {init:?}");

    let name = web.metadata.name.context("no name")?;
    let resize = json!({"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}}}]}});
    pods.patch_resize(&name, &PatchParams::default(), &Patch::Strategic(resize)).await?;
    eventually(SOON, "the resize is played", async || {
        let pod = pods.get(&name).await?;
        let status = pod.status.context("no status")?;
        let container = status.container_statuses.unwrap_or_default().remove(0);
        let cpu = container.resources.and_then(|r| r.requests).and_then(|r| r.get("cpu").cloned()).map(|q| q.0);
        ensure!(cpu.as_deref() == Some("250m") && container.restart_count == 0, "cpu {cpu:?}");
        ensure!(status.observed_generation == pod.metadata.generation, "{:?}", status.observed_generation);
        Ok(())
    })
    .await?;
    at("resize played");

    let fast = json!({"e2e.trimtab.dev/lives-for": "300ms", "e2e.trimtab.dev/back-off": "300ms"});
    create(&pods, &pod("oom", json!({"e2e.trimtab.dev/behaviour": "oom-once"}), fast)).await?;
    create(&pods, &pod("image", json!({"e2e.trimtab.dev/behaviour": "imagepull"}), json!({}))).await?;
    eventually(SOON, "OOMKilled once, then running", async || {
        let status = pods.get("oom").await?.status.context("no status")?;
        let container = status.container_statuses.context("no container")?.remove(0);
        let reason = container.last_state.and_then(|s| s.terminated).and_then(|t| t.reason);
        let running = container.state.is_some_and(|s| s.running.is_some());
        ensure!(reason.as_deref() == Some("OOMKilled") && running, "{reason:?}, running: {running}");
        ensure!(container.restart_count == 1, "{} restarts", container.restart_count);
        Ok(())
    })
    .await?;
    eventually(SOON, "ImagePullBackOff", async || {
        let status = pods.get("image").await?.status.context("no status")?;
        let waiting = status.container_statuses.context("no container")?.remove(0).state.and_then(|s| s.waiting);
        ensure!(waiting.as_ref().and_then(|w| w.reason.as_deref()) == Some("ImagePullBackOff"), "{waiting:?}");
        Ok(())
    })
    .await?;
    at("OOM kill and image failure played");

    let jobs: Api<Job> = Api::default_namespaced(client.clone());
    for (name, exit_code) in [("good", "0"), ("bad", "3")] {
        let job: Job = from(json!({"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {
            "metadata": {"annotations": {"e2e.trimtab.dev/duration": "500ms", "e2e.trimtab.dev/exit-code": exit_code}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "fake/job:1"}]}}}}));
        create(&jobs, &job).await?;
    }
    eventually(SOON, "one Job complete, one failed", async || {
        let (good, bad) = (jobs.get("good").await?.status, jobs.get("bad").await?.status);
        ensure!(good.as_ref().and_then(|s| s.succeeded) == Some(1), "good: {good:?}");
        ensure!(bad.as_ref().and_then(|s| s.failed) == Some(1), "bad: {bad:?}");
        Ok(())
    })
    .await?;
    at("Jobs played");

    // The same usage through Prometheus and through metrics-server.
    let node = pods.get(&name).await?.spec.and_then(|s| s.node_name).context("no node")?;
    let prometheus = Prometheus::start(PrometheusOptions {
        scrape_configs: vec![kwok.scrape_config(&[&node])],
        scrape_interval: Some(Duration::from_secs(1)),
        ..PrometheusOptions::default()
    })
    .await?;
    let query = format!("rate(container_cpu_usage_seconds_total{{pod=\"{name}\"}}[5s])");
    eventually(SOON, "0.12 cores from Prometheus", async || {
        let cores = prometheus.query(&query).await?.first().context("no sample")?.value;
        ensure!((0.11..0.13).contains(&cores), "{cores} cores");
        Ok(())
    })
    .await?;
    at("scraped by Prometheus");
    let _metrics = MetricsServer::start(&plane).await?;
    let top = eventually(Duration::from_secs(90), "kubectl top", async || {
        plane.kubectl(&["top", "pod", &name, "--no-headers"]).await
    })
    .await?;
    ensure!(top.contains("180Mi"), "{top}");
    at("kubectl top");
    Ok(())
}

/// Permissions, the audit log, and that credentials outlive an API server.
#[tokio::test]
async fn users_audit_and_restart() -> Result<()> {
    let plane = Plane::start(PlaneOptions { restartable_apiserver: true, ..PlaneOptions::default() }).await?;
    let nobody = plane.user("nobody", &["devs"], &[]).await?;
    let refused = plane.kubectl_as(&nobody, &["get", "pods"]).await.expect_err("no rights");
    ensure!(refused.to_string().contains("forbidden"), "{refused:#}");

    let reader = plane.user("reader", &[], &[rule(&[""], &["pods"], &["get", "list"])]).await?;
    plane.kubectl_as(&reader, &["get", "pods", "-A"]).await?;
    let robot = plane
        .service_account_kubeconfig("default", "robot", &[rule(&[""], &["configmaps"], &["create", "get", "patch"])])
        .await?;
    let whoami = plane.kubectl_as(&robot, &["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]).await?;
    ensure!(whoami == "system:serviceaccount:default:robot", "{whoami}");

    let mark = plane.audit().mark()?;
    plane.kubectl_as(&robot, &["create", "configmap", "one"]).await?;
    plane.kubectl_as(&robot, &["create", "configmap", "two", "--dry-run=server"]).await?;
    ensure!(plane.kubectl_as(&robot, &["create", "namespace", "no"]).await.is_err());
    let events = plane.audit().since(mark)?;
    let created: Vec<_> = events.iter().filter(|e| e.is_write() && e.user.ends_with(":robot")).collect();
    let seen: Vec<_> = created.iter().map(|e| (e.target(), e.namespace.as_str(), e.name.as_str(), e.code)).collect();
    ensure!(
        seen == [("configmaps".to_owned(), "default", "one", 201), ("namespaces".to_owned(), "", "no", 403)]
            || seen == [("configmaps".to_owned(), "default", "one", 201), ("namespaces".to_owned(), "", "", 403)],
        "{seen:?}"
    );
    ensure!(
        audit::writes_by(&events, "plane/v1.36")
            == BTreeMap::from([("create configmaps".into(), 1), ("create namespaces".into(), 1)]),
        "{:?}",
        events.iter().map(|e| &e.user_agent).collect::<Vec<_>>()
    );

    let (alone, rest) = (plane.apiserver_usage()?, plane.process().usage()?);
    ensure!(!alone.cpu.is_zero() && !rest.cpu.is_zero(), "{alone:?} {rest:?}");
    let before = Instant::now();
    plane.restart_apiserver().await?;
    println!("API server restarted in {:?}", before.elapsed());
    plane.apiserver_usage()?;
    plane.kubectl_as(&reader, &["get", "pods"]).await?;
    plane.kubectl_as(&robot, &["get", "configmap", "one"]).await?;
    plane.kill_apiserver().await?;
    ensure!(plane.kubectl(&["get", "ns"]).await.is_err(), "it is gone");
    plane.start_apiserver().await?;
    plane.kubectl_as(&robot, &["get", "configmap", "one"]).await?;

    // The controllers keep working: a new namespace gets its ServiceAccount.
    let client = plane.client().await?;
    create(&Api::<Namespace>::all(client.clone()), &from(json!({"metadata": {"name": "later"}}))).await?;
    let maps: Api<ConfigMap> = Api::namespaced(client, "later");
    eventually(SOON, "kube-root-ca.crt in the new namespace", async || Ok(maps.get("kube-root-ca.crt").await?)).await?;
    Ok(())
}

/// A plane in one process says that its API server cannot be restarted.
#[tokio::test]
async fn restart_needs_a_process_of_its_own() -> Result<()> {
    let plane = Plane::start(PlaneOptions::default()).await?;
    let refused = plane.restart_apiserver().await.expect_err("runs in one process");
    ensure!(format!("{refused:#}").contains("--children"), "{refused:#}");
    let refused = plane.apiserver_usage().expect_err("runs in one process");
    ensure!(refused.to_string().contains("has no child kube-apiserver"), "{refused:#}");
    Ok(())
}

const DAY_MS: i64 = 86_400_000;

fn two_weeks(end_ms: i64) -> Vec<Series> {
    let (start, step) = (end_ms - 14 * DAY_MS, 60_000);
    let count = 14 * 24 * 60;
    let series = |pod: usize| {
        let name = format!("web-{pod}");
        let labels = [("namespace", "shop"), ("pod", name.as_str()), ("container", "app")];
        let cpu = (0..count).map(|i| f64::from(i) * 60.0 * 0.25).collect();
        let memory = (0..count).map(|i| f64::from(100_000_000 + (i % 1440) * 1000)).collect();
        [
            Series::new("container_cpu_usage_seconds_total", &labels, start, step, Samples::Each(cpu)),
            Series::new("container_memory_working_set_bytes", &labels, start, step, Samples::Each(memory)),
            Series::new("kube_pod_owner", &labels, start, step, Samples::Constant(1.0, count as usize)),
        ]
    };
    (0..50).flat_map(series).collect()
}

fn now_ms() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64
}

/// Prometheus answers with the history written as blocks, and faults work through the proxy.
#[tokio::test]
async fn prometheus_with_two_weeks_and_faults() -> Result<()> {
    let data = WorkDir::new("data")?;
    let begin = Instant::now();
    Backfill::stream(data.path(), two_weeks(now_ms() / 60_000 * 60_000))?;
    println!("{:6.2} s 3 million samples written", begin.elapsed().as_secs_f64());
    let prometheus =
        Prometheus::start(PrometheusOptions { data: Some(data.path().into()), ..PrometheusOptions::default() }).await?;
    println!("{:6.2} s Prometheus ready", begin.elapsed().as_secs_f64());
    let pods = prometheus.query("count(kube_pod_owner)").await?;
    ensure!(pods[0].value == 50.0, "{pods:?}");
    let samples = prometheus.query("sum(count_over_time(container_memory_working_set_bytes[15d]))").await?;
    ensure!(samples[0].value == f64::from(50 * 14 * 1440), "{samples:?}");
    let cores = prometheus.query("avg(rate(container_cpu_usage_seconds_total[13d]))").await?;
    ensure!((cores[0].value - 0.25).abs() < 0.001, "{cores:?}");
    let queries = prometheus.queries()?;
    ensure!(queries.len() == 3 && queries[1].samples == 50 * 14 * 1440, "{queries:?}");
    ensure!(query_log::samples(&queries) > 2 * 50 * 13 * 1440, "{queries:?}");

    let proxy = FaultyHttp::start(Some(prometheus.url())).await?;
    let url = format!("{}/api/v1/query", proxy.url());
    let http = reqwest::Client::builder().timeout(Duration::from_millis(500)).build()?;
    let ask = || http.get(&url).query(&[("query", "vector(time())"), ("time", "10000")]).send();
    ensure!(ask().await?.text().await?.contains("\"10000\""));
    proxy.next(1, Fault::Earlier(Duration::from_secs(3600)));
    ensure!(ask().await?.text().await?.contains("\"6400\""), "an hour earlier");
    ensure!(ask().await?.text().await?.contains("\"10000\""), "once only");
    for status in [400, 403, 500, 503] {
        proxy.set(Fault::Status(status));
        ensure!(ask().await?.status() == status);
    }
    proxy.set(Fault::Nonsense);
    ensure!(ask().await?.json::<Value>().await.is_err());
    proxy.set(Fault::Partial);
    ensure!(ask().await?.bytes().await.is_err(), "half a body");
    proxy.set(Fault::Close);
    ensure!(ask().await.is_err());
    proxy.set(Fault::Hang);
    ensure!(ask().await.expect_err("hangs").is_timeout());
    proxy.set(Fault::Slow(Duration::from_secs(2)));
    ensure!(ask().await.expect_err("slow").is_timeout());
    proxy.heal();
    proxy.when("vector(", Fault::Status(418));
    ensure!(ask().await?.status() == 418);
    proxy.heal();
    ensure!(ask().await?.status() == 200);
    ensure!(proxy.seen().iter().all(|r| r.param("query") == Some("vector(time())")));
    Ok(())
}

/// A dropped plane leaves nothing behind.
#[tokio::test]
async fn nothing_is_left_behind() -> Result<()> {
    let plane = Plane::start(PlaneOptions { restartable_apiserver: true, ..PlaneOptions::default() }).await?;
    let kwok = Kwok::start(&plane).await?;
    let dir = plane.dir().to_path_buf();
    // A process has no command line for a moment after it was started.
    eventually(SOON, "plane, API server and kwok", async || {
        ensure!(processes_of(&dir).len() >= 3, "{:?}", processes_of(&dir));
        Ok(())
    })
    .await?;
    drop(kwok);
    drop(plane);
    eventually(Duration::from_secs(5), "all processes gone", async || {
        ensure!(processes_of(&dir).is_empty(), "{:?}", processes_of(&dir));
        Ok(())
    })
    .await?;
    ensure!(!dir.exists() || std::env::var_os("E2E_KEEP").is_some(), "{} is left", dir.display());
    Ok(())
}

/// A killed test process, without destructors, leaves nothing behind.
#[tokio::test]
async fn nothing_is_left_behind_by_a_killed_test() -> Result<()> {
    let mut child = std::process::Command::new(std::env::current_exe()?)
        .args(["--exact", "testbed::helper_that_is_killed", "--ignored", "--nocapture"])
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().context("no pipe")?;
    let dir = tokio::task::spawn_blocking(move || {
        use std::io::BufRead;
        std::io::BufReader::new(out)
            .lines()
            .map_while(Result::ok)
            .find_map(|l| l.split_once("DIR ").map(|(_, d)| PathBuf::from(d)))
    })
    .await?
    .context("the helper did not come up")?;
    ensure!(!processes_of(&dir).is_empty() && dir.exists());
    child.kill()?;
    child.wait()?;
    eventually(Duration::from_secs(10), "the watchdog has cleaned up", async || {
        ensure!(processes_of(&dir).is_empty(), "{:?}", processes_of(&dir));
        ensure!(!dir.exists(), "{} is left", dir.display());
        Ok(())
    })
    .await
}

/// Run by the test above and killed by it.
#[tokio::test]
#[ignore = "the other half of nothing_is_left_behind_by_a_killed_test"]
async fn helper_that_is_killed() -> Result<()> {
    let plane = Plane::start(PlaneOptions { restartable_apiserver: true, ..PlaneOptions::default() }).await?;
    println!("DIR {}", plane.dir().display());
    tokio::time::sleep(Duration::from_secs(600)).await;
    Ok(())
}

/// Processes with `dir` in their command line.
fn processes_of(dir: &std::path::Path) -> Vec<String> {
    let dir = dir.to_str().unwrap();
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .filter(|line| line.contains(dir))
        .collect()
}
