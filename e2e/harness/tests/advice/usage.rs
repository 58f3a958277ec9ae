//! The workloads' usage, as series of the fake Prometheus: those of living pods, and those of deleted ones.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use trimtab_e2e::FakeSeries;

pub const MI: f64 = 1024.0 * 1024.0;
pub const GI: f64 = 1024.0 * MI;
const DAY: f64 = 86_400.0;
const CPU: &str = "container_cpu_usage_seconds_total";
const MEMORY: &str = "container_memory_working_set_bytes";
const TERMINATED: &str = "kube_pod_container_status_last_terminated_reason";
const ENDED: &str = "kube_pod_container_status_terminated_reason";
const RESTARTS: &str = "kube_pod_container_status_restarts_total";
/// The node whose pods of the DaemonSet are busy.
pub const BUSY_NODE: &str = "kwok-0";

/// A counter of CPU seconds: this many cores on average, with a daily wave.
fn cores(cores: f64) -> impl Fn(f64) -> f64 + Send + Sync + 'static {
    let turn = std::f64::consts::TAU / DAY;
    move |t| cores * ((t - 1.7e9) + 0.1 / turn * (1.0 - (turn * (t - 1.7e9)).cos()))
}

/// This many bytes on average, with a daily wave.
fn bytes(bytes: f64) -> impl Fn(f64) -> f64 + Send + Sync + 'static {
    let turn = std::f64::consts::TAU / DAY;
    move |t| bytes * (1.0 + 0.05 * (turn * t).sin())
}

/// Average cores and bytes of a container; `None` where nothing was ever scraped.
fn usage(app: &str, container: &str, node: &str) -> Option<(f64, f64)> {
    let mebi = |cpu: f64, memory: f64| Some((cpu, memory * MI));
    match (app, container) {
        ("bootloop", _) => None,
        (_, "mesh-proxy") => mebi(0.3, 700.0),
        (_, "istio-proxy") if app == "meshed" => mebi(0.3, 400.0),
        ("fixed" | "nodeoom" | "zeros" | "zerolim", _) => mebi(0.05, 300.0),
        ("ratio", _) => mebi(0.05, 500.0),
        ("units", _) => mebi(0.06, 200.0),
        ("huge", _) => mebi(0.09, 2048.0),
        ("web" | "twin" | "both" | "blurred" | "ended", _) => mebi(0.05, 100.0),
        ("broken", _) => mebi(0.05, 300.0),
        ("kafka", _) => mebi(0.4, 1229.0),
        ("elastic", _) => mebi(0.5, 2458.0),
        ("jvmref", _) => mebi(0.3, 1126.0),
        ("gomem" | "golimit", _) => mebi(0.08, 300.0),
        ("postgres" | "redis" | "mariadb", _) => mebi(0.08, 600.0),
        ("kube-state-metrics", _) => mebi(0.02, 120.0),
        ("tiny", _) => mebi(0.001, 2.0),
        ("logs", _) => mebi(if node == BUSY_NODE { 0.9 } else { 0.03 }, 120.0),
        ("pinned", _) => mebi(0.8, 2048.0),
        ("gpu", _) => mebi(1.0, 4096.0),
        ("nothing", _) => mebi(0.08, 150.0),
        ("loose", _) => mebi(0.078, 262.0),
        ("glitch" | "young", _) => mebi(0.2, 300.0),
        ("leak", _) => mebi(0.1, 300.0),
        _ => mebi(0.1, 200.0),
    }
}

fn of_container(labels: &[(&str, &str)], cpu: f64, memory: f64) -> [FakeSeries; 2] {
    let total = [labels, &[("cpu", "total")]].concat();
    [FakeSeries::new(CPU, &total, cores(cpu)), FakeSeries::new(MEMORY, labels, bytes(memory))]
}

/// Readings that are not numbers, infinite or negative among the true ones.
fn broken(series: FakeSeries) -> FakeSeries {
    series.with(|t, value| match t as i64 {
        t if t % 1500 == 0 => f64::NAN,
        t if t % 2100 == 0 => f64::INFINITY,
        t if t % 2700 == 0 => -5.0,
        _ => value,
    })
}

/// This many days ago, the same within an hour.
fn days_ago(days: f64) -> f64 {
    (super::support::now() as f64 / 3600.0).floor() * 3600.0 - days * DAY
}

