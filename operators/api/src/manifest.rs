//! A manifest of one of Trimtab's kinds, as the API server treats it before it stores it: defaults, schema, rules.
//!
//! In: an object as JSON. Out: the object with the defaults of its schema, or every reason to refuse it. Pure: the schemas
//! are those of this release, and no server is asked. Rules about a change (`oldSelf`) need the object as it was before, and
//! are not evaluated.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
};

use kube::core::cel::{Validator, apply_defaults};
use serde_json::{Value, json};

use crate::{
    GROUP, VERSION, crds, metadata,
    structural::{self, Mismatch, PRESERVE},
};

/// What is said where the evaluation of the rules fails instead of giving an answer.
const UNCHECKED: &str = "the rules of its schema could not be checked here: the API server checks them";

/// The schema of each kind, or why there is none.
static SCHEMAS: LazyLock<Result<BTreeMap<String, Value>, String>> = LazyLock::new(|| {
    let all = crds::all().map_err(|error| format!("the schemas cannot be written: {error}"))?;
    let of = |(_, mut crd): (String, Value)| {
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap_or_default().to_owned();
        let mut schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].take();
        // The API server knows these itself.
        schema["properties"]["apiVersion"] = json!({"type": "string"});
        schema["properties"]["kind"] = json!({"type": "string"});
        schema["properties"]["metadata"] = metadata_schema();
        (kind, schema)
    };
    Ok(all.into_iter().map(of).collect())
});

/// The schema of `metadata`, which a CRD does not contain: fields and their types. What may be in them is said elsewhere.
fn metadata_schema() -> Value {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    let texts = json!({"type": "object", "additionalProperties": text});
    let objects = json!({"type": "array", "items": {"type": "object", PRESERVE: true}});
    json!({"type": "object", "properties": {
        "name": text, "generateName": text, "namespace": text,
        "labels": texts, "annotations": texts,
        "finalizers": {"type": "array", "items": text},
        "ownerReferences": objects, "managedFields": objects,
        "uid": text, "resourceVersion": text, "selfLink": text,
        "generation": number, "deletionGracePeriodSeconds": number,
        "creationTimestamp": text, "deletionTimestamp": text,
    }})
}

/// The manifest with the defaults of its schema.
///
/// # Errors
/// Every reason for which the API server would refuse it, and amounts beyond 64 bits, which the controller refuses. The
/// rules are evaluated only where the schema holds: they are not defined for anything else.
pub fn checked(manifest: &Value) -> Result<Value, Vec<Mismatch>> {
    let schema = schema_of(manifest).map_err(|mismatch| vec![mismatch])?;
    let mut object = manifest.clone();
    drop_nulls(schema, &mut object);
    let object = apply_defaults(schema, &object);
    let mut found = structural::check(schema, &object);
    found.extend(metadata::check(&object["metadata"]));
    if !found.is_empty() {
        return Err(found);
    }
    // The library panics where its calculations overflow; other objects are still to be checked.
    let ruled = guarded(|| Validator::new().validate(schema, &object, None)).map_err(|unchecked| vec![unchecked])?;
    match ruled {
        Ok(()) => Ok(object),
        Err(errors) => Err(errors.into_iter().map(|error| Mismatch::new(error.field_path, error.message)).collect()),
    }
}

/// What `evaluate` returns; a panic in it is a mismatch. Nothing that it may have left half done is used afterwards.
fn guarded<T>(evaluate: impl FnOnce() -> T) -> Result<T, Mismatch> {
    catch_unwind(AssertUnwindSafe(evaluate)).map_err(|_| Mismatch::new("spec", UNCHECKED))
}

fn schema_of(manifest: &Value) -> Result<&'static Value, Mismatch> {
    let schemas = SCHEMAS.as_ref().map_err(|why| Mismatch::new("", why.as_str()))?;
    let text = |field: &str| manifest[field].as_str().unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version != format!("{GROUP}/{VERSION}") {
        return Err(Mismatch::new("apiVersion", format!("{api_version:?} is not {GROUP}/{VERSION}")));
    }
    schemas.get(kind).ok_or_else(|| {
        let kinds: Vec<&str> = schemas.keys().map(String::as_str).collect();
        Mismatch::new("kind", format!("no kind {kind:?} in {api_version}, which has {}", kinds.join(", ")))
    })
}

