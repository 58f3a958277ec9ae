//! Trimtab is removed in an order in which nobody can settle what is left: nothing stays in deletion, by the command that
//! docs/upgrade.md names for that order.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use trimtab_e2e::{eventually, repository};

use super::{
    bed::*,
    support::{Cluster, SOON},
    uninstalled::{InForce, left},
};

/// How long it may take until nothing is in deletion any more.
const ENDS: Duration = Duration::from_secs(60);

async fn are_in_deletion(cluster: &Cluster, what: &[&str]) -> Result<()> {
    let found = cluster.in_deletion().await?;
    for part in what {
        ensure!(found.iter().any(|object| object == part), "{part} is not among {found:?}");
    }
    Ok(())
}

/// Waits until these are in deletion, and stay.
async fn hang(cluster: &Cluster, what: &[&str]) -> Result<()> {
    eventually(SOON, "they are being deleted", async || are_in_deletion(cluster, what).await).await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    are_in_deletion(cluster, what).await
}

/// What `uninstall --check` says, once the Lease of the Trimtab that ran has expired.
async fn checked(root: &Plugin, said: &[&str]) -> Result<String> {
    eventually(SOON, "it says what is in the way", async || root.says(1, &["uninstall", "--check"], said).await).await
}

async fn ends(cluster: &Cluster, begin: Instant) -> Result<()> {
    eventually(ENDS.saturating_sub(begin.elapsed()), "nothing is in deletion", async || {
        let found = cluster.in_deletion().await?;
        ensure!(found.is_empty(), "{found:?}");
        Ok(())
    })
    .await
}

/// `kubectl delete -f PART`, without waiting.
async fn delete(cluster: &Cluster, part: &str) -> Result<()> {
    let path = repository().join(part).display().to_string();
    cluster.plane.kubectl(&["delete", "-f", &path, "--wait=false"]).await?;
    Ok(())
}

/// The controller goes with its namespace, then the kinds: Recommendations keep their finalizers.
#[tokio::test]
async fn the_controller_first() -> Result<()> {
    let world = InForce::start().await?;
    let cluster = &world.guarded.cluster;
    let root = plugin(cluster, cluster.plane.kubeconfig_path())?;
    let in_force = world.guarded.sizes("shop", "web").await?;
    drop(world.trimtab);
    delete(cluster, "deploy").await?;
    delete(cluster, "crds").await?;
    let crd = "CustomResourceDefinition /recommendations.trimtab.dev";
    hang(cluster, &["Recommendation shop/deploy-web", crd]).await?;

    let said = [
        "this stays:\n  shop/deploy-web Deployment/web keeps app: ",
        "Kept by the finalizer trimtab.dev/settle",
        "  shop/deploy-web: waiting for Trimtab to start the undo\n",
        "  CustomResourceDefinition recommendations.trimtab.dev\n",
        "In the way:\n  no running Trimtab can settle 1 Recommendation (shop/deploy-web)",
    ];
    checked(&root, &said).await?;
    hang(cluster, &["Recommendation shop/deploy-web", crd]).await?;

    let begin = Instant::now();
    let said = ["1 size will stay in force", "shop/deploy-web Deployment/web keeps app: ", "Trimtab is uninstalled"];
    root.says(0, &["uninstall", "--yes", "--leave-sizes"], &said).await?;
    ends(cluster, begin).await?;
    assert_eq!(left(cluster).await?, Vec::<String>::new());
    assert_eq!(world.guarded.sizes("shop", "web").await?, in_force, "pods keep what was said to stay");
    Ok(())
}

/// The guard goes first, while Trimtab runs: nothing is approved any more, and what is deleted is settled all the same.
#[tokio::test]
async fn the_policies_first() -> Result<()> {
    let world = InForce::start().await?;
    let cluster = &world.guarded.cluster;
    let begin = Instant::now();
    delete(cluster, "policies").await?;
    delete(cluster, "crds").await?;
    ends(cluster, begin).await?;
    assert_eq!(world.guarded.sizes("shop", "web").await?, world.former, "{}", world.trimtab.log());
    drop(world.trimtab);
    let begin = Instant::now();
    delete(cluster, "deploy").await?;
    ends(cluster, begin).await?;
    let left = left(cluster).await?;
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

/// The namespaces go first, that of Trimtab and one with a size in force.
#[tokio::test]
async fn the_namespaces_first() -> Result<()> {
    let world = InForce::start().await?;
    let cluster = &world.guarded.cluster;
    let root = plugin(cluster, cluster.plane.kubeconfig_path())?;
    drop(world.trimtab);
    cluster.plane.kubectl(&["delete", "namespace", OWN, "shop", "--wait=false"]).await?;
    hang(cluster, &["Recommendation shop/deploy-web", "Namespace /shop"]).await?;
    let said =
        ["  Namespace shop: 1 Recommendation in it\n", "In the way:\n  no running Trimtab can settle 1 Recommendation"];
    checked(&root, &said).await?;

    let begin = Instant::now();
    root.says(0, &["uninstall", "--yes", "--leave-sizes"], &["Trimtab is uninstalled"]).await?;
    ends(cluster, begin).await?;
    assert_eq!(left(cluster).await?, Vec::<String>::new());
    Ok(())
}
