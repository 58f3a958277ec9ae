#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use super::{Binding, Policy, check, recognise, recognise_all, since};
use crate::{Expected, GuardFault, Kind};

const ACCOUNT: &str = "system:serviceaccount:trimtab-system:trimtab";

/// The two objects as an API server returns them: with its defaults, and with the metadata and status that it keeps.
fn served() -> (Value, Value) {
    let expected = Expected::new(ACCOUNT).unwrap();
    let mut policy = serde_json::to_value(&expected.policy).unwrap();
    let on = &mut policy["spec"]["matchConstraints"];
    on["namespaceSelector"] = json!({});
    on["objectSelector"] = json!({});
    policy["metadata"]["creationTimestamp"] = json!("2026-11-21T12:00:00Z");
    policy["status"] = json!({"observedGeneration": 1, "typeChecking": {}});
    let mut binding = serde_json::to_value(&expected.binding).unwrap();
    binding["metadata"]["creationTimestamp"] = json!("2026-11-21T12:00:01Z");
    (policy, binding)
}

fn objects((policy, binding): (Value, Value)) -> (Policy, Binding) {
    (serde_json::from_value(policy).unwrap(), serde_json::from_value(binding).unwrap())
}

fn verdict(served: (Value, Value)) -> Result<(), GuardFault> {
    let (policy, binding) = objects(served);
    check(&Expected::new(ACCOUNT).unwrap(), Some(&policy), Some(&binding))
}

#[test]
fn what_is_shipped_is_accepted() {
    assert_eq!(verdict(served()), Ok(()));
    // An omitted default equals one that is filled in.
    let (mut policy, binding) = served();
    policy["spec"].as_object_mut().unwrap().remove("failurePolicy");
    let on = policy["spec"]["matchConstraints"].as_object_mut().unwrap();
    for key in ["matchPolicy", "namespaceSelector", "objectSelector"] {
        assert!(on.remove(key).is_some(), "{key}");
    }
    policy["spec"]["matchConditions"] = json!([]);
    policy["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id": "x"});
    assert_eq!(verdict((policy, binding)), Ok(()));
}

#[test]
fn another_account_is_the_only_edit() {
    let (mut policy, binding) = served();
    let account = policy["spec"]["variables"].as_array_mut().unwrap().iter_mut().find(|v| v["name"] == "trimtab");
    account.unwrap()["expression"] = json!("'system:serviceaccount:tools:sizer'");
    assert!(verdict((policy.clone(), binding.clone())).is_err());
    let (policy, binding) = objects((policy, binding));
    let other = Expected::new("system:serviceaccount:tools:sizer").unwrap();
    assert_eq!(check(&other, Some(&policy), Some(&binding)), Ok(()));
}

#[test]
fn what_is_missing_is_named() {
    let (policy, binding) = objects(served());
    let expected = Expected::new(ACCOUNT).unwrap();
    assert_eq!(check(&expected, None, Some(&binding)), Err(GuardFault::Missing(Kind::Policy)));
    assert_eq!(check(&expected, Some(&policy), None), Err(GuardFault::Missing(Kind::Binding)));
    let fault = check(&expected, None, None).unwrap_err();
    assert!(fault.to_string().contains("ValidatingAdmissionPolicy trimtab-approval is missing"), "{fault}");
    let what_to_do = trimtab_runtime::Explain::what_to_do(&fault);
    assert!(what_to_do.contains("kubectl apply --server-side --force-conflicts -f policies/"), "{what_to_do}");
    assert_eq!(trimtab_runtime::Explain::reason(&fault), "ApprovalGuardMissing");
}

/// The guard of release 0.1.0 as an API server returns it.
fn earlier() -> (Value, Value) {
    let shipped = Expected::read(include_str!("../../tests/releases/0.1.0.yaml"), ACCOUNT).unwrap();
    let (policy, binding) = served();
    let spec = |served: Value, spec: Value| {
        let mut object = served;
        object["spec"] = spec;
        object
    };
    (
        spec(policy, serde_json::to_value(shipped.policy.spec).unwrap()),
        spec(binding, serde_json::to_value(shipped.binding.spec).unwrap()),
    )
}

