//! The kinds of Trimtab's objects, the names that identify them, and the order of deletion. Data.

/// Where to look for objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The cluster.
    Cluster,
    /// All namespaces.
    Everywhere,
    /// Trimtab's own namespace.
    Own,
}

/// What is deleted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Policies: without them nothing new is proposed.
    Policies,
    /// Recommendations: Trimtab undoes what they changed before they go.
    Recommendations,
    /// The controller.
    Controller,
    /// Admission: bindings before policies, so that no binding is left without its policy.
    Admission,
    /// What only Trimtab may delete under the guard, and price books.
    Records,
    /// Services, permissions, monitoring, the Lease.
    Rest,
    /// The kinds themselves.
    Definitions,
    /// Trimtab's namespace.
    Namespace,
}

/// A kind of which Trimtab has objects.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The part it belongs to.
    pub part: Part,
    /// Its API group.
    pub group: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Its plural.
    pub plural: &'static str,
    /// Where its objects are.
    pub place: Place,
    /// The names that identify them without the label. None: the label alone does, and all objects of Trimtab's own kinds
    /// are its.
    pub names: &'static [&'static str],
}

const ADMISSION: &str = "admissionregistration.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const OWN: &str = "trimtab.dev";

const fn of(part: Part, place: Place, api: [&'static str; 4], names: &'static [&'static str]) -> Kind {
    let [group, version, kind, plural] = api;
    Kind { part, group, version, kind, plural, place, names }
}

/// All of them. Within a part, in deletion order.
pub static KINDS: &[Kind] = &[
    of(Part::Policies, Place::Cluster, [OWN, "v1alpha1", "OptimizationPolicy", "optimizationpolicies"], &[]),
    of(Part::Recommendations, Place::Everywhere, [OWN, "v1alpha1", "Recommendation", "recommendations"], &[]),
    of(Part::Controller, Place::Own, ["apps", "v1", "Deployment", "deployments"], &["trimtab"]),
    of(
        Part::Admission,
        Place::Cluster,
        [ADMISSION, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"],
        &["trimtab-approval"],
    ),
    of(
        Part::Admission,
        Place::Cluster,
        [ADMISSION, "v1", "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings"],
        &["trimtab-requester", "trimtab-sizes"],
    ),
    of(
        Part::Admission,
        Place::Cluster,
        [ADMISSION, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies"],
        &["trimtab-approval"],
    ),
    of(
        Part::Admission,
        Place::Cluster,
        [ADMISSION, "v1", "MutatingAdmissionPolicy", "mutatingadmissionpolicies"],
        &["trimtab-requester", "trimtab-sizes"],
    ),
    of(Part::Records, Place::Everywhere, [OWN, "v1alpha1", "AppliedSizes", "appliedsizes"], &[]),
    of(Part::Records, Place::Everywhere, [OWN, "v1alpha1", "UsageProfile", "usageprofiles"], &[]),
    of(Part::Records, Place::Cluster, [OWN, "v1alpha1", "PriceBook", "pricebooks"], &[]),
    of(Part::Rest, Place::Own, ["monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"], &["trimtab"]),
    of(Part::Rest, Place::Own, ["monitoring.coreos.com", "v1", "PodMonitor", "podmonitors"], &[]),
    of(Part::Rest, Place::Own, ["monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules"], &["trimtab"]),
    of(Part::Rest, Place::Own, ["policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"], &[]),
    of(Part::Rest, Place::Own, ["networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"], &[]),
    of(Part::Rest, Place::Own, ["", "v1", "Service", "services"], &["trimtab-metrics"]),
    of(
        Part::Rest,
        Place::Cluster,
        [RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings"],
        &["trimtab-controller", "trimtab-metrics-auth"],
    ),
    of(
        Part::Rest,
        Place::Cluster,
        [RBAC, "v1", "ClusterRole", "clusterroles"],
        &[
            "trimtab-controller",
            "trimtab-controller-recommend",
            "trimtab-controller-resize",
            "trimtab-controller-evict",
            "trimtab-controller-template",
            "trimtab-controller-admission",
            "trimtab-viewer",
            "trimtab-editor",
            "trimtab-approver",
            "trimtab-policy-editor",
            "trimtab-metrics-auth",
            "trimtab-metrics-reader",
        ],
    ),
    of(Part::Rest, Place::Own, [RBAC, "v1", "RoleBinding", "rolebindings"], &["trimtab-controller"]),
    of(Part::Rest, Place::Own, [RBAC, "v1", "Role", "roles"], &["trimtab-controller"]),
    of(Part::Rest, Place::Own, ["", "v1", "ServiceAccount", "serviceaccounts"], &["trimtab"]),
    of(Part::Rest, Place::Own, ["", "v1", "ConfigMap", "configmaps"], &["trimtab-halt"]),
    // The leader renews it, so it is deleted after the permission to renew.
    of(Part::Rest, Place::Own, ["coordination.k8s.io", "v1", "Lease", "leases"], &["trimtab-controller"]),
    of(
        Part::Definitions,
        Place::Cluster,
        ["apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions"],
        &[
            "appliedsizes.trimtab.dev",
            "optimizationpolicies.trimtab.dev",
            "pricebooks.trimtab.dev",
            "recommendations.trimtab.dev",
            "usageprofiles.trimtab.dev",
        ],
    ),
    of(Part::Namespace, Place::Cluster, ["", "v1", "Namespace", "namespaces"], &[]),
];

impl Kind {
    /// Whether an object of this kind, found in its scope, is Trimtab's: all of its own kinds, and of others those with
    /// its label or one of its names. `own` is its namespace.
    pub fn is_ours(&self, name: &str, label: Option<&str>, own: &str) -> bool {
        match self.part {
            Part::Namespace => name == own,
            _ if self.group == OWN => true,
            _ => label == Some("trimtab") || self.names.contains(&name),
        }
    }

    /// `clusterroles.rbac.authorization.k8s.io`, as kubectl takes it.
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}
