//! Speed and size of Trimtab on a real API server and a real Prometheus, with the VPA recommender on the same cluster.
//!
//! In: how large the cluster is. Out: a table beside the figures of others, each missed target, and JSON.
//!
//! Everything but the nodes is real. Usage is generated and the same each time; it continues for an hour after the
//! start, so that later passes find something new without a scrape that would be charged to Prometheus.

mod figures;
pub mod history;
mod meter;
mod recommended;
mod references;
mod requests;
mod run;
mod table;
mod targets;
pub mod trimtab;
mod vpa;
mod world;

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;

use figures::Figures;
pub use world::{NAMESPACES, Size, World, namespace};

/// Nodes of the large cluster.
const LARGE_NODES: usize = 1_000;
/// Pods of each Deployment of the large cluster.
const LARGE_REPLICAS: usize = 20;

/// What runs in addition to Trimtab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// The recommender of the Vertical Pod Autoscaler, on the same cluster after Trimtab.
    Vpa,
    /// Nothing. Earlier figures are shown instead.
    None,
}

/// Options of `speed`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    size: Size,
    /// The number of days of history.
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// The time between two samples of the history, in seconds.
    #[arg(long, default_value_t = 30)]
    scrape_step: u32,
    /// Also measure 20 pods per Deployment on 1,000 nodes. Needs about 6 GiB of memory.
    #[arg(long)]
    large: bool,
    /// What runs in addition to Trimtab.
    #[arg(long, value_enum, default_value_t = Peer::Vpa)]
    peer: Peer,
    /// How long to measure while nothing changes, in seconds. Above 300, it includes a later pass with new data to
    /// read.
    #[arg(long, default_value_t = 330)]
    steady: u64,
    /// The value of Trimtab's flag `--interval`.
    #[arg(long, default_value = "1m")]
    interval: String,
    /// How often Trimtab is measured on the same cluster. The median run by time is shown.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    runs: u32,
    /// The binary to measure. Default: `trimtab` in the directory of this program.
    #[arg(long)]
    trimtab: Option<PathBuf>,
    /// The file to which the figures are written, as JSON.
    #[arg(long)]
    output: Option<PathBuf>,
}

/// All figures.
#[derive(Debug, Serialize)]
struct Report {
    size: Size,
    trimtab: Vec<Figures>,
    vpa: Option<Figures>,
    large: Option<Large>,
    missed: Vec<String>,
}

/// The figures of the large cluster.
#[derive(Debug, Serialize)]
struct Large {
    size: Size,
    trimtab: Vec<Figures>,
}

/// Measures, prints and writes. A missed target is reported and is not an error.
pub fn run(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut report = runtime.block_on(measure(arguments))?;
    let shown = middle(&report.trimtab).context("Trimtab was not run")?;
    let large = report.large.as_ref().and_then(|l| middle(&l.trimtab));
    let verdicts = targets::judge(shown, large);
    println!("\n{}", table::markdown(&report.size, shown, report.vpa.as_ref(), large, &verdicts));
    report.missed = verdicts.iter().filter(|v| !v.met).map(targets::Verdict::line).collect();
    for line in &report.missed {
        println!("MISSED: {line}");
    }
    if let Some(path) = &arguments.output {
        let json = serde_json::to_string_pretty(&report)?;
        fs::write(path, json).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

async fn measure(arguments: &Arguments) -> Result<Report> {
    let steady = Duration::from_secs(arguments.steady);
    let plan = trimtab::Plan {
        binary: trimtab::binary(arguments.trimtab.as_deref())?,
        interval: arguments.interval.clone(),
        window_hours: arguments.days * 24,
        steady,
    };
    let world = World::start(arguments.size).await?;
    let trimtab = trimtab_runs(&world, &plan, arguments, arguments.scrape_step).await?;
    let vpa = match arguments.peer {
        Peer::Vpa => Some(vpa::measure(&world, steady).await?),
        Peer::None => None,
    };
    drop(world);
    let large = if arguments.large {
        let size = Size { nodes: LARGE_NODES, replicas: LARGE_REPLICAS, ..arguments.size };
        let world = World::start(size).await?;
        // Trimtab reads one sample in 300 s; samples between them only make the blocks larger.
        let step = arguments.scrape_step.max(60);
        Some(Large { size, trimtab: trimtab_runs(&world, &plan, arguments, step).await? })
    } else {
        None
    };
    Ok(Report { size: arguments.size, trimtab, vpa, large, missed: Vec::new() })
}

async fn trimtab_runs(
    world: &World,
    plan: &trimtab::Plan,
    arguments: &Arguments,
    scrape_step: u32,
) -> Result<Vec<Figures>> {
    let history = history::start(world, arguments.days, scrape_step).await?;
    let mut runs = Vec::new();
    for _ in 0..arguments.runs {
        runs.push(trimtab::measure(world, &history, plan).await?);
    }
    Ok(runs)
}

/// The median run by time to all recommendations; of an even number, the slower one of the two.
fn middle(runs: &[Figures]) -> Option<&Figures> {
    let mut sorted: Vec<&Figures> = runs.iter().collect();
    sorted.sort_by(|a, b| a.all_seconds.total_cmp(&b.all_seconds));
    sorted.get(sorted.len() / 2).copied()
}

/// Prints progress, with the time since the start of the program.
pub fn progress(what: &str) {
    use std::{sync::OnceLock, time::Instant};
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    let begun = BEGUN.get_or_init(Instant::now);
    eprintln!("{:7.1} s  {what}", begun.elapsed().as_secs_f64());
}
