//! `uninstall`: what is in force is undone before anything that could undo it is deleted, and nothing is left.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use trimtab_e2e::{PlaneOptions, Prometheus, WorkDir, repository, rule};

use super::{
    bed::*,
    support::{Cluster, Guarded, Running, SOON, deployment, modest, namespace, prometheus, quick},
};

const A_ROLLOUT: Duration = Duration::from_secs(60);

/// Trimtab's objects in the cluster, apart from its namespace and what people created.
pub async fn left(cluster: &Cluster) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for kinds in [
        "crd",
        "validatingadmissionpolicies,validatingadmissionpolicybindings",
        "mutatingadmissionpolicies,mutatingadmissionpolicybindings",
        "clusterroles,clusterrolebindings",
    ] {
        let names = cluster.plane.kubectl(&["get", kinds, "-o", "name"]).await?;
        // Permissions granted by the test itself are not Trimtab's.
        let ours = |name: &&str| name.contains("trimtab") && !name.contains("e2e:");
        found.extend(names.lines().filter(ours).map(str::to_owned));
    }
    let own = "deployments,services,serviceaccounts,roles,rolebindings,configmaps,leases.coordination.k8s.io";
    let names = cluster.plane.kubectl(&["get", own, "-n", OWN, "-o", "name"]).await?;
    found.extend(names.lines().filter(|name| name.contains("trimtab")).map(str::to_owned));
    Ok(found)
}

/// Trimtab installed and running, with one size in force.
pub struct InForce {
    pub guarded: Guarded,
    pub trimtab: Running,
    /// The sizes of the pods before.
    pub former: Vec<(String, Value)>,
    _usage: (Prometheus, WorkDir),
}

impl InForce {
    pub async fn start() -> Result<Self> {
        let guarded = Guarded::start(PlaneOptions::default()).await?;
        let cluster = &guarded.cluster;
        let file = repository().join("deploy/trimtab.yaml");
        cluster.plane.kubectl(&["apply", "--server-side", "-f", file.to_str().unwrap()]).await?;
        cluster.apply(&[namespace("shop"), deployment("shop", "web", 2), deployment("shop", "api", 1)]).await?;
        cluster.ready("shop", "web", 2).await?;
        cluster.ready("shop", "api", 1).await?;
        let usage = prometheus(cluster.history(9, |_| Some(modest)).await?).await?;
        cluster.apply(&[quick("shop", &["shop"])]).await?;
        let args = ["--namespace", OWN, "--prometheus-url", usage.0.url(), "--interval", "5s"];
        let trimtab = Running::start_as_installed(&guarded.kubeconfig, cluster.plane.dir(), "trimtab", &args)?;
        guarded.stands("shop", "deploy-api", "PendingApproval", SOON).await?;
        guarded.stands("shop", "deploy-web", "PendingApproval", SOON).await?;
        let former = guarded.sizes("shop", "web").await?;
        guarded.decide("shop", "deploy-web", "Approved").await?;
        guarded.stands("shop", "deploy-web", "Applied", A_ROLLOUT).await?;
        ensure!(guarded.sizes("shop", "web").await? != former, "it is in force");
        Ok(Self { guarded, trimtab, former, _usage: usage })
    }
}

/// As docs/upgrade.md says: deleting the kinds undoes what is in force, and waits for it.
#[tokio::test]
async fn the_crds_go_once_what_is_in_force_is_undone() -> Result<()> {
    let world = InForce::start().await?;
    let plane = &world.guarded.cluster.plane;
    let crds = repository().join("crds");
    let gone = plane.kubectl(&["delete", "-f", crds.to_str().unwrap(), "--timeout=90s"]).await;
    ensure!(gone.is_ok(), "{gone:?}\n{}", world.trimtab.log());
    assert_eq!(world.guarded.sizes("shop", "web").await?, world.former, "{}", world.trimtab.log());
    Ok(())
}

