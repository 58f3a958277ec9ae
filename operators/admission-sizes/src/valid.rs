//! Whether an entry is still valid, and what new pods really get.
//!
//! In: an entry, the row of its workload, the bounds of its namespace. Out: yes, or why not. Pure.
//!
//! The admission policy itself prevents an edited template from getting a size that was meant for another: it compares
//! each new pod with the entry's `from`. It cannot see LimitRanges and ResourceQuotas; those are evaluated here.
//!
//! An entry that changes no pod at the moment, because a LimitRange gives other defaults than when it was made, does no
//! harm and stays: LimitRanges come and go, and nothing would put it back.

use std::{collections::BTreeMap, sync::Arc};

use trimtab_api::{
    applied_sizes::{ContainerSizes, WorkloadSizes},
    resources::ContainerResources,
};
use trimtab_world::row::{ContainerKind, Resources, Template, TemplateContainer, WorkloadRow, pod_total};

use crate::{
    amounts::{self, Malformed},
    bounds::Bounds,
};

/// Why an entry is no longer valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The workload is gone or being deleted.
    #[error("the workload is gone")]
    Gone,
    /// The workload was recreated.
    #[error("the workload was recreated: it was {entry} and is {now}")]
    AnotherUid {
        /// The uid in the entry.
        entry: String,
        /// The uid now.
        now: String,
    },
    /// The template has pod-level resources.
    #[error("the template now has resources for the pod as a whole")]
    PodResources,
    /// A container is gone, or has another role.
    #[error("container {0} is gone from the template, or has become another kind of container")]
    NoContainer(String),
    /// A container of the template itself has different resources.
    #[error("the resources of container {0} in the template were changed")]
    TemplateChanged(String),
    /// A quantity of the entry does not parse.
    #[error("container {container}: {malformed}")]
    Malformed {
        /// The container.
        container: String,
        /// Which.
        malformed: Malformed,
    },
    /// Invalid in every pod.
    #[error("container {container} would have a {resource} request above its limit")]
    RequestAboveLimit {
        /// The container.
        container: String,
        /// `cpu` or `memory`.
        resource: &'static str,
    },
    /// A default would be added to it.
    #[error("{by} would give container {container} a request or limit that its size does not have")]
    Defaulted {
        /// The container.
        container: String,
        /// Whose default it is: `LimitRange small`.
        by: String,
    },
    /// A LimitRange or ResourceQuota denies it.
    #[error("{0}")]
    NotAllowed(String),
}

/// Whether new pods may continue to get what `entry` says.
///
/// # Errors
/// The reason: the entry must be removed.
pub fn still_valid(entry: &WorkloadSizes, workload: Option<&WorkloadRow>, bounds: &Bounds) -> Result<(), Why> {
    let Some(row) = workload.filter(|row| !row.terminating) else { return Err(Why::Gone) };
    let now = row.uid.to_string();
    if now != entry.uid {
        return Err(Why::AnotherUid { entry: entry.uid.clone(), now });
    }
    if row.template.pod_resources.is_some() {
        return Err(Why::PodResources);
    }
    for sized in &entry.containers {
        container_valid(sized, &row.template, bounds)?;
    }
    let containers = || row.template.containers.iter().map(|c| (c, bounds.defaulted(*c.resources)));
    let former = pod_total(containers().map(|(c, has)| (c.kind, has)));
    let pod = pod_total(containers().map(|(c, has)| (c.kind, sized_to(Some(entry), c, &has).unwrap_or(has))));
    match bounds.refuses_pod(&pod, &former) {
        Some(message) => Err(Why::NotAllowed(message)),
        None => Ok(()),
    }
}

