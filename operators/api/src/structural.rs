//! The part of OpenAPI v3 that a structural schema may use, as the API server reads it: unknown fields are refused, and
//! list maps and list sets hold each key once. Beyond it: amounts that nobody can calculate with are refused.
//!
//! In: a schema and a value, as JSON. Out: every mismatch, with the path of its field. Pure. A value may come from
//! anywhere: a list or a map above its bound is not looked into, each pattern is compiled once, and the number of
//! mismatches and the length of a quoted value are limited.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use regex::Regex;
use serde_json::{Map, Value};

use crate::quantity::{QUANTITY_PATTERN, is_too_large};

/// The most mismatches that are found in one value.
pub(crate) const MOST: usize = 100;
/// The most characters of a value in a message.
const MOST_SHOWN: usize = 80;
/// The minimum similarity, from 0 to 1, of a field that was probably meant, and the longest field that is compared.
const ALIKE: f64 = 0.6;
const MOST_COMPARED: usize = 64;
/// Keeps fields that the schema does not name.
pub const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The path of the field, such as `spec.nodes[2].name`; empty for the whole value.
    pub path: String,
    /// The key in that field that it is about, where the API server names the field alone.
    pub key: Option<String>,
    /// What is wrong with it.
    pub message: String,
}

impl Mismatch {
    /// What is wrong with the field at a path.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), key: None, message: message.into() }
    }

    /// Where it is: the path with the key.
    pub fn at(&self) -> String {
        self.key.as_ref().map_or_else(|| self.path.clone(), |key| format!("{}.{key}", self.path))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// Every mismatch between `value` and `schema`, up to a hundred.
pub fn check(schema: &Value, value: &Value) -> Vec<Mismatch> {
    let mut check = Check { patterns: BTreeMap::new(), found: Vec::new() };
    check.node("", schema, value);
    check.found.truncate(MOST);
    check.found
}

/// The schema of the field `name` of an object with this `schema`; `None` if it is not known there.
pub fn field<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    schema["properties"].get(name).or_else(|| schema.get("additionalProperties"))
}

struct Check<'s> {
    patterns: BTreeMap<&'s str, Option<Regex>>,
    found: Vec<Mismatch>,
}

impl<'s> Check<'s> {
    fn add(&mut self, path: &str, message: impl Into<String>) {
        self.found.push(Mismatch::new(path, message));
    }

    fn is_full(&self) -> bool {
        self.found.len() >= MOST
    }

    fn node(&mut self, path: &str, schema: &'s Value, value: &Value) {
        if self.is_full() {
            return;
        }
        if let Some(expected) = other_type(schema, value) {
            let hint = if value.is_boolean() && expected == "string" { UNQUOTED } else { "" };
            return self.add(path, format!("must be of type {expected}, not {}{hint}", shown(value)));
        }
        if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.contains(value)) {
            let word = |word: &Value| word.as_str().map_or_else(|| word.to_string(), str::to_owned);
            let words: Vec<String> = allowed.iter().map(word).collect();
            self.add(path, format!("{} is not one of {}", shown(value), words.join(", ")));
        }
        match value {
            Value::String(text) => self.string(path, schema, text),
            Value::Number(_) => self.number(path, schema, value),
            Value::Array(list) => self.array(path, schema, list),
            Value::Object(map) => self.object(path, schema, map),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn string(&mut self, path: &str, schema: &'s Value, text: &str) {
        let length = text.chars().count() as u64;
        if schema["minLength"].as_u64().is_some_and(|min| length < min) {
            self.add(path, format!("shorter than {}", schema["minLength"]));
        }
        if schema["maxLength"].as_u64().is_some_and(|max| length > max) {
            // What is too long is not matched.
            return self.add(path, format!("longer than {}", schema["maxLength"]));
        }
        let quoted = || shown(&Value::from(text));
        if let Some(pattern) = schema["pattern"].as_str() {
            let compiled = self.patterns.entry(pattern).or_insert_with(|| Regex::new(pattern).ok());
            if !compiled.as_ref().is_some_and(|regex| regex.is_match(text)) {
                self.add(path, format!("{} does not match {pattern}", quoted()));
            } else if pattern == QUANTITY_PATTERN && is_too_large(text) {
                // The controller refuses it, and the rules of the schema cannot be evaluated with it.
                self.add(path, format!("{} is too large: an amount must fit into 64 bits", quoted()));
            }
        }
        let real = match schema["format"].as_str() {
            Some("date") => text.parse::<jiff::civil::Date>().is_ok(),
            Some("date-time") => text.parse::<jiff::Timestamp>().is_ok(),
            _ => true,
        };
        if !real {
            self.add(path, format!("{} is no {}", quoted(), schema["format"].as_str().unwrap_or_default()));
        }
    }

    fn number(&mut self, path: &str, schema: &'s Value, value: &Value) {
        let Some(n) = value.as_f64() else { return };
        if schema["minimum"].as_f64().is_some_and(|min| n < min) {
            self.add(path, format!("{value} is less than {}", schema["minimum"]));
        }
        if schema["maximum"].as_f64().is_some_and(|max| n > max) {
            self.add(path, format!("{value} is greater than {}", schema["maximum"]));
        }
        if schema["format"] == "int32" && value.as_i64().is_some_and(|n| i32::try_from(n).is_err()) {
            self.add(path, format!("{value} does not fit into 32 bits"));
        }
    }

    fn array(&mut self, path: &str, schema: &'s Value, list: &[Value]) {
        let length = list.len() as u64;
        if schema["minItems"].as_u64().is_some_and(|min| length < min) {
            self.add(path, format!("fewer than {} items", schema["minItems"]));
        }
        if schema["maxItems"].as_u64().is_some_and(|max| length > max) {
            return self.add(path, format!("more than {} items", schema["maxItems"]));
        }
        let mut seen = BTreeSet::new();
        for (index, item) in list.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let path = format!("{path}[{index}]");
            self.node(&path, &schema["items"], item);
            if let Some(key) = key(schema, item)
                && !seen.insert(key.to_string())
            {
                self.add(&path, format!("duplicate value {}", shown(&key)));
            }
        }
    }

