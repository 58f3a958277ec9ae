//! Pods on the wire.
//!
//! In: the few fields of a Pod that are read. Out: its row.

use jiff::Timestamp;
use serde::{Deserialize, de::IgnoredAny};

use super::{
    PodContainer, PodPhase, PodResize, PodRow, ResizeState, Termination,
    sized_by::{ManagedField, SIZED_BY, SizedBy},
};
use crate::{
    intern::Interner,
    row::{ContainerKind, Uid},
    tables::Key,
    wire::{Condition, Head, Own, Pairs, Parts, Requirements, is_true},
};

/// Metadata of a pod.
pub(crate) type PodHead = Head<IgnoredAny, Pairs<Own>, Option<Vec<ManagedField>>>;

/// The fields read from a pod.
pub(crate) type PodWire = Parts<PodHead, PodSpec, PodStatus>;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodSpec {
    node_name: Option<String>,
    init_containers: Option<Vec<Container>>,
    containers: Option<Vec<Container>>,
    resources: Option<Requirements>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: String,
    #[serde(default)]
    resources: Option<Requirements>,
    #[serde(default)]
    restart_policy: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodStatus {
    phase: Option<String>,
    qos_class: Option<String>,
    start_time: Option<Timestamp>,
    conditions: Option<Vec<Condition>>,
    container_statuses: Option<Vec<ContainerStatus>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatus {
    name: String,
    ready: bool,
    restart_count: i64,
    resources: Option<Requirements>,
    state: Option<State>,
    last_state: Option<State>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    waiting: Option<Waiting>,
    terminated: Option<Terminated>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Waiting {
    reason: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Terminated {
    reason: Option<String>,
    exit_code: i32,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

fn container(
    spec: &Container,
    kind: ContainerKind,
    statuses: Option<&[ContainerStatus]>,
    sized_by: SizedBy<'_>,
    interner: &mut Interner,
) -> PodContainer {
    let status = statuses.unwrap_or_default().iter().find(|s| s.name == spec.name);
    let state = status.and_then(|s| s.state.as_ref());
    // A container that has ended and was not restarted yet has its end in its state, otherwise in its last state.
    let end = state
        .and_then(|s| s.terminated.as_ref())
        .or_else(|| status.and_then(|s| s.last_state.as_ref()).and_then(|s| s.terminated.as_ref()));
    PodContainer {
        name: interner.text(&spec.name),
        kind,
        ready: status.is_some_and(|s| s.ready),
        restart_count: status.map_or(0, |s| u32::try_from(s.restart_count).unwrap_or(0)),
        resources: interner.resources(spec.resources.unwrap_or_default().row().without_zeros()),
        sized_by_trimtab: sized_by.trimtab(&spec.name),
        actual: status.and_then(|s| s.resources).map(|r| interner.resources(r.row().without_zeros())),
        waiting_reason: state.and_then(|s| s.waiting.as_ref()).and_then(|w| interner.option(w.reason.as_deref())),
        last_termination: end.map(|t| {
            Box::new(Termination {
                reason: interner.option(t.reason.as_deref()),
                exit_code: t.exit_code,
                started_at: t.started_at,
                finished_at: t.finished_at,
            })
        }),
    }
}

/// The resize conditions. Pending wins over in progress: it is the newer request.
fn resize(conditions: &[Condition]) -> Option<Box<PodResize>> {
    let holds = |kind: &str| conditions.iter().find(|c| c.r#type == kind && c.status == "True");
    let (condition, state) = match (holds("PodResizePending"), holds("PodResizeInProgress")) {
        (Some(c), _) if c.reason.as_deref() == Some("Infeasible") => (c, ResizeState::Infeasible),
        (Some(c), _) => (c, ResizeState::Deferred),
        (None, Some(c)) if c.reason.as_deref() == Some("Error") => (c, ResizeState::Failed),
        (None, Some(c)) => (c, ResizeState::InProgress),
        (None, None) => return None,
    };
    let message = condition.message.as_deref().unwrap_or_default().into();
    Some(Box::new(PodResize { state, message, since: condition.last_transition_time }))
}

/// The row of a pod.
pub(super) fn row((namespace, name): Key, object: PodWire, interner: &mut Interner) -> PodRow {
    let Parts { head, spec, status } = object;
    let fields = head.managed_fields.as_deref().unwrap_or_default();
    let sized_by = SizedBy { fields, admitted: head.annotations.has(SIZED_BY) };
    let init = spec.init_containers.unwrap_or_default();
    let apps = spec.containers.unwrap_or_default();
    let mut containers = Vec::with_capacity(init.len() + apps.len());
    for c in &init {
        let kind = ContainerKind::of_init(c.restart_policy.as_deref());
        containers.push(container(c, kind, status.init_container_statuses.as_deref(), sized_by, interner));
    }
    for c in &apps {
        containers.push(container(c, ContainerKind::App, status.container_statuses.as_deref(), sized_by, interner));
    }
    PodRow {
        uid: Uid::from(head.uid.as_str()),
        version: head.resource_version.as_deref().and_then(|v| v.parse().ok()).unwrap_or(0),
        generation: Some(head.generation).filter(|g| *g > 0),
        node: interner.option(spec.node_name.as_deref()),
        controller: head.controller(interner),
        phase: match status.phase.as_deref() {
            Some("Pending") => PodPhase::Pending,
            Some("Running") => PodPhase::Running,
            Some("Succeeded") => PodPhase::Succeeded,
            Some("Failed") => PodPhase::Failed,
            _ => PodPhase::Unknown,
        },
        qos: status.qos_class.as_deref().and_then(|class| class.parse().ok()),
        ready: is_true(status.conditions.as_deref(), "Ready"),
        terminating: head.deletion_timestamp.is_some(),
        created: head.creation_timestamp,
        started: status.start_time,
        pod_resources: spec
            .resources
            .map(|r| r.row().without_zeros())
            .filter(|r| !r.is_empty())
            .map(|r| interner.resources(r)),
        resize: status.conditions.as_deref().and_then(resize),
        containers: containers.into(),
        namespace,
        name,
    }
}
