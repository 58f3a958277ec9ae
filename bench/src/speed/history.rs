//! The history of the pods, in a dedicated real Prometheus.

use std::{
    fmt::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use trimtab_e2e::{Prometheus, PrometheusOptions, WorkDir, plane_bin};

use super::{
    progress,
    world::{PodRow, World},
};

/// Seconds for which usage continues after the start: the time in which later passes read.
const GOES_ON_SECONDS: i64 = 3_600;

/// A Prometheus with the history of a cluster.
#[derive(Debug)]
pub struct History {
    /// The server.
    pub prometheus: Prometheus, // before the directory: fields are dropped in order
    _data: WorkDir,
}

/// Writes `days` of history of all pods, one sample every `step` seconds, and starts Prometheus on it.
///
/// # Errors
/// When the history cannot be written, or Prometheus does not come up.
pub async fn start(world: &World, days: u32, step: u32) -> Result<History> {
    let pods = world.pods().await?;
    progress(&format!("writing {days} days of history for {} pods", pods.len()));
    let data = WorkDir::new("history")?;
    let dir = data.path().to_path_buf();
    let said = tokio::task::spawn_blocking(move || backfill(&dir, &pods, days, step)).await??;
    progress(said.trim());
    let options = PrometheusOptions { data: Some(data.path().join("data")), ..PrometheusOptions::default() };
    Ok(History { prometheus: Prometheus::start(options).await?, _data: data })
}

fn backfill(dir: &Path, pods: &[PodRow], days: u32, step: u32) -> Result<String> {
    let mut lines = String::new();
    for pod in pods {
        let PodRow { namespace, deployment, replica_set, name, index } = pod;
        writeln!(lines, "{namespace}\t{deployment}\t{replica_set}\t{name}\t{index}")?;
    }
    let list = dir.join("pods.tsv");
    std::fs::write(&list, lines)?;
    let end = Timestamp::now().as_second() + GOES_ON_SECONDS;
    let length = f64::from(days) + GOES_ON_SECONDS as f64 / 86_400.0;
    let out = Command::new(plane_bin()?)
        .arg("backfill")
        .arg("--dir")
        .arg(dir.join("data"))
        .arg("--pods")
        .arg(list)
        .args(["--days", &length.to_string(), "--step", &format!("{step}s"), "--end", &end.to_string()])
        .stdin(Stdio::null())
        .output()
        .context("plane backfill")?;
    ensure!(out.status.success(), "plane backfill: {}", String::from_utf8_lossy(&out.stderr).trim());
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}
