//! `export`: Recommendations as CSV or JSON, and their proposals as patches, kustomize components or Helm values.
//!
//! In: Recommendations, and which of their containers are sidecars. Out: texts of files, and notes about what is left out.
//! Pure.

mod patch;
mod row;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use trimtab_api::{
    Approvable,
    approval::Decision,
    conditions::recommendation as reasons,
    recommendation::{Recommendation, RecommendationType},
    yaml11,
};
use trimtab_core::{WorkloadId, WorkloadKind};

use crate::{report::Report, target, words};

pub use patch::{init_containers, sidecars, unpatchable};

/// The statuses in which the proposal does not belong into a manifest.
const SPENT: [&str; 6] = [
    reasons::REJECTED,
    reasons::ROLLED_BACK,
    reasons::ROLLING_BACK,
    reasons::SUPERSEDED,
    reasons::INVALID_PROPOSAL,
    reasons::TARGET_NOT_FOUND,
];

/// The file that makes a component of a directory, and the beginning of its first line.
const KUSTOMIZATION: &str = "kustomization.yaml";
const WRITTEN: &str = "# Written by kubectl trimtab export.";

/// A Recommendation whose workload can be patched.
#[derive(Clone, Debug)]
pub struct Patched<'a> {
    /// It.
    pub rec: &'a Recommendation,
    /// Those of its containers that are init containers of the pod.
    pub sidecars: BTreeSet<String>,
}

/// A file: its path below the directory of the export, and its text.
pub type File = (String, String);

/// All of them as rows, in this order.
pub fn report(recs: &[Recommendation], server: &str, time: String) -> Report {
    Report::of_rows("Trimtab recommendations", server, time, recs.iter().map(row::row).collect())
}

/// Those whose proposals belong into manifests, one for each workload; and why the others do not, a note for each.
pub fn chosen(recs: &[Recommendation]) -> (Vec<&Recommendation>, Vec<String>) {
    let (mut chosen, mut notes) = (Vec::new(), Vec::new());
    let mut taken: BTreeMap<(&str, &str, &str, &str), &str> = BTreeMap::new();
    for rec in recs {
        let target = &rec.spec.target_ref;
        // Another group may have a kind of the same name.
        let group = target.api_version.split_once('/').map_or("", |(group, _)| group);
        let workload = (namespace(rec), group, target.kind.as_str(), target.name.as_str());
        let why = spent(rec).or_else(|| taken.get(&workload).map(|name| format!("{name} is about the same workload")));
        match why {
            Some(why) => notes.push(left_out(rec, &why)),
            None => {
                taken.insert(workload, words::name(rec));
                chosen.push(rec);
            }
        }
    }
    (chosen, notes)
}

/// That one is left out.
pub fn left_out(rec: &Recommendation, why: &str) -> String {
    format!("{} is left out: {why}", words::full_name(rec))
}

fn namespace(rec: &Recommendation) -> &str {
    rec.metadata.namespace.as_deref().unwrap_or_default()
}

fn spent(rec: &Recommendation) -> Option<String> {
    let rejects = |digest: &str| rec.shown_digest() == Some(digest);
    let rejection =
        rec.spec.approval.as_ref().filter(|a| a.decision == Decision::Rejected && rejects(&a.proposal_digest));
    let word = words::status_word(rec);
    match rejection {
        _ if rec.spec.kind != RecommendationType::RightSize => Some("it proposes no sizes".to_owned()),
        _ if rec.metadata.deletion_timestamp.is_some() => Some("it is being deleted".to_owned()),
        Some(rejection) => Some(format!("{} rejected it", rejection.approver)),
        None => SPENT.contains(&word).then(|| format!("it is {word}")),
    }
}

