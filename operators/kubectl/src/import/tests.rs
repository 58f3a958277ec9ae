//! VPAs of every shape become policies that the API server accepts.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Target, Vpa, yaml};
use crate::policy_file;

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn vpa(resource_policy: Value, update_mode: Option<&str>) -> Vpa {
    let requests = labels(&[("cpu", "500m"), ("memory", "1Gi")]);
    Vpa {
        object: json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "updatePolicy": update_mode.map(|mode| json!({"updateMode": mode})),
            "resourcePolicy": resource_policy}}),
        target: Some(Target {
            kind: "Deployment".to_owned(),
            name: "web".to_owned(),
            labels: labels(&[("app", "web"), ("helm.sh/chart", "web-1.2.3")]),
            containers: vec![("app".to_owned(), requests), ("proxy".to_owned(), BTreeMap::new())],
        }),
        others: vec![("api".to_owned(), labels(&[("app", "api")]))],
        selected_by: Vec::new(),
    }
}

/// The resulting spec, as the API server would store it, and the text.
fn imported(vpa: Vpa) -> (Value, String) {
    let text = yaml(&[vpa]);
    let policies = policy_file::read("import", &text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    (serde_json::to_value(&policies[0].spec).unwrap(), text)
}

#[test]
fn a_vpa_with_everything_becomes_a_policy() {
    let (spec, text) = imported(vpa(
        json!({"containerPolicies": [
            {"containerName": "*", "minAllowed": {"cpu": "50m", "memory": "64Mi"}, "maxAllowed": {"cpu": 2, "memory": "4Gi"},
                "controlledValues": "RequestsOnly"},
            {"containerName": "proxy", "mode": "Off"},
        ]}),
        Some("Recreate"),
    ));
    assert_eq!(spec["targetNamespaces"], json!(["shop"]));
    assert_eq!(spec["kinds"], json!(["Deployment"]));
    assert_eq!(spec["workloadSelector"], json!({"matchLabels": {"app": "web"}}));
    assert_eq!(spec["sizing"]["cpu"], json!({"min": "50m", "max": "2", "limit": "Keep"}));
    assert_eq!(spec["sizing"]["memory"], json!({"min": "64Mi", "max": "4Gi", "limit": "Keep"}));
    assert_eq!(spec["sizing"]["containers"], json!([{"name": "proxy", "mode": "Off"}]));
    for says in ["# Differs: minAllowed.cpu becomes min 50m", "# Differs: minAllowed.memory becomes min 64Mi"] {
        assert!(text.contains(says), "{says}\n{text}");
    }
    assert!(spec["autoApprove"].is_null(), "nothing is applied unless somebody says so");
    assert!(text.contains("# updateMode Recreate: the VPA applies") && text.contains("  # autoApprove:"), "{text}");
}

#[test]
fn what_differs_is_said() {
    for (policy, mode, says) in [
        (json!(null), None, "updateMode Auto, the default"),
        (json!(null), Some("Off"), "it only recommends, as this policy does"),
        (json!(null), Some("Initial"), "Differs: updateMode Initial"),
        (json!(null), Some("InPlaceOrRecreate"), "updateMode InPlaceOrRecreate: the VPA applies"),
        (
            json!({"containerPolicies": [{"containerName": "proxy", "controlledResources": ["memory"]}]}),
            None,
            "Differs: the VPA leaves its cpu alone; without a request",
        ),
    ] {
        let (_, text) = imported(vpa(policy, mode));
        assert!(text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn what_a_vpa_leaves_alone_stays() {
    let (spec, _) = imported(vpa(
        json!({"containerPolicies": [{"containerName": "*", "mode": "Off"}, {"containerName": "app"}]}),
        None,
    ));
    let proxy = spec["sizing"]["containers"].as_array().unwrap().iter().find(|c| c["name"] == "proxy").unwrap();
    assert_eq!(proxy["mode"], "Off");
    let memory_only = json!({"containerPolicies": [{"containerName": "*", "controlledResources": ["memory"]}]});
    let (spec, _) = imported(vpa(memory_only, None));
    let app = spec["sizing"]["containers"].as_array().unwrap().iter().find(|c| c["name"] == "app").unwrap();
    assert_eq!(app["cpu"], json!({"min": "500m", "max": "500m", "limit": "Keep"}));
    assert_eq!(spec["sizing"]["memory"]["limit"], "KeepRatio");
    // A maximum below the default minimum still gives a policy that is accepted.
    let small = json!({"containerPolicies": [{"containerName": "*", "maxAllowed": {"cpu": "5m", "memory": "16Mi"}}]});
    let (spec, _) = imported(vpa(small, None));
    assert_eq!((&spec["sizing"]["cpu"]["min"], &spec["sizing"]["memory"]["min"]), (&json!("5m"), &json!("16Mi")));
}

#[test]
fn only_the_one_workload_is_selected() {
    let mut shared = vpa(json!(null), None);
    shared.others.push(("web-canary".to_owned(), labels(&[("app", "web"), ("track", "canary")])));
    let (spec, text) = imported(shared);
    assert_eq!(spec["workloadSelector"]["matchLabels"], json!({"trimtab.dev/vpa": "web"}));
    assert!(text.contains("kubectl label deployment web -n shop trimtab.dev/vpa=web"), "{text}");
    assert!(text.contains("shares all of its labels with web-canary"), "{text}");
    let mut gone = vpa(json!(null), None);
    gone.target = None;
    assert!(imported(gone).1.contains("does not exist now"));
}

#[test]
fn a_kind_that_no_policy_selects_is_said() {
    let mut odd = vpa(json!(null), None);
    odd.object["spec"]["targetRef"]["kind"] = json!("ReplicaSet");
    let text = yaml(&[odd]);
    assert!(text.contains("ReplicaSet is not a kind that a policy can") && !text.contains("apiVersion"), "{text}");
}

#[test]
fn bounds_that_no_policy_may_have_become_some_that_it_may() {
    let of = |policies: Value| imported(vpa(json!({"containerPolicies": policies}), None));
    // The other way round.
    let (spec, text) = of(json!([{"containerName": "*", "minAllowed": {"cpu": "2"}, "maxAllowed": {"cpu": "1"}}]));
    assert_eq!((&spec["sizing"]["cpu"]["min"], &spec["sizing"]["cpu"]["max"]), (&json!("1"), &json!("1")));
    assert!(text.contains("# Differs: minAllowed.cpu 2 is above maxAllowed.cpu 1"), "{text}");
    // Two entries that would be merged field by field.
    for (all, own) in [
        (json!({"maxAllowed": {"cpu": "1"}}), json!({"minAllowed": {"cpu": "2"}})),
        (json!({"minAllowed": {"cpu": "2"}}), json!({"maxAllowed": {"cpu": "1"}})),
        (json!({"minAllowed": {"memory": "1Gi"}}), json!({"maxAllowed": {"memory": "16Mi"}})),
    ] {
        let (mut all, mut own) = (all, own);
        (all["containerName"], own["containerName"]) = (json!("*"), json!("app"));
        of(json!([all, own]));
    }
    // A bound that a container does not set is absent there, whatever holds for the others.
    let (spec, _) = of(json!([
        {"containerName": "*", "minAllowed": {"cpu": "100m"}, "maxAllowed": {"cpu": "1"}},
        {"containerName": "app"},
        {"containerName": "app", "minAllowed": {"cpu": "3"}},
    ]));
    let app = &spec["sizing"]["containers"][0]["cpu"];
    assert_eq!((&app["min"], &app["max"]), (&json!("10m"), &json!("1000")));
    let (_, text) = of(json!([{"containerName": "*", "minAllowed": {"memory": "512m"}, "maxAllowed": {"cpu": "0"}}]));
    for says in ["minAllowed.memory 512m is not a bound", "maxAllowed.cpu 0 is not a bound"] {
        assert!(text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn nothing_of_a_vpa_is_lost_in_silence() {
    let mut full = vpa(
        json!({"containerPolicies": [
            {"containerName": "app", "controlledValues": "RequestsOnly", "oomBumpUpRatio": 1.5,
                "controlledResources": ["cpu", "memory", "nvidia.com/gpu"], "maxAllowed": {"ephemeral-storage": "1Gi"}},
            {"containerName": "proxy"}]}),
        Some("Recreate"),
    );
    full.object["spec"]["recommenders"] = json!([{"name": "own"}]);
    full.object["spec"]["startupBoost"] = json!({"cpu": {"factor": 2}});
    full.object["spec"]["updatePolicy"]["minReplicas"] = json!(2);
    full.object["spec"]["updatePolicy"]["evictionRequirements"] =
        json!([{"resources": ["cpu", "memory"], "changeRequirement": "TargetHigherThanRequests"}]);
    full.object["spec"]["updatePolicy"]["evictAfterOOMSeconds"] = json!(60);
    let (_, text) = imported(full);
    for says in [
        "recommenders names own",
        "minReplicas 2",
        "evictionRequirements let VPA evict only for more cpu or memory",
        "spec.updatePolicy.evictAfterOOMSeconds has no counterpart in a policy and is left out: 60",
        "spec.startupBoost has no counterpart",
        "containerPolicies[app].oomBumpUpRatio has no counterpart",
        "containerPolicies[app].controlledResources names nvidia.com/gpu",
        "containerPolicies[app].maxAllowed.ephemeral-storage has no counterpart",
        "controlledValues RequestsOnly never changes a limit",
        "controlledValues RequestsAndLimits, the default",
    ] {
        assert!(text.lines().any(|l| l.starts_with("# Differs: ") && l.contains(says)), "{says}\n{text}");
    }
    let (_, plain) = imported(vpa(json!(null), None));
    assert!(!plain.contains("no counterpart") && !plain.contains("RequestsOnly"), "{plain}");
}

#[test]
fn one_that_only_recommends_may_stay() {
    let (_, off) = imported(vpa(json!(null), Some("Off")));
    assert!(off.contains("so it may stay") && !off.contains("Delete the VPA"), "{off}");
    for mode in [None, Some("Auto"), Some("Initial")] {
        let (_, text) = imported(vpa(json!(null), mode));
        assert!(text.contains("Delete the VPA, or set its updateMode to Off"), "{text}");
    }
}

#[test]
fn one_policy_counts_and_which_one_is_said() {
    let named = |name: &str, created: &str| {
        let mut one = vpa(json!(null), None);
        one.object["metadata"]["name"] = json!(name);
        one.object["metadata"]["creationTimestamp"] = json!(created);
        one
    };
    let priorities = |vpas: &[Vpa]| -> Vec<(String, i64)> {
        let found = policy_file::read("import", &yaml(vpas)).unwrap();
        found.iter().map(|p| (p.metadata.name.clone().unwrap(), p.spec.priority.into())).collect()
    };
    let (young, old) = (named("a", "2026-02-01T00:00:00Z"), named("b", "2026-01-01T00:00:00Z"));
    let expected = vec![("vpa-shop-a".to_owned(), 0), ("vpa-shop-b".to_owned(), 1)];
    assert_eq!(priorities(&[young.clone(), old]), expected);
    assert!(!yaml(std::slice::from_ref(&young)).contains("priority"), "where nothing else selects it, none is needed");
    let mut taken = young;
    taken.selected_by = vec![("services".to_owned(), 7), ("vpa-shop-a".to_owned(), 900)];
    assert_eq!(priorities(std::slice::from_ref(&taken)), [("vpa-shop-a".to_owned(), 8)]);
    assert!(
        yaml(std::slice::from_ref(&taken)).contains("above that of services, by which the workload is selected too")
    );
    taken.selected_by = vec![("services".to_owned(), 1000)];
    assert!(yaml(&[taken]).contains("Differs: no priority is above 1000"));
    // The same name from two places.
    let mut other = named("c", "2026-01-01T00:00:00Z");
    other.object["metadata"]["namespace"] = json!("shop-b");
    let names: Vec<String> =
        priorities(&[named("b-c", "2026-01-01T00:00:00Z"), other]).into_iter().map(|p| p.0).collect();
    assert_eq!(names, ["vpa-shop.b-c", "vpa-shop-b.c"]);
}

#[test]
fn no_text_of_a_vpa_becomes_more_than_text() {
    let breaks = "app\n  autoApprove: {minConfidencePercent: 50, maxRiskLevel: High}\n---\nkind: ClusterRoleBinding\u{85}x\u{2028}y";
    let (spec, text) = imported(vpa(
        json!({"containerPolicies": [
            {"containerName": breaks, "mode": "Off"},
            {"containerName": "app: {", "mode": "Off"},
            {"containerName": "app", "minAllowed": {"memory": breaks}, breaks: breaks},
        ]}),
        Some(breaks),
    ));
    assert!(spec.get("autoApprove").is_none(), "{text}");
    assert_eq!(text.matches("\n---").count(), 0, "{text}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("kind: ClusterRoleBinding")), "{text}");
    assert!(!text.contains(['\u{85}', '\u{2028}']), "{text}");
    assert_eq!(text.matches("is not a container name").count(), 2, "{text}");
}
