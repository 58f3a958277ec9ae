//! The row of a pod: where it runs, who made it, what its containers ask for and how they fare.
//!
//! In: what was read of it. Out: what decisions need of it.

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
    /// All containers ended well and will not restart.
    Succeeded,
    /// All containers ended, at least one badly.
    Failed,
    /// Not said, or the node cannot be reached.
    #[default]
    Unknown,
}

/// How a container ended last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Termination {
    /// `OOMKilled`, `Error`, `Completed`, …
    pub reason: Option<Arc<str>>,
    /// The exit code.
    pub exit_code: i32,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Termination {
    /// Whether the kernel killed it for its memory.
    pub fn is_oom_kill(&self) -> bool {
        self.reason.as_deref() == Some("OOMKilled")
    }
}

/// One container of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodContainer {
    /// Its name.
    pub name: Arc<str>,
    /// Its part in the pod.
    pub kind: ContainerKind,
    /// Whether it is ready.
    pub ready: bool,
    /// How often it was restarted.
    pub restart_count: u32,
    /// What its spec asks for.
    pub resources: Arc<Resources>,
    /// What the node has given it, where the status says so (in-place resize).
    pub actual: Option<Arc<Resources>>,
    /// Why it waits (`CrashLoopBackOff`, `ImagePullBackOff`, …), if it does.
    pub waiting_reason: Option<Arc<str>>,
    /// How it ended last, if it ever did.
    pub last_termination: Option<Box<Termination>>,
}

impl PodContainer {
    /// The resources in force: what the node has given, else what the spec asks for.
    pub fn in_force(&self) -> &Resources {
        self.actual.as_deref().unwrap_or(&self.resources)
    }
}

/// How a resize in place stands that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResizeState {
    /// The node has no room at the moment (`PodResizePending` with `Deferred`).
    Deferred,
    /// The node can never give it (`PodResizePending` with `Infeasible`).
    Infeasible,
    /// The node is doing it (`PodResizeInProgress`).
    InProgress,
    /// The node tried and failed (`PodResizeInProgress` with `Error`).
    Failed,
}

/// What a pod says about a resize in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodResize {
    /// How it stands.
    pub state: ResizeState,
    /// The node's words.
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
    /// Its `resourceVersion`, the precondition of a write that was decided on this row. 0 where it is not a number, which
    /// no API server of Kubernetes gives.
    pub version: u64,
    /// `metadata.generation`, which rises with each change of the spec; none where the server gives pods none (before
    /// Kubernetes 1.33).
    pub generation: Option<i64>,
    /// The node that it is bound to.
    pub node: Option<Arc<str>>,
    /// What made it. Resolve it to a workload with `workload_of_pod`.
    pub controller: Option<Controller>,
    /// `status.phase`.
    pub phase: PodPhase,
    /// `status.qosClass`: the class that the server gave it, with all that was injected at admission. None until it says so.
    pub qos: Option<QosClass>,
    /// Whether its `Ready` condition is `True`.
    pub ready: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When its node accepted it.
    pub started: Option<Timestamp>,
    /// Requests and limits of the pod as a whole, where it has them.
    pub pod_resources: Option<Arc<Resources>>,
    /// What it says about a resize in place, where one is not settled.
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
