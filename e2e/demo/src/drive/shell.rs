//! A user's shell: kubectl with Trimtab's plugin, and Helm, on PATH.
//!
//! In: command lines. Out: the commands and their output, on stdout as it appears, and [`Said`] to be checked.

use std::{
    fs,
    io::{PipeReader, pipe},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::unix::pipe::Receiver,
    process::{Child, Command},
    task::JoinHandle,
};
use trimtab_e2e::{plane_bin, repository};

use super::fold::fold;

/// How long one command may take: the longest follows a rollout of some seconds to its end.
const WITHIN: Duration = Duration::from_secs(90);
/// Variables that would configure the commands: the demo shows what they do without.
const NOT_INHERITED: [&str; 3] = ["TRIMTAB_", "HELM_", "XDG_"];

/// The programs that a shell has besides kubectl.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Trimtab, which is also the plugin.
    pub trimtab: PathBuf,
    /// Helm.
    pub helm: PathBuf,
}

/// What a command printed, and how it ended.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Its stdout and stderr, as a terminal shows them.
    pub text: String,
}

/// One user's shell.
#[derive(Clone, Debug)]
pub struct Shell {
    bin: PathBuf,
    home: PathBuf,
    kubeconfig: PathBuf,
    prompt: &'static str,
}

/// A command that keeps running, as if in another terminal.
#[derive(Debug)]
pub struct Beside {
    shown: String,
    child: Child,
    text: JoinHandle<Result<String>>,
}

impl Shell {
    /// A shell of the user of `kubeconfig`. In `dir` it gets a directory with `kubectl`, `kubectl-trimtab` and `helm`.
    ///
    /// # Errors
    /// When that cannot be created.
    pub fn new(dir: &Path, programs: &Programs, kubeconfig: PathBuf) -> Result<Self> {
        let bin = dir.join("bin");
        fs::create_dir_all(&bin)?;
        let kubectl = bin.join("kubectl");
        fs::write(&kubectl, format!("#!/bin/sh\nexec '{}' kubectl \"$@\"\n", plane_bin()?.display()))?;
        fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755))?;
        for (program, name) in [(&programs.trimtab, "kubectl-trimtab"), (&programs.helm, "helm")] {
            let program = program.canonicalize().with_context(|| program.display().to_string())?;
            symlink(program, bin.join(name)).context(name)?;
        }
        Ok(Self { bin, home: dir.join("home"), kubeconfig, prompt: "$" })
    }

    /// The same for another user, whose commands are shown after `prompt`.
    pub fn of(&self, kubeconfig: PathBuf, prompt: &'static str) -> Self {
        Self { kubeconfig, prompt, ..self.clone() }
    }

    /// The directory for PATH.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// Prints `line`, runs it in the repository's directory, and prints each line of its output as it comes.
    ///
    /// # Errors
    /// When it cannot be run, or takes too long. A failure of its own is in [`Said::code`].
    pub async fn run(&self, line: &str) -> Result<Said> {
        println!("\n{} {line}", self.prompt);
        // Empty lines at the end would only break up the output.
        let mut empty = 0;
        self.follow(line, |line| {
            if line.is_empty() {
                empty += 1;
            } else {
                println!("{}{}", "\n".repeat(std::mem::take(&mut empty)), fold(line));
            }
        })
        .await
    }

    /// The same for a command that must succeed.
    ///
    /// # Errors
    /// With its output, when it fails.
    pub async fn must(&self, line: &str) -> Result<()> {
        let said = self.run(line).await?;
        ensure!(said.code == 0, "{line} ended with {}:\n{}", said.code, said.text.trim());
        Ok(())
    }

    /// Runs `line` as [`Shell::run`] does, and prints nothing.
    ///
    /// # Errors
    /// As [`Shell::run`].
    pub async fn ask(&self, line: &str) -> Result<Said> {
        self.follow(line, |_| {}).await
    }

    /// Starts a command that runs until [`Beside::end`]. It must be one command, not a pipeline.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, line: &str) -> Result<Beside> {
        // Without a shell in between, the command itself is the process to end.
        let (child, output) = self.spawn(&format!("exec {line}"))?;
        let text = tokio::spawn(read(output, |_| {}));
        Ok(Beside { shown: format!("{} {line}", self.prompt), child, text })
    }

    async fn follow(&self, line: &str, show: impl FnMut(&str)) -> Result<Said> {
        let (mut child, output) = self.spawn(line)?;
        let all = async {
            let text = read(output, show).await?;
            let code = child.wait().await?.code().unwrap_or(-1);
            Ok(Said { code, text })
        };
        tokio::time::timeout(WITHIN, all).await.map_err(|_| anyhow!("{line}: no end within {WITHIN:?}"))?
    }

    fn spawn(&self, line: &str) -> Result<(Child, PipeReader)> {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("/bin/sh");
        for (name, _) in std::env::vars_os() {
            if NOT_INHERITED.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        let (reader, writer) = pipe()?;
        command
            .args(["-c", line])
            .env("PATH", format!("{}:{path}", self.bin.display()))
            .env("HOME", &self.home)
            .env("KUBECONFIG", &self.kubeconfig)
            .current_dir(repository())
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .kill_on_drop(true);
        // The command holds the pipe's other end; dropped with it, so that reading ends.
        Ok((command.spawn().with_context(|| line.to_owned())?, reader))
    }
}

impl Beside {
    /// Ends it, and prints it with all its output.
    ///
    /// # Errors
    /// When its output cannot be read.
    pub async fn end(mut self) -> Result<String> {
        self.child.kill().await?;
        let text = self.text.await??;
        println!("\n{}", self.shown);
        text.lines().for_each(|line| println!("{}", fold(line)));
        Ok(text)
    }
}

async fn read(output: PipeReader, mut show: impl FnMut(&str)) -> Result<String> {
    let mut lines = BufReader::new(Receiver::from_owned_fd(output.into())?).lines();
    let mut text = String::new();
    while let Some(line) = lines.next_line().await? {
        show(&line);
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}
