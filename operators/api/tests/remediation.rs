//! A RemediationAction as the API server treats it: its schema, the union of its steps, and what can be changed later.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "cases/remediation.rs"]
mod cases;

use std::{collections::BTreeSet, sync::LazyLock};

use cases::{ACTION, ACTION_CHANGES, IMMUTABLE, MUTABLE, PARAMS, SCALE, STEPS};
use kube::core::cel::{CompiledSchema, Validator, apply_defaults, compile_schema};
use serde_json::{Value, json};
use trimtab_api::{
    crds,
    remediation::{spec::RemediationAction, step::MEMBERS},
    structural,
};

static CRD: LazyLock<Value> = LazyLock::new(|| crds::upcoming().unwrap().remove(0).1);
static SCHEMA: LazyLock<&'static Value> = LazyLock::new(|| &CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]);
/// The rules, compiled once: there are thousands of specs to try.
static RULES: LazyLock<CompiledSchema> = LazyLock::new(|| compile_schema(&SCHEMA));

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// A valid step of an action.
fn step(action: &str) -> Value {
    let (_, kind, params) = STEPS.iter().find(|(name, ..)| *name == action).unwrap();
    let mut step = json!({"name": "s", "action": action, "target": {"apiVersion": "v1", "kind": kind, "name": "x"}});
    if !params.is_empty() {
        step[member(action)] = yaml(params);
    }
    step
}

fn member(action: &str) -> String {
    action[..1].to_ascii_lowercase() + &action[1..]
}

/// A spec in which `SCALE` and `STEP Action` are written out.
fn spec(text: &str) -> Value {
    let mut text = text.replace("SCALE", SCALE);
    if let Some((before, after)) = text.clone().split_once("STEP ") {
        let (action, rest) = after.split_at(after.find([',', '}']).unwrap());
        text = format!("{before}steps: [{}]{rest}", step(action));
    }
    yaml(&text)
}

/// The spec of one step that is complete: temporary where it must be, accepted where it must be.
fn complete(step: Value) -> Value {
    json!({"steps": [step], "mode": "Execute", "acceptIrreversible": true, "undo": {"after": "1h"}})
}

/// Every reason to refuse a spec, or a change of one.
fn refusals(spec: &Value, old: Option<&Value>) -> Vec<String> {
    let object = |spec: &Value| apply_defaults(&SCHEMA, &json!({"spec": spec}));
    let new = object(spec);
    let mismatches = structural::check(&SCHEMA, &new);
    if !mismatches.is_empty() {
        return mismatches.iter().map(ToString::to_string).collect();
    }
    // What the schema accepts, the program can read.
    let typed = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "RemediationAction", "metadata": {"name": "x"},
        "spec": new["spec"]});
    let typed: RemediationAction = serde_json::from_value(typed).unwrap();
    let again = apply_defaults(&SCHEMA, &json!({"spec": typed.spec}));
    assert_eq!(structural::check(&SCHEMA, &again), []);
    let fields =
        |spec: &Value| spec["spec"]["steps"][0].as_object().map(|step| step.keys().cloned().collect::<BTreeSet<_>>());
    assert_eq!(fields(&again), fields(&new), "read and written again");
    let ruled = Validator::new().validate_compiled(&RULES, &new, old.map(object).as_ref());
    ruled.err().map(|errors| errors.iter().map(|e| e.message.clone()).collect()).unwrap_or_default()
}

/// The only refusal, which begins with `message`.
fn refused(spec: &Value, old: Option<&Value>, message: &str) {
    let found = refusals(spec, old);
    assert!(matches!(found.as_slice(), [one] if one.starts_with(message)), "{message}: {found:?} of {spec}");
}

fn accepted(spec: &Value, old: Option<&Value>) {
    assert_eq!(refusals(spec, old), Vec::<String>::new(), "{spec}");
}

