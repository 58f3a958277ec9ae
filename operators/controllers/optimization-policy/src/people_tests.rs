#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use trimtab_api::risk::RiskLevel;

use super::*;

/// A person's proposal with this status.
fn rec(status: &Value) -> Recommendation {
    serde_json::from_value(json!({
        "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
        "metadata": {"name": "idea", "namespace": "shop", "uid": "u-1", "generation": 3},
        "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "proposal": {"containers": [{"name": "app", "requests": {"memory": "100Mi"}}]}},
        "status": status,
    }))
    .unwrap()
}

fn row(rec: &Recommendation) -> RecommendationRow {
    RecommendationRow::of(rec).unwrap()
}

fn now_digest() -> String {
    row(&rec(&json!({}))).digest
}

fn risk(level: &str, reasons: &[&str], digest: Option<&str>) -> Value {
    let factors: Vec<Value> =
        reasons.iter().map(|reason| json!({"reason": reason, "level": level, "message": "words"})).collect();
    json!({"level": level, "factors": factors, "proposalDigest": digest})
}

fn rollout(stage: &str, digest: &str) -> Value {
    json!({"proposalDigest": digest, "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "u", "template": "1", "stage": stage,
        "step": 1, "steps": 1, "progress": "1/1", "started": "2026-01-01T00:00:00Z", "delivery": "Manual",
        "stageSince": "2026-01-01T00:00:00Z", "former": [], "desired": [], "result": (stage == "Ended").then_some("Applied"),
        "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}})
}

#[test]
fn what_has_no_risk_of_its_own_waits_for_one() {
    let digest = now_digest();
    for (case, status, waits, assessed) in [
        ("new", json!({}), true, true),
        ("its digest is shown", json!({"proposalDigest": digest}), true, true),
        ("assessed", json!({"risk": risk("Low", &[], Some(&digest))}), false, true),
        ("it was another proposal then", json!({"risk": risk("Low", &[], Some("sha256:00000000"))}), true, true),
        ("it does not say which proposal", json!({"risk": risk("Low", &[], None)}), true, true),
        ("it is under way", json!({"proposalDigest": digest, "rollout": rollout("Resizing", &digest)}), true, false),
        (
            "it is in force, with the risk that was agreed to",
            json!({"proposalDigest": digest, "rollout": rollout("Ended", &digest), "risk": risk("High", &["A"], Some(&digest))}),
            false,
            false,
        ),
        (
            "it is in force from a time without risks",
            json!({"proposalDigest": digest, "rollout": rollout("Ended", &digest)}),
            true,
            true,
        ),
    ] {
        let row = row(&rec(&status));
        assert_eq!((is_waiting(&row), is_assessed(&row)), (waits, assessed), "{case}");
    }
    let mut going = rec(&json!({}));
    going.metadata.deletion_timestamp = Some(serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap());
    assert!(!is_assessed(&row(&going)));
    let mut made = rec(&json!({}));
    made.spec.policy_ref = Some(serde_json::from_value(json!({"name": "services"})).unwrap());
    assert!(!is_assessed(&row(&made)), "a policy's risk is written with its figures");
}

#[test]
fn an_approval_does_not_make_a_risk_old_and_another_proposal_does() {
    let digest = now_digest();
    let mut changed = rec(&json!({"risk": risk("Low", &[], Some(&digest))}));
    changed.metadata.generation = Some(4);
    changed.spec.approval = Some(
        serde_json::from_value(json!({"decision": "Approved", "approver": "ben", "proposalDigest": digest})).unwrap(),
    );
    assert!(!is_waiting(&row(&changed)));
    changed.spec.proposal.containers[0].requests.memory = Some(trimtab_api::quantity::Quantity("1Mi".into()));
    assert!(is_waiting(&row(&changed)));
}

#[test]
fn a_risk_is_written_where_it_says_something_else_and_alone() {
    let digest = now_digest();
    let found = risk::in_doubt("TargetNotFound", "there is no Deployment web".into());
    for (case, before, written) in [
        ("none", json!({}), true),
        ("the same in other words", json!({"risk": risk("High", &["TargetNotFound"], Some(&digest))}), false),
        ("another level", json!({"risk": risk("Low", &["TargetNotFound"], Some(&digest))}), true),
        ("another reason", json!({"risk": risk("High", &["NotMeasured"], Some(&digest))}), true),
        ("of another proposal", json!({"risk": risk("High", &["TargetNotFound"], Some("sha256:00000000"))}), true),
    ] {
        let row = row(&rec(&before));
        let Some(rec) = object(&row, found.clone()) else {
            assert!(!written, "{case}");
            continue;
        };
        assert!(written, "{case}");
        assert_eq!((rec.metadata.name.as_deref(), rec.metadata.namespace.as_deref()), (Some("idea"), Some("shop")));
        assert_eq!(rec.metadata.uid.as_deref(), Some("u-1"), "a later one of that name is left alone");
        let status = serde_json::to_value(rec.status.unwrap()).unwrap();
        let fields: Vec<&String> = status.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["risk"], "{case}: the rest is the recommendation controller's");
        assert_eq!(status["risk"]["proposalDigest"], json!(digest));
        assert_eq!(status["risk"]["level"], json!(RiskLevel::High));
    }
}