#[test]
fn the_guard_of_an_earlier_release_is_named_and_not_in_force() {
    let outdated = GuardFault::Outdated { release: "0.1.0", since: None };
    assert_eq!(verdict(earlier()), Err(outdated.clone()));
    let text = outdated.to_string();
    assert!(text.contains("is the guard of release 0.1.0, and this is release"), "{text}");
    assert_eq!(trimtab_runtime::Explain::reason(&outdated), "ApprovalGuardOutdated");
    let what_to_do = trimtab_runtime::Explain::what_to_do(&outdated);
    assert!(what_to_do.contains("-f policies/") && what_to_do.contains("stays approved"), "{what_to_do}");

    // Which one it is can be said without doubt, and what it lets through only where its rules fit the CRDs.
    let (policy, binding) = objects(earlier());
    let expected = Expected::new(ACCOUNT).unwrap();
    assert_eq!(recognise(&expected, Some(&policy), Some(&binding)), Ok(Some("0.1.0")));
    let (mut policy, binding) = earlier();
    policy["status"]["typeChecking"] =
        json!({"expressionWarnings": [{"fieldRef": "spec.validations[1].expression", "warning": "undefined field"}]});
    let (policy, binding) = objects((policy, binding));
    assert_eq!(recognise(&expected, Some(&policy), Some(&binding)), Err(outdated));
}

#[test]
fn the_guard_of_an_earlier_release_that_was_altered_is_none() {
    let (mut policy, binding) = earlier();
    policy["spec"]["validations"][0]["expression"] = json!("true");
    let fault = verdict((policy, binding)).unwrap_err();
    assert!(matches!(fault, GuardFault::Altered { .. }), "{fault}");
    let other = Expected::new("system:serviceaccount:tools:sizer").unwrap();
    let (policy, binding) = objects(earlier());
    let fault = check(&other, Some(&policy), Some(&binding)).unwrap_err();
    assert!(matches!(fault, GuardFault::Altered { .. }), "{fault}");
    assert_eq!(check(&Expected::new(ACCOUNT).unwrap(), Some(&policy), None), Err(GuardFault::Missing(Kind::Binding)));
}

type Change = fn(&mut Value, &mut Value);

