//! The stage: a fully installed cluster, workloads with two weeks of usage, and one Trimtab; and helpers for the cases.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kube::api::{Api, DeleteParams, DynamicObject, PostParams};
use serde_json::{Value, json};
use trimtab_e2e::{Audit, PlaneOptions, Prometheus, WorkDir, eventually};

use super::support::{APPROVER, Guarded, Running, SOON, condition, deployment, modest, namespace, prometheus, quick};

/// How long a rollout may take, from the approval to its end.
pub const A_ROLLOUT: Duration = Duration::from_secs(90);

/// The memory request of templates.
pub const TEMPLATE: &str = "512Mi";

/// Every workload with its namespace and its pods. Usage is known for pods that exist at the start.
const DEPLOYMENTS: [(&str, &str, i32); 20] = [
    ("owner", "web", 2),
    ("owned", "web", 1),
    ("policy", "before", 2),
    ("policy", "midway", 2),
    ("policy", "waiting", 1),
    ("force", "web", 3),
    ("twice", "web", 2),
    ("alone", "web", 2),
    ("beside", "web", 2),
    ("no", "web", 2),
    ("undo", "web", 2),
    ("refused", "web", 2),
    ("adopt-mid", "web", 2),
    ("adopt-force", "web", 2),
    ("replaced", "web", 2),
    ("adopted", "web", 2),
    ("orphan", "web", 2),
    ("kind", "kept", 2),
    ("kind", "midway", 2),
    ("kind", "waiting", 1),
];

/// Namespaces with a StatefulSet of one pod.
const SETS: [&str; 2] = ["refused-set", "adopt-set"];

/// Every request is logged, and resizes with their bodies.
const AUDITED: &str = r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
  {"level": "Request", "verbs": ["patch", "update"], "resources": [{"group": "", "resources": ["pods/resize"]}]},
  {"level": "None"}]}"#;

pub struct Stage {
    pub guarded: Guarded,
    pub trimtab: Running,
    _prometheus: Prometheus,
    _data: WorkDir,
}