fn container_valid(sized: &ContainerSizes, template: &Template, bounds: &Bounds) -> Result<(), Why> {
    let name = || sized.name.clone();
    let kind = if sized.sidecar { ContainerKind::Sidecar } else { ContainerKind::App };
    let container =
        template.container(&sized.name).filter(|c| c.kind == kind).ok_or_else(|| Why::NoContainer(name()))?;
    let malformed = |malformed| Why::Malformed { container: name(), malformed };
    let from = amounts::read_entry(&sized.from).map_err(malformed)?;
    let to = amounts::read_entry(&sized.to).map_err(malformed)?;
    if !may_have_had(&container.resources, &from) {
        return Err(Why::TemplateChanged(name()));
    }
    if let Some(resource) = to.request_above_limit() {
        return Err(Why::RequestAboveLimit { container: name(), resource });
    }
    if bounds.defaulted(*container.resources) != from {
        // The policy leaves such a container alone, so that its size cannot be refused either.
        return Ok(());
    }
    if bounds.defaulted(to) != to {
        let by = bounds.filling_in(to).map_or_else(|| "the API server".to_owned(), |name| format!("LimitRange {name}"));
        return Err(Why::Defaulted { container: name(), by });
    }
    match bounds.refuses_container(&to) {
        Some(message) => Err(Why::NotAllowed(format!("container {}: {message}", sized.name))),
        None => Ok(()),
    }
}

/// Whether a container whose template says `written` can have had `from` when it was created: `from` has every amount
/// that is written. What is not written may have been given by a LimitRange, then or now, so it says nothing about the
/// template.
fn may_have_had(written: &Resources, from: &Resources) -> bool {
    let own = written.with_defaulted_requests();
    // An amount of 0 counts as unset.
    let kept = |own: Option<u64>, from: Option<u64>| own.is_none_or(|own| own == from.unwrap_or(0));
    kept(own.cpu_request, from.cpu_request)
        && kept(own.cpu_limit, from.cpu_limit)
        && kept(own.memory_request, from.memory_request)
        && kept(own.memory_limit, from.memory_limit)
}

/// What the policy gives a container that has `has` when its pod is created: `None` if it leaves it unchanged.
fn sized_to(entry: Option<&WorkloadSizes>, container: &TemplateContainer, has: &Resources) -> Option<Resources> {
    let mut named = entry?.containers.iter().filter(|c| *c.name == *container.name);
    let (sized, None) = (named.next()?, named.next()) else { return None };
    let kind = if sized.sidecar { ContainerKind::Sidecar } else { ContainerKind::App };
    let from = amounts::read_entry(&sized.from).ok()?;
    let to = amounts::read_entry(&sized.to).ok()?;
    (container.kind == kind && from == *has && to.request_above_limit().is_none()).then(|| to.with_defaulted_requests())
}

/// The resources of containers and sidecars in a pod created now, in the template's order.
pub fn current(entry: Option<&WorkloadSizes>, template: &Template, bounds: &Bounds) -> Vec<ContainerResources> {
    let runs = template.containers.iter().filter(|c| c.kind != ContainerKind::Init);
    runs.map(|container| {
        let has = bounds.defaulted(*container.resources);
        amounts::write_container(&container.name, &sized(entry, template, container, bounds).unwrap_or(has))
    })
    .collect()
}

/// What the policy gives `container` of `template` in a pod created now: `None` if it leaves it unchanged.
pub fn sized(
    entry: Option<&WorkloadSizes>,
    template: &Template,
    container: &TemplateContainer,
    bounds: &Bounds,
) -> Option<Resources> {
    let entry = entry.filter(|_| template.pod_resources.is_none());
    sized_to(entry, container, &bounds.defaulted(*container.resources))
}

/// The entries that are no longer valid, each with the reason. `row` looks up a workload by its key.
pub fn stale(
    workloads: &BTreeMap<String, WorkloadSizes>,
    row: impl Fn(&str) -> Option<Arc<WorkloadRow>>,
    bounds: &Bounds,
) -> Vec<(String, Why)> {
    let look = |(key, entry): (&String, &WorkloadSizes)| {
        still_valid(entry, row(key).as_deref(), bounds).err().map(|why| (key.clone(), why))
    };
    workloads.iter().filter_map(look).collect()
}

#[cfg(test)]
#[path = "valid_tests.rs"]
mod tests;
