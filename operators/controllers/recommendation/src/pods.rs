//! Converts rows of the world into the rollout machine's view. In: a workload, its pods, own writes. Out:
//! [`view::Target`] and [`view::Pod`]s. Pure.

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_admission_sizes::{Bounds, amounts};
use trimtab_api::resources::ContainerResources;
use trimtab_rollout::{
    sizes::{Has, has},
    view::{Pod, Resize, Target},
};
use trimtab_world::row::{ContainerKind, PodPhase, PodRow, ResizeState, Resources, WorkloadRow};

use crate::pending_pods::PendingPods;

/// The workload. `containers`: those of the rollout under way, else those of the proposal. `former` and `desired`:
/// those of the rollout, if there is one.
pub fn target(
    row: &WorkloadRow,
    bounds: &Bounds,
    containers: &[ContainerResources],
    former: Option<&[ContainerResources]>,
) -> Target {
    let template_sizes = template_sizes(row, bounds, containers);
    Target {
        id: row.id.clone(),
        uid: row.uid.to_string(),
        template: format!("{:016x}", row.template.fingerprint),
        template_has_desired: has(&template_sizes, containers) == Has::Yes,
        template_has_former: former.is_none_or(|former| has(&template_sizes, former) == Has::Yes),
        template_sizes,
        desired_pods: row.desired,
        rolling: rolling(row),
        runs_to_completion: row.id.kind.runs_to_completion(),
        terminating: row.terminating,
    }
}

/// The sizes of pods created from the template, in the order of `containers`.
fn template_sizes(row: &WorkloadRow, bounds: &Bounds, containers: &[ContainerResources]) -> Vec<ContainerResources> {
    let found = |wanted: &ContainerResources| {
        let c = row.template.container(&wanted.name).filter(|c| c.kind != ContainerKind::Init)?;
        Some(amounts::write_container(&c.name, &bounds.defaulted(*c.resources)))
    };
    containers.iter().filter_map(found).collect()
}

/// Whether the workload is rolling out a newer template.
fn rolling(row: &WorkloadRow) -> bool {
    !row.id.kind.runs_to_completion() && (row.observed_generation < row.generation || row.updated < row.desired)
}

/// The pods that have not terminated, in order of their names, with own writes applied. `began`: when the rollout did.
pub fn pods(
    rows: &[Arc<PodRow>],
    containers: &[ContainerResources],
    began: Option<Timestamp>,
    pending: &mut PendingPods,
) -> Vec<Pod> {
    let live = |pod: &&Arc<PodRow>| !matches!(pod.phase, PodPhase::Succeeded | PodPhase::Failed);
    let mut pods: Vec<Pod> = rows.iter().filter(live).map(|row| pod(row, containers, began, pending)).collect();
    pods.sort_by(|a, b| a.name.cmp(&b.name));
    pods
}

fn pod(row: &PodRow, containers: &[ContainerResources], began: Option<Timestamp>, pending: &mut PendingPods) -> Pod {
    let uid = row.uid.to_string();
    let written = pending.pod(&uid, row.version).map(|(version, spec)| (version, spec.to_vec()));
    let (version, spec, resize) = match written {
        Some((version, spec)) => (version, spec, Resize::InProgress),
        None => (row.version, sizes(row, containers), resize(row)),
    };
    let sized = |c: &&ContainerResources| row.container(&c.name).is_some_and(|c| c.sized_by_trimtab);
    Pod {
        name: row.name.to_string(),
        uid,
        resource_version: version.to_string(),
        sized_by_trimtab: spec.iter().filter(sized).map(|c| c.name.clone()).collect(),
        spec,
        resize,
        ready: row.ready,
        bound: row.node.is_some(),
        terminating: row.terminating,
        created_since: began.zip(row.created).is_some_and(|(began, created)| created >= began),
    }
}

/// The requests and limits in a pod's spec, in the order of `containers`.
pub fn sizes(row: &PodRow, containers: &[ContainerResources]) -> Vec<ContainerResources> {
    let found = |wanted: &ContainerResources| {
        let c = row.container(&wanted.name).filter(|c| c.kind != ContainerKind::Init)?;
        Some(amounts::write_container(&c.name, &c.resources.with_defaulted_requests()))
    };
    containers.iter().filter_map(found).collect()
}

/// The progress of the pod's resize.
fn resize(row: &PodRow) -> Resize {
    if let Some(resize) = &row.resize {
        let message = resize.message.to_string();
        let since_s = resize.since.map_or(0, |at| at.as_second());
        return match resize.state {
            ResizeState::Deferred => Resize::Deferred { since_s, message },
            ResizeState::Infeasible => Resize::Infeasible { message },
            ResizeState::InProgress => Resize::InProgress,
            ResizeState::Failed => Resize::Failed { since_s, message },
        };
    }
    // While the kubelet has not reported on the desired size yet, the status still shows the previous one.
    let same =
        |spec: &Resources, actual: &Resources| spec.with_defaulted_requests() == actual.with_defaulted_requests();
    let settled = row
        .containers
        .iter()
        .filter(|c| c.kind != ContainerKind::Init)
        .all(|c| c.actual.as_deref().is_none_or(|actual| actual.is_empty() || same(&c.resources, actual)));
    if settled { Resize::Settled } else { Resize::InProgress }
}