/// CPU has one reading of eight cores.
fn glitch([cpu, memory]: [FakeSeries; 2]) -> [FakeSeries; 2] {
    let at = days_ago(3.0);
    [cpu.with(move |t, total| if t > at { total + 8.0 * 300.0 } else { total }), memory]
}

/// CPU is known for the last hour only, memory for the whole time.
fn young([cpu, memory]: [FakeSeries; 2]) -> [FakeSeries; 2] {
    [cpu.between(days_ago(0.0) - 3600.0, f64::INFINITY), memory]
}

/// Memory has grown by 4 % a day for three days.
fn leak([cpu, memory]: [FakeSeries; 2]) -> [FakeSeries; 2] {
    let from = days_ago(3.0);
    [cpu, memory.with(move |t, bytes| bytes * (1.0 + 0.04 * ((t - from).max(0.0) / DAY)))]
}

/// The series of existing pods. A pair of servers with the same scrapes writes those of `pair` twice.
pub fn living(pods: &[Pod]) -> Vec<FakeSeries> {
    let mut series = Vec::new();
    for pod in pods {
        let (name, namespace) = (pod.name_any(), pod.namespace().unwrap_or_default());
        let app = pod.labels().get("app").cloned().unwrap_or_default();
        let spec = pod.spec.as_ref().unwrap();
        for container in &spec.containers {
            let node = spec.node_name.as_deref().unwrap_or_default();
            let Some((cpu, memory)) = usage(&app, &container.name, node) else { continue };
            let labels = [("namespace", &*namespace), ("pod", &*name), ("container", &*container.name)];
            let more: &[(&str, &str)] = match &*app {
                "pair" => &[("prometheus_replica", "a"), ("prometheus_replica", "b")],
                "both" => &[("cluster", "eu"), ("cluster", "us")],
                "blurred" => &[("replica", "a"), ("replica", "theirs")],
                "twin" => &[("node", node), ("node", "their-node")],
                _ => &[("job", "kubelet")],
            };
            for label in more {
                // Another cluster's pod of the same name uses more.
                let times = if ["their-node", "theirs"].contains(&label.1) { 30.0 } else { 1.0 };
                let all = of_container(&[&labels[..], &[*label]].concat(), cpu * times, memory * times);
                series.extend(match &*app {
                    "broken" => all.map(broken),
                    "glitch" => glitch(all),
                    "young" => young(all),
                    "leak" => leak(all),
                    _ => all,
                });
            }
        }
    }
    series
}

/// The same for pods that existed until `until`.
pub fn until(pods: &[Pod], until: f64) -> Vec<FakeSeries> {
    living(pods).into_iter().map(|series| series.between(0.0, until)).collect()
}

/// Leftovers of other clusters, former pods and runs.
pub fn past(now: f64) -> Vec<FakeSeries> {
    let mut series = Vec::new();
    // Another cluster's pods, alive now, of the same namespace and workload.
    for pod in ["web-7d9f8c6b5d-x2k4z", "web-7d9f8c6b5d-b5c6d"] {
        let labels = [("namespace", "adv-mc"), ("pod", pod), ("container", "app"), ("cluster", "prod")];
        series.extend(of_container(&labels, 2.0, 3.0 * GI));
    }
    // Deleted pods of a third cluster, under a name that this cluster has too.
    for pod in ["ended-7d9f8c6b5d-x2k4z", "ended-7d9f8c6b5d-b5c6d", "ended-7d9f8c6b5d-k9w2x"] {
        let labels = [("namespace", "adv-mc"), ("pod", pod), ("container", "app"), ("cluster", "old")];
        series.extend(of_container(&labels, 2.0, 1500.0 * MI).map(|s| s.between(0.0, now - 6.0 * 3600.0)));
    }
    // Killed once, ten days ago, when the limit was 256Mi; the pod is gone.
    let fixed = [("namespace", "adv"), ("pod", "fixed-7d9f8c6b5d-x2k4z"), ("container", "app")];
    let (begin, kill, end) = (now - 14.0 * DAY, now - 10.0 * DAY, now - 9.5 * DAY);
    series.extend(of_container(&fixed, 0.05, 240.0 * MI).map(|s| s.between(begin, end)));
    let reason = [&fixed[..], &[("reason", "OOMKilled")]].concat();
    series.push(FakeSeries::new(TERMINATED, &reason, |_| 1.0).between(kill, end));
    series.push(FakeSeries::new(RESTARTS, &fixed, move |t| f64::from(u8::from(t >= kill))).between(begin, end));
    for (name, mib) in [("kube_pod_container_resource_requests", 200.0), ("kube_pod_container_resource_limits", 256.0)]
    {
        let memory = [&fixed[..], &[("resource", "memory"), ("unit", "byte")]].concat();
        series.push(FakeSeries::new(name, &memory, move |_| mib * MI).between(begin, end));
    }
    // What kube-state-metrics reported for pods of another namespace, scraped without `honor_labels`.
    for pod in ["p0", "p1", "p2"] {
        let labels = [
            ("namespace", "adv-mon"),
            ("pod", "kube-state-metrics-7d9f8c6b5d-x2k4z"),
            ("container", "kube-state-metrics"),
            ("exported_namespace", "other"),
            ("exported_pod", pod),
            ("exported_container", "c"),
        ];
        let reason = [&labels[..], &[("reason", "OOMKilled")]].concat();
        let span = (now - 10.0 * DAY, now - DAY);
        series.push(FakeSeries::new(TERMINATED, &reason, |_| 1.0).between(span.0, span.1));
        let count = |t: f64| ((t - 1.7e9) / 7200.0).floor();
        series.push(FakeSeries::new(RESTARTS, &labels, count).between(span.0, span.1));
    }
    // Scaled to zero for six hours.
    let asleep = [("namespace", "adv"), ("pod", "asleep-7d9f8c6b5d-x2k4z"), ("container", "app")];
    series.extend(of_container(&asleep, 0.1, 200.0 * MI).map(|s| s.between(0.0, now - 6.0 * 3600.0)));
    series.extend(runs(now));
    series
}

