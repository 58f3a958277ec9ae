//! Version skew of an installed CRD: whether the API server keeps what this release reads and writes.
//!
//! In: two CRDs as JSON, the one of this release and the installed one. Out: what the latter lacks, and what it accepts
//! beyond this release. It may have more: a newer CRD serves an older Trimtab. [`lacks`] compares versions, fields, types,
//! enum values and what must be set, since the API server drops or refuses others. [`accepts_more`] compares rules and
//! bounds: without them the API server stores what Trimtab has to refuse by itself. Descriptions are not compared. Pure.

use serde_json::Value;
use trimtab_core::text::{cut, first_of};

use crate::structural::PRESERVE;

/// The parts of an object that contain the data of its kind.
const PARTS: [&str; 2] = ["spec", "status"];
/// The number of missing things that [`named`] names.
const NAMED: usize = 3;
/// The most characters of a rule that are quoted.
const QUOTED: usize = 80;
/// The rules of a schema.
const RULES: &str = "x-kubernetes-validations";
/// Bounds that a greater value makes wider.
const UPPER: [&str; 4] = ["maximum", "maxLength", "maxItems", "maxProperties"];
/// Bounds that a smaller value makes wider.
const LOWER: [&str; 3] = ["minimum", "minLength", "minItems"];
/// Other keywords that refuse something.
const CLOSED: [&str; 2] = ["pattern", "enum"];

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
                for (path, wanted, installed) in parts(version, there) {
                    descend(&path, wanted, &installed, &mut missing);
                }
            }
        }
    }
    missing
}

/// What the CRD `installed` accepts that the CRD `wanted` refuses, by the rules and bounds that the former does not have:
/// `the rule "steps must end at 100%" of spec.rolloutStrategy`. What [`lacks`] names is left out.
pub fn accepts_more(wanted: &Value, installed: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for version in versions(wanted) {
        if let Some(there) = versions(installed).iter().find(|there| there["name"] == version["name"]) {
            for (path, wanted, installed) in parts(version, there) {
                widened(&path, wanted, &installed, &mut found);
            }
        }
    }
    found
}

/// The first of what is missing and the number of the rest: `spec.a, spec.b, spec.c and 4 more`.
pub fn named(missing: &[String]) -> String {
    first_of(missing, NAMED)
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

/// A part of a schema: its path, what is wanted of it, and what is installed.
type Part<'a> = (String, &'a Value, Below<'a>);

/// The parts of two versions that contain data.
fn parts<'a>(wanted: &'a Value, installed: &'a Value) -> Vec<Part<'a>> {
    let (wanted, installed) = (schema(wanted), schema(installed));
    let of = |part: &str| Some((part.to_owned(), wanted["properties"].get(part)?, property(installed, part)));
    PARTS.into_iter().filter_map(of).collect()
}

/// The parts of two schemas: their fields, items and values.
fn inside<'a>(path: &str, wanted: &'a Value, installed: &'a Value) -> Vec<Part<'a>> {
    let fields = wanted["properties"].as_object().into_iter().flatten();
    let mut all: Vec<Part<'a>> =
        fields.map(|(name, field)| (format!("{path}.{name}"), field, property(installed, name))).collect();
    for (key, sign) in [("items", "[]"), ("additionalProperties", ".*")] {
        if wanted[key].is_object() {
            all.push((format!("{path}{sign}"), &wanted[key], inner(installed, key)));
        }
    }
    all
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
    for (path, wanted, installed) in inside(path, wanted, installed) {
        descend(&path, wanted, &installed, missing);
    }
    let takes_all = || matches!(inner(installed, "additionalProperties"), Below::Anything);
    if wanted[PRESERVE] == true && !wanted["additionalProperties"].is_object() && !takes_all() {
        missing.push(format!("{path}.*"));
    }
}

/// The rules and bounds of one schema and of those below it.
fn widened(path: &str, wanted: &Value, installed: &Below<'_>, found: &mut Vec<String>) {
    let installed = match installed {
        Below::Schema(installed) => *installed,
        // It has no rules. Of a field that does not exist, `lacks` tells.
        Below::Anything if wanted[PRESERVE] != true => {
            return found.push(format!("everything that is known of {path}"));
        }
        Below::Anything | Below::Nothing => return,
    };
    let rules = |schema: &Value| schema[RULES].as_array().cloned().unwrap_or_default();
    let has = rules(installed);
    for rule in rules(wanted).iter().filter(|rule| has.iter().all(|other| other["rule"] != rule["rule"])) {
        let said = rule["message"].as_str().or(rule["rule"].as_str()).unwrap_or_default();
        found.push(format!("the rule \"{}\" of {path}", cut(said, QUOTED)));
    }
    for keyword in UPPER.into_iter().chain(LOWER).chain(CLOSED) {
        let (wants, has) = (&wanted[keyword], &installed[keyword]);
        let is_wider = match (wants.as_f64(), has.as_f64()) {
            (Some(wants), Some(has)) if UPPER.contains(&keyword) => has > wants,
            (Some(wants), Some(has)) => has < wants,
            _ => !wants.is_null() && has.is_null(),
        };
        if is_wider {
            found.push(format!("{keyword} of {path}"));
        }
    }
    for name in required(wanted).filter(|name| required(installed).all(|needed| needed != *name)) {
        // A field with a default is there in any case.
        if installed["properties"][name].get("default").is_none() {
            found.push(format!("{path}.{name} as a required field"));
        }
    }
    for (path, wanted, installed) in inside(path, wanted, installed) {
        widened(&path, wanted, &installed, found);
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