const ALTERATIONS: &[(&str, Change, &str)] = &[
    ("a rule is gone", |p, _| drop(list(p, "validations").pop()), "spec.validations["),
    (
        "all rules are gone",
        |p, _| drop(p["spec"].as_object_mut().unwrap().remove("validations")),
        "spec.validations is missing",
    ),
    (
        "the first rule always holds",
        |p, _| p["spec"]["validations"][0]["expression"] = json!("true"),
        "spec.validations[0].expression differs",
    ),
    ("rules change places", |p, _| list(p, "validations").swap(0, 1), "spec.validations[0].expression differs"),
    ("a message is softened", |p, _| p["spec"]["validations"][0]["message"] = json!("hm"), "message differs"),
    (
        "a variable says another thing",
        |p, _| p["spec"]["variables"][2]["expression"] = json!("true"),
        "spec.variables[2]",
    ),
    (
        "a variable is added",
        |p, _| list(p, "variables").push(json!({"name": "x", "expression": "1"})),
        "should not be there",
    ),
    (
        "the account is another",
        |p, _| p["spec"]["variables"][0]["expression"] = json!("'system:serviceaccount:default:default'"),
        "spec.variables[0].expression differs",
    ),
    (
        "the account is everybody",
        |p, _| p["spec"]["variables"][0]["expression"] = json!("request.userInfo.username"),
        "spec.variables[0].expression differs",
    ),
    ("errors let requests through", |p, _| p["spec"]["failurePolicy"] = json!("Ignore"), "spec.failurePolicy differs"),
    (
        "updates are not asked about",
        |p, _| p["spec"]["matchConstraints"]["resourceRules"][0]["operations"] = json!(["CREATE", "DELETE"]),
        "spec.matchConstraints.resourceRules[0].operations[1] differs",
    ),
    (
        "the status is not asked about",
        |p, _| p["spec"]["matchConstraints"]["resourceRules"][0]["resources"] = json!(["recommendations"]),
        "spec.matchConstraints.resourceRules[0].resources[1] is missing",
    ),
    (
        "some names only",
        |p, _| p["spec"]["matchConstraints"]["resourceRules"][0]["resourceNames"] = json!(["deploy-web"]),
        "resourceNames should not be there",
    ),
    (
        "other versions are not asked about",
        |p, _| p["spec"]["matchConstraints"]["matchPolicy"] = json!("Exact"),
        "spec.matchConstraints.matchPolicy differs",
    ),
    (
        "some namespaces only",
        |p, _| p["spec"]["matchConstraints"]["namespaceSelector"] = json!({"matchLabels": {"a": "b"}}),
        "spec.matchConstraints.namespaceSelector.matchLabels should not be there",
    ),
    (
        "some objects only",
        |p, _| p["spec"]["matchConstraints"]["objectSelector"] = json!({"matchLabels": {"a": "b"}}),
        "spec.matchConstraints.objectSelector.matchLabels should not be there",
    ),
    (
        "something is excluded",
        |p, _| {
            p["spec"]["matchConstraints"]["excludeResourceRules"] = json!([{"apiGroups": ["trimtab.dev"],
                "apiVersions": ["*"], "operations": ["UPDATE"], "resources": ["recommendations"]}]);
        },
        "spec.matchConstraints.excludeResourceRules should not be there",
    ),
    (
        "somebody is exempt",
        |p, _| {
            p["spec"]["matchConditions"] = json!([{"name": "x", "expression": "request.userInfo.username != 'eve'"}])
        },
        "spec.matchConditions should not be there",
    ),
    (
        "it takes a parameter",
        |p, _| p["spec"]["paramKind"] = json!({"apiVersion": "v1", "kind": "ConfigMap"}),
        "spec.paramKind should not be there",
    ),
    ("it has no spec", |p, _| drop(p.as_object_mut().unwrap().remove("spec")), "spec is missing"),
    (
        "it warns and lets through",
        |_, b| b["spec"]["validationActions"] = json!(["Warn"]),
        "spec.validationActions[0] differs",
    ),
    ("it only notes", |_, b| b["spec"]["validationActions"] = json!(["Audit"]), "spec.validationActions[0] differs"),
    (
        "the binding is for some namespaces",
        |_, b| b["spec"]["matchResources"] = json!({"namespaceSelector": {"matchLabels": {"a": "b"}}}),
        "spec.matchResources should not be there",
    ),
    (
        "the binding has a parameter",
        |_, b| b["spec"]["paramRef"] = json!({"name": "x", "parameterNotFoundAction": "Allow"}),
        "spec.paramRef should not be there",
    ),
    ("the binding is for another policy", |_, b| b["spec"]["policyName"] = json!("other"), "spec.policyName differs"),
    (
        "the API server doubts a rule",
        |p, _| {
            p["status"]["typeChecking"] = json!({"expressionWarnings": [
                {"fieldRef": "spec.validations[1].expression", "warning": "trimtab.dev/v1alpha1:\n undefined field"}]});
        },
        "warns about ValidatingAdmissionPolicy trimtab-approval: spec.validations[1].expression: trimtab.dev/v1alpha1: undefined field",
    ),
    ("the policy is being deleted", |p, _| deleted(p), "ValidatingAdmissionPolicy trimtab-approval is being deleted"),
    (
        "the binding is being deleted",
        |_, b| deleted(b),
        "ValidatingAdmissionPolicyBinding trimtab-approval is being deleted",
    ),
];

fn list<'a>(object: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    object["spec"][key].as_array_mut().unwrap()
}

fn deleted(object: &mut Value) {
    object["metadata"]["deletionTimestamp"] = json!("2026-11-21T13:00:00Z");
}

#[test]
fn every_alteration_is_found() {
    for (what, change, says) in ALTERATIONS {
        let (mut policy, mut binding) = served();
        change(&mut policy, &mut binding);
        let Err(fault) = verdict((policy, binding)) else { panic!("not found: {what}") };
        assert!(fault.to_string().contains(says), "{what}: {fault}");
    }
}

