#![allow(clippy::unwrap_used)]
use serde_json::json;

use super::*;
use crate::testkit::{DIGEST, rec};

fn by_hand(containers: Value) -> Recommendation {
    let status = json!({"current": null, "summary": null, "savings": null, "confidencePercent": null,
        "risk": {"proposalDigest": DIGEST}});
    rec(json!({"spec": {"policyRef": null, "proposal": {"containers": containers}}, "status": status}))
}

fn gift() -> Value {
    json!([{"name": "app", "requests": {"cpu": "3900m", "memory": "15Gi"}, "limits": {"memory": "15Gi"}}])
}

fn template(resources: Value) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "resources": resources}]}}}})
}

fn said(rec: &Recommendation, workload: Option<&Value>) -> String {
    changes(rec, &present(rec, workload)).join("  ")
}

#[test]
fn what_a_person_proposes_is_told_in_amounts() {
    let rec = by_hand(gift());
    assert!(!is_present_known(&rec));
    assert_eq!(said(&rec, None), "3900m  15Gi (limit 15Gi)");
    for (resources, expected) in [
        (
            json!({"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}),
            "500m→3900m  1Gi→15Gi (limit 1Gi→15Gi)",
        ),
        // The same amount in other words stays; an absent one is named.
        (
            json!({"requests": {"cpu": "3.9"}, "limits": {"cpu": 4}}),
            "3900m (limit 4→unset)  unset→15Gi (limit unset→15Gi)",
        ),
        (json!({}), "unset→3900m  unset→15Gi (limit unset→15Gi)"),
    ] {
        assert_eq!(said(&rec, Some(&template(resources.clone()))), expected, "{resources}");
    }
    // A template without that container tells nothing about it.
    assert_eq!(said(&rec, Some(&json!({}))), "3900m  15Gi (limit 15Gi)");
}

#[test]
fn several_containers_are_named() {
    let two = json!([{"name": "app", "requests": {"cpu": "1"}, "limits": {}}, {"name": "log", "requests": {"memory": "32Mi"}, "limits": {"cpu": "1"}}]);
    assert_eq!(
        said(&by_hand(two), Some(&template(json!({"requests": {"cpu": "2"}})))),
        "app 2→1, log - (limit 1)  log 32Mi"
    );
}

#[test]
fn what_a_policy_proposes_has_its_summary() {
    let rec = rec(json!({}));
    assert!(is_present_known(&rec));
    assert_eq!(said(&rec, None), "500m→120m  512Mi→256Mi (limit 512Mi→256Mi)");
    let other = template(json!({"requests": {"cpu": "9"}}));
    assert_eq!(present(&rec, Some(&other)), rec.status.clone().unwrap().current, "the status takes precedence");
}
