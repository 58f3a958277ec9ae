//! Policies and price books that pass the schema and are still wrong, or contradict each other.

use anyhow::{Result, ensure};
use kube::api::DeleteParams;
use serde_json::json;
use trimtab_e2e::eventually;

use super::{Cluster, SOON, deployment, namespace, policy, policy_with, skipped, told};

/// Creates them.
pub async fn make(cluster: &Cluster) -> Result<()> {
    let mut misspelt = deployment("typos", "misspelt", 1);
    misspelt["metadata"]["annotations"] = json!({"trimtab.dev/mod": "Off"});
    let mut nobody = policy("nobody", &[]);
    nobody["spec"] = json!({"namespaceSelector": {"matchLabels": {"tier": "nowhere"}}});
    cluster
        .apply(&[
            namespace("shared"),
            deployment("shared", "a", 1),
            deployment("shared", "b", 1),
            namespace("typos"),
            deployment("typos", "web", 0),
            misspelt,
            policy_with("typos", &["typos"], json!({"sizing": {"containers": [{"name": "ap", "mode": "Off"}]}})),
            policy("ghost", &["nowhere"]),
            policy_with("unlabelled", &["shared"], json!({"workloadSelector": {"matchLabels": {"tier": "gold"}}})),
            nobody,
            policy_with(
                "strong",
                &["shared"],
                json!({"priority": 10, "workloadSelector": {"matchLabels": {"app": "a"}}}),
            ),
            policy("older", &["shared"]),
        ])
        .await?;
    cluster.ready("shared", "a", 1).await?;
    cluster.ready("shared", "b", 1).await?;
    // Ages are in whole seconds: the younger one needs a later second.
    let older = cluster.api("OptimizationPolicy", "optimizationpolicies", None).get("older").await?;
    let born = older.metadata.creation_timestamp.unwrap().0.as_second();
    eventually(SOON, "a second has passed", async || {
        ensure!(super::support::now() > born, "not yet");
        Ok(())
    })
    .await?;
    // First in the alphabet, but younger.
    cluster.apply(&[policy("a-younger", &["shared"])]).await
}

async fn owner(cluster: &Cluster, name: &str, expected: &str) -> Result<()> {
    eventually(SOON, &format!("{name} belongs to policy {expected}"), async || {
        let rec = cluster.recommendation("shared", name).await?;
        ensure!(rec.data["spec"]["policyRef"]["name"] == expected, "{}", rec.data["spec"]["policyRef"]);
        Ok(())
    })
    .await
}

/// What Trimtab reports about them.
pub async fn are_answered(cluster: &Cluster) -> Result<()> {
    told(
        cluster,
        "ghost",
        "Ready",
        ("False", "NamespaceNotFound"),
        "targetNamespaces names nowhere: no such namespace",
    )
    .await?;
    told(cluster, "typos", "NamesUnmatched", ("True", "UnknownAnnotation"), "did you mean trimtab.dev/mode?").await?;
    told(cluster, "typos", "NamesUnmatched", ("True", "UnknownAnnotation"), "did you mean \"app\"?").await?;
    skipped(cluster, "typos", "InvalidAnnotation", "Deployment typos/misspelt").await?;
    skipped(cluster, "typos", "ScaledToZero", "Deployment typos/web").await?;
    told(cluster, "nobody", "Ready", ("True", "NoWorkloads"), "no workload is selected").await?;
    told(cluster, "unlabelled", "Ready", ("True", "NoWorkloads"), "no workload is selected").await?;

    owner(cluster, "deploy-a", "strong").await?;
    owner(cluster, "deploy-b", "older").await?;
    told(cluster, "strong", "Overlapping", ("True", "PrecedenceWon"), "a-younger (1), older (1)").await?;
    told(cluster, "older", "Overlapping", ("True", "PrecedenceLost"), "strong (1)").await?;
    told(cluster, "a-younger", "Overlapping", ("True", "PrecedenceLost"), "older (1), strong (1)").await?;
    told(cluster, "a-younger", "Ready", ("True", "NoWorkloads"), "other policies take every workload").await?;
    told(cluster, "good", "Overlapping", ("False", "NoOverlap"), "").await?;
    let api = cluster.api("OptimizationPolicy", "optimizationpolicies", None);
    api.delete("strong", &DeleteParams::default()).await?;
    owner(cluster, "deploy-a", "older").await?;
    told(cluster, "older", "Overlapping", ("True", "PrecedenceWon"), "a-younger (2)").await?;

    // A policy that reports its own error in time: it keeps its recommendations, and says why.
    books(cluster).await
}

async fn books(cluster: &Cluster) -> Result<()> {
    let book = |name: &str, currency: &str, nodes: serde_json::Value| {
        json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "PriceBook", "metadata": {"name": name},
            "spec": {"currency": currency, "source": "test", "asOf": "2026-01-01", "nodes": nodes}})
    };
    // The first in the alphabet would count, but is unusable: the second counts.
    let twice = json!([{"name": "a", "instanceType": "m5.8xlarge", "hourly": "1"}, {"name": "b", "instanceType": "m5.8xlarge", "hourly": "2"}]);
    let rack =
        json!([{"name": "rack", "nodeSelector": {"matchLabels": {"kubernetes.io/hostname": "bare-0"}}, "hourly": "3"}]);
    cluster.apply(&[book("a-broken", "USD", twice), book("b-rack", "USD", rack)]).await?;
    book_says(cluster, "a-broken", "False", "InvalidEntry", "entry b: selects the same nodes as entry a").await?;
    book_says(cluster, "b-rack", "True", "Accepted", "1 node price from test").await?;
    told(cluster, "bare", "PricesEstimated", ("False", "PricesKnown"), "").await?;
    let api = cluster.api("PriceBook", "pricebooks", None);
    for name in ["a-broken", "b-rack"] {
        api.delete(name, &DeleteParams::default()).await?;
    }
    told(cluster, "bare", "PricesEstimated", ("True", "NodeTypeUnknown"), "").await
}

async fn book_says(cluster: &Cluster, name: &str, status: &str, reason: &str, says: &str) -> Result<()> {
    eventually(SOON, &format!("price book {name} says {says:?}"), async || {
        let book = cluster.api("PriceBook", "pricebooks", None).get(name).await?;
        let conditions = book.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.into_iter().find(|c| c["type"] == "Ready").unwrap_or_default();
        let message = ready["message"].as_str().unwrap_or_default();
        ensure!(ready["status"] == status && ready["reason"] == reason && message.contains(says), "{ready}");
        Ok(())
    })
    .await
}
