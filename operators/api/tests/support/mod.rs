//! What the API server does with a manifest before it stores it, in the same order: defaults, schema, rules.
//!
//! In: a manifest as JSON. Out: every refusal as one line that starts with the path it is about.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, dead_code)]

use serde::Deserialize;
use serde_json::Value;
use trimtab_api::manifest;

/// The documents of a YAML text.
pub fn documents(yaml: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(yaml)
        .map(|d| Value::deserialize(d).unwrap_or_else(|e| panic!("not YAML: {e}\n{yaml}")))
        .filter(|v| !v.is_null())
        .collect()
}

/// Every reason for which the API server would reject `manifest`. Empty if it would accept it.
pub fn refusals(manifest: &Value) -> Vec<String> {
    manifest::checked(manifest).err().into_iter().flatten().map(|mismatch| mismatch.to_string()).collect()
}
