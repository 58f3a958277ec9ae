//! What the API server is, and what of Trimtab it has. In: a cluster. Out: facts, checked where they are known before.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trimtab_e2e::Kubernetes;

use super::support::Cluster;

/// Since this minor version there are mutating admission policies.
const MUTATING: u32 = 36;
/// Since this minor version a memory limit is lowered in place without a restart.
const LOWERS_LIMITS: u32 = 34;

/// An API server.
pub struct Server {
    /// Whether it has mutating admission policies.
    pub mutates: bool,
    /// Whether its code lowers memory limits in place: that is no feature, so that what it emulates does not matter.
    pub lowers_limits: bool,
}

impl Server {
    /// Asks it, and checks that it is the one that was meant.
    pub async fn ask(cluster: &Cluster, kubernetes: &Kubernetes) -> Result<Self> {
        let said = raw(cluster, "/version").await?;
        let word = |key: &str| said[key].as_str().unwrap_or_default();
        let shown = match kubernetes {
            Kubernetes::Emulated(_) => format!("{}.{}", word("emulationMajor"), word("emulationMinor")),
            Kubernetes::Own | Kubernetes::Real { .. } => word("gitVersion").trim_start_matches('v').to_owned(),
        };
        ensure!(kubernetes.version() == Some(&*shown), "{kubernetes:?} says that it is {said}");
        let minor: u32 = shown.split('.').nth(1).and_then(|n| n.parse().ok()).context("a version")?;

        let admission = raw(cluster, "/apis/admissionregistration.k8s.io/v1").await?;
        let kinds = admission["resources"].as_array().context("resources")?;
        let mutates = kinds.iter().any(|kind| kind["name"] == "mutatingadmissionpolicies");
        ensure!(mutates == (minor >= MUTATING), "{shown} serves mutating admission policies: {mutates}");
        let core = raw(cluster, "/api/v1").await?;
        let kinds = core["resources"].as_array().context("resources")?;
        ensure!(kinds.iter().any(|kind| kind["name"] == "pods/resize"), "{shown} cannot resize pods in place");
        let code: u32 = word("minor").parse().context("the minor version of the code")?;
        Ok(Self { mutates, lowers_limits: code >= LOWERS_LIMITS })
    }

    /// Trimtab's objects in the cluster that belong to no namespace, as `kind/name`.
    pub async fn objects(&self, cluster: &Cluster) -> Result<Vec<String>> {
        let mut kinds = vec![
            "customresourcedefinitions",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "clusterroles",
            "clusterrolebindings",
        ];
        if self.mutates {
            kinds.extend(["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"]);
        }
        let names = cluster.plane.kubectl(&["get", &kinds.join(","), "-o", "name"]).await?;
        // Permissions granted by the test itself are not Trimtab's.
        let ours = |name: &&str| name.contains("trimtab") && !name.contains("e2e:");
        Ok(names.lines().filter(ours).map(str::to_owned).collect())
    }
}

async fn raw(cluster: &Cluster, path: &str) -> Result<Value> {
    Ok(serde_json::from_str(&cluster.plane.kubectl(&["get", "--raw", path]).await?)?)
}
