//! The patch that gives containers other sizes. In: their sizes, and which of them are sidecars. Out: a strategic merge patch
//! of a pod's spec. Pure.

use serde_json::{Map, Value, json};
use trimtab_api::resources::{ContainerResources, Resources};

/// A strategic merge patch of a pod's spec. Sidecars are among the init containers.
pub(crate) fn spec_patch(containers: &[ContainerResources], sidecar: impl Fn(&str) -> bool) -> Map<String, Value> {
    let (sidecars, apps): (Vec<_>, Vec<_>) = containers.iter().partition(|c| sidecar(&c.name));
    [("containers", apps), ("initContainers", sidecars)]
        .into_iter()
        .filter(|(_, containers)| !containers.is_empty())
        .map(|(field, containers)| (field.to_owned(), containers.into_iter().map(patch_of).collect()))
        .collect()
}

/// A strategic merge patch of one container. Absent values are removed; other resources stay unchanged.
fn patch_of(container: &ContainerResources) -> Value {
    let half = |r: &Resources| json!({"cpu": r.cpu, "memory": r.memory});
    json!({"name": container.name, "resources": {"requests": half(&container.requests), "limits": half(&container.limits)}})
}
