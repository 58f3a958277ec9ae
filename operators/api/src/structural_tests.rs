#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use super::{MOST, check};
use crate::crds;

/// Keywords that restrict a value and are checked.
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
/// Keywords that restrict nothing, or that are checked elsewhere.
const SILENT: [&str; 5] = ["description", "default", "anyOf", "x-kubernetes-validations", "x-kubernetes-map-type"];

fn keywords(path: &str, schema: &Value, unknown: &mut Vec<String>) {
    for keyword in schema.as_object().unwrap().keys() {
        if !CHECKED.contains(&keyword.as_str()) && !SILENT.contains(&keyword.as_str()) {
            unknown.push(format!("{path}: {keyword}"));
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        keywords(&format!("{path}.{name}"), field, unknown);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            keywords(&format!("{path}[]"), &schema[inner], unknown);
        }
    }
}

#[test]
fn every_keyword_of_every_schema_is_checked() {
    let mut unknown = Vec::new();
    for (plural, crd) in crds::all().unwrap().into_iter().chain(crds::upcoming().unwrap()) {
        let properties = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        for part in ["spec", "status"] {
            if let Some(schema) = properties.get(part) {
                keywords(&format!("{plural}.{part}"), schema, &mut unknown);
            }
        }
    }
    assert!(unknown.is_empty(), "nobody checks {unknown:#?}");
}

fn said(schema: &Value, value: &Value) -> Vec<String> {
    check(schema, value).iter().map(ToString::to_string).collect()
}

#[test]
fn each_keyword_refuses_what_it_should() {
    for (schema, good, bad, says) in [
        (json!({"type": "string"}), json!("a"), json!(1), "must be of type string, not 1"),
        (json!({"type": "string"}), json!("Off"), json!(false), "not false; without quotes, Off, On, Yes and No"),
        (json!({"type": "integer"}), json!(-1), json!(1.5), "must be of type integer, not 1.5"),
        (json!({"type": "integer"}), json!(0), json!(u64::MAX), "must be of type integer"),
        (json!({"type": "integer", "format": "int32"}), json!(7), json!(1_i64 << 31), "does not fit into 32 bits"),
        (json!({"type": "integer", "minimum": 1}), json!(1), json!(0), "0 is less than 1"),
        (json!({"type": "integer", "maximum": 9}), json!(9), json!(10), "10 is greater than 9"),
        (json!({"x-kubernetes-int-or-string": true}), json!("1"), json!(0.5), "must be of type integer or string"),
        (json!({"enum": ["A", "B"]}), json!("A"), json!("a"), "\"a\" is not one of A, B"),
        (json!({"type": "string", "minLength": 1}), json!("é"), json!(""), "shorter than 1"),
        (json!({"type": "string", "maxLength": 2}), json!("éé"), json!("ééé"), "longer than 2"),
        (json!({"type": "string", "pattern": "^[0-9]+m$"}), json!("5m"), json!("5m\n"), "does not match ^[0-9]+m$"),
        (json!({"type": "string", "format": "date"}), json!("2026-02-28"), json!("2026-02-30"), "is no date"),
        (
            json!({"type": "string", "format": "date-time"}),
            json!("2026-02-28T00:00:00Z"),
            json!("now"),
            "is no date-time",
        ),
        (json!({"type": "array", "items": {}, "minItems": 1}), json!([1]), json!([]), "fewer than 1 items"),
        (json!({"type": "array", "items": {}, "maxItems": 1}), json!([1]), json!([1, 2]), "more than 1 items"),
        (
            json!({"type": "object", "additionalProperties": {}, "maxProperties": 1}),
            json!({"a": 1}),
            json!({"a": 1, "b": 2}),
            "more than 1 entries",
        ),
        (
            json!({"type": "object", "properties": {"name": {}}, "required": ["name"]}),
            json!({"name": 1}),
            json!({}),
            "name: required",
        ),
        (
            json!({"type": "object", "properties": {"name": {}}}),
            json!({}),
            json!({"nmae": 1}),
            "nmae: unknown field; did you mean name?",
        ),
        (
            json!({"type": "array", "items": {}, "x-kubernetes-list-type": "set"}),
            json!([1, "1"]),
            json!([1, 1]),
            "[1]: duplicate value 1",
        ),
    ] {
        assert_eq!(said(&schema, &good), Vec::<String>::new(), "{schema}");
        let said = said(&schema, &bad);
        assert!(matches!(said.as_slice(), [one] if one.contains(says)), "{schema} with {bad}: {said:?}");
    }
    let map = json!({"type": "array", "items": {"type": "object", "properties": {"a": {}, "b": {}}},
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"]});
    assert_eq!(said(&map, &json!([{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1}, {"a": 1}])), Vec::<String>::new());
    assert_eq!(said(&map, &json!([{"a": 1, "b": 2}, {"a": 1, "b": 2}])), ["[1]: duplicate value [1,2]"]);
}

/// What somebody could write to keep the program busy, or to fill a screen.
#[test]
fn what_is_hostile_costs_little_and_says_little() {
    let text = json!({"type": "string", "maxLength": 63, "pattern": "^([a-z]+)+$"});
    let list = json!({"type": "array", "items": text, "maxItems": 8});
    let fields = json!({"type": "object", "properties": {"name": text}});
    let many: Value = (0..200_000).map(|n| (format!("f{n}"), json!(1))).collect::<serde_json::Map<_, _>>().into();
    for (schema, value, most) in [
        (&text, json!("a".repeat(4 << 20)), 1),
        (&text, json!("a".repeat(63) + "!"), 1),
        (&list, json!(vec!["!"; 500_000]), 1),
        (&fields, many, MOST),
        (&fields, json!({"a".repeat(1 << 20): 1}), 1),
        (&json!({"enum": ["A"]}), json!("\u{1b}[2J".repeat(100_000)), 1),
        (&json!({"type": "array", "items": text}), json!(vec![1; 500_000]), MOST),
        // A schema without items says nothing of them.
        (&json!({"type": "array"}), json!([[[[1]]]]), 0),
    ] {
        let found = check(schema, &value);
        assert_eq!(found.len(), most, "{schema}");
        assert!(found.iter().all(|m| m.message.chars().count() < 200 && !m.message.contains('\u{1b}')), "{found:?}");
    }
}
