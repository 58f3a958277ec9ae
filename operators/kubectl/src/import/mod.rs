//! Policies equivalent to VerticalPodAutoscalers, with the differences as comments.
//!
//! In: the VPA objects and the workloads that they name. Out: YAML. Pure.

mod differs;
mod spec;

use std::collections::BTreeMap;

use serde_json::Value;
use trimtab_core::text::printable;
use trimtab_optimization_policy::validate::{Scope, ValidatedPolicy};

pub use spec::spec;

/// The longest name of an object.
const MAX_NAME: usize = 253;

/// One workload, as far as an import needs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Target {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
    /// Its containers by name, with their requests: `cpu`, `memory`.
    pub containers: Vec<(String, BTreeMap<String, String>)>,
}

/// One VPA with its context.
#[derive(Clone, Debug)]
pub struct Vpa {
    /// The object.
    pub object: Value,
    /// Its target; `None` where that does not exist.
    pub target: Option<Target>,
    /// The other workloads of that kind in the namespace, with their labels.
    pub others: Vec<(String, BTreeMap<String, String>)>,
    /// Policies of the cluster that already select its target, with their priorities.
    pub selected_by: Vec<(String, i32)>,
}

/// Labels that change with each release, so that nobody should select by them.
const VOLATILE: [&str; 5] = ["app.kubernetes.io/version", "helm.sh/chart", "chart", "version", "pod-template-hash"];

/// The kinds that a policy selects.
const KINDS: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Rollout"];
/// The greatest priority of a policy.
const MOST_PRIORITY: i32 = 1000;

/// The YAML of all policies, one document each.
pub fn yaml(vpas: &[Vpa]) -> String {
    let vpas: Vec<Vpa> = vpas.iter().map(|vpa| Vpa { object: on_one_line(&vpa.object), ..vpa.clone() }).collect();
    let vpas = vpas.as_slice();
    let names = names(vpas);
    vpas.iter()
        .zip(&names)
        .map(|(vpa, name)| format!("---\n{}", policy(vpa, name, &order(vpa, vpas, &names))))
        .collect()
}

/// The object with all of its texts on one line. A VPA's fields may contain any text, and the output goes to
/// `kubectl apply`: a line break in one of them must not end a comment, or begin another object.
fn on_one_line(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(printable(text).into_owned()),
        Value::Array(items) => items.iter().map(on_one_line).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (printable(key).into_owned(), on_one_line(value))).collect()
        }
        other => other.clone(),
    }
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The name of each policy. A namespace has no dot, so the second form belongs to one VPA alone.
fn names(vpas: &[Vpa]) -> Vec<String> {
    let of = |vpa: &Vpa, between: &str| {
        let (namespace, name) = (text(&vpa.object, "/metadata/namespace"), text(&vpa.object, "/metadata/name"));
        bounded(&format!("vpa-{namespace}{between}{name}"))
    };
    let usual: Vec<String> = vpas.iter().map(|vpa| of(vpa, "-")).collect();
    let is_taken = |name: &String| usual.iter().filter(|other| *other == name).count() > 1;
    vpas.iter().zip(&usual).map(|(vpa, name)| if is_taken(name) { of(vpa, ".") } else { name.clone() }).collect()
}

/// The priority that a policy needs, with why: of several policies that select a workload only one counts.
fn order(vpa: &Vpa, all: &[Vpa], names: &[String]) -> Option<(i32, Vec<String>)> {
    let target = |v: &Vpa| {
        let of = |path: &str| text(&v.object, path).to_owned();
        [of("/metadata/namespace"), of("/spec/targetRef/kind"), of("/spec/targetRef/name")]
    };
    let age = |v: &Vpa| {
        let created = text(&v.object, "/metadata/creationTimestamp").to_owned();
        // One without a creation time counts as the youngest.
        (created.is_empty(), created, text(&v.object, "/metadata/name").to_owned())
    };
    let mut same: Vec<&Vpa> = all.iter().filter(|v| target(v) == target(vpa)).collect();
    same.sort_by_key(|v| age(v));
    let selected_by: Vec<&(String, i32)> = vpa.selected_by.iter().filter(|(name, _)| !names.contains(name)).collect();
    let mut why = Vec::new();
    let mut priority = 0;
    if let Some(most) = selected_by.iter().map(|(_, priority)| *priority).max() {
        let list: Vec<&str> = selected_by.iter().map(|(name, _)| name.as_str()).collect();
        why.push(format!("Its priority is above that of {}, by which the workload is selected too.", list.join(", ")));
        priority = most.saturating_add(1);
    }
    if same.len() > 1 {
        let list: Vec<&str> = same.iter().map(|v| text(&v.object, "/metadata/name")).collect();
        why.push(format!(
            "Several VPAs are on this workload: {}. The oldest counts for VPA, and by its priority here.",
            list.join(", ")
        ));
        let behind = same.iter().rev().position(|v| age(v) == age(vpa)).unwrap_or(0);
        priority = priority.saturating_add(i32::try_from(behind).unwrap_or(MOST_PRIORITY));
    }
    if priority > MOST_PRIORITY {
        why.push(format!(
            "Differs: no priority is above {MOST_PRIORITY}, so it may not count: lower that of the others."
        ));
    }
    (!why.is_empty()).then_some((priority.min(MOST_PRIORITY), why))
}

