//! Version skew of an installed CRD: whether the API server keeps what this release reads and writes.
//!
//! In: two CRDs as JSON, the one of this release and the installed one. Out: what the latter lacks, and what it accepts
//! beyond this release. It may have more fields: a newer CRD serves an older Trimtab. [`lacks`] is what the API server drops
//! or refuses of this release: versions, fields, types and values. [`refuses_more`] is what narrower bounds and further rules
//! may refuse, as those of a newer release do: a Trimtab that waited for them would wait in each upgrade. [`accepts_more`] is
//! what is stored, and Trimtab has to refuse by itself. All come from one comparison, so a keyword is judged in one place.
//! Keywords that decide nothing about what is accepted, such as descriptions, are not compared. Pure.

mod keywords;

use serde_json::Value;
use trimtab_core::text::first_of;

use self::keywords::{Differences, field};
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
    differences(wanted, installed).lacks
}

/// What the CRD `installed` may refuse that the CRD `wanted` accepts, by its bounds and rules: `spec.name with maxLength 63
/// instead of 40`. Of a field that is missing or of another type, [`lacks`] tells.
pub fn refuses_more(wanted: &Value, installed: &Value) -> Vec<String> {
    differences(wanted, installed).narrower
}

/// What the CRD `installed` accepts that the CRD `wanted` refuses, by the rules and bounds that the former does not have:
/// `the rule "steps must end at 100%" of spec.rolloutStrategy`. A field that is missing, or of another type, is left out:
/// [`lacks`] names it.
pub fn accepts_more(wanted: &Value, installed: &Value) -> Vec<String> {
    differences(wanted, installed).accepts
}

/// The first of what is missing and the number of the rest: `spec.a, spec.b, spec.c and 4 more`.
pub fn named(missing: &[String]) -> String {
    first_of(missing, NAMED)
}

fn differences(wanted: &Value, installed: &Value) -> Differences {
    let mut found = Differences::default();
    for version in versions(wanted) {
        let name = version["name"].as_str().unwrap_or_default();
        match versions(installed).iter().find(|there| there["name"] == name) {
            None => found.lacks.push(format!("version {name}")),
            Some(there) if there["served"] != true => {
                found.lacks.push(format!("version {name}, which is not served"));
            }
            Some(there) => {
                if has_status(version) && !has_status(there) {
                    found.lacks.push("the status subresource".to_owned());
                }
                found.compare("", schema(version), schema(there));
            }
        }
    }
    found
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

/// The parts of two schemas: their fields, items and values. Of the object, the API server itself has the other fields.
fn inside<'a>(path: &str, wanted: &'a Value, installed: &'a Value) -> Vec<Part<'a>> {
    let fields = wanted["properties"].as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| !path.is_empty() || PARTS.contains(&name.as_str()));
    let mut all: Vec<Part<'a>> =
        fields.map(|(name, wants)| (field(path, name), wants, property(installed, name))).collect();
    for (key, sign) in [("items", "[]"), ("additionalProperties", ".*")] {
        if wanted[key].is_object() {
            all.push((format!("{path}{sign}"), &wanted[key], inner(installed, key)));
        }
    }
    all
}

impl Differences {
    fn descend(&mut self, path: &str, wanted: &Value, installed: &Below<'_>) {
        match installed {
            Below::Schema(installed) => self.compare(path, wanted, installed),
            Below::Anything if wanted[PRESERVE] == true => {}
            Below::Anything => self.accepts.push(format!("everything that is known of {path}")),
            Below::Nothing => self.lacks.push(path.to_owned()),
        }
    }

    /// One schema, and those below it.
    fn compare(&mut self, path: &str, wanted: &Value, installed: &Value) {
        if !self.types(path, wanted, installed) {
            return;
        }
        self.keywords(path, wanted, installed);
        for (path, wanted, installed) in inside(path, wanted, installed) {
            self.descend(&path, wanted, &installed);
        }
        let takes_all = || matches!(inner(installed, "additionalProperties"), Below::Anything);
        if wanted[PRESERVE] == true && !wanted["additionalProperties"].is_object() && !takes_all() {
            self.lacks.push(field(path, "*"));
        }
    }
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
