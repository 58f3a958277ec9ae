//! The row of a pod: node, owner, and the resources and state of its containers.
//!
//! In: the fields read. Out: what decisions need of them.

use std::sync::Arc;

use jiff::Timestamp;

use crate::row::{ContainerKind, Controller, QosClass, Resources, Uid};

/// `status.phase` of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PodPhase {
    /// Accepted, but not all containers have started.
    Pending,
    /// At least one container runs, starts or restarts.
    Running,
    /// All containers succeeded and will not restart.
    Succeeded,
    /// All containers ended, at least one of them in failure.
    Failed,
    /// Not set, or the node cannot be reached.
    #[default]
    Unknown,
}

/// Last termination of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Termination {
    /// `OOMKilled`, `Error`, `Completed`, …
    pub reason: Option<Arc<str>>,
    /// The exit code.
    pub exit_code: i32,
    /// Start time.
    pub started_at: Option<Timestamp>,
    /// End time.
    pub finished_at: Option<Timestamp>,
}

impl Termination {
    /// Whether it was OOM-killed.
    pub fn is_oom_kill(&self) -> bool {
        self.reason.as_deref() == Some("OOMKilled")
    }
}

/// One container of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodContainer {
    /// Its name.
    pub name: Arc<str>,
    /// Its role in the pod.
    pub kind: ContainerKind,
    /// Whether it is ready.
    pub ready: bool,
    /// Its restart count.
    pub restart_count: u32,
    /// Resources in its spec.
    pub resources: Arc<Resources>,
    /// Whether these are from Trimtab: by a resize of which others have not changed everything since, or from the creation
    /// of the pod.
    pub sized_by_trimtab: bool,
    /// Resources allocated by the node, where the status has them (in-place resize).
    pub actual: Option<Arc<Resources>>,
    /// Its waiting reason (`CrashLoopBackOff`, `ImagePullBackOff`, …), if it waits.
    pub waiting_reason: Option<Arc<str>>,
    /// Its last termination, if any.
    pub last_termination: Option<Box<Termination>>,
}

impl PodContainer {
    /// The resources in force: those allocated by the node, else those of the spec.
    pub fn in_force(&self) -> &Resources {
        self.actual.as_deref().unwrap_or(&self.resources)
    }
}

/// State of an in-place resize that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResizeState {
    /// The node has no room at the moment (`PodResizePending` with `Deferred`).
    Deferred,
    /// The node can never grant it (`PodResizePending` with `Infeasible`).
    Infeasible,
    /// The node is applying it (`PodResizeInProgress`).
    InProgress,
    /// The node tried and failed (`PodResizeInProgress` with `Error`).
    Failed,
}

/// A pod's conditions on an in-place resize.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodResize {
    /// Its state.
    pub state: ResizeState,
    /// The message of the condition.
    pub message: Box<str>,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its uid.
    pub uid: Uid,
    /// Its `resourceVersion`, the precondition of a write decided on this row. 0 where it is not a number, which no
    /// Kubernetes API server sends.
    pub version: u64,
    /// `metadata.generation`, which rises with each change of the spec; `None` where the server sets none on pods
    /// (before Kubernetes 1.33).
    pub generation: Option<i64>,
    /// The node that it is bound to.
    pub node: Option<Arc<str>>,
    /// Its controller. Resolve it to a workload with `workload_of_pod`.
    pub controller: Option<Controller>,
    /// `status.phase`.
    pub phase: PodPhase,
    /// `status.qosClass`: assigned by the server, after everything injected at admission. `None` until it is set.
    pub qos: Option<QosClass>,
    /// Whether its `Ready` condition is `True`.
    pub ready: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// `status.startTime`.
    pub started: Option<Timestamp>,
    /// Pod-level requests and limits, where it has them.
    pub pod_resources: Option<Arc<Resources>>,
    /// State of an in-place resize, where one is not settled.
    pub resize: Option<Box<PodResize>>,
    /// Init containers in their order, then the others in theirs.
    pub containers: Box<[PodContainer]>,
}

impl PodRow {
    /// The container `name`.
    pub fn container(&self, name: &str) -> Option<&PodContainer> {
        self.containers.iter().find(|c| &*c.name == name)
    }

    /// Whether it holds resources of a node: bound to one and not ended.
    pub fn holds_resources(&self) -> bool {
        self.node.is_some() && !matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }
}
