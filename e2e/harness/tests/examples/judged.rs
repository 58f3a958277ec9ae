//! The claims of an example, one by one, against the cluster.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use kube::{
    ResourceExt,
    api::{ListParams, Patch, PatchParams},
    core::DynamicObject,
};
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use super::support::{AGENT, Guarded, SOON, condition};
use super::{Claims, Example, world};

/// The Recommendations of a policy.
pub async fn recommendations(guarded: &Guarded, policy: &str) -> Result<Vec<DynamicObject>> {
    let all = guarded.cluster.api("Recommendation", "recommendations", None).list(&ListParams::default()).await?;
    Ok(all.items.into_iter().filter(|r| r.data["spec"]["policyRef"]["name"] == policy).collect())
}

/// Waits until its policy has evaluated everything, and its Recommendations are in the claimed namespaces and for the
/// claimed kinds.
pub async fn recommended(guarded: &Guarded, example: &Example) -> Result<Vec<DynamicObject>> {
    let (policy, claims) = (example.policy(), &example.claims);
    eventually(SOON, "recommendations as claimed", async || {
        let (status, reason, message) = guarded.cluster.condition(policy, "Ready").await?;
        ensure!(status == "True", "{reason}: {message}");
        let found = recommendations(guarded, policy).await?;
        ensure!(!found.is_empty(), "there are none: {message}");
        ensure!(found.iter().all(|r| r.data["status"]["proposalDigest"].is_string()), "one has no status yet");
        if claims.currency.is_none() {
            let namespaces: BTreeSet<String> = found.iter().filter_map(ResourceExt::namespace).collect();
            ensure!(namespaces == claims.namespaces, "they are in {namespaces:?}, not in {:?}", claims.namespaces);
            let kinds: BTreeSet<String> =
                found.iter().filter_map(|r| Some(r.data["spec"]["targetRef"]["kind"].as_str()?.to_owned())).collect();
            ensure!(kinds == claims.kinds, "they are for {kinds:?}, not for {:?}; {message}", claims.kinds);
        }
        Ok(found)
    })
    .await
}

/// The claims about containers and risk.
pub async fn proposals(guarded: &Guarded, claims: &Claims, recommendations: &[DynamicObject]) -> Result<()> {
    let containers: Vec<&Value> = recommendations
        .iter()
        .filter_map(|r| r.data["spec"]["proposal"]["containers"].as_array())
        .flat_map(|list| list.iter())
        .collect();
    let named = |name: &str| {
        containers.iter().find(|c| c["name"] == name).with_context(|| format!("no proposal holds the container {name}"))
    };
    let pods = guarded.cluster.pods().await?;
    for name in &claims.never_sized {
        let exists = pods.iter().any(|p| p.spec.as_ref().is_some_and(|s| s.containers.iter().any(|c| c.name == *name)));
        ensure!(exists, "no pod of the test has the container {name}");
        ensure!(named(name).is_err(), "a proposal holds the container {name}");
    }
    for name in &claims.limit_is_request {
        let container = named(name)?;
        ensure!(container["limits"]["memory"] == container["requests"]["memory"], "{container}");
    }
    for (name, most) in &claims.cpu_at_most {
        let container = named(name)?;
        ensure!(cores(&container["requests"]["cpu"])? <= cores(&json!(most))?, "{container}");
    }
    for reason in &claims.risk_factors {
        for recommendation in recommendations {
            let factors = recommendation.data["status"]["risk"]["factors"].as_array().cloned().unwrap_or_default();
            ensure!(factors.iter().any(|f| f["reason"] == *reason), "{}: {factors:?}", recommendation.name_any());
        }
    }
    Ok(())
}

fn cores(amount: &Value) -> Result<f64> {
    let text = amount.as_str().context("no amount")?;
    Ok(match text.strip_suffix('m') {
        Some(millis) => millis.parse::<f64>()? / 1000.0,
        None => text.parse()?,
    })
}

/// Savings are in the book's currency, and some are priced by it.
pub async fn prices(guarded: &Guarded, example: &Example) -> Result<()> {
    let Some(currency) = &example.claims.currency else { return Ok(()) };
    let book = format!("price book {}", example.object["metadata"]["name"].as_str().unwrap_or_default());
    eventually(SOON, "prices as claimed", async || {
        let found = recommendations(guarded, example.policy()).await?;
        let savings: Vec<&Value> = found.iter().map(|r| &r.data["status"]["savings"]).collect();
        ensure!(savings.iter().all(|s| s["currency"] == *currency), "{savings:?}");
        let by_book = |s: &&Value| s["priceSource"].as_str().is_some_and(|source| source.contains(&book));
        ensure!(savings.iter().any(by_book), "none is priced by {book}: {savings:?}");
        Ok(())
    })
    .await
}

