#![allow(clippy::unwrap_used)]
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_api::crds;

use super::*;
use crate::testkit::{DIGEST, rec, rollout};

/// A permission: group, resource, name, verb.
type Permission = (String, String, String, String);

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// Every permission of some rules.
fn of_rules<'a>(rules: impl IntoIterator<Item = &'a Value>) -> BTreeSet<Permission> {
    let words = |rule: &Value, key: &str| -> Vec<String> {
        rule[key].as_array().into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let mut found = BTreeSet::new();
    for rule in rules {
        let names = Some(words(rule, "resourceNames")).filter(|names| !names.is_empty());
        for group in words(rule, "apiGroups") {
            for resource in words(rule, "resources") {
                for name in names.clone().unwrap_or(vec![String::new()]) {
                    for verb in words(rule, "verbs") {
                        found.insert((group.clone(), resource.clone(), name.clone(), verb));
                    }
                }
            }
        }
    }
    found
}

fn of_table(of: impl Fn(&Needed) -> bool) -> BTreeSet<Permission> {
    let permission = |n: Needed| {
        (n.group.to_owned(), n.resource.to_owned(), n.name.unwrap_or_default().into_owned(), n.verb.to_owned())
    };
    needed().into_iter().filter(|n| of(n)).map(permission).collect()
}

#[test]
fn the_table_is_what_the_roles_of_the_features_grant() {
    let template = read("charts/trimtab/templates/_rights.tpl");
    for feature in Feature::ALL {
        let begin = format!("{{{{- define \"trimtab.rights.{}\" -}}}}", feature.as_str());
        let body = template.split(&begin).nth(1).unwrap().split("{{- end }}").next().unwrap();
        let rules: Vec<Value> = serde_yaml::from_str(body).unwrap();
        let (role, table) = (of_rules(&rules), of_table(|n| n.feature == feature && !n.own));
        assert_eq!(role, table, "{}", feature.as_str());
    }
}

#[test]
fn the_table_is_what_the_manifests_grant() {
    let text = read("deploy/rbac.yaml");
    let documents: Vec<Value> =
        serde_yaml::Deserializer::from_str(&text).map(|d| Value::deserialize(d).unwrap()).collect();
    let granted = |kind: &str| {
        let roles = documents.iter().filter(|d| d["kind"] == kind);
        of_rules(roles.flat_map(|role| role["rules"].as_array().into_iter().flatten()))
    };
    assert_eq!(granted("ClusterRole"), of_table(|n| !n.own));
    let secret = ("", "secrets", "trimtab-prometheus", "get");
    let mut own = of_table(|n| n.own);
    own.insert((secret.0.to_owned(), secret.1.to_owned(), secret.2.to_owned(), secret.3.to_owned()));
    assert_eq!(granted("Role"), own);
    let mut names = crds::names();
    names.sort_unstable();
    assert_eq!(names, CRDS);
}

#[test]
fn nothing_is_needed_twice() {
    let mut counts: BTreeMap<Needed, usize> = BTreeMap::new();
    needed().into_iter().for_each(|n| *counts.entry(n).or_default() += 1);
    assert!(counts.values().all(|n| *n == 1) && counts.len() >= 60, "{counts:?}");
}

#[test]
fn a_policy_asks_for_what_it_names() {
    let policy = |name: &str, spec: Value| -> OptimizationPolicy {
        serde_json::from_value(json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy",
            "metadata": {"name": name}, "spec": spec}))
        .unwrap()
    };
    let policies = [
        policy("plain", json!({"targetNamespaces": ["a"]})),
        policy(
            "auto",
            json!({"targetNamespaces": ["a"], "autoApprove": {"minConfidencePercent": 90, "maxRiskLevel": "Low"}}),
        ),
        policy("evict", json!({"targetNamespaces": ["a"], "rolloutStrategy": {"ifInfeasible": "Evict"}})),
        policy("template", json!({"targetNamespaces": ["a"], "delivery": {"mode": "Template"}})),
        policy("admission", json!({"targetNamespaces": ["a"], "delivery": {"mode": "Admission"}})),
    ];
    assert_eq!(Feature::Recommend.asked_by(&policies).len(), 5);
    for (feature, by) in [
        (Feature::Resize, "auto"),
        (Feature::Evict, "evict"),
        (Feature::Template, "template"),
        (Feature::Admission, "admission"),
    ] {
        assert_eq!(feature.asked_by(&policies), [by], "{}", feature.as_str());
    }
}

#[test]
fn a_rollout_needs_what_it_is_made_with() {
    let with = |status: Value| rec(json!({"status": status}));
    let under_way = |change: Value| with(json!({"rollout": rollout(change)}));
    let ended = |digest: &str| rollout(json!({"stage": "Ended", "result": "Applied", "proposalDigest": digest}));
    let approved = |decision: &str, rollout: Value| {
        let approval = json!({"decision": decision, "by": {"kind": "Person", "name": "ada"}, "rule": "r",
            "proposalDigest": DIGEST, "since": "2026-11-21T11:00:00Z"});
        with(json!({"approval": approval, "rollout": rollout}))
    };
    let resize = Feature::Resize;
    for (found, needed) in [
        (with(json!({})), vec![]),
        (under_way(json!({"delivery": "Manual"})), vec![Feature::Recommend, resize]),
        (under_way(json!({"delivery": "Template"})), vec![Feature::Recommend, resize, Feature::Template]),
        (under_way(json!({"stage": "Undoing"})), vec![Feature::Recommend, resize, Feature::Admission]),
        (with(json!({"rollout": ended(DIGEST)})), vec![]),
        (approved("Approved", Value::Null), vec![resize]),
        (approved("Approved", ended("sha256:0000000000000000")), vec![resize]),
        (approved("Approved", ended(DIGEST)), vec![]),
        (approved("Rejected", Value::Null), vec![]),
    ] {
        let all = [found];
        let by: Vec<Feature> = Feature::ALL.into_iter().filter(|f| !f.needed_by(&all).is_empty()).collect();
        assert_eq!(by, needed, "{:?}", all[0].status);
    }
    assert_eq!(resize.needed_by(&[under_way(json!({}))]), ["shop/deploy-web"]);
}

#[test]
fn what_is_missing_is_named_by_resource() {
    let all = needed();
    let of = |wanted: &dyn Fn(&&Needed) -> bool| text(&all.iter().filter(|n| wanted(n)).collect::<Vec<_>>(), "tools");
    assert_eq!(of(&|n| n.resource == "nodes" || n.resource == "pods/resize"), "list, watch nodes; patch pods/resize");
    assert_eq!(
        of(&|n| n.own && n.verb != "create"),
        "get configmaps trimtab-halt in namespace tools; \
         get, patch leases.coordination.k8s.io trimtab-controller in namespace tools"
    );
    assert_eq!(of(&|_| false), "");
    let secret = of_secret("credentials");
    assert_eq!(text(&[&secret], "tools"), "get secrets credentials in namespace tools");
}
