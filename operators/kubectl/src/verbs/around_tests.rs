#![allow(clippy::unwrap_used)]
use serde::Deserialize;
use serde_json::{Value, json};

use super::guarded;
use crate::testkit::session;

/// The shipped guard as a server returns it, with these actions.
fn guard(actions: Value) -> Value {
    of_file(include_str!("../../../../policies/approval.yaml"), actions)
}

fn of_file(text: &str, actions: Value) -> Value {
    let documents = serde_yaml::Deserializer::from_str(text).map(|d| Value::deserialize(d).unwrap());
    let mut objects: Vec<Value> = documents.collect();
    objects[0]["metadata"]["generation"] = json!(1);
    objects[0]["status"] = json!({"observedGeneration": 1, "typeChecking": {}});
    objects[1]["spec"]["validationActions"] = actions;
    json!({
        "validatingadmissionpolicies/trimtab-approval": objects[0],
        "validatingadmissionpolicybindings/trimtab-approval": objects[1],
    })
}

#[tokio::test]
async fn nothing_is_undone_that_would_not_count() {
    assert!(guarded(&session(guard(json!(["Deny"])), 404)).await.is_ok());
    let earlier = of_file(include_str!("../../../guard/tests/releases/0.1.0.yaml"), json!(["Deny"]));
    assert!(guarded(&session(earlier, 404)).await.is_ok(), "it is guarded, and counts once the guard is replaced");
    for objects in [json!({}), guard(json!(["Audit"]))] {
        let refused = guarded(&session(objects.clone(), 404)).await.unwrap_err().to_string();
        assert!(refused.contains("not in force") && refused.contains("nothing was written"), "{objects} {refused}");
    }
}

#[tokio::test]
async fn policies_that_may_not_be_read_are_not_taken_for_none() {
    let none = session(json!({}), 404);
    assert_eq!(none.installed_policies().await.map(|all| all.len()), Ok(0), "the kind is not installed");
    assert!(none.policies().await.is_err());
    let forbidden = session(json!({}), 403);
    let why = forbidden.installed_policies().await.unwrap_err();
    assert_eq!(why, "no permission to read OptimizationPolicies");
}

#[tokio::test]
async fn sizes_by_admission_need_the_policy_and_its_binding_as_they_are_shipped() {
    let text = include_str!("../../../../policies/sizes.yaml");
    let documents = serde_yaml::Deserializer::from_str(text).map(|d| Value::deserialize(d).unwrap());
    let [policy, binding]: [Value; 2] = documents.collect::<Vec<_>>().try_into().unwrap();
    let mut another = binding.clone();
    another["spec"]["policyName"] = json!("another");
    let (policies, bindings) =
        ("mutatingadmissionpolicies/trimtab-sizes", "mutatingadmissionpolicybindings/trimtab-sizes");
    for (objects, lacks) in [
        (json!({policies: policy, bindings: binding}), None),
        (json!({policies: policy, bindings: another}), Some("is not that of this release: spec.policyName differs")),
        (json!({policies: policy}), Some("the MutatingAdmissionPolicyBinding is missing")),
        (json!({}), Some("Kubernetes 1.36 or newer")),
    ] {
        let found = session(objects.clone(), 404).sizes_admission().await.unwrap();
        assert_eq!(found.in_force, lacks.is_none(), "{objects}");
        assert!(lacks.is_none_or(|l| found.lacks.as_ref().unwrap().contains(l)), "{objects} {found:?}");
    }
}
