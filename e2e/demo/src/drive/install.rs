//! Trimtab in the demo's own cluster as its users install it, and a person who may approve.
//!
//! In: a cluster with the demo's namespaces. Out: the objects of `crds/`, `deploy/` and `policies/`, and [`Installed`].

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use tokio::time::Instant;
use trimtab_e2e::Plane;

use super::shell::Shell;

/// Who approves in the demo.
pub const APPROVER: &str = "ada";
/// The account that Trimtab runs under; `deploy/rbac.yaml` grants its permissions, and the guard knows it.
const ACCOUNT: &str = "system:serviceaccount:trimtab-system:trimtab";
/// The namespace of that account.
pub const NAMESPACE: &str = "trimtab-system";
/// Approvals in the first seconds of a guard are not vouched for: API servers check for new policies once a second.
const GUARD_SETTLES: Duration = Duration::from_secs(7);

/// A cluster with Trimtab installed.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The shell of the administrator.
    pub admin: Shell,
    /// The shell of [`APPROVER`].
    pub approver: Shell,
    /// Trimtab's own kubeconfig.
    pub operator: PathBuf,
    /// From when approvals count.
    guarded: Instant,
}

/// Applies what users apply, and gives [`APPROVER`] the permission to approve in `namespace`.
///
/// # Errors
/// When the API server refuses one of them.
pub async fn install(plane: &Plane, shell: Shell, namespace: &str) -> Result<Installed> {
    println!("\n== Trimtab is installed: its kinds, its account, and the policies that the API server itself enforces");
    shell
        .must("kubectl apply --server-side -f crds/ -f deploy/namespace.yaml -f deploy/rbac.yaml -f policies/")
        .await?;
    let guarded = Instant::now() + GUARD_SETTLES;
    println!("\nIt runs as {ACCOUNT}, with the rights of deploy/rbac.yaml and no others.");
    println!("{APPROVER} may see everything of Trimtab's, and approve in the namespace {namespace}:");
    let to = format!("--user={APPROVER}");
    shell.must(&format!("kubectl create clusterrolebinding ada-views --clusterrole=trimtab-viewer {to}")).await?;
    let role = "rolebinding ada-approves --clusterrole=trimtab-approver";
    shell.must(&format!("kubectl create {role} -n {namespace} {to}")).await?;
    let approver = shell.of(plane.user(APPROVER, &[], &[]).await?, "ada$");
    // The API server knows a ServiceAccount by this name, whether it presents a token or a certificate, and a
    // certificate outlives a one-hour token.
    let operator = plane.user(ACCOUNT, &[], &[]).await?;
    Ok(Installed { admin: shell, approver, operator, guarded })
}

impl Installed {
    /// Waits until approvals count.
    pub async fn guarded(&self) {
        tokio::time::sleep_until(self.guarded).await;
    }
}
