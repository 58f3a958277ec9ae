//! How the API server names kinds.
//!
//! In: what each kind's file says. Out: the names of a [`Kind`], and what else is true of every object of it.

use std::fmt;

use trimtab_core::{CustomKind, WorkloadKind};

use super::Kind;

/// How the API server names a kind. See the functions of [`Kind`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Api {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    namespaced: bool,
    optional: bool,
    workload: Option<WorkloadKind>,
}

impl Api {
    /// A kind that every cluster has and whose objects live in namespaces. An empty group is the core group.
    pub(crate) const fn new(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        plural: &'static str,
    ) -> Self {
        Self { group, version, kind, plural, namespaced: true, optional: false, workload: None }
    }

    /// The same for a kind whose objects live in no namespace.
    pub(crate) const fn of_cluster(self) -> Self {
        Self { namespaced: false, ..self }
    }

    /// The same for a kind that many clusters do not have.
    pub(crate) const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// The same for a kind of workload.
    pub(crate) const fn workload(self, workload: WorkloadKind) -> Self {
        Self { workload: Some(workload), ..self }
    }
}

impl Kind {
    /// The kind as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        self.api().kind
    }

    /// The kind of workload that it is, if it is one.
    pub fn workload(self) -> Option<WorkloadKind> {
        self.api().workload
    }

    /// The kind of custom resource that it is, if Trimtab was told of it.
    pub fn custom(self) -> Option<CustomKind> {
        match self {
            Self::Custom(kind) => Some(kind),
            _ => None,
        }
    }

    /// The resource as paths and RBAC rules spell it. That of a custom resource is for its API server to say; here it is as
    /// people would guess.
    pub fn plural(self) -> &'static str {
        self.api().plural
    }

    /// The API group; empty for the core group.
    pub fn group(self) -> &'static str {
        self.api().group
    }

    /// The API version within the group.
    pub fn version(self) -> &'static str {
        self.api().version
    }

    /// Whether the kind is an extension that many clusters do not have. Its absence is no fault, and hides nothing.
    pub fn is_optional(self) -> bool {
        self.api().optional
    }

    /// Whether objects of the kind live in a namespace.
    pub fn namespaced(self) -> bool {
        self.api().namespaced
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
