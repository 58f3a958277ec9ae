//! Everything allowed to people, Trimtab and the cluster works.

use super::{
    act::{approval, approve, proposal, rejected},
    stage::{API, OLD, Stage, WEB},
};
use anyhow::{Context, Result, ensure};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

fn none() -> Value {
    json!({"spec": {"approval": null}})
}

fn cpu(amount: &str) -> Value {
    json!({"spec": {"proposal": {"containers": [{"name": "app", "requests": {"cpu": amount}}]}}})
}

pub async fn people_do_their_work(stage: &Stage) -> Result<()> {
    let approved_by = async |name: &str| -> Result<Value> {
        let object = stage.seen("Recommendation", name).await?.context("it is gone")?;
        Ok(object["spec"]["approval"].clone())
    };
    // A viewer reads.
    let seen = stage.api("vic", "Recommendation", "shop").list(&ListParams::default()).await?;
    ensure!(seen.items.len() >= 9, "{}", seen.items.len());
    stage.api("vic", "AppliedSizes", "shop").get("trimtab").await?;

    // Approvers approve, reject and withdraw, each in their own name, in every way.
    stage.merge("ada", "deploy-web", approve("ada", WEB)).await?;
    ensure!(approved_by("deploy-web").await? == approval("ada", WEB));
    stage.merge("ada", "deploy-web", rejected("ada", WEB)).await?;
    stage.merge("ben", "deploy-web", json!({"spec": {"approval": approval("ben", WEB)}})).await?;
    stage.merge("ada", "deploy-web", none()).await?;
    ensure!(approved_by("deploy-web").await?.is_null(), "withdrawn");
    stage.applied("cat", "deploy-web", "cat", approve("cat", WEB)).await?;
    ensure!(approved_by("deploy-web").await? == approval("cat", WEB), "by the right of a group");
    stage.merge("nam", "deploy-other", approve("nam", WEB)).await?;
    stage.merge("ben", "by-ada", approve("ben", WEB)).await?;
    stage.merge("ben", "by-eve", approve("ben", WEB)).await?;
    // With low risk, one's own proposal; before the risk is assessed, somebody else's.
    stage.merge("ada", "tame", approve("ada", WEB)).await?;
    stage.merge("ben", "unassessed", approve("ben", WEB)).await?;
    // A rejection needs no second person.
    stage.merge("ada", "changed", rejected("ada", WEB)).await?;
    let patch = serde_json::to_string(&rejected("ben", WEB))?;
    stage.kubectl("ben", &["patch", "rec", "by-ada", "-n", "shop", "--type=merge", "-p", &patch]).await?;
    ensure!(approved_by("by-ada").await?["decision"] == "Rejected");
    // What is in force can be undone, also where something else is proposed now.
    stage.merge("ada", "deploy-moved", rejected("ada", API)).await?;
    // Root is a person too.
    stage.merge("root", "deploy-other", rejected("admin", WEB)).await?;
    // An approver may write more with the same field manager: the renewed approval is their own.
    let params = PatchParams { field_manager: Some("kubectl-patch".into()), ..PatchParams::default() };
    let label = json!({"metadata": {"labels": {"team": "shop"}}});
    stage.api("ada", "Recommendation", "shop").patch("deploy-held", &params, &Patch::Merge(&label)).await?;

    // An editor proposes, changes their proposal, and deletes it; the approval of the former proposal remains.
    stage.put("eve", "idea", proposal()).await?;
    stage.merge("eve", "idea", cpu("300m")).await?;
    stage.merge("eve", "by-eve", cpu("300m")).await?;
    ensure!(approved_by("by-eve").await? == approval("ben", WEB), "it names the digest of what it was for");
    stage.api("eve", "Recommendation", "shop").delete("idea", &DeleteParams::default()).await?;
    // Their own labels, also on a policy's object.
    stage.kubectl("eve", &["label", "rec", "deploy-api", "-n", "shop", "team=shop"]).await?;
    // An approver may release what is being deleted where no Trimtab does it.
    stage.merge("ada", "deploy-leaving", json!({"metadata": {"finalizers": null}})).await?;
    ensure!(stage.seen("Recommendation", "deploy-leaving").await?.is_none(), "it is gone");
    // Deleting what is in force requires the verb.
    stage.api("root", "Recommendation", "shop").delete("deploy-twice", &DeleteParams::default()).await?;
    let twice = stage.seen("Recommendation", "deploy-twice").await?.context("it is gone")?;
    ensure!(
        twice["metadata"]["deletionTimestamp"].is_string(),
        "it waits for Trimtab to undo it: {}",
        twice["metadata"]
    );
    // What is not under way can be deleted, and so can a usage profile.
    stage.api("eve", "Recommendation", "shop").delete("deploy-fresh", &DeleteParams::default()).await?;
    stage.api("eve", "UsageProfile", "shop").delete("deploy-web", &DeleteParams::default()).await?;
    Ok(())
}

pub async fn trimtab_does_its_work(stage: &Stage) -> Result<()> {
    // A new proposal under a person's approval, which is unchanged and now for another digest.
    stage
        .applied(
            "trimtab",
            "deploy-api",
            "trimtab-e2e",
            json!({"metadata": {"labels": {"trimtab.dev/workload-kind": "Deployment"}}}),
        )
        .await?;
    stage.merge("trimtab", "deploy-api", cpu("250m")).await?;
    stage.status("trimtab", "deploy-api", json!({"proposalDigest": OLD})).await?;
    let object = stage.seen("Recommendation", "deploy-api").await?.context("it is gone")?;
    ensure!(object["spec"]["approval"] == approval("ada", API), "{}", object["spec"]);
    stage.merge("ada", "deploy-api", rejected("ada", OLD)).await?;
    // It releases what it has settled.
    stage.merge("trimtab", "deploy-twice", json!({"metadata": {"finalizers": null}})).await?;
    ensure!(stage.seen("Recommendation", "deploy-twice").await?.is_none(), "it is gone");
    // Its own kinds.
    let sizes = json!({"spec": {"workloads": {}}, "metadata": {"labels": {"a": "b"}}});
    let api = stage.api("trimtab", "AppliedSizes", "shop");
    api.patch("trimtab", &PatchParams::default(), &Patch::Merge(&sizes)).await?;
    let profile = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "UsageProfile", "metadata": {"name": "deploy-db"},
        "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "db"}}});
    let profiles = stage.api("trimtab", "UsageProfile", "shop");
    profiles.create(&PostParams::default(), &serde_json::from_value(profile)?).await?;
    let days = json!({"status": {"days": 14}});
    profiles.patch_status("deploy-db", &PatchParams::default(), &Patch::Merge(&days)).await?;
    profiles.delete("deploy-db", &DeleteParams::default()).await?;
    // A rollout that ended is no longer under way: the delete permission suffices.
    stage.status("trimtab", "deploy-roll", json!({"rollout": {"stage": "Ended", "result": "RolledBack"}})).await?;
    stage.merge("trimtab", "deploy-roll", json!({"metadata": {"finalizers": null}})).await?;
    stage.api("eve", "Recommendation", "shop").delete("deploy-roll", &DeleteParams::default()).await?;
    // Once no decision is recorded there, an administrator may delete the object; Trimtab recreates it when needed.
    let forgotten = json!({"spec": {"history": null}});
    api.patch("trimtab", &PatchParams::default(), &Patch::Merge(&forgotten)).await?;
    stage.api("root", "AppliedSizes", "shop").delete("trimtab", &DeleteParams::default()).await?;
    Ok(())
}
