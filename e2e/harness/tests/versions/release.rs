//! A release of the chart, in a namespace that enforces restricted pods: installed, upgraded, removed.

use std::{os::unix::fs::symlink, path::PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use trimtab_e2e::{Trimtab, trimtab_bin};

use super::{helm::Helm, server::Server, support::Cluster};

/// Trimtab's own namespace.
pub const OWN: &str = "trimtab-system";

/// The release.
pub struct Release {
    helm: Helm,
    kubeconfig: PathBuf,
}

impl Release {
    /// Installs it as docs/operations.md says, and checks that what the API server can have is there.
    pub async fn install(helm: Helm, cluster: &Cluster, server: &Server) -> Result<Self> {
        let restricted = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": OWN, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
        cluster.apply(&[restricted]).await?;
        let release = Self { helm, kubeconfig: cluster.plane.kubeconfig_path() };
        release.run(&["install", "trimtab", &Helm::chart()]).await?;
        cluster.kinds_served().await?;
        let there = server.objects(cluster).await?;
        let is_there = |kind: &str, name: &str| {
            there.iter().any(|object| object.starts_with(kind) && object.ends_with(&format!("/{name}")))
        };
        ensure!(is_there("validatingadmissionpolicy.", "trimtab-approval"), "{there:?}");
        for name in ["trimtab-requester", "trimtab-sizes"] {
            ensure!(is_there("mutatingadmissionpolicy.", name) == server.mutates, "{name}: {there:?}");
        }
        Ok(release)
    }

    /// Upgrades it to two instances; the approval guard is the same afterwards.
    pub async fn upgrade(&self, cluster: &Cluster) -> Result<()> {
        let guard = ["validatingadmissionpolicy", "trimtab-approval"];
        let before = object(cluster, &guard).await?;
        self.run(&["upgrade", "trimtab", &Helm::chart(), "--set", "replicas=2"]).await?;
        let after = object(cluster, &guard).await?;
        ensure!(before["metadata"]["generation"] == after["metadata"]["generation"], "the guard is another: {after}");
        let deployment = object(cluster, &["deployment", "trimtab", "-n", OWN]).await?;
        ensure!(deployment["status"]["readyReplicas"] == 2, "{}", deployment["status"]);
        Ok(())
    }

    /// Removes what Helm recorded of it, once Trimtab is uninstalled.
    pub async fn forget(&self) -> Result<()> {
        self.run(&["uninstall", "trimtab"]).await
    }

    async fn run(&self, args: &[&str]) -> Result<()> {
        let all = [args, &["-n", OWN, "--wait", "--timeout", "2m"]].concat();
        let said = self.helm.run(&all, Some(&self.kubeconfig)).await;
        let said = said.with_context(|| format!("helm {}", all.join(" ")))?;
        println!("$ helm {}\n{said}", all.join(" "));
        Ok(())
    }
}

/// An object as it is stored.
pub async fn object(cluster: &Cluster, name: &[&str]) -> Result<Value> {
    let args = [&["get", "-o", "json"], name].concat();
    Ok(serde_json::from_str(&cluster.plane.kubectl(&args).await?)?)
}

/// Runs `kubectl trimtab` as the admin, and returns what it says.
pub async fn plugin(cluster: &Cluster, args: &[&str]) -> Result<String> {
    let program = cluster.plane.dir().join("kubectl-trimtab");
    if !program.exists() {
        symlink(trimtab_bin()?, &program)?;
    }
    let output = Trimtab::of(&program, &cluster.plane.kubeconfig_path(), args).output().await?;
    let said = format!("{}{}", output.stdout, output.stderr);
    println!("$ kubectl trimtab {}\n{said}", args.join(" "));
    ensure!(output.status.success(), "kubectl trimtab {} ended with {}:\n{said}", args.join(" "), output.status);
    Ok(said)
}
