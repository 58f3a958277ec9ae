//! Trimtab itself.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Error, Result, anyhow, ensure};
use trimtab_e2e::{Process, WorkDir, free_port, trimtab_bin};

use crate::args::Args;

/// A running `trimtab controller`.
#[derive(Debug)]
pub struct Operator {
    process: Process,
    log: PathBuf,
}

/// The binary: the one given by the flag, else the one built beside this program, else the newest in the target
/// directory.
///
/// # Errors
/// When there is none.
pub fn binary(args: &Args) -> Result<PathBuf> {
    if let Some(path) = &args.trimtab {
        ensure!(path.is_file(), "{} is no file", path.display());
        return Ok(path.clone());
    }
    let beside = std::env::current_exe()?.with_file_name("trimtab");
    if beside.is_file() { Ok(beside) } else { trimtab_bin() }
}

/// Starts it against the cluster of `kubeconfig` and Prometheus. `namespace`: its own, with its Lease; none: the
/// default of the kubeconfig.
///
/// # Errors
/// When it cannot be started.
pub fn start(
    binary: &Path,
    kubeconfig: &Path,
    namespace: Option<&str>,
    prometheus: &str,
    dir: &WorkDir,
) -> Result<Operator> {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TRIMTAB_") {
            command.env_remove(&name);
        }
    }
    command
        .arg("controller")
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(["--prometheus-url", prometheus])
        .args(["--admin-address", &format!("127.0.0.1:{}", free_port()?)]);
    if let Some(namespace) = namespace {
        command.args(["--namespace", namespace]);
    }
    let process = Process::spawn("trimtab", &mut command, dir.path())?;
    Ok(Operator { process, log: dir.path().join("trimtab.log") })
}

impl Operator {
    /// The path of its log.
    pub fn log_path(&self) -> String {
        self.log.display().to_string()
    }

    /// Error lines of its log.
    pub fn errors(&self) -> Vec<String> {
        let is_error =
            |line: &&str| line.contains("\"level\":\"ERROR\"") || line.contains(" ERROR ") || line.contains("panicked");
        self.process.log().lines().filter(is_error).map(str::to_owned).collect()
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// With the end of its log, if it has ended.
    pub fn alive(&mut self) -> Result<()> {
        match self.process.exited()? {
            None => Ok(()),
            Some(status) => {
                let log = self.process.log();
                let lines: Vec<&str> = log.lines().collect();
                let end = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n");
                Err(anyhow!("trimtab ended ({status}):\n{end}"))
            }
        }
    }

    /// Returns when it has ended by itself, with the reason.
    pub async fn ended(&mut self) -> Error {
        loop {
            if let Err(error) = self.alive() {
                return error;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Stops it gracefully.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.stop(Duration::from_secs(10)).await.context("trimtab")?;
        Ok(())
    }
}
