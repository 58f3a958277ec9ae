//! `undo` is about a workload: it finds the change in force, whatever its Recommendation is called, and says what it
//! restores. Trimtab's part is played by its account.

use anyhow::{Result, ensure};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use super::{
    bed::*,
    support::{SOON, deployment},
};

fn size(cpu: &str) -> Value {
    json!([{"name": "app", "requests": {"cpu": cpu, "memory": "512Mi"}, "limits": {"memory": "512Mi"}}])
}

#[tokio::test]
async fn an_undo_finds_what_is_in_force_for_the_workload() -> Result<()> {
    let world = World::start().await?;
    let ada = world.ada().await?;
    let root = world.plugin(world.cluster.plane.kubeconfig_path())?;
    let shop = |args: &[&'static str]| [args, &["-n", "shop"]].concat();
    for name in ["web", "bare"] {
        world.cluster.apply(&[deployment("shop", name, 1)]).await?;
    }

    // Nothing of Trimtab's: the workload's present size is reported.
    let template =
        ["By its template Deployment/bare has:", "app: requests cpu 500m, memory 512Mi; limits memory 512Mi"];
    let none = ["nothing of Trimtab is in force for Deployment/bare: it has no Recommendation"];
    root.says(1, &shop(&["undo", "deploy/bare"]), &[&none[..], &template[..]].concat()).await?;
    root.says(1, &shop(&["undo", "deploy/ghost"]), &["there is no Deployment ghost"]).await?;
    world.recommend("shop", "bare", pending("1", 97, "Low")).await?;
    let waits = ["nothing of Trimtab is in force for Deployment/bare", "never been applied", template[0]];
    ada.says(1, &shop(&["undo", "deploy/bare"]), &waits).await?;

    // A policy's proposal waits, and a person's under another name is in force.
    world.recommend("shop", "web", pending("12.3", 96, "Low")).await?;
    world.recommend_as("shop", "mine", "web", pending("1", 97, "Low")).await?;
    world.status("shop", "mine", json!({"rollout": rollout("Ended", "1/1", Some("Applied"))})).await?;
    for typed in ["deploy/web", "web", "deploy-web"] {
        let args = ["undo", typed, "-n", "shop", "--dry-run=server"];
        let beside = "Deployment/web is also what deploy-web (PendingApproval) is about";
        ada.says(0, &args, &[beside, "cpu 120m→500m", "rejected shop/mine as ada"]).await?;
    }
    ada.says(1, &shop(&["undo", "rec/deploy-web"]), &["shop/deploy-web has never been applied"]).await?;
    ada.says(0, &shop(&["undo", "deploy/web"]), &["rejected shop/mine as ada"]).await?;
    assert_eq!(world.approval("shop", "deploy-web").await?, Value::Null);
    assert_eq!(world.approval("shop", "mine").await?["decision"], "Rejected");

    // Whoever undoes it at the same moment is told who did, and takes nothing back.
    let written = world.get("shop", "mine").await?;
    ada.says(0, &shop(&["undo", "deploy/web"]), &["shop/mine is already being undone: you rejected it"]).await?;
    let bea = world.user("bea", &["get", "list", "watch", "patch", "update", "approve"], &[]).await?;
    bea.says(0, &shop(&["undo", "deploy/web"]), &["shop/mine is already being undone: ada rejected it"]).await?;
    assert_eq!(world.get("shop", "mine").await?["metadata"], written["metadata"], "nothing was written");

    // With both at once, a person must choose.
    world.status("shop", "deploy-web", json!({"rollout": rollout("Watching", "1/2", None)})).await?;
    ada.says(1, &shop(&["undo", "deploy/web"]), &["may be rec/deploy-web", "rec/mine", "specify which"]).await?;
    world.status("shop", "deploy-web", json!({"rollout": null})).await?;

    // The last change is undone, and the previous one is in force: another undo is another decision.
    let mut earlier = rollout("Ended", "0/1", Some("RolledBack"));
    earlier["former"] = size("300m");
    earlier["original"] = size("500m");
    let said = json!({"decision": "Rejected", "by": {"kind": "Person", "name": "ada"}, "rule": "r", "proposalDigest": DIGEST, "since": "2026-01-01T00:05:00Z"});
    world.status("shop", "mine", json!({"rollout": earlier, "approval": said})).await?;
    let dry = [
        "the size of an earlier one is in force",
        "cpu 300m→500m",
        "withdrew the former decision of ada on shop/mine (server dry run)",
    ];
    ada.says(0, &shop(&["undo", "deploy/web", "--dry-run=server"]), &dry).await?;
    let before = world.approval("shop", "mine").await?;
    assert_eq!(before["reason"], "undone with kubectl trimtab undo", "nothing was written");
    let trimtab = async {
        eventually(SOON, "the withdrawal is seen", async || {
            ensure!(world.approval("shop", "mine").await?.is_null(), "not yet");
            Ok(())
        })
        .await?;
        // Only then can Trimtab tell the next decision from this one.
        let patch = Patch::Merge(json!({"status": {"approval": null}}));
        world.api("shop").patch_status("mine", &PatchParams::default(), &patch).await?;
        anyhow::Ok(())
    };
    let again = shop(&["undo", "deploy/web", "--reason", "all of it"]);
    let undo = ada.says(0, &again, &["withdrew the former decision of ada", "rejected shop/mine as ada"]);
    futures::try_join!(trimtab, undo)?;
    let approval = world.approval("shop", "mine").await?;
    assert_eq!((&approval["reason"], &approval["proposalDigest"]), (&json!("all of it"), &json!(DIGEST)));
    Ok(())
}
