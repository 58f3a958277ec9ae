//! Version skew of an installed CRD: whether the API server keeps what this release reads and writes.
//!
//! In: two CRDs as JSON, the one of this release and the installed one. Out: what the latter lacks. It may have more: a
//! newer CRD serves an older Trimtab. Versions, fields, types, enum values and what must be set are compared, since the API
//! server drops or refuses others; descriptions and bounds are not. Pure.

use serde_json::Value;

use crate::structural::PRESERVE;

/// The parts of an object that contain the data of its kind.
const PARTS: [&str; 2] = ["spec", "status"];
/// The number of missing things that [`named`] names.
const NAMED: usize = 3;

/// What a schema says of something below it.
enum Below<'a> {
    /// It has this schema.
    Schema(&'a Value),
    /// It may be anything.
    Anything,
    /// It does not exist.
    Nothing,
}

/// What the CRD `installed` lacks of the CRD `wanted`, in words such as `status.rollout.step`. In a path, `[]` is an item
/// of a list and `*` a value of a map. Of a field that is missing, those below it are not listed.
pub fn lacks(wanted: &Value, installed: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    for version in versions(wanted) {
        let name = version["name"].as_str().unwrap_or_default();
        match versions(installed).iter().find(|there| there["name"] == name) {
            None => missing.push(format!("version {name}")),
            Some(there) if there["served"] != true => missing.push(format!("version {name}, which is not served")),
            Some(there) => {
                if has_status(version) && !has_status(there) {
                    missing.push("the status subresource".to_owned());
                }
                let (wanted, installed) = (schema(version), schema(there));
                for part in PARTS {
                    if let Some(field) = wanted["properties"].get(part) {
                        descend(part, field, &property(installed, part), &mut missing);
                    }
                }
            }
        }
    }
    missing
}

/// The first of what is missing and the number of the rest: `spec.a, spec.b, spec.c and 4 more`.
pub fn named(missing: &[String]) -> String {
    let shown = missing.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match missing.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn versions(crd: &Value) -> &[Value] {
    crd["spec"]["versions"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn has_status(version: &Value) -> bool {
    version["subresources"]["status"].is_object()
}

fn schema(version: &Value) -> &Value {
    &version["schema"]["openAPIV3Schema"]
}

fn descend(path: &str, wanted: &Value, installed: &Below<'_>, missing: &mut Vec<String>) {
    match installed {
        Below::Schema(installed) => compare(path, wanted, installed, missing),
        Below::Anything => {}
        Below::Nothing => missing.push(path.to_owned()),
    }
}

fn compare(path: &str, wanted: &Value, installed: &Value, missing: &mut Vec<String>) {
    if let (Some(wants), Some(has)) = (type_of(wanted), type_of(installed))
        && !holds(has, wants)
    {
        missing.push(format!("{path} as {wants} instead of {has}"));
        return;
    }
    if let (Some(wants), Some(has)) = (wanted["enum"].as_array(), installed["enum"].as_array()) {
        let unknown = wants.iter().filter(|value| !has.contains(value));
        missing.extend(unknown.map(|value| format!("the value {} of {path}", value.as_str().unwrap_or_default())));
    }
    for name in required(installed).filter(|name| wanted["properties"].get(name).is_some()) {
        let is_filled_in = installed["properties"][name].get("default").is_some();
        if !is_filled_in && required(wanted).all(|needed| needed != name) {
            missing.push(format!("{path}.{name} as an optional field"));
        }
    }
    for (name, field) in wanted["properties"].as_object().into_iter().flatten() {
        descend(&format!("{path}.{name}"), field, &property(installed, name), missing);
    }
    if wanted["items"].is_object() {
        descend(&format!("{path}[]"), &wanted["items"], &inner(installed, "items"), missing);
    }
    let values = inner(installed, "additionalProperties");
    if wanted["additionalProperties"].is_object() {
        descend(&format!("{path}.*"), &wanted["additionalProperties"], &values, missing);
    } else if wanted[PRESERVE] == true && !matches!(values, Below::Anything) {
        missing.push(format!("{path}.*"));
    }
}

/// The fields that must be set.
fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The type of a schema; `None` if it has none, and then its other keywords decide.
fn type_of(schema: &Value) -> Option<&str> {
    if schema["x-kubernetes-int-or-string"] == true { Some("integer or string") } else { schema["type"].as_str() }
}

/// Whether a field of type `has` takes every value of type `wants`.
fn holds(has: &str, wants: &str) -> bool {
    has == wants || matches!((has, wants), ("integer or string", "integer" | "string") | ("number", "integer"))
}

fn property<'a>(schema: &'a Value, name: &str) -> Below<'a> {
    match schema["properties"].get(name) {
        Some(field) => Below::Schema(field),
        None => inner(schema, "additionalProperties"),
    }
}

fn inner<'a>(schema: &'a Value, key: &str) -> Below<'a> {
    match &schema[key] {
        inner @ Value::Object(_) => Below::Schema(inner),
        Value::Bool(true) => Below::Anything,
        _ if schema[PRESERVE] == true => Below::Anything,
        _ => Below::Nothing,
    }
}

#[cfg(test)]
#[path = "skew_tests.rs"]
mod tests;
