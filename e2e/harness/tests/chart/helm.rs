//! Helm: that of the directory `HELM_DIR`, else the Helm 3 that `e2e/helm.sh` builds. In: values, commands. Out: what it
//! prints, or its error.

use std::{ffi::OsStr, path::PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;
use trimtab_e2e::{helm_dir, repository};

/// A cluster of the newest release that is supported, for `helm template`.
pub const CLUSTER: [&str; 4] =
    ["--kube-version", "v1.36.0", "--api-versions", "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"];

/// The program, its major version, and a directory for its caches.
pub struct Helm {
    program: PathBuf,
    major: u32,
    home: tempfile::TempDir,
}

impl Helm {
    /// Builds it, unless it is there or named.
    pub async fn find() -> Result<Self> {
        // The first build takes minutes: not on a runtime thread.
        let program = tokio::task::spawn_blocking(helm_dir).await??.join("helm");
        let mut helm = Self { program, major: 0, home: tempfile::tempdir()? };
        let version = helm.run(["version", "--template", "{{.Version}}"], None).await?;
        let major = version.trim().trim_start_matches('v').split('.').next().context("a version")?;
        helm.major = major.parse().with_context(|| version.clone())?;
        Ok(helm)
    }

    /// Its major version.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Whether it applies objects in the server, and so minds who else owns their fields: Helm 4 does, unless it is told
    /// otherwise.
    pub fn minds_owners(&self) -> bool {
        self.major >= 4
    }

    /// Where the chart is.
    pub fn chart() -> String {
        repository().join("charts/trimtab").display().to_string()
    }

    /// Renders the chart with these values.
    pub async fn template(&self, values: &Value, cluster: &[&str]) -> Result<String> {
        let file = tempfile::Builder::new().suffix(".json").tempfile()?;
        std::fs::write(file.path(), values.to_string())?;
        let chart = Self::chart();
        let file = file.path().display().to_string();
        let mut args = vec!["template", "trimtab", &chart, "--namespace", "trimtab-system", "--values", &file];
        args.extend(cluster);
        self.run(args, None).await
    }

    /// Runs a command, against the cluster of `kubeconfig` if it names one.
    pub async fn run<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        kubeconfig: Option<&std::path::Path>,
    ) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(args).env("HOME", self.home.path()).kill_on_drop(true);
        command.env_remove("XDG_CACHE_HOME").env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
        match kubeconfig {
            Some(path) => command.env("KUBECONFIG", path),
            None => command.env_remove("KUBECONFIG"),
        };
        let out = command.output().await.with_context(|| self.program.display().to_string())?;
        ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr).trim());
        Ok(String::from_utf8(out.stdout)?)
    }
}

/// The objects in a stream of YAML documents.
pub fn documents(text: &str) -> Result<Vec<Value>> {
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    let objects: Result<Vec<Value>, _> = documents.collect();
    Ok(objects?.into_iter().filter(|object| !object.is_null()).collect())
}
