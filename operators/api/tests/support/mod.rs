//! What the API server does with a manifest before it stores it, in the same order: defaults, schema, rules.
//!
//! In: a manifest as JSON. Out: every refusal as one line that starts with the path it is about.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, dead_code)]

pub mod structural;

use kube::core::cel::{Validator, apply_defaults};
use serde::Deserialize;
use serde_json::Value;

/// The documents of a YAML text.
pub fn documents(yaml: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(yaml)
        .map(|d| Value::deserialize(d).unwrap_or_else(|e| panic!("not YAML: {e}\n{yaml}")))
        .filter(|v| !v.is_null())
        .collect()
}

/// The schema of the kind of `manifest`.
pub fn schema_of(manifest: &Value) -> Option<Value> {
    let crds = trimtab_api::crds::all().unwrap();
    let (_, crd) = crds.into_iter().find(|(_, crd)| crd["spec"]["names"]["kind"] == manifest["kind"])?;
    let served = format!("{}/{}", trimtab_api::GROUP, crd["spec"]["versions"][0]["name"].as_str().unwrap());
    (manifest["apiVersion"] == served).then(|| crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone())
}

/// Every reason for which the API server would reject `manifest`. Empty if it would accept it.
pub fn refusals(manifest: &Value) -> Vec<String> {
    let Some(mut schema) = schema_of(manifest) else {
        return vec![format!("no kind {} in {}", manifest["kind"], manifest["apiVersion"])];
    };
    // The API server handles these three itself.
    for (field, kind) in [("apiVersion", "string"), ("kind", "string"), ("metadata", "object")] {
        schema["properties"][field] = serde_json::json!({"type": kind});
    }
    schema["properties"]["metadata"]["x-kubernetes-preserve-unknown-fields"] = Value::Bool(true);
    let object = apply_defaults(&schema, manifest);
    let broken = structural::check(&schema, &object);
    if !broken.is_empty() {
        // After some of these errors, the server evaluates the rules too. This only adds noise: the result is the same.
        return broken;
    }
    let Err(errors) = Validator::new().validate(&schema, &object, None) else { return Vec::new() };
    errors.into_iter().map(|e| format!("{}: {}", e.field_path, e.message)).collect()
}
