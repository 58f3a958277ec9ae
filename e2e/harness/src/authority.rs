//! A private certificate authority. In: its name. Out: its certificate, and that of a server on loopback which it vouches for.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::{WorkDir, paths};

/// An authority that only the test knows. Its files are removed with this value.
#[derive(Debug)]
pub struct Authority {
    dir: WorkDir,
}

impl Authority {
    /// Makes one with a new key.
    ///
    /// # Errors
    /// When the plane's program cannot be built, or cannot write.
    pub fn new(name: &str) -> Result<Self> {
        let dir = WorkDir::new("authority")?;
        let mut command = Command::new(paths::plane_bin()?);
        let made = command.args(["serving", "--name", name]).arg("--dir").arg(dir.path()).output()?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr).trim());
        Ok(Self { dir })
    }

    /// The file with its own certificate, in PEM: who trusts it trusts the server.
    pub fn ca(&self) -> PathBuf {
        self.file("ca.crt")
    }

    /// The files with certificate and key of a server on 127.0.0.1, ::1 or localhost.
    pub fn server(&self) -> (PathBuf, PathBuf) {
        (self.file("serving.crt"), self.file("serving.key"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("pki").join(name)
    }
}
