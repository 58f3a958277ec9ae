//! A process of the test: its log, its resource use, its end.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::watchdog;

/// A running process in its own process group, which ends with this value.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    gone: Option<ExitStatus>,
}

/// A process's resource use, from `/proc`.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Resident memory now, in bytes (`VmRSS`).
    pub resident_bytes: u64,
    /// Its peak, in bytes (`VmHWM`).
    pub peak_resident_bytes: u64,
    /// User and system time since its start.
    pub cpu: Duration,
}

impl Process {
    /// Starts `command`; stdout and stderr are appended to `DIR/NAME.log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(name: &str, command: &mut Command, dir: &Path) -> Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).with_context(|| log.display().to_string())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name}: {}", command.get_program().display()))?;
        let process = Self { name: name.to_owned(), child, log, gone: None };
        watchdog::add_group(process.pid())?;
        Ok(process)
    }

    /// Its process id, which is also that of its group.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All that it has written to stdout and stderr.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
    }

    /// Its exit status if it has ended.
    ///
    /// # Errors
    /// When the system call fails.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        if self.gone.is_none() {
            self.gone = self.child.try_wait()?;
            if self.gone.is_some() {
                watchdog::forget_group(self.pid());
            }
        }
        Ok(self.gone)
    }

    /// Waits for a log line that begins with `prefix` and returns it.
    ///
    /// # Errors
    /// With the end of the log, when the process ends first or `within` has passed.
    pub async fn line(&mut self, prefix: &str, within: Duration) -> Result<String> {
        let end = Instant::now() + within;
        loop {
            let exited = self.exited()?; // before the log is read: what it wrote last is then in it
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.starts_with(prefix)) {
                return Ok(line.to_owned());
            }
            if let Some(status) = exited {
                bail!("{} ended ({status}) without {prefix:?}:\n{}", self.name, tail(&log));
            }
            if Instant::now() > end {
                bail!("{}: no line {prefix:?} within {within:?}:\n{}", self.name, tail(&log));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a signal to its group.
    ///
    /// # Errors
    /// When the group is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let group = Pid::from_raw(self.pid().cast_signed()).context("process id 0")?;
        Ok(kill_process_group(group, signal)?)
    }

    /// SIGSTOP, or SIGCONT: while it is frozen, it sees and does nothing.
    ///
    /// # Errors
    /// When the group is gone.
    pub fn freeze(&self, frozen: bool) -> Result<()> {
        self.signal(if frozen { Signal::STOP } else { Signal::CONT })
    }

    /// SIGTERM, and SIGKILL to what remains after `grace`. Returns its exit status.
    ///
    /// # Errors
    /// When it cannot be signalled or waited for.
    pub async fn stop(&mut self, grace: Duration) -> Result<ExitStatus> {
        let end = Instant::now() + grace;
        if self.exited()?.is_none() {
            self.signal(Signal::TERM)?;
        }
        loop {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            if Instant::now() > end {
                return self.kill();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGKILL to its group; returns when it is gone.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.exited()? {
            return Ok(status);
        }
        let _ = self.signal(Signal::KILL);
        let status = self.child.wait()?;
        self.gone = Some(status);
        watchdog::forget_group(self.pid());
        Ok(status)
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// With the end of its log, when `within` has passed.
    pub async fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            if Instant::now() > end {
                bail!("{} runs on after {within:?}:\n{}", self.name, tail(&self.log()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its present resource use.
    ///
    /// # Errors
    /// When it has ended.
    pub fn usage(&self) -> Result<Usage> {
        usage(self.pid(), &self.name)
    }

    /// The present resource use of its child whose first argument is `program`.
    ///
    /// # Errors
    /// When it has no such child, or one of them has ended.
    pub fn child_usage(&self, program: &str) -> Result<Usage> {
        for entry in std::fs::read_dir("/proc").context("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            // Any process may end between two reads.
            let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            let parent = after_name(&stat).nth(1).and_then(|id| id.parse::<u32>().ok());
            let arguments = || std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            if parent == Some(self.pid()) && arguments().split(|byte| *byte == 0).nth(1) == Some(program.as_bytes()) {
                return usage(pid, program);
            }
        }
        bail!("{} has no child {program}", self.name)
    }
}

/// The fields of `/proc/PID/stat` from the third on. The second is the name in parentheses and may hold blanks.
fn after_name(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit(')').next().unwrap_or_default().split_whitespace()
}

/// The resource use of a process, which errors call `name`.
fn usage(pid: u32, name: &str) -> Result<Usage> {
    let read = |file: &str| {
        let path = format!("/proc/{pid}/{file}");
        std::fs::read_to_string(&path).with_context(|| format!("{name}: {path}"))
    };
    let status = read("status")?;
    let kib = |key: &str| -> Result<u64> {
        let line = status.lines().find_map(|l| l.strip_prefix(key)).with_context(|| format!("{name}: no {key}"))?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    };
    // utime and stime are the 14th and 15th field.
    let stat = read("stat")?;
    let fields: Vec<&str> = after_name(&stat).collect();
    let ticks = |n: usize| fields.get(n).context("short /proc/PID/stat")?.parse::<u64>().context("/proc/PID/stat");
    let cpu =
        Duration::from_secs_f64((ticks(11)? + ticks(12)?) as f64 / rustix::param::clock_ticks_per_second() as f64);
    Ok(Usage { resident_bytes: kib("VmRSS:")?, peak_resident_bytes: kib("VmHWM:")?, cpu })
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// The last lines of a log, for error messages.
pub(crate) fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