#[tokio::test]
async fn an_uninstall_undoes_what_is_in_force_and_leaves_nothing() -> Result<()> {
    let InForce { guarded, trimtab, former, _usage } = InForce::start().await?;
    let cluster = &guarded.cluster;

    // A user without the permissions is told what is missing, before anything is deleted.
    let eve = plugin(cluster, cluster.plane.user("eve", &[], &[]).await?)?;
    eve.says(
        1,
        &["uninstall", "--yes"],
        &["eve may not list", "optimizationpolicies.trimtab.dev", "Nothing was deleted"],
    )
    .await?;
    let looks = rule(&["*"], &["*"], &["get", "list"]);
    let lea = plugin(cluster, cluster.plane.user("lea", &[], &[looks]).await?)?;
    let lacks =
        ["lea may not: ", "approve recommendations.trimtab.dev", "delete deployments.apps in namespace trimtab-system"];
    lea.says(1, &["uninstall", "--yes"], &lacks).await?;
    let root = plugin(cluster, cluster.plane.kubeconfig_path())?;
    root.says(2, &["uninstall", "-n", "shop"], &["to the whole cluster"]).await?;
    let stays = [
        "this stays:\n  shop/deploy-web Deployment/web keeps app: ",
        "Kept by the finalizer trimtab.dev/settle",
        "  shop: 1 size for new pods, decisions about 0 workloads\n",
        "  recommendations.trimtab.dev: 2\n",
        "  validatingadmissionpolicies.admissionregistration.k8s.io: trimtab-approval\n",
        "Namespace trimtab-system stays",
    ];
    let clear = "Nothing is in the way of kubectl trimtab uninstall.";
    root.says(0, &["uninstall", "--check"], &[&stays[..], &[clear]].concat()).await?;
    lea.says(1, &["uninstall", "--check"], &["In the way:\n  lea may not: "]).await?;
    root.says(0, &["halt"], &["emergency stop on"]).await?;
    root.says(1, &["uninstall", "--yes"], &["the emergency stop is on", "Nothing was deleted"]).await?;
    root.says(0, &["resume"], &["emergency stop off"]).await?;
    let said = [
        "1 size in force or in progress will be undone first:",
        "shop/deploy-web Deployment/web gets back app: requests cpu 500m, memory 512Mi",
    ];
    root.says(2, &["uninstall"], &[&said[..], &["use --yes; nothing was deleted"]].concat()).await?;
    root.says(0, &["uninstall", "--dry-run=server"], &["nothing was deleted (server dry run)"]).await?;
    guarded.stands("shop", "deploy-web", "Applied", SOON).await?;

    let parts = [
        "deleted OptimizationPolicy shop",
        "deleted 2 Recommendations",
        "deleted Deployment trimtab-system/trimtab",
        "deleted AppliedSizes shop/trimtab",
        "deleted 5 customresourcedefinitions",
        "Trimtab is uninstalled",
        "Namespace trimtab-system stays",
        "1 binding to ClusterRoles of Trimtab is people's own, and stays: ClusterRoleBinding approvers",
    ];
    root.says(0, &["uninstall", "--yes"], &[&said[..], &parts[..]].concat()).await?;
    assert_eq!(guarded.sizes("shop", "web").await?, former, "every pod has its former size, and none was made anew");
    assert_eq!(left(cluster).await?, Vec::<String>::new());
    root.says(0, &["uninstall"], &["nothing of Trimtab is left in this cluster", "Namespace trimtab-system stays"])
        .await?;
    drop(trimtab);
    root.says(0, &["uninstall", "--yes", "--namespace-too"], &["deleted Namespace trimtab-system"]).await?;
    root.says(0, &["uninstall", "--namespace-too"], &["nothing of Trimtab is left"]).await?;
    Ok(())
}

#[tokio::test]
async fn where_no_trimtab_runs_it_is_refused_or_sizes_stay() -> Result<()> {
    let world = World::start().await?;
    for (workload, status) in [
        ("web", json!({"rollout": rollout("Ended", "1/1", Some("Applied"))})),
        ("api", json!({"rollout": rollout("Watching", "1/2", None)})),
        ("waits", pending("1", 97, "Low")),
    ] {
        world.recommend("shop", workload, status).await?;
        let name = format!("deploy-{workload}");
        let finalizer = r#"{"metadata": {"finalizers": ["trimtab.dev/settle"]}}"#;
        if workload != "waits" {
            // Only Trimtab sets it.
            let trimtab = "--as=system:serviceaccount:trimtab-system:trimtab";
            let patch = ["patch", "rec", &name, "-n", "shop", "--type=merge", "-p", finalizer, trimtab];
            world.cluster.plane.kubectl(&patch).await?;
        }
    }
    let root = world.plugin(world.cluster.plane.kubeconfig_path())?;
    let refused = [
        "no running Trimtab can settle 2 Recommendations (shop/deploy-api, shop/deploy-web)",
        "there is no Lease trimtab-system/trimtab-controller",
        "--leave-sizes",
        "Nothing was deleted",
    ];
    root.says(1, &["uninstall", "--yes"], &refused).await?;
    let in_the_way = [
        "Under way:\n  shop/deploy-api Deployment/api: step 1/2, pods 1/2: watching",
        "In the way:\n  1 rollout is under way: wait until it has ended",
        "\n  no running Trimtab can settle 2 Recommendations (shop/deploy-api, shop/deploy-web)",
    ];
    root.says(1, &["uninstall", "--check"], &in_the_way).await?;
    ensure!(world.api("shop").list(&Default::default()).await?.items.len() == 3, "all are there");
    let stay = [
        "2 sizes will stay in force",
        "shop/deploy-api Deployment/api keeps app: requests cpu 120m, memory 256Mi; limits memory 256Mi in 1/2 of its pods",
        "deleted 3 Recommendations",
        "Trimtab is uninstalled",
    ];
    root.says(0, &["uninstall", "--yes", "--leave-sizes"], &stay).await?;
    assert_eq!(left(&world.cluster).await?, Vec::<String>::new());
    Ok(())
}
