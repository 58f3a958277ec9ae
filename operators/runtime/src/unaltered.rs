//! Whether an admission policy or its binding is as it was shipped. Pure.
//!
//! In: the spec of the manifest, and the spec that the API server returns. Out: the first place that differs, and how; or
//! what remains of one spec once nothing counts that makes no difference.
//! Everything counts, including additions: an excluded resource or a narrower selector lets as much through as a
//! missing rule. The only exception is a binding that does more than deny: it also warns or audits. `kubectl apply` makes
//! such a binding from one that only audited, because it merges the list. The API server's defaults are filled in on both
//! sides.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// Where two specs differ first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The place, such as `spec.validations[3].expression`.
    pub at: String,
    /// How the present spec differs from the shipped one: `differs`, `is missing`, `should not be there`.
    pub how: &'static str,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.how)
    }
}

/// The first place where the `shown` spec differs from the `shipped` one; `None` if it is unaltered.
///
/// # Errors
/// If a spec cannot be serialized as JSON.
pub fn difference<S: Serialize>(shipped: &S, shown: &S) -> Result<Option<Difference>, serde_json::Error> {
    let json = |spec: &S| serde_json::to_value(spec).map(with_defaults);
    let (shipped, mut shown) = (json(shipped)?, json(shown)?);
    without_more_actions(&shipped, &mut shown);
    Ok(first("spec", &shipped, &shown))
}

/// `spec` with the API server's defaults, and without fields that are empty: two specs without a [`difference`] have the
/// same, apart from the actions of a binding.
///
/// # Errors
/// If the spec cannot be serialized as JSON.
pub fn normal<S: Serialize>(spec: &S) -> Result<Value, serde_json::Error> {
    serde_json::to_value(spec).map(with_defaults).map(without_empty)
}

/// Removes from `shown` the actions of a binding beyond those of `shipped`, if it has all of these.
fn without_more_actions(shipped: &Value, shown: &mut Value) {
    let Some(wanted) = shipped.get("validationActions").and_then(Value::as_array) else { return };
    if let Some(actions) = shown.get_mut("validationActions")
        && actions.as_array().is_some_and(|actions| wanted.iter().all(|action| actions.contains(action)))
    {
        *actions = Value::Array(wanted.clone());
    }
}

/// Fills in the API server's defaults (`pkg/apis/admissionregistration/v1/defaults.go` of Kubernetes). A binding has
/// no `failurePolicy`; it gets one on both sides, which makes no difference.
fn with_defaults(mut spec: Value) -> Value {
    fill(&mut spec, "failurePolicy", json!("Fail"));
    for matching in ["matchConstraints", "matchResources"] {
        let Some(on) = spec.get_mut(matching) else { continue };
        fill(on, "matchPolicy", json!("Equivalent"));
        fill(on, "namespaceSelector", json!({}));
        fill(on, "objectSelector", json!({}));
        for rules in ["resourceRules", "excludeResourceRules"] {
            let rules = on.get_mut(rules).and_then(Value::as_array_mut);
            rules.into_iter().flatten().for_each(|rule| fill(rule, "scope", json!("*")));
        }
    }
    spec
}

fn fill(object: &mut Value, key: &str, default: Value) {
    if let Some(object) = object.as_object_mut()
        && object.get(key).is_none_or(Value::is_null)
    {
        object.insert(key.to_owned(), default);
    }
}

/// An empty list equals none.
fn nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// Leaves out what equals nothing.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().map(|(key, value)| (key, without_empty(value)));
            Value::Object(kept.filter(|(_, value)| !nothing(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_empty).collect()),
        value => value,
    }
}