/// Drops known fields without a value, as the API server does where a field is not nullable; none is here.
fn drop_nulls(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, inner| !inner.is_null() || structural::field(schema, name).is_none());
            for (name, inner) in fields.iter_mut() {
                if let Some(schema) = structural::field(schema, name) {
                    drop_nulls(schema, inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_nulls(&schema["items"], item)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn policy(change: Value) -> Value {
        let mut object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy",
            "metadata": {"name": "services"}, "spec": {"targetNamespaces": ["shop"]}});
        for (field, value) in change.as_object().unwrap() {
            object[field] = value.clone();
        }
        object
    }

    fn said(manifest: &Value) -> Vec<String> {
        checked(manifest).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_api_server_stores_has_its_defaults() {
        let object = checked(&policy(json!({"spec": {"targetNamespaces": ["shop"], "priority": null}}))).unwrap();
        assert_eq!((&object["spec"]["priority"], &object["spec"]["history"]["window"]), (&json!(0), &json!("336h")));
        let exported = json!({"name": "services", "uid": "u", "generation": 3, "creationTimestamp": null,
            "labels": {"app.kubernetes.io/name": "x"}, "managedFields": [{"manager": "kubectl"}]});
        assert!(checked(&policy(json!({"metadata": exported}))).is_ok());
        assert!(checked(&policy(json!({"metadata": {"generateName": "a-"}}))).is_ok());
    }

    #[test]
    fn what_is_wrong_around_the_spec_is_refused_too() {
        for (change, says) in [
            (json!({"apiVersion": "trimtab.dev/v2"}), "apiVersion: \"trimtab.dev/v2\" is not trimtab.dev/v1alpha1"),
            (json!({"apiVersion": ["trimtab.dev/v1alpha1"]}), "apiVersion: \"\" is not"),
            (json!({"kind": "Policy"}), "kind: no kind \"Policy\" in trimtab.dev/v1alpha1, which has AppliedSizes, "),
            (json!({"metadata": {}}), "metadata.name: required"),
            (json!({"metadata": null}), "metadata.name: required"),
            (json!({"metadata": {"name": "Services"}}), "metadata.name: Invalid value: \"Services\": a lower"),
            (
                json!({"metadata": {"name": "a", "labels": {"a b": "c"}}}),
                "metadata.labels: Invalid value: \"a b\": name part",
            ),
            (json!({"metadata": {"name": 1}}), "metadata.name: must be of type string"),
            (json!({"metadata": {"name": "a", "lables": {}}}), "metadata.lables: unknown field; did you mean labels?"),
            (json!({"metadata": {"name": "a", "labels": {"tier": 1}}}), "metadata.labels.tier: must be of type string"),
            (json!({"specs": {}}), "specs: unknown field; did you mean spec?"),
            (json!({"spec": null}), "spec: required"),
            (json!({"spec": {"nonsense": null}}), "spec.nonsense: unknown field"),
        ] {
            let said = said(&policy(change.clone()));
            assert!(said.iter().any(|line| line.starts_with(says)), "{change}: {said:?}");
        }
        for nothing in [json!(null), json!([]), json!("x"), json!({})] {
            assert!(checked(&nothing).is_err(), "{nothing}");
        }
    }

    /// The pattern of quantities admits these, and the evaluation of the rules panicked at them.
    #[test]
    fn an_amount_beyond_64_bits_is_a_fault_and_no_panic() {
        let sized = |resource: &str, bound: &str, amount: &str| {
            let mut sizing = json!({});
            sizing[resource][bound] = json!(amount);
            policy(json!({"spec": {"targetNamespaces": ["shop"], "sizing": sizing}}))
        };
        for (resource, bound) in [("cpu", "max"), ("memory", "max"), ("memory", "min")] {
            for amount in ["1e39", "1e99", "999999999999999.999999999Ei", "1E20"] {
                let says = format!("spec.sizing.{resource}.{bound}: \"{amount}\" is too large: ");
                let said = said(&sized(resource, bound, amount));
                assert!(matches!(said.as_slice(), [one] if one.starts_with(&says)), "{said:?}");
            }
        }
        for amount in ["18446744073709.551615M", "16E", "1e19", "15Ei"] {
            let checked = checked(&sized("memory", "max", amount));
            assert!(checked.is_ok(), "{amount}: {checked:?}");
        }
        assert!(checked(&sized("memory", "min", "0e99")).is_ok());
    }

    #[test]
    fn a_panic_in_the_evaluation_of_rules_is_a_mismatch() {
        assert_eq!(guarded(|| 1), Ok(1));
        // Without the hook, so that nothing is printed.
        let found: Result<(), Mismatch> = guarded(|| std::panic::resume_unwind(Box::new("overflow")));
        assert_eq!(found, Err(Mismatch::new("spec", UNCHECKED)));
    }
}
