//! API names of kinds.
//!
//! In: the definitions in each kind's file. Out: the names of a [`Kind`], and what is true of all objects of it.

use std::fmt;

use trimtab_core::{CustomKind, WorkloadKind};

use super::Kind;

/// The API names of a kind. See the functions of [`Kind`].
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
    /// A namespaced kind that every cluster has. An empty group is the core group.
    pub(crate) const fn new(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        plural: &'static str,
    ) -> Self {
        Self { group, version, kind, plural, namespaced: true, optional: false, workload: None }
    }

    /// The same for a cluster-scoped kind.
    pub(crate) const fn of_cluster(self) -> Self {
        Self { namespaced: false, ..self }
    }

    /// The same for a kind that many clusters lack.
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

    /// The workload kind, if it is one.
    pub fn workload(self) -> Option<WorkloadKind> {
        self.api().workload
    }

    /// The custom resource kind, if Trimtab is configured to size it.
    pub fn custom(self) -> Option<CustomKind> {
        match self {
            Self::Custom(kind) => Some(kind),
            _ => None,
        }
    }

    /// The resource as in paths and RBAC rules. For a custom resource the conventional plural; its API server decides.
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

    /// Whether the kind is an extension that many clusters lack. Its absence is no fault, and hides nothing.
    pub fn is_optional(self) -> bool {
        self.api().optional
    }

    /// Whether the kind is namespaced.
    pub fn namespaced(self) -> bool {
        self.api().namespaced
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
