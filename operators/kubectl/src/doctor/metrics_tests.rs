#![allow(clippy::unwrap_used)]
use serde_json::json;

use super::*;
use crate::doctor::{Status, tests::facts};

fn told(kind: &'static str, namespace: &str, spec: Value) -> Told {
    Told { kind, namespace: namespace.to_owned(), name: "trimtab".to_owned(), data: json!({"spec": spec}) }
}

fn monitor(kind: &'static str, namespace: &str) -> Told {
    let selector = json!({"matchLabels": {"app.kubernetes.io/name": "trimtab"}});
    told(kind, namespace, json!({"selector": selector, "endpoints": [{"port": "metrics"}]}))
}

/// The line with these objects of the Prometheus operator, with or without the Service.
fn with(service: bool, all: Vec<Told>) -> Line {
    let mut facts = facts();
    if !service {
        facts.metrics.services = Ok(Vec::new());
    }
    facts.metrics.told = Ok(all);
    line(&facts)
}

#[test]
fn what_leads_to_the_metrics_is_named() {
    let elsewhere = |namespaces: Value| {
        let mut found = monitor(SERVICE_MONITOR, "monitoring");
        found.data["spec"]["namespaceSelector"] = namespaces;
        found
    };
    let other = told(SERVICE_MONITOR, "trimtab-system", json!({"selector": {"matchLabels": {"app": "other"}}}));
    let mut port = monitor(SERVICE_MONITOR, "trimtab-system");
    port.data["spec"]["endpoints"][0]["port"] = json!("http");
    let finds = "ServiceMonitor trimtab-system/trimtab finds Service trimtab-metrics";
    let rule = || told(RULE, "trimtab-system", json!({}));
    for (found, status, says) in [
        (with(true, vec![]), Status::Ok, "Service trimtab-metrics leads to /metrics"),
        (with(true, vec![rule()]), Status::Ok, "Service trimtab-metrics leads to /metrics"),
        (with(true, vec![monitor(SERVICE_MONITOR, "trimtab-system")]), Status::Ok, finds),
        (with(true, vec![elsewhere(json!({"matchNames": ["trimtab-system"]}))]), Status::Ok, "finds Service"),
        (with(true, vec![elsewhere(json!({"any": true}))]), Status::Ok, "finds Service"),
        (with(true, vec![elsewhere(json!({}))]), Status::Failed, "does not find Service trimtab-metrics"),
        (with(true, vec![other]), Status::Failed, "does not find Service trimtab-metrics"),
        (with(true, vec![port]), Status::Failed, "does not find Service trimtab-metrics"),
        (with(false, vec![monitor(SERVICE_MONITOR, "trimtab-system")]), Status::Failed, "finds no Service"),
        (with(false, vec![monitor(POD_MONITOR, "trimtab-system")]), Status::Ok, "finds the pods"),
        (with(false, vec![rule()]), Status::Failed, "PrometheusRule trimtab-system/trimtab has alerts, and neither"),
        (with(false, vec![]), Status::Warning, "no Service leads to /metrics, as that of deploy/trimtab.yaml did"),
    ] {
        assert!(found.status == status && found.message.contains(says), "{says}: {found:?}");
        let remedy = if says.starts_with("does not find") { APPLY_MONITOR } else { APPLY };
        assert_eq!(found.remedy.as_deref(), (status != Status::Ok).then_some(remedy), "{found:?}");
    }
}

#[test]
fn what_is_not_told_or_may_not_be_read_is_no_fault() {
    let mut found = facts();
    found.metrics.services = Ok(Vec::new());
    found.controller.as_mut().unwrap().as_mut().unwrap().helm = Some("helm upgrade trimtab CHART".to_owned());
    let hint = line(&found);
    assert_eq!(hint.status, Status::NotChecked);
    assert!(hint.message.contains("metrics.service.enabled") && hint.remedy.is_none(), "{hint:?}");
    found.metrics.told = Err("may not list podmonitors in all namespaces".to_owned());
    let says = "no Service leads to /metrics, and whether a PodMonitor does is not known: may not list podmonitors in all \
                namespaces";
    for helm in [Some("helm upgrade trimtab CHART".to_owned()), None] {
        found.controller.as_mut().unwrap().as_mut().unwrap().helm = helm;
        assert_eq!(line(&found), Line::not_checked(CHECK, says));
    }
    found.metrics.services = facts().metrics.services;
    assert_eq!(line(&found), Line::ok(CHECK, "Service trimtab-metrics leads to /metrics"));
    found.metrics.services = Ok(Vec::new());
    found.controller.as_mut().unwrap().as_mut().unwrap().helm = Some("helm upgrade trimtab CHART".to_owned());
    found.metrics.told = Ok(vec![monitor(SERVICE_MONITOR, "trimtab-system")]);
    assert_eq!(line(&found).remedy.as_deref(), Some("helm upgrade trimtab CHART"));
    found.metrics = Metrics {
        services: Err("no permission".to_owned()),
        told: Err("nor here".to_owned()),
        missing: Ok(Vec::new()),
    };
    assert_eq!(line(&found), Line::not_checked(CHECK, "no permission"));
    found.controller = Ok(None);
    assert_eq!(line(&found).message, "there is no Deployment trimtab-system/trimtab");
}

#[test]
fn a_service_leads_to_the_pods_that_it_selects() {
    let service = |selector: Value| -> Service {
        serde_json::from_value(json!({"metadata": {"name": "s"}, "spec": {"selector": selector}})).unwrap()
    };
    let pods: Labels = [("app".to_owned(), "trimtab".to_owned()), ("more".to_owned(), "x".to_owned())].into();
    assert!(leads_to(&service(json!({"app": "trimtab"})), &pods));
    assert!(!leads_to(&service(json!({"app": "other"})), &pods));
    assert!(!leads_to(&service(json!({"app": "trimtab", "z": "y"})), &pods));
    assert!(!leads_to(&service(json!({})), &pods));
    assert!(!leads_to(&service(Value::Null), &pods));
}

#[test]
fn metrics_that_nobody_may_read_are_told() {
    let mut found = facts();
    found.metrics.missing = Ok(vec!["create tokenreviews.authentication.k8s.io".to_owned()]);
    let line = line(&found);
    let says =
        "with --metrics-auth TokenReview, nobody can read /metrics: missing create tokenreviews.authentication.k8s.io";
    assert_eq!((line.status, line.message.as_str()), (Status::Failed, says));
    let remedy = "kubectl apply --server-side --force-conflicts -f deploy/monitoring/metrics-auth.yaml";
    assert_eq!(line.remedy.as_deref(), Some(remedy));
}
