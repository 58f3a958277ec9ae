//! What Trimtab must be allowed to do for an action.
//!
//! In: nothing. Out: verbs, and rules of a role. Names of objects, and resources that depend on the cluster, are left to
//! the installer.

/// A verb of RBAC. Those that no action may have cannot be stated: `escalate`, `impersonate`, `deletecollection`, `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Reads one object by name.
    Get,
    /// Reads all objects of a kind in a namespace or in the cluster.
    List,
    /// Creates an object.
    Create,
    /// Changes an object.
    Patch,
    /// Deletes one object by name.
    Delete,
    /// Binds a role to somebody. It is a right, and no request.
    Bind,
}

impl Verb {
    /// The verb in a role.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Create => "create",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Bind => "bind",
        }
    }

    /// Whether it only reads.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(self, Self::Get | Self::List)
    }
}

/// Resources that the installer names, because they differ from cluster to cluster. Where none is named, there is no right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// Kinds with a scale subresource, beside those of Kubernetes itself.
    Scalable,
    /// Custom resources that may be patched.
    CustomResources,
    /// Kinds from whose objects a finalizer may be removed.
    Finalized,
    /// Kinds of remediation of nodes.
    Remediations,
    /// The templates of these.
    RemediationTemplates,
}

/// Objects that the installer names. Where none is named, there is no right: in a role, a list without names would
/// mean every object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// Pull secrets that may be written.
    PullSecrets,
    /// Secrets in Trimtab's namespace from which they are copied.
    PullSecretSources,
    /// Roles that may be bound.
    Roles,
    /// ClusterRoles that may be bound in a namespace.
    ClusterRoles,
}

/// A rule of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// The verbs.
    pub verbs: &'static [Verb],
    /// What they are allowed for.
    pub on: On,
}

/// What a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Every object of these resources.
    All {
        /// The API group; empty for the core group.
        group: &'static str,
        /// The resources, in the plural, each with its subresource if it has one (`pods/eviction`).
        resources: &'static [&'static str],
    },
    /// The objects of a resource that the installer names.
    Named {
        /// The API group; empty for the core group.
        group: &'static str,
        /// The resource, in the plural.
        resource: &'static str,
        /// Where the installer names the objects.
        by: Named,
    },
    /// Every object of the resources that the installer names.
    Chosen {
        /// Where the installer names the resources.
        by: Choice,
        /// The subresource; empty for the object itself.
        subresource: &'static str,
    },
}

/// A right for every object of these resources.
pub(crate) const fn all(group: &'static str, resources: &'static [&'static str], verbs: &'static [Verb]) -> Right {
    Right { verbs, on: On::All { group, resources } }
}

/// A right for objects that the installer names.
pub(crate) const fn named(group: &'static str, resource: &'static str, by: Named, verbs: &'static [Verb]) -> Right {
    Right { verbs, on: On::Named { group, resource, by } }
}

/// A right for resources that the installer names.
pub(crate) const fn chosen(by: Choice, subresource: &'static str, verbs: &'static [Verb]) -> Right {
    Right { verbs, on: On::Chosen { by, subresource } }
}
