//! Recommendations as objects: what is sent to the API server for a draft.
//!
//! In: a draft and its workload. Out: the spec part and the status part, each for its own write. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use trimtab_api::{
    Recommendation, RecommendationSpec, RecommendationStatus,
    conditions::{recommendation as reasons, types},
    names::{POLICY_LABEL, WORKLOAD_KIND_LABEL, about_workload, label_value},
    recommendation::{PolicyRef, RecommendationType},
    target::TargetRef,
};
use trimtab_core::{
    WorkloadId,
    conditions::{merge, no_page},
};
use trimtab_engine::standing::{self, Standing};
use trimtab_recommendation_row::RecommendationRow;

use crate::outcome::Draft;

/// The policy behind a Recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyIdentity {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// The name of a workload's right-sizing Recommendation: `deploy-web`, `sts-db`, `cronjob-report`.
pub fn name(workload: &WorkloadId) -> String {
    about_workload(workload.kind.label(), &workload.name, "")
}

/// The Recommendation without its status. Its policy does not own it: the garbage collector would delete the records of
/// sizes in force and rollouts under way along with the policy. The approval is not part of it: it belongs to whoever
/// approves.
pub fn recommendation(policy: &PolicyIdentity, workload: &WorkloadId, draft: &Draft) -> Recommendation {
    let labels = BTreeMap::from([
        (POLICY_LABEL.to_owned(), label_value(&policy.name).to_owned()),
        (WORKLOAD_KIND_LABEL.to_owned(), workload.kind.as_str().to_owned()),
    ]);
    Recommendation {
        metadata: ObjectMeta {
            name: Some(name(workload)),
            namespace: Some(workload.namespace.to_string()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        spec: RecommendationSpec {
            kind: RecommendationType::RightSize,
            target_ref: TargetRef {
                api_version: workload.kind.api_version().to_owned(),
                kind: workload.kind.as_str().to_owned(),
                name: workload.name.to_string(),
                uid: Some(draft.uid.clone()),
            },
            policy_ref: Some(PolicyRef { name: policy.name.clone() }),
            proposal: draft.proposal.clone(),
            approval: None,
        },
        status: None,
    }
}

/// The status of a Recommendation with this draft; `generation` is that of the object to which it is written.
pub fn status(
    draft: &Draft,
    row: Option<&RecommendationRow>,
    generation: Option<i64>,
    now: Timestamp,
) -> RecommendationStatus {
    RecommendationStatus {
        observed_generation: generation,
        conditions: conditions(row, generation, now),
        summary: Some(draft.summary.clone()),
        current: draft.current.clone(),
        proposal_digest: Some(draft.digest.clone()),
        confidence_percent: Some(draft.confidence_percent),
        risk: Some(draft.risk.clone()),
        savings: Some(draft.savings.clone()),
        evidence: Some(draft.evidence.clone()),
        explanation: Some(draft.explanation.clone()),
        patch: Some(draft.patch.clone()),
        // Approval, gates, rollout and realised savings belong to the recommendation controller.
        ..RecommendationStatus::default()
    }
}

/// The conditions of a proposal without a decision. From then on they belong to the recommendation controller, and are
/// not part of what is applied here; they are written here at first, so that a new object always has them and needs no
/// further write.
fn conditions(row: Option<&RecommendationRow>, generation: Option<i64>, now: Timestamp) -> Vec<Condition> {
    let before: &[Condition] = row.map_or(&[], |row| &row.conditions);
    let word = before.iter().find(|c| c.type_ == types::READY).map(|c| c.reason.as_str());
    if word.is_some_and(|word| word != reasons::PENDING_APPROVAL) {
        return Vec::new();
    }
    merge(before, &standing::conditions(&Standing::Pending), no_page, generation, now)
}
