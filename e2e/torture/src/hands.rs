//! What people and the cluster do to Recommendations during a rollout. In: the bed, a workload. Out: their writes.

use anyhow::{Context, Result, ensure};
use kube::api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams, PropagationPolicy};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use trimtab_e2e::eventually;

use crate::{
    bed::{APPROVER, Bed, api},
    end::{reached, ready},
    run::PATIENCE,
    scenario::{OWNER, Until},
    writes::Subject,
};

/// The approver decides on the proposal for `subject`. Another `reason` makes it another decision of the same kind.
pub(crate) async fn decide(bed: &Bed, subject: &Subject, digest: &str, decision: &str, reason: &str) -> Result<()> {
    let mut approval = json!({"decision": decision, "approver": APPROVER, "proposalDigest": digest});
    if !reason.is_empty() {
        approval["reason"] = json!(reason);
    }
    let patch = Patch::Merge(json!({"spec": {"approval": approval}}));
    let recs = api(&bed.approver, "trimtab.dev/v1alpha1", "Recommendation", Some(&subject.namespace));
    recs.patch(&subject.recommendation, &PatchParams::default(), &patch).await?;
    Ok(())
}

/// The garbage collector deletes the Recommendation `name`.
pub(crate) async fn delete(bed: &Bed, subject: &Subject, name: &str) -> Result<()> {
    let recs = api(&bed.collector, "trimtab.dev/v1alpha1", "Recommendation", Some(&subject.namespace));
    recs.delete(name, &DeleteParams::background()).await?;
    Ok(())
}

/// Deletes the workload of `subject` without its pods, and creates it again, which adopts them.
pub(crate) async fn recreate(bed: &Bed, subject: &Subject) -> Result<()> {
    let deployments = api(&bed.admin, "apps/v1", "Deployment", Some(&subject.namespace));
    let mut object = deployments.get(&subject.workload).await?;
    let orphan = DeleteParams { propagation_policy: Some(PropagationPolicy::Orphan), ..DeleteParams::default() };
    deployments.delete(&subject.workload, &orphan).await?;
    eventually(PATIENCE, &format!("{} is gone", subject.workload), async || {
        ensure!(deployments.get_opt(&subject.workload).await?.is_none(), "it is still there");
        Ok(())
    })
    .await?;
    let (name, namespace) = (object.metadata.name.take(), object.metadata.namespace.take());
    object.metadata = ObjectMeta { name, namespace, ..ObjectMeta::default() };
    object.data.as_object_mut().context("no object")?.remove("status");
    let created = PostParams { field_manager: Some("kubectl-create".to_owned()), ..PostParams::default() };
    deployments.create(&created, &object).await?;
    Ok(())
}

/// Creates the ConfigMap that owns a Recommendation. Returns the owner reference.
pub(crate) async fn owners(bed: &Bed, namespace: &str) -> Result<Value> {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": OWNER, "namespace": namespace}});
    bed.apply(&[map]).await?;
    let uid = api(&bed.admin, "v1", "ConfigMap", Some(namespace)).get(OWNER).await?.metadata.uid;
    Ok(json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": OWNER, "uid": uid.context("no uid")?}]))
}

/// Waits for the end of a rollout whose approval a gap of the guard may have invalidated: then it is approved again,
/// once the guard vouches for it.
pub(crate) async fn again(bed: &Bed, subject: &Subject, digest: &str, until: Until) -> Result<()> {
    let recs = api(&bed.admin, "trimtab.dev/v1alpha1", "Recommendation", Some(&subject.namespace));
    let given = Mutex::new(false);
    eventually(PATIENCE, &format!("{} is {until:?}", subject.recommendation), async || {
        let rec = recs.get_opt(&subject.recommendation).await?;
        let mut given = given.lock().await;
        if !*given && rec.as_ref().is_some_and(|rec| ready(rec)["reason"] == "ApprovalNotProven") {
            let decision = rec.as_ref().map(|r| r.data["spec"]["approval"]["decision"].clone()).unwrap_or_default();
            bed.settled().await;
            decide(bed, subject, digest, decision.as_str().context("no decision")?, "once more").await?;
            *given = true;
        }
        ensure!(rec.is_some() || until == Until::Gone, "it is gone");
        reached(rec.as_ref(), until)
    })
    .await
}
