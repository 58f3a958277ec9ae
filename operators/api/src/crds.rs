//! The CRDs made from the types, cleaned so that the API server and people get no more than they need.
//!
//! Out: one JSON value per kind. Writing them to files is the work of `trimtab crds`.

use kube::CustomResourceExt;
use serde_json::Value;

use crate::{OptimizationPolicy, PriceBook, Recommendation, UsageProfile};

/// Every CRD: the plural name under which its file is kept, and its manifest.
///
/// # Errors
/// Where a type cannot be written as JSON, which would be a fault of this crate.
pub fn all() -> Result<Vec<(String, Value)>, serde_json::Error> {
    [OptimizationPolicy::crd(), Recommendation::crd(), UsageProfile::crd(), PriceBook::crd()]
        .into_iter()
        .map(|crd| {
            let name = crd.spec.names.plural.clone();
            let mut value = serde_json::to_value(crd)?;
            clean(&mut value);
            Ok((name, value))
        })
        .collect()
}

/// Drops what Rust's types say and Kubernetes does not mean: an optional field may be left out, which is not the same
/// as `null`, and number formats such as `uint32` are unknown to the API server.
fn clean(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("nullable") == Some(&Value::Bool(true)) {
                map.remove("nullable");
            }
            if map.get("format").and_then(Value::as_str).is_some_and(|f| f.starts_with("uint") || f == "double") {
                map.remove("format");
            }
            map.values_mut().for_each(clean);
        }
        Value::Array(list) => list.iter_mut().for_each(clean),
        _ => {}
    }
}
