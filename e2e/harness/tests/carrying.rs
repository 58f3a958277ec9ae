//! An approved recommendation is carried out: pods are resized in place, a few at a time, verified, made to last; and undone
//! when somebody says so or the workload gets worse.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use support::{Cluster, Guarded, SOON, deployment, modest, namespace, policy, prometheus};
use trimtab_e2e::PlaneOptions;

/// A policy whose rollouts take seconds.
fn quick(name: &str, namespaces: &[&str]) -> Value {
    let mut policy = policy(name, namespaces);
    policy["spec"]["rolloutStrategy"] =
        json!({"steps": [{"replicas": 1, "pause": "2s"}, {"replicas": "50%", "pause": "1s"}, {"replicas": "100%"}]});
    policy["spec"]["verification"] = json!({"window": "3s"});
    policy["spec"]["limits"] = json!({"cooldown": "0s"});
    policy
}

async fn world(guarded: &Guarded, names: &[(&str, i32)]) -> Result<(trimtab_e2e::Prometheus, trimtab_e2e::WorkDir)> {
    let cluster: &Cluster = &guarded.cluster;
    cluster.apply(&[namespace("shop")]).await?;
    for (name, replicas) in names {
        cluster.apply(&[deployment("shop", name, *replicas)]).await?;
    }
    for (name, replicas) in names {
        cluster.ready("shop", name, *replicas).await?;
    }
    let history = cluster.history(9, |_| Some(modest)).await?;
    cluster.apply(&[quick("shop", &["shop"])]).await?;
    prometheus(history).await
}

#[tokio::test]
async fn an_approved_change_is_carried_out_and_lasts_and_a_rejection_undoes_it() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world(&guarded, &[("web", 4)]).await?;
    let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "20s", "--log", "info,trimtab_recommendation=debug"])?;
    let rec = guarded.stands("shop", "deploy-web", "PendingApproval", SOON).await?;
    let former = guarded.sizes("shop", "web").await?;
    guarded.decide("shop", "deploy-web", "Approved").await?;
    let applied = match guarded.stands("shop", "deploy-web", "Applied", Duration::from_secs(40)).await {
        Ok(applied) => applied,
        Err(error) => panic!("{error:#}\n{}\n{:#}", trimtab.log(), json!(guarded.cluster.pods().await?.into_iter().map(|p| json!([p.metadata.name, p.metadata.resource_version, p.metadata.generation, p.spec.map(|s| s.containers[0].resources.clone()), p.status.map(|s| json!([s.conditions, s.observed_generation, s.container_statuses.map(|c| c[0].resources.clone())]))])).collect::<Vec<_>>())),
    };
    println!("{}", serde_json::to_string_pretty(&applied.data["status"])?);
    let proposed = &rec.data["spec"]["proposal"]["containers"][0];
    for (pod, size) in guarded.sizes("shop", "web").await? {
        assert_eq!(size["requests"], proposed["requests"], "{pod}");
    }
    // A new pod has the size from the beginning, and the template is as it was.
    guarded.cluster.plane.kubectl(&["scale", "-n", "shop", "deployment/web", "--replicas=5"]).await?;
    guarded.cluster.ready("shop", "web", 5).await?;
    for (pod, size) in guarded.sizes("shop", "web").await? {
        assert_eq!(size["requests"], proposed["requests"], "{pod}");
    }
    // It is not proposed once more, nor anything else.
    tokio::time::sleep(Duration::from_secs(3)).await;
    guarded.stands("shop", "deploy-web", "Applied", SOON).await?;

    guarded.decide("shop", "deploy-web", "Rejected").await?;
    let undone = match guarded.stands("shop", "deploy-web", "RolledBack", Duration::from_secs(40)).await {
        Ok(undone) => undone,
        Err(error) => panic!("{error:#}\n{}", trimtab.log()),
    };
    println!("{}", serde_json::to_string_pretty(&undone.data["status"]["rollout"])?);
    for (pod, size) in guarded.sizes("shop", "web").await? {
        assert_eq!(size, former[0].1, "{pod}");
    }
    let entry = guarded.cluster.api("AppliedSizes", "appliedsizes", Some("shop")).get("trimtab").await?;
    assert!(entry.data["spec"]["workloads"].get("Deployment/web").is_none(), "{}", entry.data);
    println!("{}", guarded.cluster.plane.kubectl(&["get", "events", "-n", "shop"]).await?);
    println!("{}", trimtab.log());
    Ok(())
}
