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

/// What has the permissions for `--metrics-auth TokenReview`.
const APPLY_AUTH: &str = "kubectl apply --server-side --force-conflicts -f deploy/monitoring/metrics-auth.yaml";

/// What Trimtab has to be allowed to create with `--metrics-auth TokenReview`: groups and resources.
pub const REVIEWS: [(&str, &str); 2] =
    [("authentication.k8s.io", "tokenreviews"), ("authorization.k8s.io", "subjectaccessreviews")];
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
    /// What Trimtab lacks of [`REVIEWS`], in words, where it is told to ask who may read.
    pub missing: Read<Vec<String>>,
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
    let mends = |by_hand: &str| controller.helm.clone().unwrap_or_else(|| by_hand.to_owned());
    let missing = facts.metrics.missing.as_deref().unwrap_or_default();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let message = format!("with --metrics-auth TokenReview, nobody can read /metrics: missing {missing}");
        return Line::failed(CHECK, message, mends(APPLY_AUTH));
    }
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
    let without = "so nothing is scraped, and no alert but TrimtabDown can fire";
    // A PodMonitor needs no Service.
    if let (Err(why), []) = (&facts.metrics.told, leading.as_slice()) {
        let message = format!("no Service leads to /metrics, and whether a PodMonitor does is not known: {why}");
        return Line::not_checked(CHECK, message);
    }
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
#[path = "metrics_tests.rs"]
mod tests;
