//! A rollout is followed to its end.

use super::support::{SOON, policy};
use anyhow::{Result, ensure};
use serde_json::json;
use trimtab_e2e::{Process, eventually};

use super::bed::*;

#[tokio::test]
async fn a_rollout_is_followed_to_its_end() -> Result<()> {
    let world = World::start().await?;
    let ada = world.ada().await?;
    let dir = world.cluster.plane.dir();
    for workload in ["good", "bad", "stale", "back"] {
        world.recommend("shop", workload, pending("12.3", 96, "Low")).await?;
    }
    let policy = policy("services", &["shop"]);
    world.cluster.apply(&[policy]).await?;

    let mut good = ada.start("good", &["approve", "deploy-good", "-n", "shop", "--watch"], dir)?;
    seen(&good, "approved, waiting for Trimtab to begin the rollout").await?;
    let gate = json!([{"gate": "Window", "reason": "Closed", "message": "opens at 22:00 UTC"}]);
    for (change, line) in [
        (json!({"gates": gate}), "approved, held by Window: opens at 22:00 UTC"),
        (json!({"gates": [], "rollout": rollout("Resizing", "0/2", None)}), "step 1/2, pods 0/2: resizing"),
        (json!({"rollout": rollout("Watching", "1/2", None)}), "step 1/2, pods 1/2: watching until "),
        (json!({"rollout": rollout("Verifying", "2/2", None)}), "pods 2/2: verifying until 2026-01-01 00:15:00Z"),
    ] {
        world.status("shop", "deploy-good", change).await?;
        seen(&good, line).await?;
    }
    ada.says(0, &["status"], &["shop/deploy-good", "pods 2/2: verifying until 2026-01-01 00:15:00Z"]).await?;
    let mut all = ada.start("all", &["status", "--watch"], dir)?;
    seen(&all, "shop/deploy-good: step 1/2, pods 2/2: verifying").await?;
    world.status("shop", "deploy-good", json!({"rollout": rollout("Ended", "2/2", Some("Applied"))})).await?;
    assert_eq!(good.wait(SOON).await?.code(), Some(0), "{}", good.log());
    assert_eq!(all.wait(SOON).await?.code(), Some(0), "{}", all.log());
    seen(&good, "Applied after 10m: pods 2/2 have the new size").await?;
    ada.says(0, &["explain", "deploy-good", "-n", "shop", "-w"], &["Applied after 10m"]).await?;

    let mut bad = ada.start("bad", &["approve", "deploy-bad", "-n", "shop", "--watch"], dir)?;
    seen(&bad, "waiting for Trimtab").await?;
    let mut undoing = rollout("Undoing", "1/2", None);
    undoing["undo"] =
        json!({"reason": "CheckFailed", "message": "3 restarts, 0 before", "since": "2026-01-01T00:05:00Z"});
    world.status("shop", "deploy-bad", json!({"rollout": undoing.clone()})).await?;
    seen(&bad, "undoing, pods 1/2 still have the new size; CheckFailed: 3 restarts, 0 before").await?;
    for (key, value) in [("stage", "Ended"), ("result", "RolledBack"), ("ended", "2026-01-01T00:10:00Z")] {
        undoing[key] = json!(value);
    }
    world.status("shop", "deploy-bad", json!({"rollout": undoing})).await?;
    assert_eq!(bad.wait(SOON).await?.code(), Some(1), "{}", bad.log());
    seen(&bad, "RolledBack after 10m: the former values were restored: CheckFailed").await?;

    // A changed proposal voids its approval.
    let mut stale = ada.start("stale", &["approve", "deploy-stale", "-n", "shop", "--watch"], dir)?;
    seen(&stale, "waiting for Trimtab").await?;
    world.status("shop", "deploy-stale", json!({"proposalDigest": "sha256:00000000000000000000000000000000"})).await?;
    assert_eq!(stale.wait(SOON).await?.code(), Some(1), "{}", stale.log());
    seen(&stale, "the proposal changed to sha256:00000000").await?;

    let applied = rollout("Ended", "2/2", Some("Applied"));
    world.status("shop", "deploy-back", json!({"rollout": applied})).await?;
    let mut back = ada.start("back", &["undo", "deploy-back", "-n", "shop", "--watch"], dir)?;
    seen(&back, "waiting for Trimtab to begin the undo").await?;
    world.status("shop", "deploy-back", json!({"rollout": rollout("Undoing", "1/2", None)})).await?;
    seen(&back, "undoing, pods 1/2").await?;
    world.status("shop", "deploy-back", json!({"rollout": rollout("Ended", "0/2", Some("RolledBack"))})).await?;
    assert_eq!(back.wait(SOON).await?.code(), Some(0), "{}", back.log());
    ada.says(1, &["explain", "deploy-back", "-n", "shop", "-w"], &["RolledBack"]).await?;
    Ok(())
}

async fn seen(process: &Process, line: &str) -> Result<()> {
    eventually(SOON, line, async || {
        let log = process.log();
        ensure!(log.contains(line), "{log}");
        Ok(())
    })
    .await
}
