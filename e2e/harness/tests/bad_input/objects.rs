//! Recommendations that people created or changed, and objects that no longer decode.

use anyhow::{Result, ensure};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use trimtab_e2e::{eventually, repository};

use super::support::{Running, deployment, writes};
use super::{Cluster, SOON, skipped, told, versions};

/// A person's proposal is left alone, and a change to one of Trimtab's is not fought over.
pub async fn of_others_are_theirs(cluster: &Cluster) -> Result<()> {
    let api = cluster.api("Recommendation", "recommendations", Some("mess"));
    let own = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": "deploy-taken", "namespace": "mess"},
        "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "taken"},
            "proposal": {"containers": [{"name": "app", "requests": {"cpu": "7"}}]}}});
    cluster.apply(&[own, deployment("mess", "taken", 1)]).await?;
    skipped(cluster, "mess", "NameTaken", "Deployment mess/taken").await?;
    let kept = api.get("deploy-taken").await?;
    ensure!(kept.data["spec"]["proposal"]["containers"][0]["requests"]["cpu"] == "7", "{}", kept.data["spec"]);
    ensure!(kept.data["spec"].get("policyRef").is_none(), "{}", kept.data["spec"]);

    let mark = cluster.plane.audit().mark()?;
    let edit = json!({"spec": {"proposal": {"containers": [{"name": "app", "requests": {"cpu": "9"}}]}}});
    let params = PatchParams { field_manager: Some("kubectl-edit".into()), ..PatchParams::default() };
    api.patch("deploy-none", &params, &Patch::Merge(&edit)).await?;
    told(cluster, "mess", "Reconciling", ("True", "WriteFailed"), "kubectl-edit").await?;
    // Two full passes later, the person's change still stands.
    let requested = json!({"metadata": {"annotations": {"trimtab.dev/requested-at": "now"}}});
    let policies = cluster.api("OptimizationPolicy", "optimizationpolicies", None);
    policies.patch("mess", &PatchParams::default(), &Patch::Merge(&requested)).await?;
    eventually(SOON, "the policy was looked at again", async || {
        let status = cluster.policy_status("mess").await?;
        ensure!(status["lastRequestedAt"] == "now", "{}", status["lastRequestedAt"]);
        Ok(())
    })
    .await?;
    let edited = api.get("deploy-none").await?;
    ensure!(edited.data["spec"]["proposal"]["containers"][0]["requests"]["cpu"] == "9", "{}", edited.data["spec"]);
    let tries = writes(&cluster.plane.audit().since(mark)?);
    let tries: Vec<_> = tries.iter().filter(|w| w.contains("mess/deploy-none")).collect();
    println!("{} tries to write what somebody else has changed: {tries:?}", tries.len());
    ensure!(tries.len() <= 8, "it is fought over: {tries:?}");

    // Deleted, it is Trimtab's again.
    api.delete("deploy-none", &DeleteParams::default()).await?;
    eventually(SOON, "a new one", async || {
        let new = cluster.recommendation("mess", "deploy-none").await?;
        ensure!(new.data["spec"]["proposal"]["containers"][0]["requests"]["cpu"] != "9", "{}", new.data["spec"]);
        Ok(())
    })
    .await?;
    eventually(SOON, "the failure is over", async || {
        let gone = cluster.condition("mess", "Reconciling").await;
        ensure!(gone.as_ref().map_or(true, |(status, ..)| status == "False"), "{gone:?}");
        Ok(())
    })
    .await
}

