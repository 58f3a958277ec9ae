//! A proposal in words: what each container has now, and what it would get.
//!
//! In: a Recommendation, and the workload where it could be read. Out: a few words. Pure. What a policy proposes has a
//! summary by Trimtab, for the whole pod. What a person proposes has none, and nobody should approve it unseen: its
//! amounts are named here, for each container.

use serde_json::Value;
use trimtab_api::{
    quantity::Quantity,
    recommendation::Recommendation,
    resources::{ContainerResources, Resources},
};

use crate::{diff, words};

/// Whether the present size of some container is in the status. Otherwise only the workload's template has it.
pub fn is_present_known(rec: &Recommendation) -> bool {
    let current = rec.status.as_ref().map(|s| s.current.as_slice()).unwrap_or_default();
    rec.spec.proposal.containers.iter().all(|to| current.iter().any(|c| c.name == to.name))
}

/// The present size of each container: by the status, else by the template. Containers of which neither tells anything
/// are missing.
pub fn present(rec: &Recommendation, workload: Option<&Value>) -> Vec<ContainerResources> {
    let mut found = rec.status.as_ref().map(|s| s.current.clone()).unwrap_or_default();
    let template = workload.map(|w| of_template(&rec.spec.target_ref.kind, w)).unwrap_or_default();
    let absent = template.into_iter().filter(|t| !found.iter().any(|c| c.name == t.name)).collect::<Vec<_>>();
    found.extend(absent);
    found
}

/// The sizes of a workload's containers by its template.
fn of_template(kind: &str, workload: &Value) -> Vec<ContainerResources> {
    let spec = workload.pointer(diff::pod_spec(kind)).unwrap_or(&Value::Null);
    let containers = ["containers", "initContainers"].iter().filter_map(|key| spec[*key].as_array()).flatten();
    let amounts = |c: &Value, key: &str| {
        let of = |what: &str| diff::text(&c["resources"][key][what]).map(Quantity);
        Resources { cpu: of("cpu"), memory: of("memory") }
    };
    containers
        .filter_map(|c| {
            let name = c["name"].as_str()?.to_owned();
            Some(ContainerResources { name, requests: amounts(c, "requests"), limits: amounts(c, "limits") })
        })
        .collect()
}

/// How CPU and memory change: of the pod by Trimtab's summary, else of each container. Where nothing is proposed, the
/// text is empty.
pub fn changes(rec: &Recommendation, present: &[ContainerResources]) -> [String; 2] {
    if rec.status.as_ref().is_some_and(|s| s.summary.is_some()) {
        return words::changes(rec);
    }
    let cpu: fn(&Resources) -> Option<&Quantity> = |r| r.cpu.as_ref();
    let memory: fn(&Resources) -> Option<&Quantity> = |r| r.memory.as_ref();
    [each(rec, present, cpu, words::same_cpu), each(rec, present, memory, words::same_memory)]
}

type Same = fn(&str, &str) -> bool;

/// One resource of each container, with the containers' names where there are several.
fn each(
    rec: &Recommendation,
    present: &[ContainerResources],
    of: fn(&Resources) -> Option<&Quantity>,
    same: Same,
) -> String {
    let containers = &rec.spec.proposal.containers;
    let one = |to: &ContainerResources| {
        let from = present.iter().find(|c| c.name == to.name);
        let part = |amounts: fn(&ContainerResources) -> &Resources| {
            change(from.map(|c| of(amounts(c))), of(amounts(to)), same)
        };
        let (request, limit) = (part(|c| &c.requests), part(|c| &c.limits));
        if request.is_none() && limit.is_none() {
            return None;
        }
        let text = words::with_limit(&request.unwrap_or_default(), limit.as_deref());
        Some(if containers.len() > 1 { format!("{} {text}", to.name) } else { text })
    };
    containers.iter().filter_map(one).collect::<Vec<_>>().join(", ")
}

/// `1Gi→15Gi`; `15Gi` where it stays, or where the present amount is not known: then `from` is `None`.
fn change(from: Option<Option<&Quantity>>, to: Option<&Quantity>, same: Same) -> Option<String> {
    let amount = |q: Option<&Quantity>| q.map_or_else(|| "unset".to_owned(), |q| q.0.clone());
    match (from, to) {
        (None | Some(None), None) => None,
        (None, Some(to)) => Some(to.0.clone()),
        (Some(Some(from)), Some(to)) if same(&from.0, &to.0) => Some(to.0.clone()),
        (Some(from), to) => Some(format!("{}→{}", amount(from), amount(to))),
    }
}

#[cfg(test)]
#[path = "proposal_tests.rs"]
mod tests;
