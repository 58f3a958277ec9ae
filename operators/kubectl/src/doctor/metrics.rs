//! The check of `/metrics`: whether anything leads Prometheus to it. Without, no alert about rollouts can fire.
//!
//! In: the Services of Trimtab's namespace, and what the Prometheus operator is told. Out: a line. Pure. Where neither a
//! monitor nor a rule nor the manifests tell that there should be a Service, it is a hint: Prometheus may find pods itself.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use serde_json::Value;

use super::{Facts, Line, controller::DEPLOYMENT};
use crate::health::Read;

const CHECK: &str = "Metrics";
/// What has the Service.
const APPLY: &str = "kubectl apply --server-side -f deploy/trimtab.yaml";

/// What has the ServiceMonitor.
const APPLY_MONITOR: &str = "kubectl apply --server-side --force-conflicts -f deploy/monitoring/servicemonitor.yaml";

/// The kinds of the Prometheus operator that are looked at, with their plurals.
pub const KINDS: [(&str, &str); 3] =
    [(SERVICE_MONITOR, "servicemonitors"), (POD_MONITOR, "podmonitors"), (RULE, "prometheusrules")];
const SERVICE_MONITOR: &str = "ServiceMonitor";
const POD_MONITOR: &str = "PodMonitor";
const RULE: &str = "PrometheusRule";

/// An object of the Prometheus operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object, without its metadata.
    pub data: Value,
}

/// What leads to `/metrics`.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    /// The Services of Trimtab's namespace.
    pub services: Read<Vec<Service>>,
    /// Objects of the Prometheus operator with Trimtab's label, in all namespaces.
    pub told: Read<Vec<Told>>,
}

type Labels = BTreeMap<String, String>;

impl Told {
    fn text(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }

    /// Whether it looks into a namespace.
    fn looks_into(&self, namespace: &str) -> bool {
        let selector = &self.data["spec"]["namespaceSelector"];
        match selector["matchNames"].as_array() {
            _ if selector["any"] == true => true,
            Some(names) if !names.is_empty() => names.iter().any(|name| name == namespace),
            _ => self.namespace == namespace,
        }
    }

    /// Whether it selects these labels. Of a selector, `matchLabels` alone are looked at.
    fn selects(&self, labels: &Labels) -> bool {
        let wanted = self.data["spec"]["selector"]["matchLabels"].as_object();
        wanted.into_iter().flatten().all(|(key, value)| labels.get(key).is_some_and(|found| value == found.as_str()))
    }

    /// Whether a Service has a port that it names; an endpoint may name a port of the pods instead.
    fn finds_port(&self, service: &Service) -> bool {
        let ports = || service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
        let endpoints = self.data["spec"]["endpoints"].as_array();
        endpoints.into_iter().flatten().any(|endpoint| match endpoint["port"].as_str() {
            Some(name) => ports().any(|port| port.name.as_deref() == Some(name)),
            None => true,
        })
    }
}

fn name(service: &Service) -> &str {
    service.metadata.name.as_deref().unwrap_or_default()
}

/// Whether a Service leads to pods with these labels.
fn leads_to(service: &Service, pods: &Labels) -> bool {
    let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    selector.is_some_and(|wanted| {
        !wanted.is_empty() && wanted.iter().all(|(key, value)| pods.get(key).is_some_and(|found| found == value))
    })
}

/// What a monitor finds; `None` if nothing.
fn found(monitor: &Told, own: &str, pods: &Labels, services: &[&Service]) -> Option<String> {
    if !monitor.looks_into(own) {
        return None;
    }
    if monitor.kind == POD_MONITOR {
        return monitor.selects(pods).then(|| format!("{} finds the pods", monitor.text()));
    }
    let none = Labels::new();
    let labels = |service: &Service| monitor.selects(service.metadata.labels.as_ref().unwrap_or(&none));
    let service = services.iter().find(|service| labels(service) && monitor.finds_port(service))?;
    Some(format!("{} finds Service {}", monitor.text(), name(service)))
}

pub(super) fn line(facts: &Facts) -> Line {
    let controller = match &facts.controller {
        Err(why) => return Line::not_checked(CHECK, why),
        Ok(None) => return Line::not_checked(CHECK, format!("there is no Deployment {}/{DEPLOYMENT}", facts.own)),
        Ok(Some(controller)) => controller,
    };
    let told = facts.metrics.told.as_deref().unwrap_or_default();
    let services = facts.metrics.services.as_deref().unwrap_or_default();
    let leading: Vec<&Service> = services.iter().filter(|service| leads_to(service, &controller.labels)).collect();
    let (rules, monitors): (Vec<&Told>, Vec<&Told>) = told.iter().partition(|one| one.kind == RULE);
    if let Some(found) = monitors.iter().find_map(|one| found(one, &facts.own, &controller.labels, &leading)) {
        return Line::ok(CHECK, found);
    }
    if let Err(why) = &facts.metrics.services {
        return Line::not_checked(CHECK, why);
    }
    let mends = |by_hand: &str| controller.helm.clone().unwrap_or_else(|| by_hand.to_owned());
    let without = "so nothing is scraped, and no alert but TrimtabDown can fire";
    match (monitors.first(), leading.first(), rules.first()) {
        (Some(monitor), _, _) if monitor.kind == POD_MONITOR => {
            Line::failed(CHECK, format!("{} does not find the pods, {without}", monitor.text()), mends(APPLY_MONITOR))
        }
        (Some(monitor), Some(service), _) => {
            let message = format!("{} does not find Service {}, {without}", monitor.text(), name(service));
            Line::failed(CHECK, message, mends(APPLY_MONITOR))
        }
        (Some(monitor), None, _) => {
            let message = format!("{} finds no Service that leads to the pods, {without}", monitor.text());
            Line::failed(CHECK, message, mends(APPLY))
        }
        (None, Some(service), _) => Line::ok(CHECK, format!("Service {} leads to /metrics", name(service))),
        (None, None, Some(rule)) => {
            let message =
                format!("{} has alerts, and neither a Service nor a PodMonitor leads to /metrics", rule.text());
            Line::failed(CHECK, message, mends(APPLY))
        }
        (None, None, None) if controller.helm.is_none() => {
            let message = "no Service leads to /metrics, as that of deploy/trimtab.yaml did: no alert can fire, unless \
                           Prometheus finds the pods by itself";
            Line::warning(CHECK, message, mends(APPLY))
        }
        (None, None, None) => {
            let message = "neither a Service nor a PodMonitor leads to /metrics (metrics.service.enabled and \
                           monitoring.podMonitor in the values of the chart): no alert can fire, unless Prometheus finds \
                           the pods by itself";
            Line::not_checked(CHECK, message)
        }
    }
}

#[cfg(test)]
mod tests {
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
            (
                with(false, vec![rule()]),
                Status::Failed,
                "PrometheusRule trimtab-system/trimtab has alerts, and neither",
            ),
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
        found.metrics.told = Ok(vec![monitor(SERVICE_MONITOR, "trimtab-system")]);
        assert_eq!(line(&found).remedy.as_deref(), Some("helm upgrade trimtab CHART"));
        found.metrics = Metrics { services: Err("no permission".to_owned()), told: Err("nor here".to_owned()) };
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
}
