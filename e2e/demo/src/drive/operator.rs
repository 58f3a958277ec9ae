//! Trimtab itself. In: a release, whose Deployment says how it runs. Out: the running [`Operator`].

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Error, Result, anyhow, ensure};
use trimtab_e2e::{Process, Trimtab, WorkDir, trimtab_bin};

use super::{launch::Launch, release::Release};
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

/// Starts it as the Deployment of `release` says.
///
/// # Errors
/// When it cannot be started.
pub fn start(binary: &Path, release: &Release, dir: &WorkDir) -> Result<Operator> {
    let Launch { args, env } = &release.launch;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let trimtab = Trimtab::of(binary, &release.account, &args);
    let trimtab = env.iter().fold(trimtab, |trimtab, (name, value)| trimtab.env(name, value));
    let process = trimtab.start("trimtab", dir.path())?;
    Ok(Operator { process, log: dir.path().join("trimtab.log") })
}

impl Operator {
    /// The path of its log.
    pub fn log_path(&self) -> String {
        self.log.display().to_string()
    }

    /// The arguments and variables with which it really runs, as the kernel knows them.
    ///
    /// # Errors
    /// When it has ended.
    pub fn launched(&self) -> Result<Launch> {
        let read = |file: &str| -> Result<Vec<String>> {
            let path = format!("/proc/{}/{file}", self.process.pid());
            let bytes = fs::read(&path).with_context(|| format!("trimtab: {path}"))?;
            let text = String::from_utf8_lossy(&bytes);
            // Each one ends with a zero.
            Ok(text.split_terminator('\0').map(str::to_owned).collect())
        };
        let args = read("cmdline")?.into_iter().skip(1).collect();
        let pair = |line: &String| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Launch { args, env: read("environ")?.iter().filter_map(pair).collect() })
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
