//! What the widened guard decides about the kinds of today is what the installed one decides, in the same words.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    policy::Validating,
    requests::{ADA, BOB, COLLECTOR, EVE, Request, TRIMTAB, with},
};

const DIGEST: &str = "sha256:0123";

/// States of a Recommendation that rules tell apart.
fn recommendations() -> Vec<Value> {
    let bare = json!({"metadata": {"name": "mine", "namespace": "shop"},
        "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "proposal": {"containers": [{"name": "app"}]}}});
    let shown = with(
        &bare,
        &json!({"status": {"proposalDigest": DIGEST},
        "metadata": {"annotations": {"trimtab.dev/requested-by": "ada"}}}),
    );
    let decided = |decision: &str, by: &str, digest: &str| {
        let held = json!([{"manager": "kubectl", "operation": "Update", "time": "2026-11-21T12:00:00Z",
            "fieldsV1": {"f:spec": {"f:approval": {"f:decision": {}}}}}]);
        with(
            &shown,
            &json!({"metadata": {"managedFields": held},
            "spec": {"approval": {"decision": decision, "approver": by, "proposalDigest": digest}}}),
        )
    };
    let rolled = |stage: &str, result: Value| {
        with(
            &decided("Approved", "bob", DIGEST),
            &json!({"status": {"risk": {"level": "Low", "proposalDigest": DIGEST},
            "rollout": {"stage": stage, "result": result, "proposalDigest": "sha256:0000"}}}),
        )
    };
    let rejected = decided("Rejected", "ada", DIGEST);
    let recorded =
        json!({"status": {"approval": {"decision": "Rejected", "proposalDigest": DIGEST, "by": {"name": "ada"}}}});
    let renewed = json!({"metadata": {"managedFields": [{"manager": "other", "operation": "Update", "time": "2026-11-21T12:00:01Z",
        "fieldsV1": {"f:spec": {"f:approval": {"f:decision": {}}}}}]}});
    vec![
        bare.clone(),
        shown.clone(),
        with(&shown, &json!({"status": {"risk": {"level": "High", "proposalDigest": DIGEST}}})),
        with(
            &shown,
            &json!({"metadata": {"finalizers": ["trimtab.dev/settle"], "deletionTimestamp": "2026-11-21T12:00:00Z"}}),
        ),
        with(
            &shown,
            &json!({"metadata": {"name": "deploy-web", "labels": {"trimtab.dev/policy": "p"}}, "spec": {"policyRef": {"name": "p"}}}),
        ),
        with(&shown, &json!({"spec": {"proposal": {"containers": [{"name": "other"}]}}})),
        decided("Approved", "ada", DIGEST),
        with(&decided("Approved", "ada", DIGEST), &renewed),
        decided("Approved", "eve", DIGEST),
        decided("Rejected", "ada", "sha256:0000"),
        rejected.clone(),
        with(&rejected, &json!({"metadata": {"ownerReferences": [{"name": "x"}]}})),
        with(&rejected, &recorded),
        rolled("Watching", Value::Null),
        with(&rolled("Ended", json!("Applied")), &json!({"metadata": {"finalizers": ["trimtab.dev/settle"]}})),
    ]
}

fn sizes() -> Vec<Value> {
    let bare =
        json!({"metadata": {"name": "trimtab", "namespace": "shop"}, "spec": {"workloads": {"Deployment/web": {}}}});
    vec![
        bare.clone(),
        with(&bare, &json!({"spec": {"workloads": null}})),
        with(&bare, &json!({"spec": {"history": {"Deployment/web": {"rejected": []}}}})),
        with(&bare, &json!({"metadata": {"annotations": {"a": "b"}}, "spec": {"workloads": null}})),
    ]
}

fn profiles() -> Vec<Value> {
    let bare = json!({"metadata": {"name": "deploy-web", "namespace": "shop"}, "spec": {}});
    vec![bare.clone(), with(&bare, &json!({"spec": {"x": 1}}))]
}

#[test]
fn the_widened_guard_decides_about_the_kinds_of_today_as_the_installed_one() {
    let installed = Validating::read(include_str!("../../../../policies/approval.yaml"));
    let widened = Validating::read(include_str!("../../drafts/approval.yaml"));
    let (mut words, mut passed) = (BTreeSet::new(), 0);
    let mut same = |request: &Request<'_>| {
        let (one, other) = (installed.refusal(request), widened.refusal(request));
        assert_eq!(one, other, "{request:?}");
        match one {
            None => passed += 1,
            Some(text) => {
                assert!(!text.starts_with("error"), "{text}: {request:?}");
                words.insert(text);
            }
        }
    };
    for user in [EVE, ADA, BOB, TRIMTAB, COLLECTOR] {
        for (resource, status, states) in [
            ("recommendations", "recommendations/status", recommendations()),
            ("appliedsizes", "", sizes()),
            ("usageprofiles", "usageprofiles/status", profiles()),
        ] {
            for old in &states {
                same(&Request::create(resource, &user, with(old, &json!({"status": null}))));
                same(&Request::delete(resource, &user, old.clone()));
                for new in &states {
                    // Its name does not change, nor does its status where that is a subresource.
                    let kept = json!({"metadata": {"name": old["metadata"]["name"]}, "status": old["status"]});
                    let mut new = with(new, &json!({"status": null}));
                    new = with(&new, &kept);
                    same(&Request::update(resource, &user, old.clone(), new.clone()));
                    if !status.is_empty() {
                        same(&Request::update(status, &user, old.clone(), new));
                    }
                }
            }
        }
    }
    assert!(words.len() >= 25 && passed >= 300, "{passed} were let through, {} words: {words:#?}", words.len());
}
