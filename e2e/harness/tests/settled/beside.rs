//! What was decided on one Recommendation holds for another one of the same workload, while both exist.

use anyhow::{Context, Result, ensure};
use kube::api::PostParams;
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use super::{
    remembered::approves,
    stage::{A_ROLLOUT, Stage},
    support::condition,
};

/// A policy does not approve what a person rejected on a proposal of their own, until that is withdrawn; and what a person
/// undid on the policy's waits for the back-off on the person's, even if it is approved there.
pub async fn a_no_and_an_undo(stage: &Stage) -> Result<()> {
    stage.policy("beside", |_| {}).await?;
    let spec = stage.stands("beside", "deploy-web", "PendingApproval").await?.data["spec"].clone();
    // The very same, as a person proposes it.
    let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": "mine"},
        "spec": {"type": spec["type"], "targetRef": spec["targetRef"], "proposal": spec["proposal"]}});
    stage.recs("beside").create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    stage.stands("beside", "mine", "PendingApproval").await?;
    stage.guarded.decide("beside", "mine", "Rejected").await?;
    stage.stands("beside", "mine", "Rejected").await?;
    stage.policy("beside", approves).await?;
    eventually(A_ROLLOUT, "the policy that approves is in effect", async || {
        let policy =
            stage.guarded.cluster.api("OptimizationPolicy", "optimizationpolicies", None).get("beside").await?;
        let (seen, present) = (&policy.data["status"]["observedGeneration"], policy.metadata.generation);
        ensure!(seen.as_i64() == present, "{seen} of {present:?}");
        Ok(())
    })
    .await?;
    eventually(A_ROLLOUT, "the policy's says where it was rejected", async || {
        let rec = stage.recs("beside").get("deploy-web").await?;
        let ready = condition(&rec, "Ready").cloned().unwrap_or_default();
        let said = ready["message"].as_str().is_some_and(|message| message.contains("on Recommendation mine"));
        ensure!(ready["reason"] == "Rejected" && said, "{ready}");
        ensure!(rec.data["status"]["rollout"].is_null(), "{}", rec.data["status"]["rollout"]);
        Ok(())
    })
    .await?;
    ensure!(stage.resizes("beside")?.is_empty(), "nothing was begun");

    stage.guarded.decides("beside", "mine", &Value::Null).await?;
    let applied = stage.stands("beside", "deploy-web", "Applied").await?;
    ensure!(applied.data["status"]["approval"]["by"]["kind"] == "Policy", "{}", applied.data["status"]["approval"]);
    stage.reject("beside", "deploy-web").await?;
    stage.stands("beside", "deploy-web", "RolledBack").await?;
    stage.is_former("beside", "web", 2).await?;
    let resizes = stage.resizes("beside")?;
    stage.guarded.decide("beside", "mine", "Approved").await?;
    let waits = stage.stands("beside", "mine", "Blocked").await?;
    let gates = waits.data["status"]["gates"].as_array().cloned().unwrap_or_default();
    let back_off = gates.iter().find(|gate| gate["gate"] == "BackOff").context("no gate BackOff")?;
    ensure!(back_off["reason"] == "BackingOff", "{back_off}");
    ensure!(back_off["message"].to_string().contains("on Recommendation deploy-web"), "{back_off}");
    ensure!(waits.data["status"]["rollout"].is_null() && stage.resizes("beside")? == resizes, "it was tried again");
    stage.is_former("beside", "web", 2).await
}
