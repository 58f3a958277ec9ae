//! How fast approved recommendations are rolled out on a real API server: from an approval to the first resized pod,
//! and until all pods of a thousand workloads have their size; and what that costs the API server.
//!
//! In: how large the cluster is. Out: a table beside the figures of the VPA's updater on the same world, and each
//! missed target; or, beside the figures of an earlier run, what the same resizes cost without Trimtab. All times are
//! the API server's, from its audit log. While costs are measured, the benchmark itself asks the API server nothing.

mod cluster;
mod floor;
mod requests;
mod span;
mod table;

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use trimtab_e2e::repository;

use crate::speed::{Size, history, progress, trimtab};
use cluster::Installed;
use requests::{first_pods, per_workload, resized_after, resizes, seconds};
use span::{Cost, Span};

/// Options of `rollout`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workloads that are approved before any rollout starts.
    #[command(flatten)]
    size: Size,
    /// The number of additional Deployments that are approved one by one, to measure the time to the first pod.
    #[arg(long, default_value = "100")]
    single: NonZeroUsize,
    /// The binary to measure. Default: `trimtab` in the directory of this program.
    #[arg(long)]
    trimtab: Option<PathBuf>,
    /// The repository of that binary, from which crds/, deploy/ and policies/ are installed. Default: that of this
    /// program.
    #[arg(long)]
    sources: Option<PathBuf>,
    /// Measure what a rollout costs without Trimtab: the benchmark itself resizes each pod once, at the pace of the
    /// run whose figures are in this file (see --output). Shows both, and what the cluster uses when nothing happens.
    #[arg(long, value_name = "FIGURES", conflicts_with_all = ["trimtab", "sources"])]
    floor: Option<PathBuf>,
    /// The file to which the figures are written, as JSON.
    #[arg(long)]
    output: Option<PathBuf>,
}

/// What was measured of a rollout.
#[derive(Debug, Serialize, Deserialize)]
pub struct Figures {
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
    /// What the control plane used, from the moment in which all may start until Trimtab knows that all are applied.
    plane: Cost,
    resident_peak_bytes: u64,
}

/// Measures, prints and writes. A missed target is reported and is not an error.
pub fn run(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let json = match &arguments.floor {
        None => {
            let figures = runtime.block_on(measure(arguments))?;
            table::rollout(arguments.size, &figures);
            serde_json::to_string_pretty(&figures)?
        }
        Some(path) => {
            let rollout = earlier(path)?;
            let floor = runtime.block_on(floor::measure(arguments.size, arguments.single.get(), &rollout))?;
            table::floor(arguments.size, &rollout, &floor);
            serde_json::to_string_pretty(&floor)?
        }
    };
    if let Some(path) = &arguments.output {
        std::fs::write(path, json).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// The figures of an earlier run.
fn earlier(path: &Path) -> Result<Figures> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| format!("{} has no figures of a rollout", path.display()))
}

async fn measure(arguments: &Arguments) -> Result<Figures> {
    let binary = trimtab::binary(arguments.trimtab.as_deref())?;
    let sources = arguments.sources.clone().unwrap_or_else(repository);
    let world = cluster::world(arguments.size, arguments.single.get()).await?;
    let history = history::start(&world, 2, 60).await?;
    let installed = Installed::start(&world, &history, &binary, &sources).await?;
    progress("waiting for the recommendations");
    let names = installed.recommended(world.size.deployments).await?;
    installed.guard_settled().await;
    let (single, many) = names.split_at(arguments.single.get().min(names.len()));

    progress(&format!("approving {} one by one", single.len()));
    let span = Span::begin(&world.plane)?;
    for name in single {
        installed.approve(name).await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    installed.stand("Applied", single.len()).await?;
    let user = cluster::controller();
    let first = first_pods(&span.requests()?, cluster::APPROVER, &user);
    ensure!(first.len() == single.len(), "{} of {} were carried out", first.len(), single.len());

    progress(&format!("approving {} while the policy is suspended", many.len()));
    installed.suspend(true).await?;
    installed.approve_all(many).await?;
    installed.stand("Blocked", many.len()).await?;
    progress(&format!("rolling out {}", many.len()));
    let pods = many.len() * arguments.size.replicas;
    let (own, span) = (installed.process.usage()?, Span::begin(&world.plane)?);
    let begun = installed.suspend(false).await?;
    installed.tells("Applied", names.len()).await?;
    let (after, plane) = (installed.process.usage()?, span.cost()?);
    let events = span.requests()?;
    installed.shown("Applied", names.len()).await?;
    let times = resized_after(&events, &user, begun);
    ensure!(times.len() >= pods, "{} of {pods} pods were resized", times.len());
    let mut latencies: Vec<f64> = first.into_values().collect();
    latencies.sort_by(f64::total_cmp);
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share).ceil() as usize];
    let ends = events.iter().filter(|e| e.user == user && e.target() == "recommendations/status" && e.code == 200);
    Ok(Figures {
        pods,
        all_resized_seconds: times[pods - 1],
        all_applied_seconds: ends.map(|e| seconds(begun, e.time)).fold(0.0, f64::max),
        writes_per_pod: resizes(&events, &user).count() as f64 / pods as f64,
        refused_writes: resizes(&events, &user).filter(|e| e.code != 200).count(),
        requests_per_workload: per_workload(&events, &user, many.len()),
        first_pod_p50_seconds: at(0.5),
        first_pod_p99_seconds: at(0.99),
        own_cpu_seconds: after.cpu.saturating_sub(own.cpu).as_secs_f64(),
        plane,
        resident_peak_bytes: after.peak_resident_bytes,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Arguments;

    #[derive(Debug, Parser)]
    struct Options {
        #[command(flatten)]
        all: Arguments,
    }

    #[test]
    fn without_a_single_approval_there_is_no_time_to_the_first_pod_and_nothing_is_begun() {
        let single = |words: &[&str]| Options::try_parse_from(words).map(|options| options.all.single.get()).ok();
        assert_eq!(single(&["rollout"]), Some(100));
        assert_eq!(single(&["rollout", "--single", "1"]), Some(1));
        assert_eq!(single(&["rollout", "--single", "0"]), None);
    }
}
