//! A person who may approve, in the demo's own cluster.
//!
//! In: a cluster with the demo's namespaces and a [`Release`]. Out: [`Installed`], with the shells of both people.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;
use trimtab_e2e::Plane;

use super::{release::Release, shell::Shell};

/// Who approves in the demo.
pub const APPROVER: &str = "ada";
/// Approvals in the first seconds of a guard are not vouched for: API servers check for new policies once a second.
const GUARD_SETTLES: Duration = Duration::from_secs(7);

/// A cluster with Trimtab installed, in which somebody may approve.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The shell of the administrator.
    pub admin: Shell,
    /// The shell of [`APPROVER`].
    pub approver: Shell,
    /// From when approvals count.
    guarded: Instant,
}

/// Gives [`APPROVER`] the permission to approve in `namespace`, in a cluster in which `release` was installed just before.
///
/// # Errors
/// When the API server refuses.
pub async fn people(plane: &Plane, release: &Release, namespace: &str) -> Result<Installed> {
    let guarded = Instant::now() + GUARD_SETTLES;
    println!("\n{APPROVER} may see everything of Trimtab's, and approve in the namespace {namespace}:");
    let to = format!("--user={APPROVER}");
    let admin = release.admin.clone();
    admin.must(&format!("kubectl create clusterrolebinding ada-views --clusterrole=trimtab-viewer {to}")).await?;
    let role = "rolebinding ada-approves --clusterrole=trimtab-approver";
    admin.must(&format!("kubectl create {role} -n {namespace} {to}")).await?;
    let approver = admin.of(plane.user(APPROVER, &[], &[]).await?, "ada$");
    Ok(Installed { admin, approver, guarded })
}

impl Installed {
    /// Waits until approvals count.
    pub async fn guarded(&self) {
        tokio::time::sleep_until(self.guarded).await;
    }
}