    fn object(&mut self, path: &str, schema: &'s Value, map: &Map<String, Value>) {
        if schema[PRESERVE] == true {
            return;
        }
        let at = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !map.contains_key(required) {
                self.add(&at(required), "required");
            }
        }
        if schema["maxProperties"].as_u64().is_some_and(|max| map.len() as u64 > max) {
            return self.add(path, format!("more than {} entries", schema["maxProperties"]));
        }
        for (name, value) in map {
            if self.is_full() {
                return;
            }
            match field(schema, name) {
                Some(inner) => self.node(&at(name), inner, value),
                None => self.add(&at(name), format!("unknown field{}", nearest(name, &schema["properties"]))),
            }
        }
    }
}

/// kubectl reads these words as booleans, as YAML 1.1 does, and so they are read here.
const UNQUOTED: &str = "; without quotes, Off, On, Yes and No are booleans: write \"Off\"";

/// The type that a value should have, if it has another.
fn other_type(schema: &Value, value: &Value) -> Option<&'static str> {
    if schema["x-kubernetes-int-or-string"] == true {
        return (!value.is_i64() && !value.is_string()).then_some("integer or string");
    }
    let (name, is) = match schema["type"].as_str()? {
        "string" => ("string", value.is_string()),
        "integer" => ("integer", value.is_i64()),
        "number" => ("number", value.is_number()),
        "boolean" => ("boolean", value.is_boolean()),
        "array" => ("array", value.is_array()),
        "object" => ("object", value.is_object()),
        _ => return None,
    };
    (!is).then_some(name)
}

/// What no other item of the list may be, or have: `None` if the list may repeat it, or the item lacks it.
fn key(schema: &Value, item: &Value) -> Option<Value> {
    match schema["x-kubernetes-list-type"].as_str()? {
        "set" => Some(item.clone()),
        "map" => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array()?.iter().filter_map(Value::as_str);
            let mut values: Vec<Value> = keys.map(|key| item.get(key).cloned()).collect::<Option<_>>()?;
            if values.len() == 1 { values.pop() } else { Some(Value::Array(values)) }
        }
        _ => None,
    }
}

/// A value in a message: a scalar as it is written, up to its maximum length.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => "a list".to_owned(),
        value => {
            let text = value.to_string();
            match text.char_indices().nth(MOST_SHOWN) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            }
        }
    }
}

/// The field that was probably meant, as the end of a message.
fn nearest(name: &str, known: &Value) -> String {
    if name.len() > MOST_COMPARED {
        return String::new();
    }
    let alike = |key: &str| strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &key.to_lowercase());
    let near = known.as_object().into_iter().flat_map(Map::keys).map(|key| (alike(key), key));
    let best = near.filter(|(alike, _)| *alike >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, key)| format!("; did you mean {key}?")).unwrap_or_default()
}

#[cfg(test)]
#[path = "structural_tests.rs"]
mod tests;
