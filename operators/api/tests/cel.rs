//! Every CEL rule of every kind: an object that it accepts, and one that it rejects with its message.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod cases;

use std::collections::BTreeSet;

use cases::{BOOK, CHANGES, POLICY, PROFILE_CHANGES, RECOMMENDATION, WEB};
use kube::core::cel::ValidationErrors;
use serde_json::Value;
use trimtab_api::{OptimizationPolicy, PriceBook, Recommendation, UsageProfile};

fn object<T: serde::de::DeserializeOwned>(kind: &str, spec: &str) -> T {
    let yaml = format!(
        "{{apiVersion: trimtab.dev/v1alpha1, kind: {kind}, metadata: {{name: x}}, spec: {}}}",
        spec.replace("WEB", WEB)
    );
    serde_yaml::from_str(&yaml).unwrap_or_else(|e| panic!("{e}: {yaml}"))
}

fn messages(result: Result<(), ValidationErrors>) -> Vec<String> {
    result.err().map(|all| all.iter().map(|e| e.message.clone()).collect()).unwrap_or_default()
}

/// The good spec passes every rule. The bad one is rejected only by the rule of the case.
fn check(case: &str, good: Result<(), ValidationErrors>, bad: Result<(), ValidationErrors>) {
    assert_eq!(messages(good), Vec::<String>::new(), "{case}");
    let bad = messages(bad);
    assert!(matches!(bad.as_slice(), [only] if only.starts_with(case)), "{case}: {bad:?}");
}

#[test]
fn rules_of_an_optimization_policy() {
    for (case, good, bad) in POLICY {
        let [good, bad] =
            [good, bad].map(|spec| object::<OptimizationPolicy>("OptimizationPolicy", spec).validate_cel());
        check(case, good, bad);
    }
}

#[test]
fn rules_of_a_price_book() {
    for (case, good, bad) in BOOK {
        let [good, bad] = [good, bad].map(|spec| object::<PriceBook>("PriceBook", spec).validate_cel());
        check(case, good, bad);
    }
}

#[test]
fn rules_of_a_recommendation() {
    for (case, good, bad) in RECOMMENDATION {
        let [good, bad] = [good, bad].map(|spec| object::<Recommendation>("Recommendation", spec).validate_cel());
        check(case, good, bad);
    }
}

#[test]
fn rules_of_a_change_to_a_recommendation() {
    for (case, old, good, bad) in CHANGES {
        let old: Recommendation = object("Recommendation", old);
        let [good, bad] =
            [good, bad].map(|spec| object::<Recommendation>("Recommendation", spec).validate_cel_update(&old));
        check(case, good, bad);
    }
}

#[test]
fn rules_of_a_change_to_a_usage_profile() {
    for (case, old, good, bad) in PROFILE_CHANGES {
        let old: UsageProfile = object("UsageProfile", old);
        let [good, bad] =
            [good, bad].map(|spec| object::<UsageProfile>("UsageProfile", spec).validate_cel_update(&old));
        check(case, good, bad);
    }
}

/// Messages of every rule at or below `schema`.
fn rules(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            for rule in map.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
                found.insert(rule["message"].as_str().unwrap_or_else(|| panic!("no message: {rule}")).to_owned());
            }
            map.values().for_each(|v| rules(v, found));
        }
        Value::Array(list) => list.iter().for_each(|v| rules(v, found)),
        _ => {}
    }
}

#[test]
fn no_rule_is_without_a_case() {
    let cases = [POLICY, BOOK, RECOMMENDATION].concat().into_iter().map(|c| c.0);
    let changes = CHANGES.iter().chain(PROFILE_CHANGES).map(|c| c.0);
    let cases: Vec<_> = cases.chain(changes).collect();
    let mut found = BTreeSet::new();
    for (_, crd) in trimtab_api::crds::all().unwrap() {
        rules(&crd, &mut found);
    }
    let bare: Vec<_> = found.iter().filter(|message| !cases.iter().any(|case| message.starts_with(case))).collect();
    assert!(bare.is_empty(), "{} rules, no case for {bare:#?}", found.len());
}

/// A message fits in one line of a terminal or a pull request, and says what to do. The longest contains YAML to copy.
#[test]
fn messages_are_short_enough_to_read() {
    let mut found = BTreeSet::new();
    for (_, crd) in trimtab_api::crds::all().unwrap() {
        rules(&crd, &mut found);
    }
    for message in found {
        assert!((30..=260).contains(&message.len()) && !message.contains('\n'), "{}: {message}", message.len());
    }
}
