//! The role of a container in its pod.
//!
//! In: where a pod or a template lists it. Out: when it runs.

/// The role of a container in its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContainerKind {
    /// Runs as long as the pod.
    App,
    /// Runs to completion before the containers of the pod start.
    Init,
    /// An init container with `restartPolicy: Always`: it starts early and runs as long as the pod.
    Sidecar,
}

impl ContainerKind {
    /// The role of an init container with this `restartPolicy`.
    pub(crate) fn of_init(restart_policy: Option<&str>) -> Self {
        if restart_policy == Some("Always") { Self::Sidecar } else { Self::Init }
    }
}
