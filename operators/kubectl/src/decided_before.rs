//! What people rejected before, as the controller finds it: no policy approves that again.
//!
//! In: the readable Recommendations and AppliedSizes. Out: whether a size was rejected. Pure.

use trimtab_api::{AppliedSizes, approval::Decision, recommendation::Recommendation, resources::ContainerResources};
use trimtab_core::WorkloadId;
use trimtab_rollout::elsewhere::{Elsewhere, Past, Rejection};

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
        let key = format!("{}/{}", id.kind.as_str(), id.name);
        let here = |namespace: Option<&str>| namespace == Some(&*id.namespace);
        let mut of_namespace = self.sizes.iter().filter(|sizes| here(sizes.metadata.namespace.as_deref()));
        let record = of_namespace.find_map(|sizes| sizes.spec.history.get(&key));
        let about = |rec: &&Recommendation| {
            let target = &rec.spec.target_ref;
            here(rec.metadata.namespace.as_deref())
                && target.kind == id.kind.as_str()
                && *target.name == *id.name
                && target.uid.as_deref().is_none_or(|of| of == uid)
        };
        let others: Vec<Elsewhere> = self.recommendations.iter().filter(about).filter_map(rejected).collect();
        Past { record, others: &others }.rejected(proposal).is_some()
    }
}

/// The present proposal of `rec`, where it is rejected.
fn rejected(rec: &Recommendation) -> Option<Elsewhere> {
    let approval = rec.spec.approval.as_ref().filter(|a| a.decision == Decision::Rejected)?;
    (words::digest(rec) == Some(approval.proposal_digest.as_str())).then(|| Elsewhere {
        on: words::name(rec).to_owned(),
        rejected: Some(Rejection {
            by: approval.approver.clone(),
            since: None,
            containers: rec.spec.proposal.containers.clone(),
        }),
        ..Elsewhere::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trimtab_core::WorkloadKind;

    use super::DecidedBefore;
    use crate::testkit::{DIGEST, rec};

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
            let id = trimtab_core::WorkloadId::new(WorkloadKind::Deployment, "shop", workload);
            assert_eq!(before.is_rejected(&id, &uid, &size), expected, "{change} {workload}");
        }
    }
}
