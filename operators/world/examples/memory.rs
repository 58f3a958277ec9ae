//! How much memory the rows of 20,000 pods take: `cargo run --release -p trimtab-world --example memory [PODS]`.
//!
//! Each pod is parsed from JSON text of realistic size, with two containers each and ten pods per Deployment.

use std::fmt::Write as _;

use trimtab_world::{Kind, Tables};

/// Resident memory of this process in bytes, as reported by Linux, without the program text, which is mapped on demand.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

fn pod(i: usize) -> String {
    let (namespace, workload) = (i / 10 % 50, i / 10);
    let status = |name: &str| {
        format!(
            r#"{{"name":"{name}","ready":true,"restartCount":0,"started":true,"image":"registry.example/team/app:1.2.3","imageID":"sha256:{i:064x}",
            "containerID":"containerd://{i:064x}","state":{{"running":{{"startedAt":"2026-11-01T08:00:05Z"}}}},
            "resources":{{"requests":{{"cpu":"250m","memory":"256Mi"}},"limits":{{"memory":"512Mi"}}}}}}"#
        )
    };
    let container = |name: &str| {
        format!(
            r#"{{"name":"{name}","image":"registry.example/team/app:1.2.3","env":[{{"name":"A","value":"b"}}],
            "resources":{{"requests":{{"cpu":"{}m","memory":"256Mi"}},"limits":{{"memory":"512Mi"}}}}}}"#,
            50 + workload % 40 * 25
        )
    };
    let mut text = String::new();
    let _ = write!(
        text,
        r#"{{"metadata":{{"name":"workload-{workload:04}-5d4f8c7b9d-{i:05}","namespace":"team-{namespace:02}","uid":"6f1e2d3c-0a1b-4c2d-8e9f-{i:012x}",
        "creationTimestamp":"2026-11-01T08:00:00Z","labels":{{"app":"workload-{workload:04}","pod-template-hash":"5d4f8c7b9d"}},
        "ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"workload-{workload:04}-5d4f8c7b9d","uid":"u","controller":true}}]}},
        "spec":{{"nodeName":"node-{:04}","containers":[{},{}]}},
        "status":{{"phase":"Running","startTime":"2026-11-01T08:00:01Z","conditions":[{{"type":"Ready","status":"True"}}],"containerStatuses":[{},{}]}}}}"#,
        i % 1000,
        container("app"),
        container("sidecar"),
        status("app"),
        status("sidecar"),
    );
    text
}

fn main() {
    let pods = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let mut tables = Tables::default();
    let before = resident();
    let started = std::time::Instant::now();
    for i in 0..pods {
        let read = serde_json::from_str(&pod(i)).map(|json| tables.apply_json(Kind::Pod, &json));
        if !matches!(read, Ok(Ok(()))) {
            eprintln!("pod {i}: {read:?}");
            return;
        }
    }
    let grown = resident().saturating_sub(before);
    println!(
        "{pods} pods: {:.1} MiB, {} bytes a pod, read in {:.2} s",
        grown as f64 / f64::from(1 << 20),
        grown / pods.max(1) as u64,
        started.elapsed().as_secs_f64(),
    );
    drop(tables);
}