/// Whether a policy of the cluster selects a target. Where the labels of its namespace are unknown, namespace selectors
/// match nothing.
pub fn selects(
    policy: &ValidatedPolicy,
    namespace: &str,
    labels: Option<&BTreeMap<String, String>>,
    target: &Target,
) -> bool {
    let is_in_scope = match &policy.scope {
        Scope::Names(names) => names.iter().any(|n| n == namespace),
        Scope::Selector(selector) => {
            labels.is_some_and(|labels| selector.matches(|key| labels.get(key).map(String::as_str)))
        }
    };
    is_in_scope
        && policy.kinds.iter().any(|kind| kind.as_str() == target.kind)
        && policy
            .workload_selector
            .as_ref()
            .is_none_or(|selector| selector.matches(|key| target.labels.get(key).map(String::as_str)))
}

/// One policy.
fn policy(vpa: &Vpa, policy_name: &str, order: &Option<(i32, Vec<String>)>) -> String {
    let object = &vpa.object;
    let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    let (kind, target) = (text(object, "/spec/targetRef/kind"), text(object, "/spec/targetRef/name"));
    let mut lines = vec![format!("# From VerticalPodAutoscaler {namespace}/{name} on {kind} {target}.")];
    let mut comment = |text: &str| lines.push(format!("# {text}"));
    if !KINDS.contains(&kind) {
        comment(&format!("{kind} is not a kind that a policy can select: nothing is written for it."));
        return lines.join("\n") + "\n";
    }
    differs::differs(object).iter().for_each(|text| comment(text));
    order.iter().flat_map(|(_, why)| why).for_each(|text| comment(text));
    comment(match text(object, "/spec/updatePolicy/updateMode") {
        "Off" => "The VPA only recommends (updateMode Off), so it may stay: it does not conflict with the policy.",
        _ => {
            "Delete the VPA, or set its updateMode to Off, before anything of this policy is approved: two owners of one size fight."
        }
    });
    lines.push(format!(
        "apiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\nmetadata:\n  name: {policy_name}\nspec:\n  \
         targetNamespaces: [{namespace}]\n  kinds: [{kind}]"
    ));
    lines.extend(order.as_ref().map(|(priority, _)| format!("  priority: {priority}")));
    selector(vpa, name, &mut lines);
    spec(vpa, &mut lines);
    lines.join("\n") + "\n"
}

/// The selector for the one workload, by labels that no other of its kind has.
fn selector(vpa: &Vpa, name: &str, lines: &mut Vec<String>) {
    let labels: BTreeMap<String, String> = vpa
        .target
        .iter()
        .flat_map(|t| &t.labels)
        .filter(|(key, _)| !VOLATILE.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .take(16)
        .collect();
    let taken: Vec<&str> = vpa
        .others
        .iter()
        .filter(|(_, theirs)| labels.iter().all(|(key, value)| theirs.get(key) == Some(value)))
        .map(|(name, _)| name.as_str())
        .collect();
    let mut write = |labels: &BTreeMap<String, String>| {
        lines.push("  workloadSelector:\n    matchLabels:".to_owned());
        lines.extend(labels.iter().map(|(key, value)| format!("      {key}: {}", quoted(value))));
    };
    if !labels.is_empty() && taken.is_empty() {
        return write(&labels);
    }
    write(&BTreeMap::from([("trimtab.dev/vpa".to_owned(), name.chars().take(63).collect())]));
    let (namespace, kind) = (text(&vpa.object, "/metadata/namespace"), text(&vpa.object, "/spec/targetRef/kind"));
    let why = match (&vpa.target, taken.is_empty()) {
        (None, _) => "Its workload does not exist now".to_owned(),
        (Some(_), true) => "Its workload has no label of its own".to_owned(),
        (Some(_), false) => format!("Its workload shares all of its labels with {}", taken.join(", ")),
    };
    lines.push(format!(
        "      # {why}: give it this label first:\n      #   kubectl label {} {} -n {namespace} trimtab.dev/vpa={}",
        kind.to_lowercase(),
        text(&vpa.object, "/spec/targetRef/name"),
        name.chars().take(63).collect::<String>()
    ));
}

/// A JSON string, which YAML reads too, whatever its content.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn bounded(name: &str) -> String {
    name.chars().take(MAX_NAME).collect::<String>().trim_end_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests;
