//! Editing one's own proposal: a rejection has no effect on what is proposed afterwards, and what is under way is undone. So
//! without the verb, neither is changed before Trimtab has recorded the rejection, or has ended the rollout.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    act::{Act::*, Case, approve, proposal_with, refused, rejected},
    stage::{API, OLD, Stage, WEB, carried_out, under_way},
};

const UNRECORDED: &str = "this recommendation was rejected, and Trimtab has not recorded that yet: the rejection would have no effect after a change";
const ROLLING: &str = "may not change this proposal now: it is being rolled out (Resizing), and a change of spec.proposal or spec.targetRef undoes that, which requires the verb approve on recommendations.trimtab.dev in namespace shop";

/// What Trimtab writes once it has recorded a rejection by `by`.
fn recorded(by: &str, decision: &str, digest: &str) -> Value {
    json!({"decision": decision, "by": {"kind": "Person", "name": by}, "proposalDigest": digest,
        "rule": "rejected by a person who holds the verb approve", "since": "2026-11-21T12:00:00Z"})
}

/// Proposals of eve and ada: rejected, with what the status says of it; and rolled out.
pub async fn objects(stage: &Stage) -> Result<()> {
    let by = |who: &str| json!({"metadata": {"annotations": {"trimtab.dev/requested-by": who}}});
    let protected = json!({"metadata": {"finalizers": ["trimtab.dev/settle"]}});
    for (who, name, approval) in [
        ("eve", "denied", Value::Null),
        ("ada", "denied-own", Value::Null),
        ("eve", "denied-before", recorded("ada", "Rejected", OLD)),
        ("eve", "denied-approved", recorded("ada", "Approved", WEB)),
        ("eve", "denied-again", recorded("ada", "Rejected", WEB)),
        ("eve", "denied-recorded", recorded("ben", "Rejected", WEB)),
    ] {
        stage.put(who, name, proposal_with(by(who))).await?;
        stage.status("trimtab", name, json!({"proposalDigest": WEB, "approval": approval})).await?;
        stage.merge("ben", name, rejected("ben", WEB)).await?;
        // Its changes are undone before it is deleted, but that does not keep the rejection.
        stage.merge("trimtab", name, protected.clone()).await?;
    }
    for (who, name) in [("eve", "rolling"), ("ada", "rolling-own")] {
        stage.put(who, name, proposal_with(by(who))).await?;
        stage.status("trimtab", name, json!({"proposalDigest": API})).await?;
        stage.merge("ben", name, approve("ben", API)).await?;
        stage.status("trimtab", name, json!({"rollout": under_way()})).await?;
        stage.merge("trimtab", name, protected.clone()).await?;
    }
    Ok(())
}

fn bigger() -> Value {
    json!({"spec": {"proposal": {"containers": [{"name": "app", "requests": {"cpu": "9"}}]}}})
}

fn grown(object: &mut Value) {
    object["spec"]["proposal"]["containers"][0]["requests"]["cpu"] = json!("9");
}

pub fn cases() -> Vec<Case> {
    [of_rejected(), of_rolling()].concat()
}

/// Every way to change a proposal.
fn ways(name: &'static str, says: &'static str) -> Vec<Case> {
    let add = json!([{"op": "add", "path": "/spec/proposal/containers/0/limits", "value": {"memory": "1Gi"}}]);
    let target = json!({"spec": {"targetRef": {"uid": "u-2"}}});
    vec![
        refused("its proposal edited", "eve", name, Merge(bigger()), says),
        refused("its proposal edited in a dry run", "eve", name, Merge(bigger()), says).dry(),
        refused("its proposal edited by JSON patch", "eve", name, Json(add), says),
        refused("its proposal edited by server-side apply", "eve", name, Force(bigger()), says),
        refused("its proposal edited by a replace", "eve", name, Put(grown), says),
        refused("its proposal edited by kubectl replace", "eve", name, KubectlReplace(grown), says),
        refused("its target edited", "eve", name, Merge(target), says),
    ]
}

fn of_rejected() -> Vec<Case> {
    let edited = |what, name| refused(what, "eve", name, Merge(bigger()), UNRECORDED);
    let mut cases = ways("denied", UNRECORDED);
    cases.extend([
        edited("edited where another rejection is recorded", "denied-before"),
        edited("edited where the approval before it is recorded", "denied-approved"),
        edited("edited where somebody else's rejection is recorded", "denied-again"),
        edited("edited where it has no finalizer and no requester", "without-owner"),
    ]);
    cases
}

fn of_rolling() -> Vec<Case> {
    ways("rolling", ROLLING)
}

pub async fn what_is_settled_can_be_edited(stage: &Stage) -> Result<()> {
    let cpu = async |name: &str| -> Result<Value> {
        let object = stage.seen("Recommendation", name).await?.context("it is gone")?;
        Ok(object["spec"]["proposal"]["containers"][0]["requests"]["cpu"].clone())
    };
    // Without a change of the proposal, and by who holds the verb.
    stage.kubectl("eve", &["label", "rec", "denied", "rolling", "-n", "shop", "team=shop"]).await?;
    for name in ["denied-own", "rolling-own"] {
        stage.merge("ada", name, bigger()).await.context(name)?;
    }
    // Once the rejection is recorded; also before Trimtab has seen the change, and after.
    stage.merge("eve", "denied-recorded", bigger()).await?;
    stage.merge("eve", "denied-recorded", json!({"spec": {"targetRef": {"uid": "u-2"}}})).await?;
    stage.status("trimtab", "denied-recorded", json!({"proposalDigest": OLD, "approval": null})).await?;
    stage.merge("eve", "denied-recorded", json!({"spec": {"targetRef": {"uid": "u-3"}}})).await?;
    stage.status("trimtab", "denied", json!({"approval": recorded("ben", "Rejected", WEB)})).await?;
    stage.merge("eve", "denied", bigger()).await?;
    // Once the rollout has ended.
    stage.status("trimtab", "rolling", json!({"rollout": carried_out()})).await?;
    stage.merge("eve", "rolling", bigger()).await?;
    for name in ["denied", "denied-own", "denied-recorded", "rolling", "rolling-own"] {
        ensure!(cpu(name).await? == "9", "{name}");
    }
    Ok(())
}
