//! Compares the guard with what the API server shows. Pure.
//!
//! Everything in the two specs counts, also what was added: an excluded resource or a narrower selector would let
//! approvals through just as a missing rule would. What the API server fills in by itself is filled in on both sides.

use jiff::Timestamp;
use k8s_openapi::{
    api::admissionregistration::v1::{
        MatchResources, NamedRuleWithOperations, ValidatingAdmissionPolicy as Policy,
        ValidatingAdmissionPolicyBinding as Binding, ValidatingAdmissionPolicySpec as PolicySpec,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::Serialize;
use serde_json::Value;

use crate::{Expected, Fault, Kind};

/// Whether the guard is in force, as far as the objects say.
///
/// # Errors
/// What is missing or altered, with the first place that differs.
pub fn check(expected: &Expected, policy: Option<&Policy>, binding: Option<&Binding>) -> Result<(), Fault> {
    let policy = policy.ok_or(Fault::Missing(Kind::Policy))?;
    let binding = binding.ok_or(Fault::Missing(Kind::Binding))?;
    present(Kind::Policy, &policy.metadata)?;
    present(Kind::Binding, &binding.metadata)?;
    let wanted = expected.policy.spec.clone().map(with_defaults);
    let found = policy.spec.clone().map(with_defaults);
    same(Kind::Policy, &wanted, &found)?;
    let matching = |binding: &Binding| {
        let mut spec = binding.spec.clone();
        spec.match_resources = spec.match_resources.map(match_defaults);
        spec
    };
    same(Kind::Binding, &matching(&expected.binding), &matching(binding))?;
    let checked = policy.status.as_ref().and_then(|status| status.type_checking.as_ref());
    let warnings = checked.and_then(|checked| checked.expression_warnings.as_deref()).unwrap_or_default();
    match warnings.first() {
        Some(first) => Err(Fault::Warned(format!("{}: {}", first.field_ref, one_line(&first.warning)))),
        None => Ok(()),
    }
}

/// Since when the guard is in force at the latest: when the younger of its objects was made, where their specs are those that they
/// were made with; else since they were first seen as they are, at `seen`. The API server counts changes of a spec, and dates
/// the creation itself; the dates of later writes come from whoever writes. A label, an annotation, an owner or a status changes
/// nothing about what is in force. Nothing where the API server does not say.
pub fn since(policy: &Policy, binding: &Binding, seen: Timestamp) -> Option<Timestamp> {
    let last = |meta: &ObjectMeta| {
        let made = meta.creation_timestamp.as_ref()?.0;
        Some(if meta.generation == Some(1) { made } else { made.max(seen) })
    };
    Some(last(&policy.metadata)?.max(last(&binding.metadata)?))
}

fn present(kind: Kind, meta: &ObjectMeta) -> Result<(), Fault> {
    if meta.deletion_timestamp.is_some() { Err(Fault::Deleting(kind)) } else { Ok(()) }
}

/// What the API server writes where a manifest says nothing.
fn with_defaults(mut spec: PolicySpec) -> PolicySpec {
    spec.failure_policy.get_or_insert_with(|| "Fail".to_owned());
    spec.match_constraints = spec.match_constraints.map(match_defaults);
    spec
}

fn match_defaults(mut on: MatchResources) -> MatchResources {
    on.match_policy.get_or_insert_with(|| "Equivalent".to_owned());
    on.namespace_selector.get_or_insert_default();
    on.object_selector.get_or_insert_default();
    let scoped = |rules: Option<Vec<NamedRuleWithOperations>>| {
        rules.map(|mut rules| {
            for rule in &mut rules {
                rule.scope.get_or_insert_with(|| "*".to_owned());
            }
            rules
        })
    };
    on.resource_rules = scoped(on.resource_rules);
    on.exclude_resource_rules = scoped(on.exclude_resource_rules);
    on
}

fn same<S: Serialize>(kind: Kind, wanted: &S, found: &S) -> Result<(), Fault> {
    let json = |spec: &S| serde_json::to_value(spec).map_err(|e| Fault::Undecodable(kind, e.to_string()));
    match difference("spec", &json(wanted)?, &json(found)?) {
        Some((at, how)) => Err(Fault::Altered { kind, at, how }),
        None => Ok(()),
    }
}

/// The first place where two values differ, and how. An empty list says as much as none.
fn difference(at: &str, wanted: &Value, found: &Value) -> Option<(String, &'static str)> {
    let nothing = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    match (wanted, found) {
        (wanted, found) if nothing(wanted) && nothing(found) => None,
        (wanted, _) if nothing(wanted) => Some((at.to_owned(), "should not be there")),
        (_, found) if nothing(found) => Some((at.to_owned(), "is missing")),
        (Value::Object(w), Value::Object(f)) => {
            let added = f.keys().filter(|key| !w.contains_key(*key));
            w.keys().chain(added).find_map(|key| {
                difference(
                    &format!("{at}.{key}"),
                    w.get(key).unwrap_or(&Value::Null),
                    f.get(key).unwrap_or(&Value::Null),
                )
            })
        }
        (Value::Array(w), Value::Array(f)) => (0..w.len().max(f.len())).find_map(|i| {
            difference(&format!("{at}[{i}]"), w.get(i).unwrap_or(&Value::Null), f.get(i).unwrap_or(&Value::Null))
        }),
        (wanted, found) => (wanted != found).then(|| (at.to_owned(), "differs")),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
