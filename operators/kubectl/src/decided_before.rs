//! What people rejected before: no policy approves that again. The rules are the controller's.
//!
//! In: the readable Recommendations and AppliedSizes. Out: whether a size was rejected. Pure.

use trimtab_api::{
    AppliedSizes, Approvable, applied_sizes::key, recommendation::Recommendation, resources::ContainerResources,
};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_rollout::{
    elsewhere::{Elsewhere, Past, Rejection},
    rejection::Shown,
    start,
};

use crate::words;

/// Earlier decisions, as far as they could be read.
#[derive(Debug, Default)]
pub struct DecidedBefore {
    /// Those on Recommendations that exist.
    pub recommendations: Vec<Recommendation>,
    /// Those on record, whatever became of their Recommendations.
    pub sizes: Vec<AppliedSizes>,
}

impl DecidedBefore {
    /// Whether somebody rejected `proposal`, or a size close to it, for the workload `id` with this `uid`.
    pub fn is_rejected(&self, id: &WorkloadId, uid: &str, proposal: &[ContainerResources]) -> bool {
        let here = |namespace: Option<&str>| namespace == Some(&*id.namespace);
        let mut of_namespace = self.sizes.iter().filter(|sizes| here(sizes.metadata.namespace.as_deref()));
        let record = of_namespace.find_map(|sizes| sizes.spec.history.get(&key(id)));
        let about = |rec: &&Recommendation| {
            let target = &rec.spec.target_ref;
            here(rec.metadata.namespace.as_deref())
                && WorkloadKind::of(&target.api_version, &target.kind) == Some(id.kind)
                && *target.name == *id.name
        };
        let of_workload = self.recommendations.iter().filter(about);
        let others: Vec<Elsewhere> = of_workload.filter_map(|rec| rejected(rec, uid)).collect();
        Past { record, others: &others }.rejected(&start::wanted(proposal, None, Some(uid))).is_some()
    }
}

/// What somebody rejected on `rec` for the workload with this uid.
fn rejected(rec: &Recommendation, uid: &str) -> Option<Elsewhere> {
    let status = rec.status.as_ref();
    let shown = Shown {
        target: &rec.spec.target_ref,
        proposal: &rec.spec.proposal.containers,
        digest: rec.shown_digest()?,
        approval: rec.spec.approval.as_ref(),
        honoured: status.and_then(|status| status.approval.as_ref()),
        rollout: status.and_then(|status| status.rollout.as_ref()),
    };
    let rejected = Some(Rejection::of(shown, uid)?);
    Some(Elsewhere { on: words::name(rec).to_owned(), rejected, ..Elsewhere::default() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::testkit::{DIGEST, rec, rollout};

    #[test]
    fn a_rejection_counts_for_its_workload_and_its_size() {
        let approval = |decision: &str, digest: &str| json!({"spec": {"approval": {"decision": decision, "approver": "ada", "proposalDigest": digest}}});
        let size = rec(json!({})).spec.proposal.containers;
        for (change, workload, expected) in [
            (approval("Rejected", DIGEST), "web", true),
            (approval("Rejected", DIGEST), "api", false),
            (approval("Rejected", "sha256:00000000"), "web", false),
            (approval("Approved", DIGEST), "web", false),
            (json!({}), "web", false),
        ] {
            let rec = rec(change.clone());
            let uid = rec.spec.target_ref.uid.clone().unwrap_or_default();
            let before = DecidedBefore { recommendations: vec![rec], sizes: Vec::new() };
            let id = WorkloadId::new(WorkloadKind::Deployment, "shop", workload);
            assert_eq!(before.is_rejected(&id, &uid, &size), expected, "{change} {workload}");
        }
    }

    #[test]
    fn a_rejection_counts_for_what_was_in_force_and_for_what_is_on_record() {
        let (earlier, id) = ("sha256:00000000", WorkloadId::new(WorkloadKind::Deployment, "shop", "web"));
        let size = |cpu: &str| json!([{"name": "app", "requests": {"cpu": cpu, "memory": "256Mi"}, "limits": {"memory": "256Mi"}}]);
        let is_rejected = |before: &DecidedBefore, uid: &str, cpu: &str| {
            before.is_rejected(&id, uid, &serde_json::from_value::<Vec<ContainerResources>>(size(cpu)).unwrap())
        };
        let undone = rec(json!({
            "spec": {"approval": {"decision": "Rejected", "approver": "ada", "proposalDigest": earlier}},
            "status": {"rollout": rollout(json!({"proposalDigest": earlier, "desired": size("300m")}))}}));
        let before = DecidedBefore { recommendations: vec![undone], sizes: Vec::new() };
        let found =
            [("w-1", "300m"), ("w-1", "120m"), ("w-2", "300m")].map(|(uid, cpu)| is_rejected(&before, uid, cpu));
        assert_eq!(
            found,
            [true, false, false],
            "a rollout of another workload of the name says nothing about this one"
        );

        let sizes = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "AppliedSizes",
            "metadata": {"name": "trimtab", "namespace": "shop"}, "spec": {"workloads": {}, "history": {"Deployment/web":
                {"rejected": [{"by": "ada", "since": "2026-11-21T11:58:00Z", "containers": size("300m")}]}}}});
        let before = DecidedBefore { recommendations: Vec::new(), sizes: vec![serde_json::from_value(sizes).unwrap()] };
        let found =
            [("w-1", "300m"), ("w-1", "120m"), ("w-2", "300m")].map(|(uid, cpu)| is_rejected(&before, uid, cpu));
        assert_eq!(found, [true, false, true], "the record is about the name");
        // A limit alone is the request, too.
        let limit = json!([{"name": "app", "requests": {"cpu": "300m"}, "limits": {"memory": "256Mi"}}]);
        assert!(before.is_rejected(&id, "w-1", &serde_json::from_value::<Vec<ContainerResources>>(limit).unwrap()));
    }
}