/// Objects of a laxer schema: each is reported on its own object where possible, and nothing else stops.
pub async fn that_do_not_decode_are_told(cluster: &Cluster, mut trimtab: Running, url: &str) -> Result<()> {
    let files =
        ["trimtab.dev_optimizationpolicies.yaml", "trimtab.dev_recommendations.yaml", "trimtab.dev_pricebooks.yaml"];
    for file in files {
        let text = std::fs::read_to_string(repository().join("crds").join(file))?;
        let mut crd: Value = serde_yaml::from_str(&text)?;
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] =
            json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let path = cluster.plane.dir().join(file);
        std::fs::write(&path, serde_json::to_vec(&crd)?)?;
        cluster.plane.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", path.to_str().unwrap()]).await?;
    }
    let params = PatchParams::default();
    let broken = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    let policies = cluster.api("OptimizationPolicy", "optimizationpolicies", None);
    let recommendations = cluster.api("Recommendation", "recommendations", Some("mess"));
    let books = cluster.api("PriceBook", "pricebooks", None);
    eventually(SOON, "the laxer schema is in force", async || {
        let spec = json!({"targetNamespaces": "not-a-list", "priority": "high"});
        policies
            .create(&Default::default(), &serde_json::from_value(broken("OptimizationPolicy", "broken", spec))?)
            .await?;
        Ok(())
    })
    .await?;
    let spec = json!({"spec": {"proposal": {"containers": "none"}, "type": "Guess"}});
    eventually(SOON, "a recommendation of nonsense", async || {
        recommendations.patch("deploy-nan", &params, &Patch::Merge(&spec)).await?;
        Ok(())
    })
    .await?;
    eventually(SOON, "a price book of nonsense", async || {
        let spec = json!({"source": 7, "asOf": ["never"]});
        books.create(&Default::default(), &serde_json::from_value(broken("PriceBook", "a-nonsense", spec))?).await?;
        Ok(())
    })
    .await?;
    // With the laxer schema still in force, its status can be written.
    told(cluster, "broken", "Ready", ("False", "InvalidSpec"), "the object cannot be read as an OptimizationPolicy")
        .await?;
    told(cluster, "broken", "Stalled", ("True", "InvalidSpec"), "\"high\"").await?;
    book_told(cluster).await?;
    skipped(cluster, "mess", "NameTaken", "Deployment mess/nan").await?;
    ensure!(!trimtab.log().contains("panicked"), "{}", trimtab.log());
    trimtab.process.stop(SOON).await?;
    let profile = json!({"targetNamespaces": ["good"], "sizing": {"profile": "Bold"}});
    for (name, spec) in [("broken-profile", profile), ("broken-type", json!({"targetNamespaces": "not-a-list"}))] {
        policies
            .create(&Default::default(), &serde_json::from_value(broken("OptimizationPolicy", name, spec))?)
            .await?;
    }
    for file in files {
        let path = repository().join("crds").join(file);
        cluster.plane.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", path.to_str().unwrap()]).await?;
    }

    // As after an upgrade: the schema is stricter than what is stored, and the process is new.
    let mut trimtab = cluster.run("after-upgrade", &["--interval", "10s", "--prometheus-url", url])?;
    told(cluster, "broken-profile", "Ready", ("False", "InvalidSpec"), "unknown variant `Bold`").await?;
    // The API server refuses every status for an object whose rules it cannot evaluate: an event reports it.
    eventually(SOON, "an event about a policy of the wrong type", async || {
        let output = "jsonpath={.items[*].involvedObject.name} {.items[*].message}";
        let args = ["get", "events", "-A", "--field-selector=reason=InvalidSpec", "-o", output];
        let events = cluster.plane.kubectl(&args).await?;
        ensure!(
            events.contains("broken-type") && events.contains("cannot be read as an OptimizationPolicy"),
            "{events}"
        );
        Ok(())
    })
    .await?;
    // All others are served.
    let before = versions(cluster).await?;
    cluster.plane.kubectl(&["scale", "deployment", "-n", "mess", "zero", "--replicas=1"]).await?;
    let api = cluster.api("Recommendation", "recommendations", Some("twins"));
    api.delete("deploy-web", &DeleteParams::default()).await?;
    eventually(SOON, "a deleted recommendation comes back beside those that do not decode", async || {
        let new = cluster.recommendation("twins", "deploy-web").await?;
        ensure!(before.get("twins/deploy-web") != new.metadata.resource_version.as_ref(), "it is the old one");
        Ok(())
    })
    .await?;
    trimtab.ready(SOON).await?;
    for name in ["broken", "broken-profile", "broken-type"] {
        policies.delete(name, &DeleteParams::default()).await?;
    }
    books.delete("a-nonsense", &DeleteParams::default()).await?;
    recommendations.delete("deploy-nan", &DeleteParams::default()).await?;
    eventually(SOON, "the deleted one is proposed anew", async || cluster.recommendation("mess", "deploy-nan").await)
        .await?;
    ensure!(!trimtab.log().contains("panicked"), "{}", trimtab.log());
    trimtab.process.stop(SOON).await?;
    Ok(())
}

async fn book_told(cluster: &Cluster) -> Result<()> {
    eventually(SOON, "the price book says that it cannot be read", async || {
        let book = cluster.api("PriceBook", "pricebooks", None).get("a-nonsense").await?;
        let conditions = book.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.into_iter().find(|c| c["type"] == "Ready").unwrap_or_default();
        let says = ready["message"].as_str().unwrap_or_default().contains("cannot be read as a PriceBook");
        ensure!(ready["status"] == "False" && ready["reason"] == "InvalidEntry" && says, "{ready}");
        Ok(())
    })
    .await
}