/// A schema that the API server calls structural: each field has a type, and nothing that it does not know.
fn not_structural(path: &str, schema: &Value, found: &mut Vec<String>) {
    let is_either = schema["x-kubernetes-int-or-string"] == true;
    if !is_either && schema["type"].as_str().is_none() {
        found.push(format!("{path} has no type"));
    }
    for word in ["$ref", "oneOf", "allOf", "not", "definitions", "const", "nullable", "patternProperties"] {
        if schema.get(word).is_some() {
            found.push(format!("{path} has {word}"));
        }
    }
    if schema.get("anyOf").is_some() != is_either
        || (schema.get("properties").is_some() && schema.get("additionalProperties").is_some())
    {
        found.push(format!("{path} has anyOf, or both properties and additionalProperties"));
    }
    if schema["type"] == "array" && schema.get("items").is_none() {
        found.push(format!("{path} has no items"));
    }
    // The key of a list map has to be there in each item.
    for key in schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten() {
        let items = &schema["items"];
        let is_required = items["required"].as_array().is_some_and(|all| all.contains(key));
        if !is_required && items["properties"][key.as_str().unwrap()].get("default").is_none() {
            found.push(format!("{path}: the key {key} is optional"));
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        not_structural(&format!("{path}.{name}"), field, found);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            not_structural(&format!("{path}[]"), &schema[inner], found);
        }
    }
}

#[test]
fn the_schema_is_structural_and_small() {
    let mut found = Vec::new();
    not_structural("", &SCHEMA, &mut found);
    assert!(found.is_empty(), "{found:#?}");
    let size = serde_yaml::to_string(&*CRD).unwrap().len();
    assert!(size < 200_000, "{size} bytes of YAML");
    assert!(crds::names().iter().all(|name| CRD["metadata"]["name"] != *name), "it is installed already");
}

#[test]
fn every_action_has_a_valid_step_and_a_name_of_its_own() {
    let names: Vec<&str> = STEPS.iter().map(|step| step.0).collect();
    assert_eq!(names, MEMBERS.iter().map(|member| member.action).collect::<Vec<_>>());
    assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (52, 52));
    for (action, _, params) in STEPS {
        accepted(&complete(step(action)), None);
        let known = MEMBERS.iter().find(|member| member.action == *action).unwrap();
        assert_eq!(known.name, (!params.is_empty()).then(|| member(action)).as_deref(), "{action}");
    }
    // The members in the schema are those of the table.
    let fields: BTreeSet<&str> = SCHEMA["properties"]["spec"]["properties"]["steps"]["items"]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let members = MEMBERS.iter().filter_map(|member| member.name);
    assert_eq!(fields, members.chain(["action", "name", "target"]).collect());
}

#[test]
fn a_step_has_the_member_of_its_action_and_no_other() {
    for (at, (action, ..)) in STEPS.iter().enumerate() {
        let known = MEMBERS.iter().find(|member| member.action == *action).unwrap();
        let good = step(action);
        let mut bare = good.clone();
        bare.as_object_mut().unwrap().remove(&member(action));
        // No member.
        if known.is_required {
            refused(&complete(bare.clone()), None, &format!("{} must be set for the action {action}", member(action)));
        } else {
            accepted(&complete(bare.clone()), None);
        }
        // With the next ones, so that each member is tried where it does not belong.
        let next = STEPS.iter().cycle().skip(at + 1).take(6).filter(|(.., params)| !params.is_empty());
        for (other, _, params) in next {
            let (mut two, mut wrong) = (good.clone(), bare.clone());
            two[member(other)] = yaml(params);
            wrong[member(other)] = yaml(params);
            // Two members.
            refused(&complete(two), None, &format!("{} must ", member(other)));
            // The wrong one.
            let found = refusals(&complete(wrong), None);
            assert_eq!(found.len(), 1 + usize::from(known.is_required), "{action} with {}: {found:?}", member(other));
        }
    }
}

