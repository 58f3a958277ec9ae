//! The main job: from a policy and two weeks of usage to recommendations, and what happens to them later.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use anyhow::{Result, ensure};
use kube::api::DeleteParams;
use serde_json::json;
use support::{Cluster, SOON, deployment, hungry, modest, namespace, policy, prometheus};
use trimtab_e2e::{PlaneOptions, eventually};

use crate::support;

#[tokio::test]
async fn a_policy_becomes_recommendations_that_live_with_their_workloads() -> Result<()> {
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    cluster
        .apply(&[
            namespace("shop"),
            deployment("shop", "web", 2),
            deployment("shop", "hungry", 1),
            deployment("shop", "silent", 1),
            policy("shop", &["shop"]),
        ])
        .await?;
    for (name, replicas) in [("web", 2), ("hungry", 1), ("silent", 1)] {
        cluster.ready("shop", name, replicas).await?;
    }
    let history = cluster
        .history(14, |app| match app {
            "web" => Some(modest),
            "hungry" => Some(hungry),
            _ => None,
        })
        .await?;
    let (prometheus, _dir) = prometheus(history).await?;
    let (mut trimtab, _) = cluster.trimtab("trimtab", &["--prometheus-url", prometheus.url()])?;

    let web = eventually(SOON, "web has a recommendation", async || cluster.recommendation("shop", "deploy-web").await)
        .await?;
    println!("{}", serde_json::to_string_pretty(&web)?);
    println!("{}", cluster.plane.kubectl(&["get", "recommendations", "-A"]).await?);
    println!("{}", cluster.plane.kubectl(&["describe", "rec", "-n", "shop", "deploy-hungry"]).await?);
    let ready = eventually(SOON, "the policy is ready", async || {
        let (status, reason, message) = cluster.condition("shop", "Ready").await?;
        ensure!(status == "True", "{reason}: {message}");
        Ok(message)
    })
    .await?;
    println!("{}", cluster.plane.kubectl(&["get", "optpol", "-o", "wide"]).await?);
    println!("{}", cluster.plane.kubectl(&["get", "optpol", "shop", "-o", "yaml"]).await?);
    assert_eq!(ready, "3 workloads: 2 with a recommendation, 0 right-sized, 1 skipped");
    println!("{}", trimtab.log());

    // Nothing changes: nothing is written but the Lease.
    // A deleted workload takes its recommendation with it.
    cluster.plane.kubectl(&["delete", "deployment", "-n", "shop", "hungry"]).await?;
    eventually(SOON, "the recommendation of a deleted workload is withdrawn", async || {
        let names: Vec<String> =
            cluster.recommendations("shop").await?.into_iter().filter_map(|r| r.metadata.name).collect();
        ensure!(names == ["deploy-web"], "{names:?}");
        Ok(())
    })
    .await?;
    // A deleted recommendation is recreated.
    cluster
        .api("Recommendation", "recommendations", Some("shop"))
        .delete("deploy-web", &DeleteParams::default())
        .await?;
    eventually(SOON, "a deleted recommendation comes back", async || {
        cluster.recommendation("shop", "deploy-web").await
    })
    .await?;
    // A policy that no longer selects a workload withdraws its recommendation.
    let mut other = policy("shop", &["shop"]);
    other["spec"]["kinds"] = json!(["StatefulSet"]);
    cluster.apply(&[other]).await?;
    let withdrawn = eventually(SOON, "nothing is recommended for what is no longer selected", async || {
        let left = cluster.recommendations("shop").await?.len();
        ensure!(left == 0, "{left} left");
        Ok(())
    })
    .await;
    println!("{}", trimtab.log());
    withdrawn?;
    println!("{}", trimtab.log());
    trimtab.stop(SOON).await?;
    Ok(())
}
