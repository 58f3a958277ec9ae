//! How long each stage takes. In: the end of each. Out: a line that a script can read.
//!
//! `VERSIONS VERSION emulated|real STAGE SECONDS`: of these, `e2e/versions.sh` makes the table in docs/support.md.

use std::{io::Write, time::Instant};

use anyhow::{Context, Result};
use trimtab_e2e::Kubernetes;

/// The stages of one Kubernetes.
pub struct Stages {
    kubernetes: String,
    began: Instant,
}

impl Stages {
    /// The first one begins now.
    pub fn begin(kubernetes: &Kubernetes) -> Result<Self> {
        let version = kubernetes.version().context("the suite says which version it ran on")?;
        let plane = if matches!(kubernetes, Kubernetes::Emulated(_)) { "emulated" } else { "real" };
        Ok(Self { kubernetes: format!("{version} {plane}"), began: Instant::now() })
    }

    /// This one has ended well, and the next begins. The line is shown also where the test passes.
    pub fn passed(&mut self, stage: &str) -> Result<()> {
        let seconds = self.began.elapsed().as_secs_f64();
        self.began = Instant::now();
        // In one write: other tests write too.
        let line = format!("\nVERSIONS {} {stage} {seconds:.1}\n", self.kubernetes);
        Ok(std::io::stderr().write_all(line.as_bytes())?)
    }
}
