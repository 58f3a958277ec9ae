//! A second proposal for a workload that is being changed. In: the bed, the workload. Out: that it waits for the first,
//! and its own changes are undone when it is deleted.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use crate::{
    bed::{Bed, api},
    end::reached,
    hands::{decide, delete},
    run::PATIENCE,
    scenario::{FORMER_CPU, SECOND, Scenario, Until, second},
    writes::Subject,
};

/// A person proposes something else for the workload of `subject`, and the approver approves it.
pub(crate) async fn propose(bed: &Bed, subject: &Subject) -> Result<()> {
    let namespace = Some(subject.namespace.as_str());
    let uid = api(&bed.admin, "apps/v1", "Deployment", namespace).get(&subject.workload).await?.metadata.uid;
    let (object, digest) = second(subject, &uid.context("no uid")?)?;
    let of = |client| api(client, "trimtab.dev/v1alpha1", "Recommendation", namespace);
    of(&bed.admin).create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    // As Trimtab soon would: the approver waits for the digest.
    let shown = Patch::Merge(json!({"status": {"proposalDigest": digest}}));
    of(&bed.trimtab).patch_status(SECOND, &PatchParams::default(), &shown).await?;
    let other = Subject { recommendation: SECOND.to_owned(), ..subject.clone() };
    decide(bed, &other, &digest, "Approved", "").await
}

/// Waits for the end of the first, and for the result of the second: where the size of the first is in force, or was
/// undone, it does not start; else it starts from the template's values, unless the first recorded an undo. Then it is
/// deleted, and its changes are undone.
pub(crate) async fn end(bed: &Bed, subject: &Subject, scenario: Scenario, until: Until) -> Result<()> {
    let recs = api(&bed.admin, "trimtab.dev/v1alpha1", "Recommendation", Some(&subject.namespace));
    // Where it was faster than the first, the first takes its turn once it is gone.
    let was_first = AtomicBool::new(false);
    eventually(PATIENCE, &format!("{} is {until:?}", subject.recommendation), async || {
        let other = recs.get_opt(SECOND).await?;
        let first = recs.get_opt(&subject.recommendation).await?;
        let none = first.as_ref().is_some_and(|rec| rec.data["status"]["rollout"].is_null());
        if none
            && other.is_some_and(|o| o.data["status"]["rollout"].is_object())
            && !was_first.swap(true, Ordering::Relaxed)
        {
            delete(bed, subject, SECOND).await?;
        }
        reached(first.as_ref(), until)
    })
    .await?;
    if !was_first.load(Ordering::Relaxed) {
        eventually(PATIENCE, "the second proposal is where it must be", async || {
            let rec = recs.get(SECOND).await?;
            let (rollout, gates) = (&rec.data["status"]["rollout"], &rec.data["status"]["gates"]);
            let waits = |reason: &str| rollout.is_null() && has(gates, reason);
            let begins = rollout["former"][0]["requests"]["cpu"] == FORMER_CPU;
            let right = match (until, scenario) {
                (Until::Applied, _) => waits("AnotherInForce"),
                (Until::RolledBack, _) => waits("BackingOff"),
                // Fast or slow: whether the first is already gone.
                (_, Scenario::PolicyDeleted) => begins || waits("BackingOff"),
                _ => begins,
            };
            ensure!(right, "{rollout} {gates}");
            Ok(())
        })
        .await?;
        delete(bed, subject, SECOND).await?;
    }
    eventually(PATIENCE, "the second proposal is gone", async || {
        let rec = recs.get_opt(SECOND).await?;
        ensure!(rec.is_none(), "{}", rec.map(|r| r.data["status"].clone()).unwrap_or_default());
        Ok(())
    })
    .await
}

fn has(gates: &Value, reason: &str) -> bool {
    gates.as_array().is_some_and(|gates| gates.iter().any(|gate| gate["reason"] == reason))
}