/// The first place where two values differ, and how.
fn first(at: &str, shipped: &Value, shown: &Value) -> Option<Difference> {
    let here = |how| Some(Difference { at: at.to_owned(), how });
    match (shipped, shown) {
        (shipped, shown) if nothing(shipped) && nothing(shown) => None,
        (shipped, _) if nothing(shipped) => here("should not be there"),
        (_, shown) if nothing(shown) => here("is missing"),
        (Value::Object(a), Value::Object(b)) => {
            let added = b.keys().filter(|key| !a.contains_key(*key));
            a.keys().chain(added).find_map(|key| {
                first(&format!("{at}.{key}"), a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null))
            })
        }
        (Value::Array(a), Value::Array(b)) => (0..a.len().max(b.len())).find_map(|i| {
            first(&format!("{at}[{i}]"), a.get(i).unwrap_or(&Value::Null), b.get(i).unwrap_or(&Value::Null))
        }),
        (shipped, shown) => (shipped != shown).then(|| here("differs")).flatten(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use k8s_openapi::api::admissionregistration::v1::{
        MutatingAdmissionPolicySpec, ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec,
    };
    use serde::de::DeserializeOwned;

    use super::*;

    /// A spec as shipped: fields with a default are left out.
    fn shipped() -> Value {
        json!({
            "matchConstraints": {"resourceRules": [{"apiGroups": ["a.io"], "apiVersions": ["*"], "operations": ["UPDATE"], "resources": ["as"]}]},
            "validations": [{"expression": "false", "message": "no"}, {"expression": "object.a == 1"}],
        })
    }

    fn told<S: DeserializeOwned + Serialize>(shipped: Value, shown: Value) -> Option<String> {
        let read = |value| serde_json::from_value::<S>(value).unwrap();
        difference(&read(shipped), &read(shown)).unwrap().map(|difference| difference.to_string())
    }

    type Change = fn(&mut Value);

    #[test]
    fn what_the_server_fills_in_is_no_change() {
        let mut shown = shipped();
        shown["failurePolicy"] = json!("Fail");
        shown["matchConditions"] = json!([]);
        let on = &mut shown["matchConstraints"];
        (on["matchPolicy"], on["namespaceSelector"], on["objectSelector"]) =
            (json!("Equivalent"), json!({}), json!({}));
        on["resourceRules"][0]["scope"] = json!("*");
        for (a, b) in [(shipped(), shown.clone()), (shown, shipped())] {
            assert_eq!(told::<ValidatingAdmissionPolicySpec>(a.clone(), b.clone()), None);
            assert_eq!(normal(&a).unwrap(), normal(&b).unwrap());
            assert_eq!(told::<Value>(a, b), None);
        }
        let binding = json!({"policyName": "p", "matchResources": {}});
        let shown = json!({"policyName": "p", "matchResources": {"matchPolicy": "Equivalent", "objectSelector": {}}});
        assert_eq!(told::<ValidatingAdmissionPolicyBindingSpec>(binding, shown), None);
        let sizes = json!({"failurePolicy": "Ignore", "reinvocationPolicy": "IfNeeded", "matchConstraints": {},
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[]"}}]});
        let mut shown = sizes.clone();
        shown["matchConstraints"]["namespaceSelector"] = json!({});
        assert_eq!(told::<MutatingAdmissionPolicySpec>(sizes.clone(), shown.clone()), None);
        shown["failurePolicy"] = json!("Fail");
        assert_eq!(told::<MutatingAdmissionPolicySpec>(sizes, shown).as_deref(), Some("spec.failurePolicy differs"));
    }

    #[test]
    fn a_binding_may_do_more_than_deny_and_not_less() {
        let of = |actions: &[&str]| json!({"policyName": "p", "validationActions": actions});
        let told = |actions| told::<ValidatingAdmissionPolicyBindingSpec>(of(&["Deny"]), of(actions));
        assert_eq!(told(&["Audit", "Deny"]), None);
        for less in [&["Audit"][..], &["Warn", "Audit"]] {
            assert!(told(less).is_some_and(|t| t.starts_with("spec.validationActions")), "{less:?}");
        }
    }

    #[test]
    fn the_first_change_is_named() {
        let cases: [(Change, &str); 10] = [
            (|s| s["failurePolicy"] = json!("Ignore"), "spec.failurePolicy differs"),
            (|s| s["validations"][1]["expression"] = json!("true"), "spec.validations[1].expression differs"),
            (|s| s["validations"].as_array_mut().unwrap().swap(0, 1), "spec.validations[0].expression differs"),
            (|s| drop(s["validations"].as_array_mut().unwrap().pop()), "spec.validations[1] is missing"),
            (|s| s["validations"] = json!([]), "spec.validations is missing"),
            (
                |s| s["matchConditions"] = json!([{"name": "a", "expression": "b"}]),
                "spec.matchConditions should not be there",
            ),
            (|s| s["paramKind"] = json!({"kind": "ConfigMap"}), "spec.paramKind should not be there"),
            (
                |s| s["matchConstraints"]["namespaceSelector"] = json!({"matchLabels": {"a": "b"}}),
                "spec.matchConstraints.namespaceSelector.matchLabels should not be there",
            ),
            (
                |s| s["matchConstraints"]["resourceRules"][0]["scope"] = json!("Namespaced"),
                "spec.matchConstraints.resourceRules[0].scope differs",
            ),
            (
                |s| s["matchConstraints"]["excludeResourceRules"] = s["matchConstraints"]["resourceRules"].clone(),
                "spec.matchConstraints.excludeResourceRules should not be there",
            ),
        ];
        for (change, says) in cases {
            let mut shown = shipped();
            change(&mut shown);
            assert_ne!(normal(&shipped()).unwrap(), normal(&shown).unwrap(), "{says}");
            assert_eq!(told::<ValidatingAdmissionPolicySpec>(shipped(), shown).as_deref(), Some(says));
        }
        assert_eq!(
            told::<Option<ValidatingAdmissionPolicySpec>>(shipped(), Value::Null).as_deref(),
            Some("spec is missing")
        );
    }
}
