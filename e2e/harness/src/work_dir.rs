//! A temporary directory removed with the value, unless `E2E_KEEP=1`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::watchdog;

/// A temporary directory.
#[derive(Debug)]
pub struct WorkDir {
    path: PathBuf,
    keep: bool,
}

impl WorkDir {
    /// Creates a new one; `what` becomes part of its name.
    ///
    /// # Errors
    /// When it cannot be created, or has blanks in its path.
    pub fn new(what: &str) -> Result<Self> {
        let path = tempfile::Builder::new()
            .prefix(&format!("trimtab-e2e-{what}-"))
            .tempdir()
            .context("temporary directory")?
            .keep();
        let keep = std::env::var_os("E2E_KEEP").is_some_and(|v| v == "1");
        let dir = Self { path, keep };
        if !keep {
            watchdog::add_dir(&dir.path)?;
        }
        Ok(dir)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        if self.keep {
            eprintln!("kept: {}", self.path.display());
            return;
        }
        // A grandchild, such as a plane's API server, dies a moment after the child that was killed and waited for.
        for _ in 0..100 {
            if std::fs::remove_dir_all(&self.path).is_ok() || !self.path.exists() {
                watchdog::forget_dir(&self.path);
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        eprintln!("left for the watchdog: {}", self.path.display());
    }
}
