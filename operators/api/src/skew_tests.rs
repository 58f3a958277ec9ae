#![allow(clippy::unwrap_used)]
use serde_json::json;

use super::{keywords::RULES, *};

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
    refuses(&crd(wanted()), &crd(spec))
}

/// What the API server drops or refuses, whatever the value or not.
fn refuses(wanted: &Value, installed: &Value) -> Vec<String> {
    [refuses_more(wanted, installed), lacks(wanted, installed)].concat()
}

#[test]
fn what_is_missing_is_named_and_what_is_more_is_not() {
    let either = json!({"x-kubernetes-int-or-string": true});
    let table: [(&str, Value, &[&str]); 22] = [
        ("/description", json!("other"), &[]),
        ("/properties/new", json!({"type": "string"}), &[]),
        ("/required", json!(["size"]), &["spec.size as an optional field"]),
        ("/required", json!(["new"]), &["spec.new as an optional field"]),
        ("/properties/size", Value::Null, &["spec.size"]),
        ("/properties/size/type", json!("string"), &["spec.size as integer instead of string"]),
        ("/properties/size/type", json!("number"), &[]),
        ("/properties/size", either.clone(), &[]),
        ("/properties/size", json!({PRESERVE: true}), &[]),
        ("/properties/list", either, &["spec.list as array instead of integer or string"]),
        ("/properties/share", json!({"type": "string"}), &["spec.share as integer or string instead of string"]),
        ("/properties/mode/enum", json!(["On"]), &["the value Off of spec.mode"]),
        ("/properties/mode/enum", json!(["On", "Off", "Auto"]), &[]),
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
        ("/properties/mode/enum", json!(["On", "Off", "Auto"]), &["enum of spec.mode"]),
        ("/properties/mode/maxLength", json!(4), &["maxLength of spec.mode"]),
        ("/properties/mode/nullable", json!(true), &["the refusal of null as spec.mode"]),
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
fn a_rule_or_a_bound_that_refuses_more_is_named() {
    let table: [(&str, Value, &[&str]); 12] = [
        ("/properties/mode/maxLength", json!(3), &["spec.mode without maxLength 3"]),
        ("/properties/mode/minLength", json!(0), &[]),
        ("/properties/mode/nullable", json!(false), &[]),
        ("/properties/mode/pattern", json!("^O"), &["spec.mode without pattern"]),
        ("/properties/mode/x-kubernetes-map-type", json!("atomic"), &[]),
        ("/properties/size/maximum", json!(10.0), &["spec.size without maximum 10.0"]),
        ("/properties/size/format", json!("int64"), &[]),
        ("/properties/size/format", json!("int32"), &["spec.size without format"]),
        ("/properties/list/x-kubernetes-list-type", json!("atomic"), &[]),
        ("/properties/list/x-kubernetes-list-type", json!("set"), &["spec.list without x-kubernetes-list-type"]),
        ("/properties/list/items/required", json!(["name"]), &["spec.list[].name as an optional field"]),
        (
            "/x-kubernetes-validations",
            json!([{"rule": "self.size > 0", "message": "size must be positive"}]),
            &[r#"spec without the rule "size must be positive""#],
        ),
    ];
    for (pointer, value, expected) in table {
        assert_eq!(with(pointer, value.clone()), expected, "{pointer}: {value}");
    }
    let bound = |most: u8| crd(json!({"type": "array", "maxItems": most, "items": {"type": "string"}}));
    assert_eq!(refuses_more(&bound(4), &bound(3)), ["spec with maxItems 4 instead of 3"]);
    assert!(refuses(&bound(3), &bound(4)).is_empty());
    assert!(lacks(&bound(4), &bound(3)).is_empty(), "nobody waits for it: what is written may be shorter");
    let mut object = crd(wanted());
    let root = &mut object["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    root[RULES] = json!([{"rule": "has(self.spec)"}]);
    root["required"] = json!(["spec"]);
    let says = [r#"the object without the rule "has(self.spec)""#, "spec as an optional field"];
    assert_eq!(refuses(&crd(wanted()), &object), says);
    let says = [r#"the rule "has(self.spec)" of the object"#, "spec as a required field"];
    assert_eq!(accepts_more(&object, &crd(wanted())), says);
}

#[test]
fn a_number_or_text_is_one_type_however_it_is_written() {
    let pair = json!([{"type": "integer"}, {"type": "string"}]);
    let all = [
        json!({"anyOf": pair, "x-kubernetes-int-or-string": true}),
        json!({"x-kubernetes-int-or-string": true}),
        json!({"anyOf": pair}),
    ];
    for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
        assert_eq!(seen(&crd(one.clone()), &crd(other.clone())), NOBODY, "{one} and {other}");
    }
    let other = json!({"anyOf": [{"minimum": 1}, {"maximum": -1}], "type": "integer"});
    assert_eq!(seen(&crd(json!({"type": "integer"})), &crd(other)), LACKS);
}

/// Whether a difference is seen by [`lacks`], and whether by [`accepts_more`].
type Seen = (bool, bool);
const NOBODY: Seen = (false, false);
const LACKS: Seen = (true, false);
const ACCEPTS: Seen = (false, true);
const BOTH: Seen = (true, true);

fn seen(wanted: &Value, installed: &Value) -> Seen {
    let found = differences(wanted, installed);
    (!found.lacks.is_empty() || !found.narrower.is_empty(), !found.accepts.is_empty())
}

/// The pointers of a schema and of those below it.
fn pointers(schema: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        pointers(field, &format!("{at}/properties/{name}"), all);
    }
    for key in ["items", "additionalProperties"].into_iter().filter(|key| schema[*key].is_object()) {
        pointers(&schema[key], &format!("{at}/{key}"), all);
    }
}

/// Who sees that an installed CRD does not have this keyword of a schema.
fn sees_removed(schema: &Value, keyword: &str, is_required: bool) -> Seen {
    let value = &schema[keyword];
    let is_filled_in = |name: &Value| schema["properties"][name.as_str().unwrap()].get("default").is_some();
    match keyword {
        "description" | "title" | "anyOf" | "x-kubernetes-int-or-string" | "x-kubernetes-map-type" => NOBODY,
        "default" if is_required => LACKS,
        "default" => NOBODY,
        "properties" | "items" | "additionalProperties" => LACKS,
        "format" if value == "int64" => NOBODY,
        "minLength" | "minItems" if value == 0 => NOBODY,
        "x-kubernetes-list-type" if value == "atomic" => NOBODY,
        "required" if value.as_array().unwrap().iter().all(is_filled_in) => NOBODY,
        // So a keyword that nobody knows fails the test.
        _ => ACCEPTS,
    }
}

/// Other values of a keyword, and who sees each in an installed CRD.
fn altered(keyword: &str, value: &Value) -> Vec<(Value, Seen)> {
    let by = |n: i64| value.as_i64().map_or_else(|| json!(value.as_f64().unwrap() + n as f64), |was| json!(was + n));
    let list = || value.as_array().unwrap().clone();
    match keyword {
        "maximum" | "maxLength" | "maxItems" | "maxProperties" => vec![(by(-1), LACKS), (by(1), ACCEPTS)],
        "minimum" | "minLength" | "minItems" => {
            // Below nothing there is nothing.
            let is_least = keyword != "minimum" && value == 0;
            vec![(by(1), LACKS), (by(-1), if is_least { NOBODY } else { ACCEPTS })]
        }
        "enum" => {
            let (fewer, more) = (list()[1..].to_vec(), [list(), vec![json!("Further")]].concat());
            vec![(json!(fewer), LACKS), (json!(more), ACCEPTS)]
        }
        "pattern" => vec![(json!("^other$"), BOTH)],
        "type" => vec![(json!(if value == "boolean" { "string" } else { "boolean" }), LACKS)],
        "required" => vec![(json!([list(), vec![json!("further")]].concat()), LACKS)],
        RULES => {
            let mut other = list();
            other[0]["rule"] = json!("self != oldSelf");
            let mut words = list();
            words[0]["message"] = json!("other words");
            let further = [list(), vec![json!({"rule": "self != oldSelf"})]].concat();
            vec![(json!(further), LACKS), (json!(other), BOTH), (json!(words), NOBODY)]
        }
        _ => Vec::new(),
    }
}

#[test]
fn each_keyword_of_each_kind_is_seen_by_the_side_that_it_matters_to() {
    const ROOT: &str = "/spec/versions/0/schema/openAPIV3Schema";
    let reversed = |(lacks, accepts): Seen| (accepts, lacks && accepts);
    let (mut removed, mut changed) = (0, 0);
    for (plural, wanted) in crate::crds::all().unwrap() {
        let mut other = wanted.clone();
        let mut all = Vec::new();
        pointers(wanted.pointer(ROOT).unwrap(), ROOT, &mut all);
        for pointer in &all {
            let schema = wanted.pointer(pointer).unwrap();
            let parent = pointer.rsplit_once("/properties/").filter(|(_, name)| !name.contains('/'));
            let is_required = parent.is_some_and(|(parent, name)| {
                let required = wanted.pointer(parent).unwrap()["required"].as_array();
                required.is_some_and(|all| all.contains(&json!(name)))
            });
            for (keyword, value) in schema.as_object().unwrap() {
                let was = other.pointer(pointer).unwrap().as_object().unwrap().clone();
                let mut without = was.clone();
                without.remove(keyword);
                *other.pointer_mut(pointer).unwrap() = Value::Object(without);
                let expected = sees_removed(schema, keyword, is_required);
                assert_eq!(seen(&wanted, &other), expected, "{plural}: {pointer} without {keyword}");
                // Who runs a release without it: what is more is no fault, but what refuses more is.
                assert_eq!(seen(&other, &wanted), reversed(expected), "{plural}: {pointer} with {keyword}");
                removed += 1;
                for (to, expected) in altered(keyword, value) {
                    let mut with = was.clone();
                    with.insert(keyword.clone(), to.clone());
                    *other.pointer_mut(pointer).unwrap() = Value::Object(with);
                    assert_eq!(seen(&wanted, &other), expected, "{plural}: {pointer}, {keyword} {to}");
                    changed += 1;
                }
                *other.pointer_mut(pointer).unwrap() = Value::Object(was);
            }
        }
        assert_eq!(seen(&wanted, &other), NOBODY, "{plural}: all is as it was");
    }
    assert!(removed > 1_500 && changed > 800, "{removed} removed, {changed} changed");
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
        assert_eq!(
            refuses(&loose, &wanted).len(),
            taken,
            "{plural}: a release without them may write what they refuse"
        );
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
