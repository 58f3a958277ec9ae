//! The registry and the API agree: names of actions and members, parameters and their types, what is temporary, what cannot
//! be undone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use serde_json::Value;
use trimtab_actions::{
    action::{Action, Shape},
    registry,
};
use trimtab_api::{crds, remediation::step::MEMBERS};

fn spec() -> Value {
    let (_, crd) = crds::upcoming().unwrap().into_iter().find(|(name, _)| name == "remediationactions").unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

fn names(of: impl Fn(&Action) -> bool) -> BTreeSet<String> {
    registry::all().filter(|action| of(action)).map(|action| action.name.to_owned()).collect()
}

#[test]
fn every_action_can_be_asked_for_and_is_known() {
    let asked: BTreeSet<String> = MEMBERS.iter().map(|member| member.action.to_owned()).collect();
    assert_eq!(asked, names(|_| true));
    for member in MEMBERS {
        let action = registry::named(member.action).unwrap();
        assert_eq!(member.name, action.member().as_deref(), "{}", action.name);
    }
}

/// Their parameters are all optional, and one of several has to be set: a rule of the schema says so.
const ONE_OF: [&str; 6] = [
    "LabelNode",
    "PatchHorizontalPodAutoscaler",
    "PatchNetworkPolicy",
    "RelaxPodDisruptionBudget",
    "RequestNodeRemediation",
    "RestoreObject",
];

#[test]
fn a_member_is_required_where_its_action_means_nothing_without() {
    for member in MEMBERS.iter().filter(|member| member.name.is_some()) {
        let action = registry::named(member.action).unwrap();
        let is_needed = action.params.iter().any(|param| param.required) || ONE_OF.contains(&action.name);
        assert_eq!(member.is_required, is_needed, "{}", action.name);
    }
}

/// The shape of a field in the schema, without the words of a choice.
fn shape(field: &Value) -> Option<Shape> {
    if field["x-kubernetes-int-or-string"] == true {
        let is_quantity = field["pattern"].as_str()?.contains("Ki|Mi");
        return Some(if is_quantity { Shape::Quantity } else { Shape::IntOrText });
    }
    Some(match field["type"].as_str()? {
        "integer" => Shape::Integer,
        "boolean" => Shape::Flag,
        "string" if field.get("enum").is_some() => Shape::Choice(&[]),
        "string" if field["pattern"].as_str().is_some_and(|pattern| pattern.contains("(h|m|s|ms)")) => Shape::Duration,
        "string" => Shape::Text,
        "array" if field["items"]["type"] == "string" => Shape::Texts,
        "array" => Shape::Objects,
        "object" if field.get("additionalProperties").is_some() => Shape::Map,
        "object" => Shape::Object,
        _ => return None,
    })
}

#[test]
fn parameters_are_those_of_the_schema() {
    let spec = spec();
    let steps = &spec["properties"]["steps"]["items"]["properties"];
    for action in registry::all() {
        let Some(member) = action.member() else { continue };
        let schema = &steps[&member];
        let fields: BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, action.params.iter().map(|param| param.name).collect(), "{member}");
        for param in action.params {
            let field = &schema["properties"][param.name];
            let is_required =
                schema["required"].as_array().is_some_and(|all| all.iter().any(|name| name == param.name));
            assert_eq!(param.required, is_required, "{member}.{}", param.name);
            match param.shape {
                Shape::Choice(words) => {
                    let known: Vec<&str> =
                        field["enum"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
                    assert_eq!(words, known, "{member}.{}", param.name);
                }
                plain => assert_eq!(Some(plain), shape(field), "{member}.{}", param.name),
            }
        }
    }
}

/// The actions that the rule with this message names.
fn named_by(spec: &Value, message: &str) -> BTreeSet<String> {
    let rules = spec["x-kubernetes-validations"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["message"].as_str().unwrap().starts_with(message)).unwrap();
    let words = rule["rule"].as_str().unwrap().split('\'').skip(1).step_by(2).map(str::to_owned);
    words.filter(|word| registry::named(word).is_some()).collect()
}

#[test]
fn rules_name_what_is_temporary_and_what_cannot_be_undone() {
    let spec = spec();
    assert_eq!(named_by(&spec, "undo.after must be set"), names(|action| action.temporary_hours.is_some()));
    assert_eq!(named_by(&spec, "undo.after must be at most 4h"), names(|action| action.temporary_hours == Some(4)));
    assert_eq!(named_by(&spec, "acceptIrreversible must be true"), names(Action::must_be_accepted));
}
