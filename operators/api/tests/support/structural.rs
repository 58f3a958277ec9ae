//! The part of OpenAPI v3 that a structural schema may use, as the API server reads it: unknown fields are refused, and
//! list maps and list sets hold each key once.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value};

/// Keywords that restrict a value and are checked here, and those that do not.
const CHECKED: [&str; 18] = [
    "type",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "maxProperties",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
];
const SILENT: [&str; 7] = [
    "description",
    "title",
    "default",
    "anyOf",
    "x-kubernetes-validations",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
];

/// Every mismatch between `value` and `schema`.
pub fn check(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    node("", schema, value, &mut found);
    found
}

fn node(path: &str, schema: &Value, value: &Value, found: &mut Vec<String>) {
    for keyword in schema.as_object().unwrap().keys() {
        let known = CHECKED.contains(&keyword.as_str()) || SILENT.contains(&keyword.as_str());
        assert!(known, "{path}: nobody checks the keyword {keyword}");
    }
    if !of_type(schema, value) {
        let expected = if int_or_string(schema) { "integer or string" } else { schema["type"].as_str().unwrap() };
        return found.push(format!("{path}: must be of type {expected}, not {value}"));
    }
    if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.contains(value)) {
        found.push(format!("{path}: {value} is not one of {allowed:?}"));
    }
    match value {
        Value::String(text) => string(path, schema, text, found),
        Value::Number(number) => {
            let n = number.as_f64().unwrap();
            if schema["minimum"].as_f64().is_some_and(|min| n < min) {
                found.push(format!("{path}: {n} is less than {}", schema["minimum"]));
            }
            if schema["maximum"].as_f64().is_some_and(|max| n > max) {
                found.push(format!("{path}: {n} is greater than {}", schema["maximum"]));
            }
        }
        Value::Array(list) => array(path, schema, list, found),
        Value::Object(map) => object(path, schema, map, found),
        Value::Null | Value::Bool(_) => {}
    }
}

fn int_or_string(schema: &Value) -> bool {
    schema["x-kubernetes-int-or-string"] == true
}

fn of_type(schema: &Value, value: &Value) -> bool {
    if int_or_string(schema) {
        return value.is_i64() || value.is_string();
    }
    match schema["type"].as_str().unwrap() {
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no structural schema here has the type {other}"),
    }
}

fn string(path: &str, schema: &Value, text: &str, found: &mut Vec<String>) {
    let length = text.chars().count() as u64;
    if schema["minLength"].as_u64().is_some_and(|min| length < min) {
        found.push(format!("{path}: shorter than {}", schema["minLength"]));
    }
    if schema["maxLength"].as_u64().is_some_and(|max| length > max) {
        found.push(format!("{path}: longer than {}", schema["maxLength"]));
    }
    if let Some(pattern) = schema["pattern"].as_str().filter(|p| !Regex::new(p).unwrap().is_match(text)) {
        found.push(format!("{path}: {text:?} does not match {pattern}"));
    }
    let real = match schema["format"].as_str() {
        Some("date") => text.parse::<jiff::civil::Date>().is_ok(),
        Some("date-time") => text.parse::<jiff::Timestamp>().is_ok(),
        _ => true,
    };
    if !real {
        found.push(format!("{path}: {text:?} is no {}", schema["format"].as_str().unwrap()));
    }
}

fn array(path: &str, schema: &Value, list: &[Value], found: &mut Vec<String>) {
    let length = list.len() as u64;
    if schema["minItems"].as_u64().is_some_and(|min| length < min) {
        found.push(format!("{path}: fewer than {} items", schema["minItems"]));
    }
    if schema["maxItems"].as_u64().is_some_and(|max| length > max) {
        found.push(format!("{path}: more than {} items", schema["maxItems"]));
    }
    let mut seen = BTreeSet::new();
    for (index, item) in list.iter().enumerate() {
        let path = format!("{path}[{index}]");
        node(&path, &schema["items"], item, found);
        let key = match schema["x-kubernetes-list-type"].as_str() {
            Some("set") => item.to_string(),
            Some("map") => schema["x-kubernetes-list-map-keys"]
                .as_array()
                .unwrap()
                .iter()
                .fold(String::new(), |all, key| format!("{all}{},", item[key.as_str().unwrap()])),
            _ => continue,
        };
        if !seen.insert(key.clone()) {
            found.push(format!("{path}: duplicate value {key}"));
        }
    }
}

fn object(path: &str, schema: &Value, map: &Map<String, Value>, found: &mut Vec<String>) {
    if schema["x-kubernetes-preserve-unknown-fields"] == true {
        return;
    }
    let at = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    for field in schema["required"].as_array().into_iter().flatten().map(|f| f.as_str().unwrap()) {
        if !map.contains_key(field) {
            found.push(format!("{}: required", at(field)));
        }
    }
    if schema["maxProperties"].as_u64().is_some_and(|max| map.len() as u64 > max) {
        found.push(format!("{path}: more than {} entries", schema["maxProperties"]));
    }
    for (field, value) in map {
        match schema["properties"].get(field).or(schema.get("additionalProperties")) {
            Some(schema) => node(&at(field), schema, value, found),
            None => found.push(format!("{}: unknown field", at(field))),
        }
    }
}
