//! Workloads whose rollouts are held in seven stages, and how each Recommendation stands.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use super::support::{Guarded, condition, deployment, namespace, quick};

/// How long a rollout may take that nothing holds.
pub const A_ROLLOUT: Duration = Duration::from_secs(90);
/// How long a slow node takes to resize a pod.
const SLOW: &str = "40s";

/// The namespaces, each with the stage that its rollouts are held in, and their end.
pub const GROUPS: [(&str, &str); 7] = [
    ("pending", "PendingApproval"),
    ("blocked", "Applied"),
    ("resizing", "Applied"),
    ("watching", "Applied"),
    ("verifying", "Applied"),
    ("applied", "Applied"),
    ("undoing", "RolledBack"),
];

/// The workloads of each namespace.
pub const EACH: usize = 5;

/// The names of the Recommendations of a namespace.
pub fn names() -> impl Iterator<Item = String> {
    (0..EACH).map(|i| format!("deploy-w{i}"))
}

/// Creates the workloads.
pub async fn create(guarded: &Guarded) -> Result<()> {
    let cluster = &guarded.cluster;
    for (group, _) in GROUPS {
        cluster.apply(&[namespace(group)]).await?;
        for i in 0..EACH {
            let mut workload = deployment(group, &format!("w{i}"), 2);
            if group == "blocked" {
                workload["metadata"]["annotations"] = json!({"trimtab.dev/mode": "Recommend"});
            }
            cluster.apply(&[workload]).await?;
        }
    }
    for (group, _) in GROUPS {
        for i in 0..EACH {
            cluster.ready(group, &format!("w{i}"), 2).await?;
        }
    }
    Ok(())
}

/// Applies the policy of each namespace; `held`: those that are to wait in a stage do.
pub async fn policies(guarded: &Guarded, held: bool) -> Result<()> {
    for (group, _) in GROUPS {
        let mut policy = quick(group, &[group]);
        policy["spec"]["limits"]["maxConcurrentRollouts"] = json!(2 * EACH);
        match group {
            "watching" if held => {
                policy["spec"]["rolloutStrategy"]["steps"] =
                    json!([{"replicas": 1, "pause": "30m"}, {"replicas": "100%"}]);
            }
            "verifying" if held => policy["spec"]["verification"]["window"] = json!("30m"),
            _ => {}
        }
        guarded.cluster.apply(&[policy]).await?;
    }
    Ok(())
}

/// Approves what waits and brings each rollout into its stage.
pub async fn bring_into_their_stages(guarded: &Guarded) -> Result<()> {
    for (group, _) in GROUPS {
        for name in names() {
            guarded.stands(group, &name, "PendingApproval", A_ROLLOUT).await?;
        }
    }
    decide(guarded, &["applied", "undoing", "watching", "verifying", "blocked"], "Approved").await?;
    for (group, reason) in [("applied", "Applied"), ("undoing", "Applied"), ("blocked", "Blocked")] {
        for name in names() {
            guarded.stands(group, &name, reason, A_ROLLOUT).await?;
        }
    }
    in_stage(guarded, "watching", "Watching").await?;
    in_stage(guarded, "verifying", "Verifying").await?;
    // These are held by their nodes, for less than two minutes.
    slow(guarded, &["resizing", "undoing"]).await?;
    decide(guarded, &["resizing"], "Approved").await?;
    decide(guarded, &["undoing"], "Rejected").await?;
    in_stage(guarded, "resizing", "Resizing").await?;
    in_stage(guarded, "undoing", "Undoing").await
}

async fn decide(guarded: &Guarded, groups: &[&str], decision: &str) -> Result<()> {
    for group in groups {
        for name in names() {
            guarded.decide(group, &name, decision).await?;
        }
    }
    Ok(())
}

/// Waits until all rollouts of a namespace are in a stage, at the same moment.
async fn in_stage(guarded: &Guarded, group: &str, stage: &str) -> Result<()> {
    eventually(A_ROLLOUT, &format!("all rollouts of {group} are {stage}"), async || {
        let recs = guarded.cluster.recommendations(group).await?;
        let stages: Vec<&Value> = recs.iter().map(|rec| &rec.data["status"]["rollout"]["stage"]).collect();
        ensure!(stages.len() == EACH && stages.iter().all(|found| **found == stage), "{stages:?}");
        Ok(())
    })
    .await
}

/// Nodes take their time to resize the pods of these namespaces.
async fn slow(guarded: &Guarded, groups: &[&str]) -> Result<()> {
    let patch = json!({"metadata": {"annotations": {"e2e.trimtab.dev/resize-delay": SLOW}}});
    for pod in guarded.cluster.pods().await? {
        let namespace = pod.namespace().unwrap_or_default();
        if groups.contains(&namespace.as_str()) {
            let api: Api<Pod> = Api::namespaced(guarded.cluster.client.clone(), &namespace);
            api.patch(&pod.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await?;
        }
    }
    Ok(())
}

/// Nothing holds the rollouts any more.
pub async fn let_go(guarded: &Guarded) -> Result<()> {
    policies(guarded, false).await?;
    let patch = json!({"metadata": {"annotations": {"trimtab.dev/mode": null}}});
    let api: Api<Deployment> = Api::namespaced(guarded.cluster.client.clone(), "blocked");
    for i in 0..EACH {
        api.patch(&format!("w{i}"), &PatchParams::default(), &Patch::Merge(&patch)).await?;
    }
    Ok(())
}

/// How a Recommendation stands.
#[derive(Clone, Debug)]
pub struct Stand {
    uid: String,
    /// Of its spec: whoever approves it again changes it.
    generation: Option<i64>,
    given: Value,
    honoured: Value,
    started: Value,
    /// The reason of `Ready`.
    pub reason: String,
}

impl Stand {
    /// What became of it besides its own course, if anything did.
    pub fn disturbed(&self, after: &Self) -> Option<String> {
        let same = |what: &str, before: &Value, after: &Value| {
            (before != after).then(|| format!("{what} was {before}, and is {after}"))
        };
        // Where nobody has decided, a pass may propose something else.
        let decided = !self.given.is_null();
        same("the uid", &json!(self.uid), &json!(after.uid))
            .or_else(|| same("spec.approval", &self.given, &after.given))
            .or_else(|| same("the generation", &json!(self.generation), &json!(after.generation)).filter(|_| decided))
            .or_else(|| same("status.approval", &self.honoured, &after.honoured).filter(|_| decided))
            .or_else(|| same("the start", &self.started, &after.started).filter(|_| !self.started.is_null()))
    }
}

/// How all Recommendations stand, by namespace and name.
pub async fn stands(guarded: &Guarded) -> Result<BTreeMap<(String, String), Stand>> {
    let api = guarded.cluster.api("Recommendation", "recommendations", None);
    let mut found = BTreeMap::new();
    for rec in api.list(&ListParams::default()).await?.items {
        let key = (rec.namespace().unwrap_or_default(), rec.name_any());
        let ready = condition(&rec, "Ready").with_context(|| format!("{key:?} has no condition"))?;
        let stand = Stand {
            uid: rec.metadata.uid.clone().unwrap_or_default(),
            generation: rec.metadata.generation,
            given: rec.data["spec"]["approval"].clone(),
            honoured: rec.data["status"]["approval"].clone(),
            started: rec.data["status"]["rollout"]["started"].clone(),
            reason: ready["reason"].as_str().unwrap_or_default().to_owned(),
        };
        found.insert(key, stand);
    }
    ensure!(found.len() == GROUPS.len() * EACH, "{} Recommendations", found.len());
    Ok(found)
}