impl Stage {
    pub async fn start() -> Result<Self> {
        let audit = Audit::Policy(AUDITED.to_owned());
        let guarded = Guarded::start(PlaneOptions { audit, ..PlaneOptions::default() }).await?;
        let cluster = &guarded.cluster;
        for (space, name, replicas) in DEPLOYMENTS {
            let mut object = deployment(space, name, replicas);
            if space == "undo" {
                // Nodes that can never satisfy the size.
                object["spec"]["template"]["metadata"]["labels"]["e2e.trimtab.dev/resize"] = json!("infeasible");
            }
            cluster.apply(&[namespace(space), object]).await?;
        }
        for space in SETS {
            cluster.apply(&[namespace(space), stateful_set(space, "db")]).await?;
        }
        for (space, name, replicas) in DEPLOYMENTS {
            cluster.ready(space, name, replicas).await?;
        }
        for space in SETS {
            let sets = Api::<k8s_openapi::api::apps::v1::StatefulSet>::namespaced(cluster.client.clone(), space);
            eventually(SOON, &format!("the StatefulSet of {space} has its pod"), async || {
                let ready = sets.get("db").await?.status.and_then(|s| s.ready_replicas);
                ensure!(ready == Some(1), "{ready:?}");
                Ok(())
            })
            .await?;
        }
        let (prometheus, data) = prometheus(cluster.history(9, |_| Some(modest)).await?).await?;
        let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "10s"])?;
        Ok(Self { guarded, trimtab, _prometheus: prometheus, _data: data })
    }

    /// Applies a policy for the namespace of its name, with rollouts of seconds; `change` extends it.
    pub async fn policy(&self, name: &str, change: impl FnOnce(&mut Value)) -> Result<()> {
        let mut policy = quick(name, &[name]);
        change(&mut policy["spec"]);
        self.guarded.cluster.apply(&[policy]).await
    }

    /// A person proposes something for a Deployment.
    pub async fn propose(&self, space: &str, workload: &str, owners: Value) -> Result<()> {
        let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
            "metadata": {"name": "mine", "ownerReferences": owners},
            "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload},
                "proposal": {"containers": [{"name": "app", "requests": {"cpu": "300m", "memory": "400Mi"},
                    "limits": {"memory": "400Mi"}}]}}});
        self.recs(space).create(&PostParams::default(), &serde_json::from_value(object)?).await?;
        Ok(())
    }

    pub fn recs(&self, space: &str) -> Api<DynamicObject> {
        self.guarded.cluster.api("Recommendation", "recommendations", Some(space))
    }

    /// Waits until a Recommendation exists; returns it.
    pub async fn stands(&self, space: &str, name: &str, reason: &str) -> Result<DynamicObject> {
        self.guarded.stands(space, name, reason, A_ROLLOUT).await
    }

    /// Approves the waiting proposal and sees it applied.
    pub async fn apply(&self, space: &str, name: &str) -> Result<DynamicObject> {
        self.stands(space, name, "PendingApproval").await?;
        self.guarded.decide(space, name, "Approved").await?;
        self.stands(space, name, "Applied").await
    }

    /// Approves the waiting proposal, and waits until one of its pods has another size than its template and another
    /// has not.
    pub async fn midway(&self, space: &str, name: &str, app: &str) -> Result<()> {
        self.stands(space, name, "PendingApproval").await?;
        self.guarded.decide(space, name, "Approved").await?;
        eventually(A_ROLLOUT, &format!("{space}/{name} is half-way"), async || {
            let memory = self.memory(space, app).await?;
            let changed = memory.iter().filter(|m| *m != TEMPLATE).count();
            ensure!(changed > 0 && changed < memory.len(), "{memory:?}");
            Ok(())
        })
        .await
    }

    /// Rejects a change that is being rolled out or is in force.
    pub async fn reject(&self, space: &str, name: &str) -> Result<()> {
        let rec = self.recs(space).get(name).await?;
        let digest = rec.data["status"]["rollout"]["proposalDigest"].as_str().context("no rollout")?;
        let no = json!({"decision": "Rejected", "approver": APPROVER, "proposalDigest": digest});
        self.guarded.decides(space, name, &no).await?;
        Ok(())
    }

    /// Deletes a Recommendation as the admin would. Returns its uid.
    pub async fn delete(&self, space: &str, name: &str) -> Result<String> {
        let uid = self.recs(space).get(name).await?.metadata.uid.context("uid")?;
        self.recs(space).delete(name, &DeleteParams::default()).await?;
        Ok(uid)
    }

    /// The memory request of each pod of an app.
    pub async fn memory(&self, space: &str, app: &str) -> Result<Vec<String>> {
        let sizes = self.guarded.sizes(space, app).await?;
        Ok(sizes.iter().map(|(_, size)| size["requests"]["memory"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// Waits until an app has `n` pods, each exactly as the template says.
    pub async fn is_former(&self, space: &str, app: &str, n: usize) -> Result<()> {
        let former = json!({"requests": {"cpu": "500m", "memory": TEMPLATE}, "limits": {"memory": TEMPLATE}});
        eventually(A_ROLLOUT, &format!("pods of {space}/{app} have their former size"), async || {
            let sizes = self.guarded.sizes(space, app).await?;
            ensure!(sizes.len() == n && sizes.iter().all(|(_, size)| *size == former), "{sizes:?}");
            Ok(())
        })
        .await
    }

    /// Waits until the Recommendation with that uid is gone.
    pub async fn is_gone(&self, space: &str, name: &str, uid: &str) -> Result<()> {
        eventually(A_ROLLOUT, &format!("{space}/{name} of before is gone"), async || {
            let left = self.recs(space).get_opt(name).await?.filter(|r| r.metadata.uid.as_deref() == Some(uid));
            ensure!(left.is_none(), "{}", left.map(|r| json!([r.metadata, r.data["status"]])).unwrap_or_default());
            Ok(())
        })
        .await
    }

    /// Waits until a policy's proposal was recreated; returns it.
    pub async fn anew(&self, space: &str, name: &str, before: &str, reason: &str) -> Result<DynamicObject> {
        eventually(A_ROLLOUT, &format!("{space}/{name} is there anew as {reason}"), async || {
            let rec = self.recs(space).get(name).await?;
            ensure!(rec.metadata.uid.as_deref() != Some(before), "it is that of before");
            let ready = condition(&rec, "Ready").cloned().unwrap_or_default();
            ensure!(ready["reason"] == reason, "{ready} {}", rec.data["status"]["gates"]);
            Ok(rec)
        })
        .await
    }

    /// The AppliedSizes record of a workload, under `workloads` or `history`.
    pub async fn noted(&self, space: &str, part: &str, key: &str) -> Result<Value> {
        let sizes = self.guarded.cluster.api("AppliedSizes", "appliedsizes", Some(space)).get_opt("trimtab").await?;
        Ok(sizes.map(|s| s.data["spec"][part][key].clone()).unwrap_or_default())
    }

    /// Removes all sizes of a namespace as an administrator does in an emergency. The object with them cannot be deleted,
    /// because of the decisions recorded there, which stay.
    pub async fn emergency(&self, space: &str, key: &str) -> Result<()> {
        let plane = &self.guarded.cluster.plane;
        let noted = self.noted(space, "history", key).await?;
        ensure!(noted.is_object(), "nothing is recorded about {space}/{key}");
        let deleted = plane.kubectl(&["delete", "appliedsizes", "trimtab", "-n", space, "--wait=false"]).await;
        let refused = deleted.err().context("the record was deleted")?.to_string();
        ensure!(refused.contains("this object also records which sizes people rejected"), "{refused}");
        let emptied = r#"[{"op":"replace","path":"/spec/workloads","value":{}}]"#;
        plane.kubectl(&["patch", "appliedsizes", "trimtab", "-n", space, "--type=json", "-p", emptied]).await?;
        self.has_no_entry(space, key).await?;
        let after = self.noted(space, "history", key).await?;
        ensure!(after == noted, "{after} is not {noted}");
        Ok(())
    }

    /// New pods get what the template says.
    pub async fn has_no_entry(&self, space: &str, key: &str) -> Result<()> {
        let entry = self.noted(space, "workloads", key).await?;
        ensure!(entry.is_null(), "{space}/{key} still has {entry}");
        Ok(())
    }

    /// The memory requests that resizes gave to each pod of a namespace, by pod and in order.
    pub fn resizes(&self, space: &str) -> Result<Vec<(String, Vec<String>)>> {
        let mut pods: Vec<(String, Vec<String>)> = Vec::new();
        for event in self.guarded.cluster.plane.audit().events()? {
            if event.namespace != space || event.code != 200 {
                continue;
            }
            let body = event.request_object.unwrap_or_default();
            let memory = body.pointer("/spec/containers/0/resources/requests/memory").and_then(Value::as_str);
            let memory = memory.unwrap_or("none").to_owned();
            match pods.iter_mut().find(|(pod, _)| *pod == event.name) {
                Some((_, sizes)) => sizes.push(memory),
                None => pods.push((event.name, vec![memory])),
            }
        }
        Ok(pods)
    }
}

pub fn stateful_set(space: &str, name: &str) -> Value {
    let mut set = deployment(space, name, 1);
    set["kind"] = json!("StatefulSet");
    set["spec"]["serviceName"] = json!(name);
    set
}
