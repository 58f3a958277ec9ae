#![allow(clippy::unwrap_used)]
use serde_json::json;

use super::*;

/// A CRD whose spec has this schema.
fn crd(spec: Value) -> Value {
    json!({"spec": {"versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}}]}})
}

fn wanted() -> Value {
    json!({"type": "object", "properties": {
        "size": {"type": "integer"},
        "mode": {"type": "string", "enum": ["On", "Off"]},
        "share": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true},
        "list": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "map": {"type": "object", "additionalProperties": {"type": "string"}}}})
}

/// What is missing where the installed schema has `value` at `pointer`; `null` removes it.
fn with(pointer: &str, value: Value) -> Vec<String> {
    let mut spec = wanted();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = spec.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Value::Null => drop(parent.remove(key)),
        value => drop(parent.insert(key.to_owned(), value)),
    }
    lacks(&crd(wanted()), &crd(spec))
}

#[test]
fn what_is_missing_is_named_and_what_is_more_is_not() {
    let either = json!({"x-kubernetes-int-or-string": true});
    let table: [(&str, Value, &[&str]); 23] = [
        ("/description", json!("other"), &[]),
        ("/properties/new", json!({"type": "string"}), &[]),
        ("/required", json!(["size"]), &["spec.size as an optional field"]),
        ("/required", json!(["new"]), &[]),
        ("/properties/size", Value::Null, &["spec.size"]),
        ("/properties/size/type", json!("string"), &["spec.size as integer instead of string"]),
        ("/properties/size/type", json!("number"), &[]),
        ("/properties/size", either.clone(), &[]),
        ("/properties/size", json!({PRESERVE: true}), &[]),
        ("/properties/list", either, &["spec.list as array instead of integer or string"]),
        ("/properties/share", json!({"type": "string"}), &["spec.share as integer or string instead of string"]),
        ("/properties/mode/enum", json!(["On"]), &["the value Off of spec.mode"]),
        ("/properties/mode/enum", json!(["On", "Off", "Auto"]), &[]),
        ("/properties/mode/enum", Value::Null, &[]),
        ("/properties/list/items/properties/name", Value::Null, &["spec.list[].name"]),
        ("/properties/list/items", Value::Null, &["spec.list[]"]),
        ("/properties/list/items", json!({"type": "object", PRESERVE: true}), &[]),
        ("/properties/map/additionalProperties", Value::Null, &["spec.map.*"]),
        ("/properties/map/additionalProperties", json!(false), &["spec.map.*"]),
        ("/properties/map/additionalProperties", json!(true), &[]),
        (
            "/properties/map/additionalProperties",
            json!({"type": "integer"}),
            &["spec.map.* as string instead of integer"],
        ),
        ("/properties/map", json!({"type": "object", "properties": {"a": {"type": "string"}}}), &["spec.map.*"]),
        ("/properties/map", json!({"type": "object", PRESERVE: true}), &[]),
    ];
    for (pointer, value, expected) in table {
        assert_eq!(with(pointer, value.clone()), expected, "{pointer}: {value}");
    }
}

#[test]
fn a_field_that_both_require_or_that_has_a_default_may_be_left_out_or_not() {
    let mut needs = wanted();
    needs["required"] = json!(["size"]);
    assert!(lacks(&crd(needs.clone()), &crd(needs.clone())).is_empty());
    assert!(lacks(&crd(needs.clone()), &crd(wanted())).is_empty(), "what it always writes may be optional");
    needs["properties"]["size"]["default"] = json!(1);
    assert!(lacks(&crd(wanted()), &crd(needs)).is_empty(), "the API server fills it in");
}

#[test]
fn a_schema_that_keeps_everything_lacks_nothing_but_what_it_names_otherwise() {
    let lax = json!({"type": "object", PRESERVE: true});
    assert!(lacks(&crd(wanted()), &crd(lax.clone())).is_empty());
    assert!(lacks(&crd(wanted()), &crd(json!({"type": "object", "additionalProperties": true}))).is_empty());
    let mut named = lax.clone();
    named["properties"] = json!({"size": {"type": "string"}});
    assert_eq!(lacks(&crd(wanted()), &crd(named)), ["spec.size as integer instead of string"]);
    // The other way round, fields of every name are wanted.
    assert_eq!(lacks(&crd(lax.clone()), &crd(wanted())), ["spec.*"]);
    assert!(lacks(&crd(lax.clone()), &crd(lax)).is_empty());
    // A map of text has room for a field of text, and for no other.
    let text = crd(json!({"type": "object", "additionalProperties": {"type": "string"}}));
    let of = |kind: &str| crd(json!({"type": "object", "properties": {"a": {"type": kind}}}));
    assert!(lacks(&of("string"), &text).is_empty());
    assert_eq!(lacks(&of("integer"), &text), ["spec.a as integer instead of string"]);
}

#[test]
fn the_version_has_to_be_served_and_need_not_be_stored() {
    let changed = |change: fn(&mut Value)| {
        let mut installed = crd(wanted());
        change(&mut installed["spec"]["versions"]);
        lacks(&crd(wanted()), &installed)
    };
    assert_eq!(changed(|v| v[0]["name"] = json!("v2")), ["version v1"]);
    assert_eq!(changed(|v| v[0]["served"] = json!(false)), ["version v1, which is not served"]);
    assert_eq!(changed(|v| v[0]["subresources"] = Value::Null), ["the status subresource"]);
    let newer = |v: &mut Value| {
        v[0]["storage"] = json!(false);
        let v2 = json!({"name": "v2", "served": true, "storage": true, "schema": {}});
        v.as_array_mut().unwrap().insert(0, v2);
    };
    assert!(changed(newer).is_empty(), "a newer version is stored");
    // Whatever an API server may answer.
    assert_eq!(changed(|v| v[0]["schema"] = Value::Null), ["spec"]);
    assert_eq!(changed(|v| v[0]["schema"] = json!({"openAPIV3Schema": []})), ["spec"]);
    for nonsense in [Value::Null, json!("v1"), json!([]), json!({"v1": {}})] {
        let installed = json!({"spec": {"versions": nonsense}});
        assert_eq!(lacks(&crd(wanted()), &installed), ["version v1"], "{installed}");
    }
    assert_eq!(lacks(&crd(wanted()), &Value::Null), ["version v1"]);
}

#[test]
fn a_rule_or_a_bound_that_was_taken_away_is_named() {
    let strict = json!({"type": "object", "required": ["mode"],
        RULES: [{"rule": "self.size > 0", "message": "size must be positive"}, {"rule": "has(self.mode)"}],
        "properties": {"mode": {"type": "string", "enum": ["On", "Off"], "maxLength": 3},
            "list": {"type": "array", "maxItems": 4, "items": {"type": "object", RULES: [{"rule": "true", "message": "m"}]}},
            "map": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}}}});
    let with = |pointer: &str, value: Value| {
        let mut spec = strict.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        spec.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
        assert!(lacks(&crd(strict.clone()), &crd(spec.clone())).is_empty(), "{pointer}");
        accepts_more(&crd(strict.clone()), &crd(spec))
    };
    let both = [r#"the rule "size must be positive" of spec"#, r#"the rule "has(self.mode)" of spec"#];
    let table: [(&str, Value, &[&str]); 15] = [
        ("/description", json!("other"), &[]),
        ("/x-kubernetes-validations", Value::Null, &both),
        ("/x-kubernetes-validations", json!([{"rule": "has(self.mode)", "message": "other words"}]), &both[..1]),
        ("/x-kubernetes-validations", json!("nonsense"), &both),
        ("/required", json!([]), &["spec.mode as a required field"]),
        ("/properties/mode/enum", Value::Null, &["enum of spec.mode"]),
        ("/properties/mode/enum", json!(["On", "Off", "Auto"]), &[]),
        ("/properties/mode/maxLength", json!(4), &["maxLength of spec.mode"]),
        ("/properties/mode/maxLength", json!(2), &[]),
        ("/properties/list/maxItems", Value::Null, &["maxItems of spec.list"]),
        ("/properties/list/items", json!({"type": "object"}), &[r#"the rule "m" of spec.list[]"#]),
        ("/properties/map/additionalProperties", json!({"type": "integer"}), &["minimum of spec.map.*"]),
        ("/properties/map/additionalProperties", json!({"type": "integer", "minimum": 0}), &["minimum of spec.map.*"]),
        ("/properties/map/additionalProperties", json!(true), &["everything that is known of spec.map.*"]),
        ("/properties/new", json!({"type": "string"}), &[]),
    ];
    for (pointer, value, expected) in table {
        assert_eq!(with(pointer, value.clone()), expected, "{pointer}: {value}");
    }
}

#[test]
fn every_rule_that_is_taken_away_is_found_in_each_kind() {
    fn strip(value: &mut Value) -> usize {
        let own = value.as_object_mut().and_then(|map| map.remove(RULES));
        let own = own.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
        let below: usize = match value {
            Value::Object(map) => map.values_mut().map(strip).sum(),
            Value::Array(list) => list.iter_mut().map(strip).sum(),
            _ => 0,
        };
        own + below
    }
    let mut all = 0;
    for (plural, wanted) in crate::crds::all().unwrap() {
        assert!(accepts_more(&wanted, &wanted).is_empty(), "{plural}");
        let mut loose = wanted.clone();
        let taken = strip(&mut loose);
        let found = accepts_more(&wanted, &loose);
        assert_eq!(found.len(), taken, "{plural}: {found:#?}");
        assert!(lacks(&wanted, &loose).is_empty(), "{plural}: Trimtab can write what it writes");
        assert!(accepts_more(&loose, &wanted).is_empty(), "{plural}");
        all += taken;
    }
    assert!(all > 40, "only {all} rules");
}

#[test]
fn a_field_less_in_a_status_is_found_in_each_kind() {
    for (plural, wanted) in crate::crds::all().unwrap() {
        assert!(lacks(&wanted, &wanted).is_empty(), "{plural}");
        let mut older = wanted.clone();
        let fields = &mut older["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        let part = if fields.get("status").is_some() { "status" } else { "spec" };
        let fields = fields[part]["properties"].as_object_mut().unwrap();
        let first = fields.keys().next().unwrap().clone();
        fields.remove(&first);
        assert_eq!(lacks(&wanted, &older), [format!("{part}.{first}")], "{plural}");
        // Whoever runs the older release has what it needs.
        assert!(lacks(&older, &wanted).is_empty(), "{plural}");
    }
}

#[test]
fn a_few_are_named_and_the_others_counted() {
    let many: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
    assert_eq!(named(&many[..1]), "a");
    assert_eq!(named(&many[..3]), "a, b, c");
    assert_eq!(named(&many), "a, b, c and 2 more");
}
