//! Policies that do the same as VerticalPodAutoscalers, with what differs as comments.
//!
//! In: the VPA objects and the workloads that they name. Out: YAML. Pure.

mod spec;

use std::collections::BTreeMap;

use serde_json::Value;

pub use spec::spec;

/// The longest name of an object.
const MAX_NAME: usize = 253;

/// One workload, as far as an import looks at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Target {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
    /// Its containers by name, with the requests that they have: `cpu`, `memory`.
    pub containers: Vec<(String, BTreeMap<String, String>)>,
}

/// One VPA with what it is about.
#[derive(Clone, Debug)]
pub struct Vpa {
    /// The object.
    pub object: Value,
    /// Its target; `None` where that does not exist.
    pub target: Option<Target>,
    /// The other workloads of that kind in the namespace, with their labels.
    pub others: Vec<(String, BTreeMap<String, String>)>,
}

/// Labels that change with each release, so that nobody should select by them.
const VOLATILE: [&str; 5] = ["app.kubernetes.io/version", "helm.sh/chart", "chart", "version", "pod-template-hash"];

/// The YAML of all policies, one document each.
pub fn yaml(vpas: &[Vpa]) -> String {
    vpas.iter().map(|vpa| format!("---\n{}", policy(vpa))).collect()
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// One policy.
fn policy(vpa: &Vpa) -> String {
    let object = &vpa.object;
    let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    let (kind, target) = (text(object, "/spec/targetRef/kind"), text(object, "/spec/targetRef/name"));
    let mut lines = vec![format!("# From VerticalPodAutoscaler {namespace}/{name} on {kind} {target}.")];
    let mut comment = |text: &str| lines.push(format!("# {text}"));
    if !["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"].contains(&kind) {
        comment(&format!("{kind} is no kind that a policy can select: nothing is written for it."));
        return lines.join("\n") + "\n";
    }
    comment(
        "Differs: VPA covers the 90th percentile of CPU and of memory peaks over 8 days; a policy, what its profile says.",
    );
    if object.pointer("/spec/recommenders").and_then(Value::as_array).is_some_and(|r| !r.is_empty()) {
        comment("Differs: it names a recommender of its own, of which a policy knows nothing.");
    }
    if object.pointer("/spec/updatePolicy/minReplicas").is_some() {
        comment(
            "Differs: minReplicas keeps VPA from evicting the last pods; Trimtab resizes in place, a few pods at a time.",
        );
    }
    comment(
        "Delete the VPA, or set its updateMode to Off, before anything of this policy is approved: two owners of one size fight.",
    );
    let policy_name = bounded(&format!("vpa-{namespace}-{name}"));
    lines.push(format!(
        "apiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\nmetadata:\n  name: {policy_name}\nspec:\n  \
         targetNamespaces: [{namespace}]\n  kinds: [{kind}]"
    ));
    selector(vpa, name, &mut lines);
    spec(vpa, &mut lines);
    lines.join("\n") + "\n"
}

/// The selector that takes the one workload, by labels that no other of its kind has.
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
        (None, _) => "Its workload does not exist at present".to_owned(),
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

/// A string as JSON has it, which YAML reads too, whatever is in it.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn bounded(name: &str) -> String {
    name.chars().take(MAX_NAME).collect::<String>().trim_end_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests;