/// The runs of two CronJobs, whose pods are deleted.
fn runs(now: f64) -> Vec<FakeSeries> {
    let mut series = Vec::new();
    let mut run = |pod: &str, begin: f64, end: f64, cpu: f64, memory: fn(f64) -> f64| {
        let labels = [("namespace", "adv"), ("pod", pod), ("container", "job")];
        let total = [&labels[..], &[("cpu", "total")]].concat();
        series.push(FakeSeries::new(CPU, &total, move |t| (t - begin) * cpu).between(begin, end));
        series.push(FakeSeries::new(MEMORY, &labels, move |t| memory(t - begin) * MI).between(begin, end));
    };
    // Two minutes every ten minutes: a step of five minutes misses most of them. One core.
    let first = (((now - 14.0 * DAY) / 600.0).floor() * 600.0) as i64;
    for (index, start) in (first..now as i64 - 1200).step_by(600).enumerate() {
        let begin = start + 60 + (index as i64 * 37) % 300;
        run(&format!("short-{}-{}", begin / 60, suffix(begin / 60)), begin as f64, begin as f64 + 120.0, 1.0, |_| {
            300.0
        });
    }
    // 02:00:05 to 02:06:00: 200Mi until 02:05:15, then 800Mi. A step of five minutes sees 02:05:00 alone.
    let today = (now as i64).div_euclid(86_400) * 86_400;
    for day in 1..15 {
        let begin = today - day * 86_400 + 7205;
        let pod = format!("nightly-{}-{}", (begin - 5) / 60, suffix(begin / 60));
        run(&pod, begin as f64, begin as f64 + 355.0, 0.9, |since| if since < 310.0 { 200.0 } else { 800.0 });
    }
    // Ten minutes a night, each ended by an OOM kill between two readings.
    let mut ends = Vec::new();
    for day in 1..15 {
        let begin = today - day * 86_400 + 10_800;
        let pod = format!("nightoom-{}-{}", begin / 60, suffix(begin / 60));
        run(&pod, begin as f64, begin as f64 + 600.0, 0.3, |_| 480.0);
        ends.push(killed(&pod, begin as f64));
    }
    series.extend(ends);
    series
}

/// The end of the run that begins at `begin`: an OOM kill, of a pod that is not restarted.
fn killed(pod: &str, begin: f64) -> FakeSeries {
    let labels = [("namespace", "adv"), ("pod", pod), ("container", "job"), ("reason", "OOMKilled")];
    FakeSeries::new(ENDED, &labels, |_| 1.0).between(begin + 600.0, begin + 7200.0)
}

/// The five letters at the end of a pod's name.
fn suffix(seed: i64) -> String {
    let letters = b"bcdfghjklmnpqrstvwxz";
    (0..5).map(|i| char::from(letters[usize::try_from((seed >> (2 * i)) % 20).unwrap()])).collect()
}
