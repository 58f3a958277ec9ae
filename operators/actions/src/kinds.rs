//! The kinds of objects that actions are aimed at.
//!
//! In: nothing. Out: a kind with its API group, and lists of kinds that several actions share.

/// A kind of object. Its version is not part of it: the target of a step states one, and the server converts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The kind, such as `Deployment`.
    pub kind: &'static str,
}

const fn kind(group: &'static str, kind: &'static str) -> Kind {
    Kind { group, kind }
}

pub(crate) const DEPLOYMENT: Kind = kind("apps", "Deployment");
pub(crate) const STATEFUL_SET: Kind = kind("apps", "StatefulSet");
pub(crate) const DAEMON_SET: Kind = kind("apps", "DaemonSet");
pub(crate) const REPLICA_SET: Kind = kind("apps", "ReplicaSet");
pub(crate) const POD: Kind = kind("", "Pod");
pub(crate) const JOB: Kind = kind("batch", "Job");
pub(crate) const CRON_JOB: Kind = kind("batch", "CronJob");
pub(crate) const ROLLOUT: Kind = kind("argoproj.io", "Rollout");
pub(crate) const AUTOSCALER: Kind = kind("autoscaling", "HorizontalPodAutoscaler");
pub(crate) const BUDGET: Kind = kind("policy", "PodDisruptionBudget");
pub(crate) const QUOTA: Kind = kind("", "ResourceQuota");
pub(crate) const CONFIG_MAP: Kind = kind("", "ConfigMap");
pub(crate) const SECRET: Kind = kind("", "Secret");
pub(crate) const SERVICE: Kind = kind("", "Service");
pub(crate) const ROLE_BINDING: Kind = kind("rbac.authorization.k8s.io", "RoleBinding");
pub(crate) const VALIDATING_WEBHOOKS: Kind = kind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration");
pub(crate) const MUTATING_WEBHOOKS: Kind = kind("admissionregistration.k8s.io", "MutatingWebhookConfiguration");
pub(crate) const NODE: Kind = kind("", "Node");
pub(crate) const CLAIM: Kind = kind("", "PersistentVolumeClaim");
pub(crate) const NETWORK_POLICY: Kind = kind("networking.k8s.io", "NetworkPolicy");
pub(crate) const INGRESS: Kind = kind("networking.k8s.io", "Ingress");
pub(crate) const HTTP_ROUTE: Kind = kind("gateway.networking.k8s.io", "HTTPRoute");
pub(crate) const CERTIFICATE: Kind = kind("cert-manager.io", "Certificate");
pub(crate) const APPLICATION: Kind = kind("argoproj.io", "Application");
pub(crate) const KUSTOMIZATION: Kind = kind("kustomize.toolkit.fluxcd.io", "Kustomization");
pub(crate) const HELM_RELEASE: Kind = kind("helm.toolkit.fluxcd.io", "HelmRelease");

/// Workloads whose pod template can be changed.
pub(crate) const TEMPLATED: &[Kind] = &[DEPLOYMENT, STATEFUL_SET, DAEMON_SET];
/// What an alert, a message or a collection of evidence can be about.
pub(crate) const SUBJECTS: &[Kind] = &[DEPLOYMENT, STATEFUL_SET, DAEMON_SET, JOB, CRON_JOB, POD];
/// What tells a cluster to follow a repository.
pub(crate) const GITOPS: &[Kind] = &[APPLICATION, KUSTOMIZATION, HELM_RELEASE];
