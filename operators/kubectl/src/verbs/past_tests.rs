#![allow(clippy::unwrap_used)]
use serde_json::json;

use super::back_off;
use crate::testkit::{rec, rollout, session};

#[tokio::test]
async fn a_back_off_is_found_wherever_it_is_written_and_nothing_is_made_up() {
    let undone = json!({"proposalDigest": "sha256:00000000", "ended": "2026-11-21T11:00:00Z", "rollbacks": 1, "message": "OOMKills: 1"});
    let sizes = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "AppliedSizes", "metadata": {"name": "trimtab", "namespace": "shop"},
        "spec": {"workloads": {}, "history": {"Deployment/web": {"undone": [undone]}}}});
    let last = rollout(json!({"proposalDigest": "sha256:00000000", "stage": "Ended", "result": "RolledBack",
        "ended": "2026-11-21T11:00:00Z", "rollbacks": 1,
        "undo": {"reason": "ChecksFailed", "message": "OOMKills: 1", "since": "2026-11-21T10:59:00Z"}}));
    let other = rec(json!({"metadata": {"name": "other"}, "status": {"rollout": last}}));
    let list =
        json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "RecommendationList", "metadata": {}, "items": [other]});
    let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "w-1"}});
    // A person's proposal need not name the uid.
    let mine = rec(json!({"metadata": {"name": "mine"}, "spec": {"policyRef": null, "targetRef": {"uid": null}}}));
    for (what, objects, expected) in [
        ("on record", json!({"namespaces/shop/appliedsizes/trimtab": sizes}), Some("according to AppliedSizes")),
        (
            "on another",
            json!({"namespaces/shop/recommendations": list, "deployments/web": web}),
            Some("on Recommendation other"),
        ),
        ("on another, perhaps of a former workload", json!({"namespaces/shop/recommendations": list}), None),
        ("nothing may be read", json!({}), None),
    ] {
        let gate = back_off(&session(objects, 403), &mine).await;
        let said = gate.as_ref().map(|gate| format!("{} {}", gate.reason, gate.message));
        assert_eq!(said.is_some(), expected.is_some(), "{what}: {said:?}");
        let found = said.zip(expected).is_none_or(|(said, part)| said.starts_with("BackingOff") && said.contains(part));
        assert!(found, "{what}: {gate:?}");
    }
}
