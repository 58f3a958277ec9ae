//! How fast approved recommendations are rolled out on a real API server: from an approval to the first resized pod,
//! and until all pods of a thousand workloads have their size.
//!
//! In: how large the cluster is. Out: a table beside the figures of the VPA's updater on the same world, and each
//! missed target. All times are the API server's, from its audit log.

mod cluster;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde::Serialize;
use trimtab_e2e::{AuditEvent, eventually};

use crate::speed::{Size, World, history, progress, trimtab};
use cluster::Installed;

/// Figures of the VPA's updater (1.7.1, in-place, default eviction limiter) on 1,000 Deployments of 2 pods.
const VPA_SECONDS: f64 = 178.0;
const VPA_WRITES_PER_POD: f64 = 2.0;

/// Options of `rollout`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workloads that are approved before any rollout starts.
    #[command(flatten)]
    size: Size,
    /// The number of additional Deployments that are approved one by one, to measure the time to the first pod.
    #[arg(long, default_value_t = 100)]
    single: usize,
    /// The binary to measure. Default: `trimtab` in the directory of this program.
    #[arg(long)]
    trimtab: Option<PathBuf>,
    /// The file to which the figures are written, as JSON.
    #[arg(long)]
    output: Option<PathBuf>,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Figures {
    pods: usize,
    all_resized_seconds: f64,
    all_applied_seconds: f64,
    writes_per_pod: f64,
    refused_writes: usize,
    /// Trimtab's requests per workload, by verb and resource, watches left out.
    requests_per_workload: BTreeMap<String, f64>,
    first_pod_p50_seconds: f64,
    first_pod_p99_seconds: f64,
    own_cpu_seconds: f64,
    plane_cpu_seconds: f64,
    resident_peak_bytes: u64,
}

