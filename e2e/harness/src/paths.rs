//! Paths of the programs: from environment variables, else from the build scripts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, ensure};

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_path_buf()
}

/// The control plane binary: `PLANE_BIN`, else what `e2e/build.sh` builds or finds in the cache. A first build takes
/// minutes.
///
/// # Errors
/// When Go is missing or the build fails; the script has said why on stderr.
pub fn plane_bin() -> Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    once(&FOUND, "PLANE_BIN", "e2e/build.sh")
}

/// The directory with `prometheus` and `promtool`: `PROMETHEUS_DIR`, else what `e2e/prometheus.sh` finds.
///
/// # Errors
/// When Prometheus is neither installed nor available from the distribution.
pub fn prometheus_dir() -> Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    once(&FOUND, "PROMETHEUS_DIR", "e2e/prometheus.sh")
}

/// The directory with `helm` and `helm-unittest`: `HELM_DIR`, else what `e2e/helm.sh` builds or finds in the cache. A
/// first build takes minutes.
///
/// # Errors
/// When Go is missing or the build fails; the script has said why on stderr.
pub fn helm_dir() -> Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    once(&FOUND, "HELM_DIR", "e2e/helm.sh")
}

/// The program under test: `TRIMTAB_BIN`, else the newer of `target/{debug,release}/trimtab`.
///
/// # Errors
/// When none has been built.
pub fn trimtab_bin() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("TRIMTAB_BIN") {
        let path = PathBuf::from(path);
        ensure!(path.is_file(), "TRIMTAB_BIN={} is no file", path.display());
        return Ok(path);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    ["debug", "release"]
        .iter()
        .map(|profile| target.join(profile).join("trimtab"))
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .max()
        .map(|(_, path)| path)
        .with_context(|| format!("no trimtab in {}: cargo build, or set TRIMTAB_BIN", target.display()))
}

fn once(cell: &OnceLock<Result<PathBuf, String>>, variable: &str, script: &str) -> Result<PathBuf> {
    cell.get_or_init(|| find(variable, script).map_err(|e| format!("{e:#}"))).clone().map_err(|e| anyhow!(e))
}

fn find(variable: &str, script: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        let path = PathBuf::from(path);
        ensure!(path.exists(), "{variable}={} does not exist", path.display());
        return Ok(path);
    }
    let out =
        Command::new(repository().join(script)).stderr(Stdio::inherit()).output().with_context(|| script.to_owned())?;
    ensure!(out.status.success(), "{script} failed: {}", out.status);
    Ok(PathBuf::from(String::from_utf8(out.stdout)?.trim()))
}