/// Each line of the spec by itself: any change or removal is detected.
#[test]
fn no_part_of_the_spec_goes_unread() {
    let (policy, binding) = served();
    let mut places = Vec::new();
    leaves("/spec", &policy["spec"], &mut places);
    assert!(places.len() > 100, "{}", places.len());
    for place in places {
        let mut altered = policy.clone();
        let value = altered.pointer_mut(&place).unwrap();
        *value = json!(format!("{} ", value.as_str().unwrap()));
        assert!(verdict((altered, binding.clone())).is_err(), "{place}");
    }
}

fn leaves(at: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| leaves(&format!("{at}/{key}"), value, found)),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, value)| leaves(&format!("{at}/{i}"), value, found)),
        Value::String(_) => found.push(at.to_owned()),
        _ => {}
    }
}

#[test]
fn it_is_in_force_since_the_younger_of_the_two_was_made_or_first_seen_as_it_is() {
    let seen = "2026-11-21T14:00:00Z".parse().unwrap();
    let at = |policy: Value, binding: Value| {
        let (policy, binding) = objects((policy, binding));
        since(&policy, &binding, seen).map(|time| time.to_string())
    };
    let (mut policy, mut binding) = served();
    (policy["metadata"]["generation"], binding["metadata"]["generation"]) = (json!(1), json!(1));
    assert_eq!(at(policy.clone(), binding.clone()).as_deref(), Some("2026-11-21T12:00:01Z"));
    // Altered and restored, whatever the claimed date: it may have let something through meanwhile.
    for altered in [&mut policy.clone(), &mut binding.clone()] {
        altered["metadata"]["generation"] = json!(3);
        altered["metadata"]["managedFields"] =
            json!([{"manager": "x", "operation": "Update", "time": "2026-11-21T12:00:00Z"}]);
        let both = if altered["kind"] == policy["kind"] {
            (altered.clone(), binding.clone())
        } else {
            (policy.clone(), altered.clone())
        };
        assert_eq!(at(both.0, both.1).as_deref(), Some("2026-11-21T14:00:00Z"));
    }
    policy["metadata"].as_object_mut().unwrap().remove("creationTimestamp");
    assert_eq!(at(policy, binding), None);
}

/// The guard with a further policy beside it, which is the first one again.
fn two() -> [Expected; 2] {
    let one = Expected::new(ACCOUNT).unwrap();
    [one.clone(), one]
}

#[test]
fn all_policies_have_to_be_in_force() {
    let (policy, binding) = objects(served());
    let mut altered = policy.clone();
    altered.spec.as_mut().unwrap().failure_policy = Some("Ignore".to_owned());
    let good = (Some(&policy), Some(&binding));
    assert_eq!(recognise_all(&two(), &[good, good]), Ok(None));
    for (what, second) in [
        ("altered", (Some(&altered), Some(&binding))),
        ("without its binding", (Some(&policy), None)),
        ("missing", (None, None)),
    ] {
        assert!(recognise_all(&two(), &[good, second]).is_err(), "{what}");
        assert!(recognise_all(&two(), &[second, good]).is_err(), "{what}, and the first");
    }
    // What nobody has looked for is not there.
    assert_eq!(recognise_all(&two(), &[good]), Err(GuardFault::Missing(Kind::Policy)));
    assert!(recognise_all(&two(), &[]).is_err());
}

#[test]
fn the_policies_of_two_releases_are_not_those_of_one() {
    let ((policy, binding), earlier) = (objects(served()), objects(earlier()));
    let (good, earlier) = ((Some(&policy), Some(&binding)), (Some(&earlier.0), Some(&earlier.1)));
    let outdated = Err(GuardFault::Outdated { release: "0.1.0", since: None });
    assert_eq!(recognise_all(&two(), &[earlier, earlier]), Ok(Some("0.1.0")));
    assert_eq!(recognise_all(&two(), &[good, earlier]), outdated, "nothing is known of what both let through");
    assert_eq!(recognise_all(&two(), &[earlier, good]), outdated);
    // It did not ship the second one.
    assert_eq!(recognise_all(&two(), &[earlier, (None, None)]), Ok(Some("0.1.0")));
    assert!(recognise_all(&two(), &[earlier, (None, Some(&binding))]).is_err());
}