#[test]
fn an_eviction_never_means_all_pods_of_a_workload() {
    for (kind, params, is_ok) in [
        ("Pod", None, true),
        ("Pod", Some("{}"), true),
        ("Deployment", None, false),
        ("Deployment", Some("{gracePeriodSeconds: 5}"), false),
        ("Deployment", Some("{pods: [a]}"), true),
        ("Deployment", Some("{selector: {matchLabels: {a: b}}}"), true),
    ] {
        let mut step = step("EvictPod");
        step.as_object_mut().unwrap().remove("evictPod");
        step["target"]["kind"] = json!(kind);
        if let Some(params) = params {
            step["evictPod"] = yaml(params);
        }
        let spec = complete(step);
        if is_ok { accepted(&spec, None) } else { refused(&spec, None, "EvictPod must name or select pods") }
    }
}

#[test]
fn rules_of_parameters() {
    for (case, action, good, bad) in PARAMS {
        let with = |params: &str| {
            let mut step = step(action);
            step[member(action)] = yaml(params);
            complete(step)
        };
        accepted(&with(good), None);
        refused(&with(bad), None, case);
    }
}

#[test]
fn rules_of_a_spec_and_of_its_changes() {
    for (case, good, bad) in ACTION {
        accepted(&spec(good), None);
        refused(&spec(bad), None, case);
    }
    for (case, old, good, bad) in ACTION_CHANGES {
        let old = spec(old);
        accepted(&spec(good), Some(&old));
        if !bad.is_empty() {
            refused(&spec(bad), Some(&old), case);
        }
    }
}

#[test]
fn what_was_planned_does_not_change() {
    const MESSAGE: &str = "only approval, approver, cancel, undo, priority and ttlAfterFinished can be changed";
    let bare = spec("{SCALE}");
    for field in MUTABLE {
        accepted(&spec(&format!("{{SCALE, {field}}}")), Some(&bare));
    }
    for field in IMMUTABLE {
        let with = spec(&format!("{{SCALE, {field}}}"));
        // Set, and removed: an optional field must not be forgotten either.
        refused(&with, Some(&bare), MESSAGE);
        refused(&bare, Some(&with), MESSAGE);
        accepted(&with, Some(&with));
    }
    for (field, value) in [("name", json!("t")), ("scaleWorkload", json!({"replicas": 4}))] {
        let mut other = bare.clone();
        other["steps"][0][field] = value;
        refused(&other, Some(&bare), MESSAGE);
    }
    let mut longer = bare.clone();
    let mut second = longer["steps"][0].clone();
    second["name"] = json!("t");
    longer["steps"].as_array_mut().unwrap().push(second);
    refused(&longer, Some(&bare), MESSAGE);
    // No field is in neither list, or in both.
    let first =
        |texts: &[&str]| texts.iter().map(|text| text.split(':').next().unwrap().to_owned()).collect::<BTreeSet<_>>();
    let mut listed = &first(MUTABLE) | &first(IMMUTABLE);
    listed.extend(["steps", "approver"].map(str::to_owned));
    let fields: BTreeSet<String> =
        SCHEMA["properties"]["spec"]["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(listed, fields);
    assert!(first(MUTABLE).is_disjoint(&first(IMMUTABLE)));
}

/// What is optional inside of what was planned is not forgotten either.
#[test]
fn nothing_is_removed_from_what_was_planned() {
    const MESSAGE: &str = "only approval, approver, cancel, undo, priority and ttlAfterFinished can be changed";
    let mut full = spec(
        "{SCALE, requester: {username: ann, uid: u, groups: [a, b], extra: {scopes: [x]}}, verify: {window: 1m, queries: [{name: q, promql: up}]}, policyRef: {name: p, generation: 1}}",
    );
    full["steps"] = json!([step("EvictPod"), step("CordonNode")]);
    full["steps"][1]["name"] = json!("t");
    full["steps"][0]["target"]["uid"] = json!("u");
    accepted(&full, Some(&full));
    for (within, field) in [
        ("/steps/0/target", "uid"),
        ("/steps/0", "evictPod"),
        ("/steps/0/evictPod", "gracePeriodSeconds"),
        ("/requester", "uid"),
        ("/requester", "groups"),
        ("/requester", "extra"),
        ("/requester/extra", "scopes"),
        ("/verify", "queries"),
        ("", "requester"),
        ("", "verify"),
        ("", "policyRef"),
    ] {
        let mut less = full.clone();
        let gone = less.pointer_mut(within).unwrap().as_object_mut().unwrap().remove(field);
        assert!(gone.is_some(), "{within}/{field}");
        refused(&less, Some(&full), MESSAGE);
    }
    let mut fewer = full.clone();
    fewer["steps"].as_array_mut().unwrap().pop();
    refused(&fewer, Some(&full), MESSAGE);
    fewer = full.clone();
    fewer["requester"]["groups"].as_array_mut().unwrap().pop();
    refused(&fewer, Some(&full), MESSAGE);
}

/// Of what can be changed later, an approval is for the time of the undo alone: all else can only stop the action, take it
/// back, order it among others, or say how long its object is kept.
#[test]
fn an_approval_is_for_the_steps_and_for_the_time_of_the_undo() {
    let approved = |text: &str| {
        let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "RemediationAction", "metadata": {"name": "x"},
            "spec": spec(text)});
        let action: RemediationAction = serde_json::from_value(object).unwrap();
        json!(action.spec.approved())
    };
    let bare = approved("{SCALE}");
    let counts: Vec<&str> =
        MUTABLE.iter().copied().filter(|field| approved(&format!("{{SCALE, {field}}}")) != bare).collect();
    assert_eq!(counts, ["undo: {after: 1h}"]);
    assert_ne!(approved("{SCALE, undo: {after: 1h}}"), approved("{SCALE, undo: {after: 59m}}"));
    assert_eq!(
        approved("{SCALE, undo: {after: 1d}}"),
        approved("{SCALE, undo: {after: 24h, now: true}}"),
        "in any unit"
    );
    assert_ne!(approved("{STEP CordonNode}"), approved("{STEP UncordonNode}"));
}

