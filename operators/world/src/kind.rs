//! The kinds that the world watches, and how the API server names them.

use std::fmt;

use trimtab_core::{CustomKind, WorkloadKind};

/// A watched kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `v1` Namespace.
    Namespace,
    /// `v1` Node.
    Node,
    /// `v1` Pod.
    Pod,
    /// `apps/v1` ReplicaSet; only its metadata is watched.
    ReplicaSet,
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
    /// `batch/v1` Job.
    Job,
    /// `batch/v1` CronJob.
    CronJob,
    /// `autoscaling/v2` HorizontalPodAutoscaler.
    HorizontalPodAutoscaler,
    /// `policy/v1` PodDisruptionBudget.
    PodDisruptionBudget,
    /// `v1` ResourceQuota.
    ResourceQuota,
    /// `v1` LimitRange.
    LimitRange,
    /// `autoscaling.k8s.io/v1` VerticalPodAutoscaler, where the server has it.
    VerticalPodAutoscaler,
    /// `argoproj.io/v1alpha1` Rollout, where the server has it.
    Rollout,
    /// A kind of custom resource that Trimtab was told to size.
    Custom(CustomKind),
}

impl Kind {
    /// The kinds that are watched in every cluster.
    pub const ALL: [Self; 15] = [
        Self::Namespace,
        Self::Node,
        Self::Pod,
        Self::ReplicaSet,
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::HorizontalPodAutoscaler,
        Self::PodDisruptionBudget,
        Self::ResourceQuota,
        Self::LimitRange,
        Self::VerticalPodAutoscaler,
        Self::Rollout,
    ];

    /// The kind as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::Node => "Node",
            Self::Pod => "Pod",
            Self::ReplicaSet => "ReplicaSet",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::HorizontalPodAutoscaler => "HorizontalPodAutoscaler",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
            Self::ResourceQuota => "ResourceQuota",
            Self::LimitRange => "LimitRange",
            Self::VerticalPodAutoscaler => "VerticalPodAutoscaler",
            Self::Rollout => "Rollout",
            Self::Custom(kind) => kind.as_str(),
        }
    }

    /// The kind of workload that it is, if it is one.
    pub fn workload(self) -> Option<WorkloadKind> {
        Some(match self {
            Self::Deployment => WorkloadKind::Deployment,
            Self::StatefulSet => WorkloadKind::StatefulSet,
            Self::DaemonSet => WorkloadKind::DaemonSet,
            Self::Job => WorkloadKind::Job,
            Self::CronJob => WorkloadKind::CronJob,
            Self::Rollout => WorkloadKind::Rollout,
            Self::Custom(kind) => WorkloadKind::Custom(kind),
            _ => return None,
        })
    }

    /// The resource as paths and RBAC rules spell it. That of a custom resource is for its API server to say; here it is as
    /// people would guess.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "namespaces",
            Self::Node => "nodes",
            Self::Pod => "pods",
            Self::ReplicaSet => "replicasets",
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::Job => "jobs",
            Self::CronJob => "cronjobs",
            Self::HorizontalPodAutoscaler => "horizontalpodautoscalers",
            Self::PodDisruptionBudget => "poddisruptionbudgets",
            Self::ResourceQuota => "resourcequotas",
            Self::LimitRange => "limitranges",
            Self::VerticalPodAutoscaler => "verticalpodautoscalers",
            Self::Rollout => "rollouts",
            Self::Custom(kind) => kind.plural(),
        }
    }

    /// The API group; empty for the core group.
    pub fn group(self) -> &'static str {
        match self {
            Self::Namespace | Self::Node | Self::Pod | Self::ResourceQuota | Self::LimitRange => "",
            Self::ReplicaSet | Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps",
            Self::Job | Self::CronJob => "batch",
            Self::HorizontalPodAutoscaler => "autoscaling",
            Self::PodDisruptionBudget => "policy",
            Self::VerticalPodAutoscaler => "autoscaling.k8s.io",
            Self::Rollout => "argoproj.io",
            Self::Custom(kind) => kind.group(),
        }
    }

    /// The API version within the group.
    pub fn version(self) -> &'static str {
        match self {
            Self::HorizontalPodAutoscaler => "v2",
            Self::Rollout => "v1alpha1",
            Self::Custom(kind) => kind.version(),
            _ => "v1",
        }
    }

    /// Whether the kind is an extension that many clusters do not have. Its absence is no fault, and hides nothing.
    pub fn is_optional(self) -> bool {
        matches!(self, Self::VerticalPodAutoscaler | Self::Rollout)
    }

    /// Whether objects of the kind live in a namespace.
    pub fn namespaced(self) -> bool {
        !matches!(self, Self::Namespace | Self::Node)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
