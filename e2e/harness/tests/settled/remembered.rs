//! Decisions about a workload outlive the object they were made on.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use super::stage::{A_ROLLOUT, Stage, TEMPLATE};

const WEB: &str = "Deployment/web";

/// Lets a policy approve by itself.
pub fn approves(spec: &mut Value) {
    spec["autoApprove"] = json!({"minConfidencePercent": 50, "maxRiskLevel": "High"});
}

/// A policy does not approve what a person rejected on a deleted object, not even after an emergency; a person does.
pub async fn a_no(stage: &Stage) -> Result<()> {
    stage.policy("no", |_| {}).await?;
    stage.stands("no", "deploy-web", "PendingApproval").await?;
    stage.guarded.decide("no", "deploy-web", "Rejected").await?;
    stage.stands("no", "deploy-web", "Rejected").await?;
    stage.policy("no", approves).await?;
    let uid = stage.delete("no", "deploy-web").await?;
    let rec = stage.anew("no", "deploy-web", &uid, "Rejected").await?;
    let by = stage.noted("no", "history", WEB).await?["rejected"][0]["by"].clone();
    ensure!(by == super::support::APPROVER, "{by}");
    is_still_rejected(stage, "no").await?;
    stage.emergency("no", WEB).await?;
    let uid = rec.metadata.uid.context("uid")?;
    stage.delete("no", "deploy-web").await?;
    let rec = stage.anew("no", "deploy-web", &uid, "Rejected").await?;
    is_still_rejected(stage, "no").await?;
    ensure!(rec.data["status"]["rollout"].is_null(), "{}", rec.data["status"]["rollout"]);
    ensure!(stage.resizes("no")?.is_empty() && stage.memory("no", "web").await?.iter().all(|m| m == TEMPLATE));
    stage.guarded.decide("no", "deploy-web", "Approved").await?;
    let applied = stage.stands("no", "deploy-web", "Applied").await?;
    ensure!(applied.data["status"]["approval"]["by"]["kind"] == "Person", "{}", applied.data["status"]["approval"]);
    Ok(())
}

/// Its figures are written and evaluated: otherwise the policy would approve it.
async fn is_still_rejected(stage: &Stage, space: &str) -> Result<()> {
    eventually(A_ROLLOUT, "it was looked at as it is", async || {
        let status = stage.recs(space).get("deploy-web").await?.data["status"].clone();
        ensure!(status["confidencePercent"].is_number() && status["proposalDigest"].is_string(), "{status}");
        let ready =
            status["conditions"].as_array().context("conditions")?.iter().find(|c| c["type"] == "Ready").cloned();
        ensure!(
            ready.is_some_and(|r| r["reason"] == "Rejected" && r["message"].to_string().contains("bob")),
            "{status}"
        );
        Ok(())
    })
    .await
}

/// A change that could not be applied is not retried because its object was deleted, nor after an emergency.
pub async fn an_undo(stage: &Stage) -> Result<()> {
    stage.policy("undo", approves).await?;
    let undone = stage.stands("undo", "deploy-web", "RolledBack").await?;
    ensure!(undone.data["status"]["rollout"]["undo"]["reason"] == "ResizeInfeasible", "{}", undone.data["status"]);
    let resizes = stage.resizes("undo")?;
    let uid = stage.delete("undo", "deploy-web").await?;
    stage.anew("undo", "deploy-web", &uid, "Blocked").await?;
    stage.emergency("undo", WEB).await?;
    let uid = stage.delete("undo", "deploy-web").await?;
    let rec = stage.anew("undo", "deploy-web", &uid, "Blocked").await?;
    let gates = rec.data["status"]["gates"].as_array().cloned().unwrap_or_default();
    let back_off = gates.iter().find(|gate| gate["gate"] == "BackOff").context("no gate BackOff")?;
    ensure!(back_off["reason"] == "RolledBackBefore" || back_off["reason"] == "BackingOff", "{back_off}");
    ensure!(rec.data["status"]["approval"]["by"]["kind"] == "Policy", "{}", rec.data["status"]["approval"]);
    ensure!(rec.data["status"]["rollout"].is_null() && stage.resizes("undo")? == resizes, "it was tried again");
    stage.is_former("undo", "web", 2).await
}
