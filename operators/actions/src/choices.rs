//! What the installer chooses for actions: names of objects, and resources that differ from cluster to cluster.
//!
//! In: the choices. Out: the choices for one rule, or why one of them is refused. A choice must never give more than it
//! seems to: no wildcard, no access control, no Secret.

use thiserror::Error;

use crate::right::{Choice, Named};

/// Groups whose objects decide what others may do, or how the API works.
const PROTECTED: &[&str] = &[
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "rbac.authorization.k8s.io",
    "trimtab.dev",
];
/// Resources of the core group that no choice may contain: reading them gives secrets away, or losing them loses
/// everything in them.
const PROTECTED_CORE: &[&str] = &["namespaces", "nodes", "persistentvolumes", "secrets", "serviceaccounts"];
/// Further groups of Kubernetes itself, none of which has custom resources.
const BUILT_IN: &[&str] = &[
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Why a choice is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChoiceError {
    /// It is no name of an object.
    #[error("{0:?} is not the name of an object: state each name in full, without wildcards")]
    Name(String),
    /// It is no resource.
    #[error("{0:?} is not a resource: state its plural name and its group, without wildcards and subresources")]
    Resource(String),
    /// It decides about access, or holds secrets or other objects.
    #[error("{0} must not be chosen for an action: it decides about access, or holds secrets or other objects")]
    Protected(String),
    /// It is part of Kubernetes.
    #[error("{0} is no custom resource: Kubernetes' own kinds have actions of their own")]
    NotCustom(String),
    /// Whoever gets it can do everything.
    #[error("{0:?} must not be bound by an action: it is a role of the system, or allows everything")]
    Role(String),
}

/// A resource that the installer names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The plural name, such as `clonesets`.
    pub resource: String,
}

/// What the installer has chosen. Nothing is chosen by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Names of pull secrets that `RefreshPullSecret` may write.
    pub pull_secrets: Vec<String>,
    /// Names of Secrets from which it may copy.
    pub pull_secret_sources: Vec<String>,
    /// Names of Roles that `RestoreRoleBinding` may bind.
    pub roles: Vec<String>,
    /// Names of ClusterRoles that it may bind in a namespace.
    pub cluster_roles: Vec<String>,
    /// Resources with a scale subresource that `ScaleWorkload` may scale, beside those of Kubernetes itself.
    pub scalable: Vec<Resource>,
    /// Resources that `PatchCustomResource` may change.
    pub custom_resources: Vec<Resource>,
    /// Resources from which `RemoveFinalizer` may remove a finalizer.
    pub finalized: Vec<Resource>,
    /// Remediations that `RequestNodeRemediation` may create.
    pub remediations: Vec<Resource>,
    /// The templates of these.
    pub remediation_templates: Vec<Resource>,
}

impl Choices {
    /// The names that were chosen.
    ///
    /// # Errors
    /// If one of them is refused.
    pub(crate) fn names(&self, by: Named) -> Result<&[String], ChoiceError> {
        let names = match by {
            Named::PullSecrets => &self.pull_secrets,
            Named::PullSecretSources => &self.pull_secret_sources,
            Named::Roles => &self.roles,
            Named::ClusterRoles => &self.cluster_roles,
        };
        let is_role = matches!(by, Named::Roles | Named::ClusterRoles);
        for name in names {
            if !is_name(name, if is_role { ":" } else { "" }) {
                return Err(ChoiceError::Name(name.clone()));
            }
            if is_role && (name == "cluster-admin" || name.starts_with("system:")) {
                return Err(ChoiceError::Role(name.clone()));
            }
        }
        Ok(names)
    }

    /// The resources that were chosen.
    ///
    /// # Errors
    /// If one of them is refused.
    pub(crate) fn resources(&self, by: Choice) -> Result<&[Resource], ChoiceError> {
        let (resources, is_custom) = match by {
            Choice::Scalable => (&self.scalable, false),
            Choice::Finalized => (&self.finalized, false),
            Choice::CustomResources => (&self.custom_resources, true),
            Choice::Remediations => (&self.remediations, true),
            Choice::RemediationTemplates => (&self.remediation_templates, true),
        };
        resources.iter().try_for_each(|resource| check(resource, is_custom)).map(|()| resources.as_slice())
    }
}

fn check(chosen: &Resource, is_custom: bool) -> Result<(), ChoiceError> {
    let Resource { group, resource } = chosen;
    let shown = if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") };
    if !(group.is_empty() || is_name(group, "")) || !is_name(resource, "") || resource.contains('.') {
        return Err(ChoiceError::Resource(shown));
    }
    if PROTECTED.contains(&group.as_str()) || (group.is_empty() && PROTECTED_CORE.contains(&resource.as_str())) {
        return Err(ChoiceError::Protected(shown));
    }
    if is_custom && (!group.contains('.') || BUILT_IN.contains(&group.as_str())) {
        return Err(ChoiceError::NotCustom(shown));
    }
    Ok(())
}

/// Whether it is a DNS subdomain, with some further characters.
fn is_name(text: &str, further: &str) -> bool {
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=253).contains(&text.len())
        && text.starts_with(is_end)
        && text.ends_with(is_end)
        && text.chars().all(|c| is_end(c) || "-.".contains(c) || further.contains(c))
}