#[test]
fn what_is_temporary_or_irreversible_is_said() {
    let (mut temporary, mut irreversible) = (BTreeSet::new(), BTreeSet::new());
    for (action, ..) in STEPS {
        let with = |field: &str| {
            let mut spec = complete(step(action));
            spec.as_object_mut().unwrap().remove(field);
            spec
        };
        for (field, message, found) in [
            ("undo", "undo.after must be set, because", &mut temporary),
            ("acceptIrreversible", "acceptIrreversible must be true", &mut irreversible),
        ] {
            if refusals(&with(field), None).iter().any(|text| text.starts_with(message)) {
                refused(&with(field), None, message);
                found.insert(*action);
            }
        }
        // A dry run shows what there is to accept.
        let mut dry = with("acceptIrreversible");
        dry["mode"] = json!("DryRun");
        accepted(&dry, None);
    }
    assert_eq!((temporary.len(), irreversible.len()), (5, 4), "{temporary:?} {irreversible:?}");
}

#[test]
fn the_schema_refuses_what_nobody_can_mean() {
    for (change, says) in [
        ("steps: []", "spec.steps: fewer than 1 items"),
        ("mode: Yes", "spec.mode: "),
        ("priority: 1001", "spec.priority: 1001 is greater than 1000"),
        ("undo: {after: 1.5h}", "spec.undo.after: "),
        ("requester: {username: \"a\\nb\"}", "spec.requester.username: "),
        ("maxRiskLevel: None", "spec.maxRiskLevel: "),
        ("policyRef: {name: p, generation: 0}", "spec.policyRef.generation: 0 is less than 1"),
        ("verify: {window: 1m, queries: [{name: a, promql: ''}]}", "spec.verify.queries[0].promql: shorter than 1"),
        ("notBefore: tomorrow", "spec.notBefore: "),
        ("nonsense: 1", "spec.nonsense: unknown field"),
    ] {
        let mut changed = spec("{SCALE}");
        for (field, value) in yaml(&format!("{{{change}}}")).as_object().unwrap() {
            changed[field] = value.clone();
        }
        let found = refusals(&changed, None);
        assert!(found.iter().any(|text| text.starts_with(says)), "{change}: {found:?}");
    }
    let with = |field: &str, value: Value| {
        let mut spec = spec("{SCALE}");
        *spec["steps"][0].pointer_mut(field).unwrap() = value;
        refusals(&spec, None)
    };
    for (field, value) in [
        ("/action", json!("DeleteNamespace")),
        ("/action", json!("scaleWorkload")),
        ("/name", json!("a b")),
        ("/target/name", json!("../x")),
        ("/target/name", json!("a\u{202e}b")),
        ("/target/kind", json!("deployment")),
        ("/target/apiVersion", json!("apps")),
        ("/scaleWorkload/replicas", json!(-1)),
        ("/scaleWorkload/replicas", json!("3")),
    ] {
        let found = with(field, value);
        assert!(matches!(found.as_slice(), [one] if one.contains(&field[1..].replace('/', "."))), "{field}: {found:?}");
    }
    let many: Vec<Value> = (0..17)
        .map(|n| {
            let mut step = step("CordonNode");
            step["name"] = json!(format!("s{n}"));
            step
        })
        .collect();
    assert_eq!(refusals(&json!({"steps": many}), None), ["spec.steps: more than 16 items"]);
    let twice = json!({"steps": [step("CordonNode"), step("UncordonNode")]});
    assert_eq!(refusals(&twice, None), ["spec.steps[1]: duplicate value \"s\""]);
}

