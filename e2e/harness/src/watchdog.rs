//! A shell that outlives the test process by a moment and cleans up what it left behind.
//!
//! `Drop` does not run when a process is killed, for values in statics, or with `panic = "abort"`. So one `sh` per test
//! process reads the list of process groups and directories from a pipe that only this process holds open. When the
//! pipe closes, it kills the groups and removes the directories.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};
use parking_lot::Mutex;

// Only `kill -s NAME -- -GROUP` is understood by every shell: dash refuses `kill -KILL -- -GROUP`.
// Ignores the signals that a terminal sends to the tests. `g` and `d` are lists with blanks on both sides of each item.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
g=' ' d=' '
while read -r what item; do
  case $what in
  +group) g="$g$item " ;;
  -group) g="${g%% $item *} ${g#* $item }" ;;
  +dir) d="$d$item " ;;
  -dir) d="${d%% $item *} ${d#* $item }" ;;
  esac
done
for item in $g; do kill -s KILL -- "-$item" 2>/dev/null; done
for item in $d; do
  for try in 1 2 3 4 5 6 7 8 9; do rm -rf -- "$item" 2>/dev/null && break; sleep 0.1; done
done
"#;

/// Kill this process group at the end.
///
/// # Errors
/// When the watchdog cannot be started or has died.
pub fn add_group(id: u32) -> Result<()> {
    tell(&format!("+group {id}"))
}

/// The group has ended: its id may be reused.
pub fn forget_group(id: u32) {
    let _ = tell(&format!("-group {id}"));
}

/// Remove this directory at the end.
///
/// # Errors
/// When the path has blanks, which the watchdog's lists do not take, or the watchdog has died.
pub fn add_dir(path: &Path) -> Result<()> {
    let text = path.to_str().filter(|p| !p.contains(char::is_whitespace)).context("a path with blanks")?;
    tell(&format!("+dir {text}"))
}

/// The directory has been removed, or is to be kept.
pub fn forget_dir(path: &Path) {
    let _ = tell(&format!("-dir {}", path.display()));
}

fn tell(line: &str) -> Result<()> {
    static PIPE: OnceLock<Result<Mutex<ChildStdin>, String>> = OnceLock::new();
    let pipe =
        PIPE.get_or_init(|| start().map_err(|e| format!("watchdog: {e:#}"))).as_ref().map_err(|e| anyhow!("{e}"))?;
    let mut pipe = pipe.lock();
    // One write per line: lines shorter than PIPE_BUF are not torn.
    pipe.write_all(format!("{line}\n").as_bytes()).context("the watchdog has died")
}

fn start() -> Result<Mutex<ChildStdin>> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    Ok(Mutex::new(child.stdin.take().context("no pipe")?))
}
