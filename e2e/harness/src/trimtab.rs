//! The program under test.

use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::Result;

use crate::{Process, paths};

/// Output and exit status of a run.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its stdout.
    pub stdout: String,
    /// Its stderr.
    pub stderr: String,
}

/// A run of `trimtab` in preparation.
#[derive(Debug)]
pub struct Trimtab {
    command: Command,
}

impl Trimtab {
    /// `trimtab ARGS` against the cluster of `kubeconfig`. The environment of the test is inherited, except for
    /// variables that would configure the program.
    ///
    /// # Errors
    /// When the program has not been built.
    pub fn new(kubeconfig: &Path, args: &[&str]) -> Result<Self> {
        Ok(Self::of(&paths::trimtab_bin()?, kubeconfig, args))
    }

    /// The same with another build of the program.
    pub fn of(program: &Path, kubeconfig: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("TRIMTAB_") || text.starts_with("OTEL_") || text == "RUST_LOG" {
                command.env_remove(&name);
            }
        }
        command.args(args).env("KUBECONFIG", kubeconfig);
        Self { command }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it; its log is `DIR/NAME.log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut self, name: &str, dir: &Path) -> Result<Process> {
        Process::spawn(name, &mut self.command, dir)
    }

    /// Runs it to completion.
    ///
    /// # Errors
    /// When it cannot be started; a failure of its own is in the status.
    pub async fn output(self) -> Result<Output> {
        let out = tokio::process::Command::from(self.command).kill_on_drop(true).output().await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Output { status: out.status, stdout: text(&out.stdout), stderr: text(&out.stderr) })
    }
}