/// Messages of every rule at or below `schema`.
fn messages(schema: &Value, found: &mut BTreeSet<String>) {
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        found.insert(rule["message"].as_str().unwrap_or_else(|| panic!("no message: {rule}")).to_owned());
    }
    match schema {
        Value::Object(map) => map.values().for_each(|value| messages(value, found)),
        Value::Array(list) => list.iter().for_each(|value| messages(value, found)),
        _ => {}
    }
}

/// The rules of the union are tried by the table of actions, those of the spec in the tests above.
#[test]
fn no_rule_is_without_a_case_and_messages_are_short() {
    let mut found = BTreeSet::new();
    messages(&SCHEMA, &mut found);
    let cases = PARAMS.iter().map(|case| case.0).chain(ACTION.iter().map(|case| case.0));
    let changes = ACTION_CHANGES.iter().map(|case| case.0);
    let others = [
        "only approval, approver",
        "undo.after must be set",
        "acceptIrreversible must be",
        "EvictPod must name",
        "window must be between",
    ];
    let known: Vec<&str> = cases.chain(changes).chain(others).collect();
    let is_union = |text: &str| {
        MEMBERS.iter().filter_map(|member| member.name).any(|name| text.starts_with(&format!("{name} must ")))
    };
    let bare: Vec<_> =
        found.iter().filter(|text| !is_union(text) && !known.iter().any(|case| text.starts_with(case))).collect();
    assert!(bare.is_empty(), "no case for {bare:#?}");
    for message in found {
        assert!((30..=260).contains(&message.len()) && !message.contains('\n'), "{}: {message}", message.len());
    }
}

/// Every description at or below `schema`.
fn descriptions<'s>(schema: &'s Value, found: &mut Vec<&'s str>) {
    found.extend(schema["description"].as_str());
    for field in schema["properties"].as_object().into_iter().flatten().map(|(_, field)| field) {
        descriptions(field, found);
    }
    if schema["items"].is_object() {
        descriptions(&schema["items"], found);
    }
}

#[test]
fn shared_types_speak_of_actions_here() {
    let mut found = Vec::new();
    descriptions(&SCHEMA, &mut found);
    assert!(found.len() > 200, "{}", found.len());
    for word in ["ecommendation", "rollout", "had the new size", "the policy's", "a person's proposal"] {
        let wrong: Vec<_> = found.iter().filter(|text| text.contains(word)).collect();
        assert!(wrong.is_empty(), "{word}: {wrong:#?}");
    }
}
