//! Proposals as patches of manifests: what is set, and what is taken away.
//!
//! In: a Recommendation, and which of its containers are sidecars. Out: values that are written as YAML. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use trimtab_api::{
    recommendation::Recommendation,
    resources::{ContainerResources, Resources},
};
use trimtab_core::WorkloadKind;

use crate::diff;

/// The containers and the init containers of a pod spec.
const CONTAINERS: &str = "containers";
const INIT_CONTAINERS: &str = "initContainers";

/// Why no patch in a file can change the workload; `None` if one can.
pub fn unpatchable(rec: &Recommendation) -> Option<String> {
    let target = &rec.spec.target_ref;
    match WorkloadKind::of(&target.api_version, &target.kind) {
        Some(WorkloadKind::Job) => Some("the template of a Job cannot be changed".to_owned()),
        Some(kind) if !kind.leaves_template() => None,
        // Only lists of Kubernetes' own kinds are merged by name.
        _ => Some(format!("a patch of a {} would replace its list of containers", target.kind)),
    }
}

/// The names of the sidecars that are proposed for, by the patch in the status; `None` if it does not have every container.
pub fn sidecars(rec: &Recommendation) -> Option<BTreeSet<String>> {
    let patch: Value = serde_json::from_str(rec.status.as_ref()?.patch.as_deref()?).ok()?;
    let spec = patch.pointer(diff::pod_spec(&rec.spec.target_ref.kind))?;
    let (apps, sidecars) = (names(&spec[CONTAINERS]), names(&spec[INIT_CONTAINERS]));
    let is_known = |c: &ContainerResources| apps.contains(&c.name) || sidecars.contains(&c.name);
    rec.spec.proposal.containers.iter().all(is_known).then_some(sidecars)
}

/// The names of the init containers of a workload, which sidecars are among.
pub fn init_containers(kind: &str, workload: &Value) -> BTreeSet<String> {
    workload.pointer(diff::pod_spec(kind)).map(|spec| names(&spec[INIT_CONTAINERS])).unwrap_or_default()
}

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(|c| Some(c["name"].as_str()?.to_owned())).collect()
}

/// The strategic merge patch of the workload, with its namespace if it `has_namespace`.
pub(super) fn patch(rec: &Recommendation, sidecars: &BTreeSet<String>, has_namespace: bool) -> Value {
    let target = &rec.spec.target_ref;
    let mut spec = Map::new();
    for container in &rec.spec.proposal.containers {
        let key = if sidecars.contains(&container.name) { INIT_CONTAINERS } else { CONTAINERS };
        let entry = json!({"name": container.name, "resources": resources(rec, container)});
        if let Some(list) = spec.entry(key).or_insert_with(|| json!([])).as_array_mut() {
            list.push(entry);
        }
    }
    let template = json!({"template": {"spec": spec}});
    let spec = if target.kind == "CronJob" { json!({"jobTemplate": {"spec": template}}) } else { template };
    let mut metadata = json!({"name": target.name});
    if let (true, Some(namespace)) = (has_namespace, &rec.metadata.namespace) {
        metadata["namespace"] = json!(namespace);
    }
    json!({"apiVersion": target.api_version, "kind": target.kind, "metadata": metadata, "spec": spec})
}

/// Requests and limits of a container as proposed. What it has today and is to lose is `null`, which removes it.
pub(super) fn resources(rec: &Recommendation, to: &ContainerResources) -> Value {
    let current = rec.status.as_ref().map(|s| s.current.as_slice()).unwrap_or_default();
    let from = current.iter().find(|c| c.name == to.name);
    let half = |from: Option<&Resources>, to: &Resources| {
        let mut amounts = Map::new();
        let has = |of: fn(&Resources) -> bool| from.is_some_and(of);
        for (name, to, is_set) in
            [("cpu", &to.cpu, has(|r| r.cpu.is_some())), ("memory", &to.memory, has(|r| r.memory.is_some()))]
        {
            match to {
                Some(quantity) => drop(amounts.insert(name.to_owned(), json!(quantity.0))),
                None if is_set => drop(amounts.insert(name.to_owned(), Value::Null)),
                None => {}
            }
        }
        amounts
    };
    let halves = [
        ("requests", half(from.map(|c| &c.requests), &to.requests)),
        ("limits", half(from.map(|c| &c.limits), &to.limits)),
    ];
    halves.into_iter().filter(|(_, amounts)| !amounts.is_empty()).collect()
}
