//! The guard as the operator sees it: in force, altered, gone; and which approvals it vouches for.

use anyhow::{Context, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use kube::api::PostParams;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use trimtab_api::Recommendation;
use trimtab_e2e::eventually;
use trimtab_guard::{Guard, GuardFault, Kind};

use super::{
    act::{approve, proposal, proposal_with},
    stage::{SOON, Stage, TRIMTAB, WEB},
};

const POLICY: &str = "validatingadmissionpolicy";
const BINDING: &str = "validatingadmissionpolicybinding";

/// Kubernetes 1.36 records the proposer, whatever the user wrote.
pub async fn requesters_are_stamped(stage: &Stage) -> Result<()> {
    stage.apply_files(&["policies/requester.yaml"]).await?;
    let signed = || proposal_with(json!({"metadata": {"annotations": {"trimtab.dev/requested-by": "ada"}}}));
    let requester = async |name: &str| -> Result<Value> {
        let object = stage.seen("Recommendation", name).await?.context("it is gone")?;
        Ok(object["metadata"]["annotations"]["trimtab.dev/requested-by"].clone())
    };
    // Until the API server applies the policy, the guard refuses a proposal signed for another person.
    eventually(SOON, "a forged requester is put right", async || stage.put("eve", "stamped", signed()).await).await?;
    ensure!(requester("stamped").await? == "eve", "{}", requester("stamped").await?);
    stage.put("ada", "plain", proposal()).await?;
    ensure!(requester("plain").await? == "ada", "{}", requester("plain").await?);
    let made = json!({"spec": {"policyRef": {"name": "services"}}, "metadata": {"labels": {"trimtab.dev/policy": "services"}}});
    stage.put("trimtab", "deploy-made", proposal_with(made)).await?;
    ensure!(requester("deploy-made").await?.is_null(), "a policy made it");
    Ok(())
}

pub async fn the_guard_is_known(stage: &Stage) -> Result<()> {
    let shutdown = CancellationToken::new();
    let guard = Guard::start(stage.client("trimtab"), 500, TRIMTAB, Timestamp::now, shutdown.clone());
    ensure!(guard.state() == Err(GuardFault::NotRead), "{:?}", guard.state());
    let since = in_force(&guard).await?;

    // The API server has type-checked the rules against the present CRDs: no warning.
    let checked =
        stage.plane.kubectl(&["get", POLICY, "trimtab-approval", "-o", "jsonpath={.status.typeChecking}"]).await?;
    ensure!(checked == "{}", "{checked}");

    // Without the read permission, nothing is known, and the fault says who has to act.
    let blind = Guard::start(stage.client("eve"), 500, TRIMTAB, Timestamp::now, shutdown.clone());
    let fault = fails(&blind, "cannot be watched").await?;
    ensure!(fault.to_string().contains("forbidden"), "{fault}");
    // Another account than the one the guard names.
    let stranger = Guard::start(
        stage.client("trimtab"),
        500,
        "system:serviceaccount:tools:sizer",
        Timestamp::now,
        shutdown.clone(),
    );
    fails(&stranger, "spec.variables[0].expression differs").await?;

    // An approval under the guard is trusted, an earlier one is not.
    eventually(SOON, "the guard has settled", async || {
        ensure!(Timestamp::now() > since.saturating_add(SignedDuration::from_secs(7))?);
        Ok(())
    })
    .await?;
    noted(&guard, stage, "deploy-late").await?;
    noted(&guard, stage, "elder").await?;
    stage.merge("ada", "deploy-late", approve("ada", WEB)).await?;
    noted(&guard, stage, "deploy-late").await?;
    trusted(&guard, stage, "deploy-late").await?;
    doubted(&guard, stage, "elder", "was not seen to arrive after that").await?;

    // Altered and restored, it may have let anything through meanwhile.
    let patch = r#"{"spec":{"failurePolicy":"Ignore"}}"#;
    stage.plane.kubectl(&["patch", POLICY, "trimtab-approval", "--type=merge", "-p", patch]).await?;
    let fault = fails(&guard, "spec.failurePolicy differs").await?;
    ensure!(trimtab_runtime::Explain::reason(&fault) == "ApprovalGuardMissing");
    ensure!(
        guard.trust(&recommendation(stage, "deploy-late").await?, Timestamp::now()).is_err(),
        "nothing is trusted without a guard"
    );
    stage.apply_files(&["policies/approval.yaml"]).await?;
    let restored = in_force(&guard).await?;
    ensure!(restored > since, "{restored} is not after {since}");
    doubted(&guard, stage, "deploy-late", "wrote it at").await?;
    let restarted = Guard::start(stage.client("trimtab"), 500, TRIMTAB, Timestamp::now, shutdown.clone());
    in_force(&restarted).await?;
    noted(&restarted, stage, "deploy-late").await?;
    doubted(&restarted, stage, "deploy-late", "was not seen to arrive after that").await?;

    // Approved again under the guard; a label, as set by a tool that adopts it, voids nothing.
    stage.merge("ada", "deploy-late", json!({"spec": {"approval": null}})).await?;
    noted(&guard, stage, "deploy-late").await?;
    let settled = trimtab_guard::trust::settled(restored);
    eventually(SOON, "all API servers ask the guard again", async || {
        ensure!(Timestamp::now() > settled.saturating_add(SignedDuration::from_secs(1))?, "not yet");
        Ok(())
    })
    .await?;
    stage.merge("ada", "deploy-late", approve("ada", WEB)).await?;
    noted(&guard, stage, "deploy-late").await?;
    trusted(&guard, stage, "deploy-late").await?;
    for object in [POLICY, BINDING] {
        stage.plane.kubectl(&["label", object, "trimtab-approval", "app.kubernetes.io/managed-by=Helm"]).await?;
        stage.plane.kubectl(&["annotate", object, "trimtab-approval", "meta.helm.sh/release-name=trimtab"]).await?;
    }
    ensure!(in_force(&guard).await? == restored, "{:?} is not {restored}", guard.state());
    trusted(&guard, stage, "deploy-late").await?;

    // Written and post-dated while the binding was gone.
    stage.plane.kubectl(&["delete", BINDING, "trimtab-approval"]).await?;
    fails(&guard, "is missing").await?;
    let ahead = Timestamp::now().saturating_add(SignedDuration::from_mins(30))?;
    eventually(SOON, "nothing refuses a forged approval any more", async || forge(stage, "elder", ahead).await).await?;
    noted(&guard, stage, "elder").await?;
    stage.apply_files(&["policies/approval.yaml"]).await?;
    in_force(&guard).await?;
    noted(&guard, stage, "elder").await?;
    doubted(&guard, stage, "elder", "was not seen to arrive after that").await?;
    let later = ahead.saturating_add(SignedDuration::from_hours(1))?;
    ensure!(guard.trust(&recommendation(stage, "elder").await?, later).is_err(), "time makes it no truer");

    for (kind, object) in [(Kind::Binding, BINDING), (Kind::Policy, POLICY)] {
        stage.plane.kubectl(&["delete", object, "trimtab-approval"]).await?;
        let fault = fails(&guard, "is missing").await?;
        ensure!(fault == GuardFault::Missing(kind), "{fault}");
        stage.apply_files(&["policies/approval.yaml"]).await?;
        in_force(&guard).await?;
    }
    shutdown.cancel();
    Ok(())
}

/// An approval in another person's name, with forged dates, by somebody to whom no guard applies.
async fn forge(stage: &Stage, name: &str, ahead: Timestamp) -> Result<()> {
    let mut object = stage.seen("Recommendation", name).await?.context("it is gone")?;
    let digest = object["status"]["proposalDigest"].clone();
    object["spec"]["approval"] = json!({"decision": "Approved", "approver": "ada", "proposalDigest": digest});
    let fields = json!({"f:approver": {}, "f:decision": {}, "f:proposalDigest": {}});
    object["metadata"]["managedFields"] = json!([{"manager": "mallory", "operation": "Update", "apiVersion": "trimtab.dev/v1alpha1",
        "fieldsType": "FieldsV1", "time": ahead, "fieldsV1": {"f:spec": {"f:approval": fields}}}]);
    let forged = serde_json::from_value(object)?;
    stage.api("root", "Recommendation", "shop").replace(name, &PostParams::default(), &forged).await?;
    Ok(())
}

async fn in_force(guard: &Guard) -> Result<Timestamp> {
    let mut standing = guard.changes();
    let found = tokio::time::timeout(SOON, standing.wait_for(Result::is_ok)).await;
    match found {
        Ok(Ok(standing)) => Ok(standing.clone()?),
        _ => bail!("not in force: {:?}", guard.state()),
    }
}

async fn fails(guard: &Guard, says: &str) -> Result<GuardFault> {
    let mut standing = guard.changes();
    let told = |standing: &trimtab_guard::InForce| standing.as_ref().is_err_and(|f| f.to_string().contains(says));
    match tokio::time::timeout(SOON, standing.wait_for(told)).await {
        Ok(Ok(standing)) => Ok(standing.clone().err().context("a fault")?),
        _ => bail!("{says:?} is not told: {:?}", guard.state()),
    }
}

async fn recommendation(stage: &Stage, name: &str) -> Result<Recommendation> {
    let object = stage.seen("Recommendation", name).await?.context("it is gone")?;
    Ok(serde_json::from_value(object)?)
}

/// What a watch would show the guard now.
async fn noted(guard: &Guard, stage: &Stage, name: &str) -> Result<()> {
    let seen = recommendation(stage, name).await?;
    let key = ("shop".to_owned(), name.to_owned());
    let approved = seen.spec.approval.is_some().then_some(&seen);
    guard.note(&key, seen.metadata.uid.as_deref().unwrap_or_default(), approved, Timestamp::now());
    Ok(())
}

async fn trusted(guard: &Guard, stage: &Stage, name: &str) -> Result<()> {
    guard.trust(&recommendation(stage, name).await?, Timestamp::now()).with_context(|| format!("{name} is not trusted"))
}

async fn doubted(guard: &Guard, stage: &Stage, name: &str, says: &str) -> Result<()> {
    let Err(fault) = guard.trust(&recommendation(stage, name).await?, Timestamp::now()) else {
        bail!("{name} is trusted")
    };
    ensure!(fault.to_string().contains(says), "{fault}");
    Ok(())
}
