//! The guard as the operator sees it: in force, altered, gone; and which approvals it vouches for.

use anyhow::{Context, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use trimtab_api::Recommendation;
use trimtab_e2e::eventually;
use trimtab_guard::{Fault, Guard, Kind};

use crate::{
    act::{approve, proposal, proposal_with},
    stage::{SOON, Stage, TRIMTAB, WEB},
};

const POLICY: &str = "validatingadmissionpolicy";
const BINDING: &str = "validatingadmissionpolicybinding";

/// Kubernetes 1.36 writes who proposes, whatever they wrote.
pub async fn requesters_are_stamped(stage: &Stage) -> Result<()> {
    stage.apply_files(&["policies/requester.yaml"]).await?;
    let signed = || proposal_with(json!({"metadata": {"annotations": {"trimtab.dev/requested-by": "ada"}}}));
    let requester = async |name: &str| -> Result<Value> {
        let object = stage.seen("Recommendation", name).await?.context("it is gone")?;
        Ok(object["metadata"]["annotations"]["trimtab.dev/requested-by"].clone())
    };
    // Until the API server knows of it, the guard refuses what is signed for another.
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
    let guard = Guard::start(stage.client("trimtab"), 500, TRIMTAB, shutdown.clone());
    ensure!(guard.state() == Err(Fault::NotRead), "{:?}", guard.state());
    let since = in_force(&guard).await?;

    // The API server has looked at the rules, against the CRDs as they are: no warning.
    let checked =
        stage.plane.kubectl(&["get", POLICY, "trimtab-approval", "-o", "jsonpath={.status.typeChecking}"]).await?;
    ensure!(checked == "{}", "{checked}");

    // Without the right to look, nothing is known, and the fault says whose move it is.
    let blind = Guard::start(stage.client("eve"), 500, TRIMTAB, shutdown.clone());
    let fault = fails(&blind, "cannot be watched").await?;
    ensure!(fault.to_string().contains("forbidden"), "{fault}");
    // Another account than the one that the guard names.
    let stranger = Guard::start(stage.client("trimtab"), 500, "system:serviceaccount:tools:sizer", shutdown.clone());
    fails(&stranger, "spec.variables[0].expression differs").await?;

    // An approval under the guard is trusted, one from before is not.
    eventually(SOON, "the guard has settled", async || {
        ensure!(Timestamp::now() > since.saturating_add(SignedDuration::from_secs(7))?);
        Ok(())
    })
    .await?;
    stage.merge("ada", "deploy-late", approve("ada", WEB)).await?;
    trusted(&guard, stage, "deploy-late").await?;
    doubted(&guard, stage, "elder", "mallory wrote it at").await?;

    // Altered and put right again, it may have let anything through meanwhile.
    let patch = r#"{"spec":{"failurePolicy":"Ignore"}}"#;
    stage.plane.kubectl(&["patch", POLICY, "trimtab-approval", "--type=merge", "-p", patch]).await?;
    let fault = fails(&guard, "spec.failurePolicy differs").await?;
    ensure!(trimtab_runtime::Explain::reason(&fault) == "ApprovalGuardMissing");
    ensure!(guard.trust(&recommendation(stage, "deploy-late").await?).is_err(), "nothing is trusted without a guard");
    stage.apply_files(&["policies/approval.yaml"]).await?;
    let restored = in_force(&guard).await?;
    ensure!(restored > since, "{restored} is not after {since}");
    doubted(&guard, stage, "deploy-late", "wrote it at").await?;

    for (kind, object) in [(Kind::Binding, BINDING), (Kind::Policy, POLICY)] {
        stage.plane.kubectl(&["delete", object, "trimtab-approval"]).await?;
        let fault = fails(&guard, "is missing").await?;
        ensure!(fault == Fault::Missing(kind), "{fault}");
        stage.apply_files(&["policies/approval.yaml"]).await?;
        in_force(&guard).await?;
    }
    shutdown.cancel();
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

async fn fails(guard: &Guard, says: &str) -> Result<Fault> {
    let mut standing = guard.changes();
    let told = |standing: &trimtab_guard::Standing| standing.as_ref().is_err_and(|f| f.to_string().contains(says));
    match tokio::time::timeout(SOON, standing.wait_for(told)).await {
        Ok(Ok(standing)) => Ok(standing.clone().err().context("a fault")?),
        _ => bail!("{says:?} is not told: {:?}", guard.state()),
    }
}

async fn recommendation(stage: &Stage, name: &str) -> Result<Recommendation> {
    let object = stage.seen("Recommendation", name).await?.context("it is gone")?;
    Ok(serde_json::from_value(object)?)
}

async fn trusted(guard: &Guard, stage: &Stage, name: &str) -> Result<()> {
    guard.trust(&recommendation(stage, name).await?).with_context(|| format!("{name} is not trusted"))
}

async fn doubted(guard: &Guard, stage: &Stage, name: &str, says: &str) -> Result<()> {
    let Err(fault) = guard.trust(&recommendation(stage, name).await?) else { bail!("{name} is trusted") };
    ensure!(fault.to_string().contains(says), "{fault}");
    Ok(())
}