/// Measures, prints and writes. A missed target is reported and is not an error.
pub fn run(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let figures = runtime.block_on(measure(arguments))?;
    print(arguments, &figures);
    if let Some(path) = &arguments.output {
        std::fs::write(path, serde_json::to_string_pretty(&figures)?).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

async fn measure(arguments: &Arguments) -> Result<Figures> {
    let binary = trimtab::binary(arguments.trimtab.as_deref())?;
    let deployments = arguments.size.deployments + arguments.single;
    let world = World::start(Size { deployments, ..arguments.size }).await?;
    let history = history::start(&world, 2, 60).await?;
    let installed = Installed::start(&world, &history, &binary).await?;
    progress("waiting for the recommendations");
    let names = installed.recommended(deployments).await?;
    installed.guard_settled().await;
    let (single, many) = names.split_at(arguments.single.min(names.len()));

    progress(&format!("approving {} one by one", single.len()));
    let mark = world.plane.audit().mark()?;
    for name in single {
        installed.approve(name).await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    installed.applied(single.len()).await?;
    let first = first_pods(&world.plane.audit().since(mark)?);
    ensure!(first.len() == single.len(), "{} of {} were carried out", first.len(), single.len());

    progress(&format!("approving {} while the policy is suspended", many.len()));
    installed.suspend(true).await?;
    installed.approve_all(many).await?;
    installed.blocked(many.len()).await?;
    let pods = many.len() * arguments.size.replicas;
    let (own, plane) = (installed.process.usage()?, world.plane.process().usage()?);
    let mark = world.plane.audit().mark()?;
    let begun = installed.suspend(false).await?;
    eventually(Duration::from_secs(600), "all pods are resized", async || {
        let done = resizes(&world.plane.audit().since(mark)?).filter(|e| e.code == 200).count();
        if done >= pods {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await; // the log is long
        anyhow::bail!("{done} of {pods}")
    })
    .await?;
    progress("all pods are resized");
    installed.applied(names.len()).await?;
    let events = world.plane.audit().since(mark)?;
    let (after, plane_after) = (installed.process.usage()?, world.plane.process().usage()?);
    let mut times: Vec<f64> = resizes(&events).filter(|e| e.code == 200).map(|e| seconds(begun, e.time)).collect();
    times.sort_by(f64::total_cmp);
    let mut latencies: Vec<f64> = first.into_values().collect();
    latencies.sort_by(f64::total_cmp);
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share).ceil() as usize];
    let ends = events.iter().filter(|e| e.target() == "recommendations/status" && e.code == 200);
    Ok(Figures {
        pods,
        all_resized_seconds: times[pods - 1],
        all_applied_seconds: ends.map(|e| seconds(begun, e.time)).fold(0.0, f64::max),
        writes_per_pod: resizes(&events).count() as f64 / pods as f64,
        refused_writes: resizes(&events).filter(|e| e.code != 200).count(),
        requests_per_workload: requests(&events, many.len()),
        first_pod_p50_seconds: at(0.5),
        first_pod_p99_seconds: at(0.99),
        own_cpu_seconds: after.cpu.saturating_sub(own.cpu).as_secs_f64(),
        plane_cpu_seconds: plane_after.cpu.saturating_sub(plane.cpu).as_secs_f64(),
        resident_peak_bytes: after.peak_resident_bytes,
    })
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

fn resizes(events: &[AuditEvent]) -> impl Iterator<Item = &AuditEvent> {
    events.iter().filter(|e| e.user_agent.starts_with("trimtab/") && e.target() == "pods/resize")
}

/// Trimtab's requests per workload, by verb and resource.
fn requests(events: &[AuditEvent], workloads: usize) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for event in events.iter().filter(|e| e.user_agent.starts_with("trimtab/") && e.verb != "watch") {
        *counts.entry(format!("{} {}", event.verb, event.target())).or_default() += 1.0 / workloads as f64;
    }
    counts
}

/// For each approved recommendation: seconds until the first pod of its workload was resized.
fn first_pods(events: &[AuditEvent]) -> BTreeMap<String, f64> {
    let mut first = BTreeMap::new();
    for approval in events.iter().filter(|e| e.user == cluster::APPROVER && e.is_write() && e.code == 200) {
        let workload = format!("{}-", approval.name.trim_start_matches("deploy-"));
        let of = |e: &&AuditEvent| e.namespace == approval.namespace && e.name.starts_with(&workload) && e.code == 200;
        if let Some(resize) = resizes(events).filter(of).map(|e| e.time).min() {
            first.insert(format!("{}/{}", approval.namespace, approval.name), seconds(approval.time, resize));
        }
    }
    first
}

fn print(arguments: &Arguments, f: &Figures) {
    println!(
        "\n{} approved recommendations, {} pods, {} nodes\n",
        arguments.size.deployments, f.pods, arguments.size.nodes
    );
    println!("| | Trimtab | VPA updater 1.7.1 ¹ |\n|---|---|---|");
    println!("| all pods resized after | {:.1} s | {VPA_SECONDS} s |", f.all_resized_seconds);
    println!("| writes per pod | {:.2} | {VPA_WRITES_PER_POD} |", f.writes_per_pod);
    println!("| all verified and made to last after | {:.1} s | – |", f.all_applied_seconds);
    println!(
        "| approval to first pod, p50 / p99 | {:.3} / {:.3} s | – |",
        f.first_pod_p50_seconds, f.first_pod_p99_seconds
    );
    println!("| own processor time / API server's | {:.1} / {:.1} s | – |", f.own_cpu_seconds, f.plane_cpu_seconds);
    println!("| resident memory, peak | {:.0} MiB | – |", f.resident_peak_bytes as f64 / 1_048_576.0);
    for (request, count) in f.requests_per_workload.iter().filter(|(_, count)| **count >= 0.01) {
        println!("| {request} per workload | {count:.2} | – |");
    }
    println!("\n¹ measured earlier on a machine of this kind\n\n| target | | measured | |\n|---|---|---|---|");
    let verdict = |name: &str, target: f64, measured: f64| {
        let word = if measured <= target { "met" } else { "**missed**" };
        println!("| {name} | ≤ {target} | {measured:.2} | {word} |");
    };
    verdict("all pods resized, seconds", 20.0, f.all_resized_seconds);
    verdict("writes per pod", 1.0, f.writes_per_pod);
    verdict("approval to first pod, p99, seconds", 1.0, f.first_pod_p99_seconds);
}
