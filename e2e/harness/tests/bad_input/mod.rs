//! Bad input of every kind, on one cluster. Each case has a clear answer, and meanwhile a good policy keeps its good
//! recommendation.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod manifests;
mod objects;
mod policies;
mod sources;
mod workloads;

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Result, ensure};
use kube::api::ListParams;
use serde_json::{Value, json};
use support::{Cluster, SOON, deployment, namespace, policy, prometheus};
use trimtab_e2e::{FakeNode, FaultyHttp, PlaneOptions, eventually};

use crate::support;

#[tokio::test]
async fn bad_input_hurts_nothing_else() -> Result<()> {
    let begin = Instant::now();
    let at = |what: &str| println!("{:6.1} s {what}", begin.elapsed().as_secs_f64());
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    cluster.kwok.add(&cluster.client, [FakeNode::new("bare-0").taint("e2e.trimtab.dev/bare", "yes")]).await?;
    cluster.apply(&[namespace("good"), deployment("good", "web", 2), policy("good", &["good"])]).await?;
    manifests::are_refused(&cluster).await?;
    at("manifests were refused");
    workloads::make(&cluster).await?;
    policies::make(&cluster).await?;
    let (server, _data) = prometheus(workloads::history(&cluster).await?).await?;
    at("workloads are there");
    let faulty = FaultyHttp::start(Some(server.url())).await?;
    let trimtab = cluster.run("bad-input", &["--interval", "10s", "--prometheus-url", faulty.url()])?;
    let good = eventually(SOON, "the good recommendation", async || cluster.recommendation("good", "deploy-web").await)
        .await?;
    let good = Good { uid: good.metadata.uid.clone().unwrap(), spec: good.data["spec"].clone() };

    workloads::are_answered(&cluster).await?;
    good.is_kept(&cluster).await?;
    at("workloads are answered");
    policies::are_answered(&cluster).await?;
    good.is_kept(&cluster).await?;
    at("policies and price books are answered");
    objects::of_others_are_theirs(&cluster).await?;
    objects::that_do_not_decode_are_told(&cluster, trimtab, faulty.url()).await?;
    good.is_kept(&cluster).await?;
    at("objects are answered");
    sources::are_doubted(&cluster, &faulty, &good).await?;
    good.is_kept(&cluster).await?;
    at("sources were doubted");
    Ok(())
}

/// The recommendation that must stay unaffected.
struct Good {
    uid: String,
    spec: Value,
}

impl Good {
    async fn is_kept(&self, cluster: &Cluster) -> Result<()> {
        let now = cluster.recommendation("good", "deploy-web").await?;
        ensure!(now.metadata.uid.as_deref() == Some(self.uid.as_str()), "it was made anew");
        ensure!(now.data["spec"] == self.spec, "{} became {}", self.spec, now.data["spec"]);
        Ok(())
    }

    /// It is not only kept: it is still reconciled.
    async fn is_ready(&self, cluster: &Cluster) -> Result<()> {
        eventually(SOON, "the good policy is ready", async || {
            let (status, reason, message) = cluster.condition("good", "Ready").await?;
            ensure!(
                status == "True" && message.contains("1 with a recommendation, 0 right-sized, 0 skipped"),
                "{reason}: {message}"
            );
            Ok(())
        })
        .await
    }
}

/// Every Recommendation with its version: any write shows.
async fn versions(cluster: &Cluster) -> Result<BTreeMap<String, String>> {
    let list = cluster.api("Recommendation", "recommendations", None).list(&ListParams::default()).await?;
    let row = |r: kube::core::DynamicObject| {
        let name = format!("{}/{}", r.metadata.namespace.unwrap_or_default(), r.metadata.name.unwrap_or_default());
        (name, r.metadata.resource_version.unwrap_or_default())
    };
    Ok(list.items.into_iter().map(row).collect())
}

/// A policy with this spec and its namespaces.
fn policy_with(name: &str, namespaces: &[&str], spec: Value) -> Value {
    let mut policy = policy(name, namespaces);
    for (key, value) in spec.as_object().unwrap() {
        policy["spec"][key] = value.clone();
    }
    policy
}

/// Waits for a condition with this status and reason whose message contains `says`.
async fn told(cluster: &Cluster, policy: &str, kind: &str, expected: (&str, &str), says: &str) -> Result<()> {
    eventually(SOON, &format!("policy {policy}: {kind}={expected:?} with {says:?}"), async || {
        let (status, reason, message) = cluster.condition(policy, kind).await?;
        ensure!(
            (status.as_str(), reason.as_str()) == expected && message.contains(says),
            "{status} {reason}: {message}"
        );
        Ok(())
    })
    .await
}

/// Waits until `reason` of a policy's skipped workloads names `workload`.
async fn skipped(cluster: &Cluster, policy: &str, reason: &str, workload: &str) -> Result<()> {
    eventually(SOON, &format!("{workload} is skipped for {reason}"), async || {
        let status = cluster.policy_status(policy).await?;
        let rows = status["skipped"].as_array().cloned().unwrap_or_default();
        let row = rows.iter().find(|row| row["reason"] == reason);
        let named = row.is_some_and(|row| row["workloads"].as_array().unwrap().contains(&json!(workload)));
        ensure!(named, "{rows:?}");
        ensure!(row.unwrap()["message"].as_str().is_some_and(|m| m.len() > 10), "it says what can be done: {row:?}");
        Ok(())
    })
    .await
}