/// The patches, each a YAML document with a line of explanation.
///
/// # Errors
/// Where one cannot be written as YAML.
pub fn patches(patched: &[Patched<'_>]) -> Result<String, String> {
    let mut text = String::new();
    for p in patched {
        text.push_str("---\n");
        text.push_str(&heading(p.rec));
        text.push_str(&yaml(&patch::patch(p.rec, &p.sidecars, true))?);
    }
    Ok(text)
}

/// A line that says which Recommendation it is, and what is known of it.
fn heading(rec: &Recommendation) -> String {
    let status = rec.status.as_ref();
    let savings = status.and_then(|s| s.savings.as_ref());
    let known = [
        Some(words::status_word(rec).to_owned()),
        savings.map(|s| match words::amount(&s.monthly).strip_prefix('-') {
            Some(more) => format!("costs {more} {} a month more", s.currency.0),
            None => format!("saves {} {} a month", words::amount(&s.monthly), s.currency.0),
        }),
        status.and_then(|s| s.confidence_percent).map(|c| format!("confidence {c} %")),
        rec.present_risk().map(|risk| format!("risk {}", risk.level.as_str())),
    ];
    let known: Vec<String> = known.into_iter().flatten().collect();
    format!("# {}: {}\n", words::full_name(rec), known.join(", "))
}

/// A kustomize component for each namespace: a directory with a kustomization and a patch for each workload.
///
/// # Errors
/// Where a name cannot be that of a file, or something cannot be written as YAML.
pub fn components(patched: &[Patched<'_>]) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    let mut entries: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for p in patched {
        let (namespace, name) = (namespace(p.rec), words::name(p.rec));
        if let Some(odd) = [namespace, name].into_iter().find(|name| !is_file_name(name)) {
            return Err(format!("{odd:?} cannot be the name of a file"));
        }
        let file = format!("patch-{name}.yaml");
        let target = &p.rec.spec.target_ref;
        let (group, version) = target.api_version.split_once('/').unwrap_or(("", &target.api_version));
        entries.entry(namespace).or_default().push(json!({"path": file, "target": {
            // A name is a pattern here.
            "group": group, "version": version, "kind": target.kind, "name": target.name.replace('.', "\\.")}}));
        let text = format!("{}{}", heading(p.rec), yaml(&patch::patch(p.rec, &p.sidecars, false))?);
        files.push((format!("{namespace}/{file}"), text));
    }
    for (namespace, patches) in entries {
        let component =
            json!({"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": patches});
        let text = format!(
            "{WRITTEN} Name this directory under components of a kustomization that has the\n\
             # workloads of {namespace}; a patch without its workload changes nothing.\n{}",
            yaml(&component)?
        );
        files.push((format!("{namespace}/{KUSTOMIZATION}"), text));
    }
    files.sort();
    Ok(files)
}

/// The paths of those files that an earlier export wrote and this one did not. A file that does not begin as those do is
/// somebody's own.
pub fn left_over(found: &[File], written: &[File]) -> Vec<String> {
    let is_left = |path: &str| written.iter().all(|(other, _)| other != path);
    let left = found.iter().filter(|(path, text)| is_left(path) && is_ours(path, text));
    left.map(|(path, _)| path.clone()).collect()
}

fn is_ours(path: &str, text: &str) -> bool {
    let Some((namespace, file)) = path.split_once('/') else { return false };
    match file.strip_prefix("patch-").and_then(|rest| rest.strip_suffix(".yaml")) {
        // As `heading` begins.
        Some(name) => text.strip_prefix("# ").is_some_and(|text| text.starts_with(&format!("{namespace}/{name}: "))),
        None => file == KUSTOMIZATION && text.starts_with(WRITTEN),
    }
}

fn is_file_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
}

/// The resources of each container, by namespace and workload.
///
/// # Errors
/// Where it cannot be written as YAML.
pub fn helm_values(chosen: &[&Recommendation]) -> Result<String, String> {
    let mut values: BTreeMap<&str, BTreeMap<String, Map<String, Value>>> = BTreeMap::new();
    for rec in chosen {
        let containers = values.entry(namespace(rec)).or_default().entry(typed(rec)).or_default();
        for container in &rec.spec.proposal.containers {
            containers.insert(container.name.clone(), json!({"resources": patch::resources(rec, container)}));
        }
    }
    let head =
        "# Proposed by Trimtab: namespace, workload, container. Copy each resources to where your chart has it.\n";
    Ok(format!("{head}{}", yaml(&json!(values))?))
}

/// `deploy/web`.
fn typed(rec: &Recommendation) -> String {
    let target = &rec.spec.target_ref;
    match WorkloadKind::of(&target.api_version, &target.kind) {
        Some(kind) => target::typed(&WorkloadId::new(kind, namespace(rec), target.name.as_str())),
        None => format!("{}/{}", target.kind.to_lowercase(), target.name),
    }
}

/// YAML that Helm, kustomize and kubectl read in the same way.
fn yaml(value: &Value) -> Result<String, String> {
    serde_yaml::to_string(value).map(|text| yaml11::quoted(&text)).map_err(|e| format!("cannot write YAML: {e}"))
}

#[cfg(test)]
mod tests;
