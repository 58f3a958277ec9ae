#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;

/// The row of a policy's Recommendation with this approval and this status.
fn row(approval: Value, status: Value) -> RecommendationRow {
    RecommendationRow::of(&object("RightSize", approval, status)).unwrap()
}

fn object(kind: &str, approval: Value, status: Value) -> Recommendation {
    serde_json::from_value(json!({
        "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
        "metadata": {"name": "deploy-web", "namespace": "shop", "uid": "u-1", "resourceVersion": "7",
            "managedFields": [{"manager": "trimtab"}]},
        "spec": {"type": kind, "policyRef": {"name": "p"}, "approval": approval,
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "proposal": {"containers": [{"name": "app", "requests": {"memory": "100Mi"}}]}},
        "status": status,
    }))
    .unwrap()
}

fn rollout(result: &str) -> Value {
    json!({"proposalDigest": "sha256:1", "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "u",
        "template": "1", "stage": "Ended", "step": 1, "steps": 1, "progress": "1/1",
        "started": "2026-01-01T00:00:00Z", "stageSince": "2026-01-01T00:00:00Z", "delivery": "Manual", "former": [],
        "desired": [], "result": result,
        "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}})
}

fn complete() -> Value {
    json!({
        "proposalDigest": "sha256:1", "confidencePercent": 90,
        "risk": {"level": "Low", "factors": [{"reason": "ShortHistory", "level": "Low", "message": "words"}]},
        "savings": {"monthly": "-1.50", "currency": "USD", "priceSource": "list", "pods": 2},
        "evidence": {"source": "Prometheus", "from": "1970-01-01T00:00:05Z", "to": "1970-01-01T00:00:09Z",
            "replayedDays": 1, "heldDays": 1, "algorithm": "v1/Balanced", "containers": []},
    })
}

#[test]
fn other_types_have_no_row() {
    assert!(RecommendationRow::of(&object("Replicas", json!(null), json!({}))).is_none());
}

#[test]
fn figures_are_there_when_all_of_them_are() {
    let of = |status: Value| row(json!(null), status);
    let whole = of(complete());
    let figures = whole.figures().unwrap();
    assert_eq!((figures.digest, figures.confidence_percent), ("sha256:1", 90));
    assert_eq!((figures.monthly.fixed(2).as_str(), figures.savings.pods), ("-1.50", 2));
    assert_eq!((figures.evidence.algorithm.as_str(), figures.evidence.samples_s), ("v1/Balanced", (5, 9)));
    assert_eq!(figures.risk.reasons, ["ShortHistory"]);
    assert!(of(json!({})).figures().is_none());
    for missing in ["proposalDigest", "confidencePercent", "risk", "savings", "evidence"] {
        let mut status = complete();
        status.as_object_mut().unwrap().remove(missing);
        assert!(of(status).figures().is_none(), "without {missing}");
    }
    let mut status = complete();
    status["savings"]["monthly"] = json!("much");
    let unreadable = of(status);
    assert!(unreadable.figures().is_none());
    assert_eq!(unreadable.savings.unwrap().monthly, "much", "the text stays");
}

#[test]
fn only_a_decision_needs_the_object_for_the_guard() {
    assert!(row(json!(null), complete()).for_guard.is_none());
    let decision = |decision: &str| json!({"decision": decision, "approver": "kim", "proposalDigest": "sha256:1"});
    for (word, with_rollout) in [("Approved", false), ("Rejected", true)] {
        let mut status = complete();
        status["rollout"] = rollout("Applied");
        let rec = row(decision(word), status).for_guard.unwrap();
        assert_eq!(rec.metadata.managed_fields.map(|all| all.len()), Some(1), "{word}");
        let status = rec.status.unwrap();
        assert_eq!((status.rollout.is_some(), status.evidence), (with_rollout, None), "{word}");
    }
}

#[test]
fn what_was_undone_saves_nothing_from_then_on() {
    let saved = |result: &str| {
        let status = json!({"rollout": rollout(result), "realisedSavings": {"monthly": "11.5", "total": "0.4212",
            "currency": "USD", "pods": 1, "since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}});
        let saved = row(json!(null), status).realised_amounts().unwrap();
        (saved.monthly.fixed(2), saved.total.fixed(4), saved.currency)
    };
    let of = |monthly: &str| (monthly.to_owned(), "0.4212".to_owned(), "USD".to_owned());
    assert_eq!(saved("Applied"), of("11.50"));
    assert_eq!(saved("RolledBack"), of("0.00"));
    assert_eq!(saved("Superseded"), of("0.00"));
    assert_eq!(row(json!(null), json!({})).realised_amounts(), None);
}
