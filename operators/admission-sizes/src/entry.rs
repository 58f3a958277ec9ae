//! Builds the entry of a workload, or says why there can be none.
//!
//! In: the sizes of containers in pods created from the template, and their target sizes. Out: an entry that by itself
//! can never make a pod invalid: each container with a complete, consistent set of requests and limits. Pure.

use std::collections::BTreeSet;

use trimtab_api::{
    applied_sizes::{ContainerSizes, WorkloadSizes},
    resources::ContainerResources,
};

use crate::amounts::{self, Malformed};

/// Why there can be no entry: then the size cannot be delivered by admission.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing to set.
    #[error("no container is sized")]
    Empty,
    /// A duplicate name.
    #[error("container {0} is named twice")]
    Twice(String),
    /// Nothing to compare new pods with.
    #[error("container {0} is not in the template, so it is not known which pods to change")]
    Unknown(String),
    /// A container that would be left without any resources.
    #[error("container {0} would be left without any request or limit")]
    Bare(String),
    /// Invalid in every pod.
    #[error("container {container} would have a {resource} request above its limit, and no pod may have that")]
    RequestAboveLimit {
        /// The container.
        container: String,
        /// `cpu` or `memory`.
        resource: &'static str,
    },
    /// A quantity that does not parse.
    #[error("container {container}: {malformed}")]
    Malformed {
        /// The container.
        container: String,
        /// Which.
        malformed: Malformed,
    },
}

/// The entry by which new pods of the workload `uid` get `to`, as far as their containers have `from`. Unset requests
/// are taken to equal their limits, as the API server defaults them. `sidecars` names the containers that are
/// restartable init containers.
///
/// # Errors
/// [`Refusal`]
pub fn entry(
    recommendation: &str,
    digest: &str,
    uid: &str,
    from: &[ContainerResources],
    to: &[ContainerResources],
    sidecars: &[&str],
) -> Result<WorkloadSizes, Refusal> {
    let mut names = BTreeSet::new();
    let mut containers = Vec::with_capacity(to.len());
    for wanted in to {
        let name = wanted.name.clone();
        let Some(had) = from.iter().find(|c| c.name == name) else { return Err(Refusal::Unknown(name)) };
        if !names.insert(name.clone()) {
            return Err(Refusal::Twice(name));
        }
        let read = |c: &ContainerResources| {
            let malformed = |malformed| Refusal::Malformed { container: name.clone(), malformed };
            amounts::read(&c.requests, &c.limits).map(|r| r.with_defaulted_requests()).map_err(malformed)
        };
        let (had, wanted) = (read(had)?, read(wanted)?);
        if wanted.is_empty() {
            return Err(Refusal::Bare(name));
        }
        if let Some(resource) = wanted.request_above_limit() {
            return Err(Refusal::RequestAboveLimit { container: name, resource });
        }
        let sidecar = sidecars.contains(&name.as_str());
        containers.push(ContainerSizes { name, sidecar, from: amounts::write(&had), to: amounts::write(&wanted) });
    }
    if containers.is_empty() {
        return Err(Refusal::Empty);
    }
    Ok(WorkloadSizes {
        uid: uid.to_owned(),
        recommendation: recommendation.to_owned(),
        proposal_digest: digest.to_owned(),
        containers,
    })
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
