//! VPAs of every shape become policies that the API server takes.
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
    }
}

/// The spec that comes of it, as the API server would store it, and the text.
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
            json!({"containerPolicies": [{"containerName": "*", "maxAllowed": {"cpu": "1"}}, {"containerName": "app"}]}),
            None,
            "Differs: what is absent here comes from sizing.cpu above",
        ),
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
    // A maximum under the default minimum is still a policy that is taken.
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
    assert!(imported(gone).1.contains("does not exist at present"));
}

#[test]
fn a_kind_that_no_policy_selects_is_said() {
    let mut odd = vpa(json!(null), None);
    odd.object["spec"]["targetRef"]["kind"] = json!("Rollout");
    let text = yaml(&[odd]);
    assert!(text.contains("Rollout is no kind that a policy can select") && !text.contains("apiVersion"), "{text}");
}