/// Nothing but Trimtab's status and proposals was written since `mark`, and everything waits for a person.
pub async fn nothing_applied(guarded: &Guarded, example: &Example, mark: u64) -> Result<()> {
    for recommendation in recommendations(guarded, example.policy()).await? {
        let ready = condition(&recommendation, "Ready").cloned().unwrap_or_default();
        ensure!(ready["reason"] == "PendingApproval", "{}: {ready}", recommendation.name_any());
        ensure!(recommendation.data["status"]["rollout"].is_null(), "{}", recommendation.data["status"]["rollout"]);
    }
    let said = ["leases", "events", "recommendations", "optimizationpolicies", "pricebooks"];
    let events = guarded.cluster.plane.audit().since(mark)?;
    let written: Vec<String> = events
        .iter()
        .filter(|e| e.user_agent.starts_with(AGENT) && e.is_write() && e.namespace != world::CLOCK)
        .filter(|e| !said.contains(&e.resource.as_str()))
        .map(|e| format!("{} {} {}/{} {}", e.verb, e.target(), e.namespace, e.name, e.code))
        .collect();
    ensure!(written.is_empty(), "{written:?}");
    Ok(())
}

/// The inputs of a policy's approval.
fn in_short(recommendation: &DynamicObject) -> String {
    let (name, status) = (recommendation.name_any(), &recommendation.data["status"]);
    let ready = condition(recommendation, "Ready").map(|c| c["reason"].clone()).unwrap_or_default();
    let (risk, saves) = (&status["risk"], &status["savings"]["monthly"]);
    format!("{name}: {ready}, confidence {}, saves {saves}, risk {risk}", status["confidencePercent"])
}

/// The policy approves one, which is blocked at most by its windows, and begins with as few pods as claimed. The others
/// wait.
pub async fn applied(guarded: &Guarded, example: &Example, mark: u64) -> Result<()> {
    let by = json!({"kind": "Policy", "name": example.policy()});
    let approved = eventually(SOON, &format!("approved by policy {}", example.policy()), async || {
        let found = recommendations(guarded, example.policy()).await?;
        let decided = found.iter().find(|r| r.data["status"]["approval"]["by"] == by).cloned();
        let decided = decided.with_context(|| found.iter().map(in_short).collect::<Vec<_>>().join("\n"))?;
        let reason = condition(&decided, "Ready").map(|c| c["reason"].clone()).unwrap_or_default();
        ensure!(reason != "PendingApproval", "{reason}");
        Ok(decided)
    })
    .await?;
    let (namespace, name) = (approved.namespace().context("namespace")?, approved.name_any());
    let closed = approved.data["status"]["gates"].as_array().cloned().unwrap_or_default();
    if !closed.is_empty() {
        ensure!(closed.iter().all(|gate| gate["reason"] == "WindowClosed"), "{closed:?}");
        let open = json!({"spec": {"windows": null}});
        let policies = guarded.cluster.api("OptimizationPolicy", "optimizationpolicies", None);
        policies.patch(example.policy(), &PatchParams::default(), &Patch::Merge(&open)).await?;
    }
    guarded.stands(&namespace, &name, "Verifying", Duration::from_secs(90)).await?;
    let app = approved.data["spec"]["targetRef"]["name"].as_str().context("target")?.to_owned();
    let wanted = &approved.data["spec"]["proposal"]["containers"][0]["requests"];
    let sizes = guarded.sizes(&namespace, &app).await?;
    let resized = sizes.iter().filter(|(_, size)| size["requests"] == *wanted).count();
    ensure!(Some(resized) == example.claims.first_step, "{resized} pods have the new size: {sizes:?}");
    // The check that nothing was applied would have seen this.
    if nothing_applied(guarded, example, mark).await.is_ok() {
        bail!("{resized} pods have the new size, and the check for `nothing-applied` does not see it");
    }
    Ok(())
}

/// Its Recommendations are withdrawn when namespaces lose the label.
pub async fn withdrawn(guarded: &Guarded, example: &Example) -> Result<()> {
    let Some(label) = &example.claims.withdrawn_without else { return Ok(()) };
    let plane = &guarded.cluster.plane;
    plane.kubectl(&["label", "namespace", "-l", label, &format!("{label}-")]).await?;
    eventually(SOON, &format!("without the label {label} nothing is recommended"), async || {
        let left = recommendations(guarded, example.policy()).await?.len();
        ensure!(left == 0, "{left} left");
        Ok(())
    })
    .await
}
