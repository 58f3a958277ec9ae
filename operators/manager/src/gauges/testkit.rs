//! Objects for the tests of gauges. In: a name, a status. Out: a Recommendation or its row.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::{Value, json};
use trimtab_api::Recommendation;
use trimtab_recommendation_row::RecommendationRow;

/// A condition with this status and reason.
pub fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": "", "lastTransitionTime": "2026-11-21T10:00:00Z"})
}

/// A rollout in this stage since then.
pub fn rollout(stage: &str, since: &str) -> Value {
    json!({"proposalDigest": "sha256:1", "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "u", "template": "1", "stage": stage, "step": 1,
        "steps": 1, "progress": "0/1", "started": since, "stageSince": since, "former": [], "desired": [],
        "delivery": "Manual", "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0,
        "readyNeighbours": 0}})
}

/// A Recommendation of policy `p` with this status.
pub fn recommendation(name: &str, status: Value) -> Recommendation {
    serde_json::from_value(json!({
        "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"type": "RightSize", "policyRef": {"name": "p"}, "proposal": {"containers": []},
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}},
        "status": status}))
    .unwrap()
}

/// The row of such a Recommendation.
pub fn row_of(name: &str, status: Value) -> Arc<RecommendationRow> {
    Arc::new(RecommendationRow::of(&recommendation(name, status)).unwrap())
}
