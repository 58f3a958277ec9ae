//! The kinds that the world watches: each in a file of its own, and all of them in one list.
//!
//! In: a kind's file, which defines its API names (`API`), the fields read, the row made from them, how the row is
//! stored, whom a change of it wakes, and its queries. Out: [`Kind`], the tables, and how each kind is watched and
//! listed: all of it follows from the list below. A further kind is a file, and its lines here.

mod descriptor;
mod kind;
mod list;
mod watched;
mod workload;

mod cron_job;
mod custom;
mod daemon_set;
mod deployment;
mod horizontal_pod_autoscaler;
mod job;
mod limit_range;
mod namespace;
mod node;
mod pod;
mod pod_disruption_budget;
mod replica_set;
mod resource_quota;
mod rollout;
mod stateful_set;
mod vertical_pod_autoscaler;

pub use pod::{OomEvent, RESIZER, SIZED_BY};
pub(crate) use watched::{Holds, Store, Tabled, Watched};

/// The rows of all kinds, and the types specific to one kind.
pub(crate) mod rows {
    pub use super::{
        horizontal_pod_autoscaler::{HpaMetric, HpaRow, HpaTargetValue},
        limit_range::{LimitRangeItem, LimitRangeRow, LimitRangeScope, LimitRatio},
        namespace::NamespaceRow,
        node::{NodeCapacity, NodeRow},
        pod::{PodContainer, PodPhase, PodResize, PodRow, ResizeState, Termination},
        pod_disruption_budget::PdbRow,
        resource_quota::{QuotaAmounts, QuotaRow},
        vertical_pod_autoscaler::{VpaMode, VpaRow},
        workload::{Owner, ResourceManager, Runtime, RuntimeName, Template, TemplateContainer, WorkloadRow},
    };
}

// In the order in which counts, failures and readiness list them.
list::kinds! {
    /// `v1` Namespace.
    Namespace => namespace,
    /// `v1` Node.
    Node => node,
    /// `v1` Pod.
    Pod => pod,
    /// `apps/v1` ReplicaSet; only its metadata is watched.
    ReplicaSet => replica_set,
    /// `apps/v1` Deployment.
    Deployment => deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet => stateful_set,
    /// `apps/v1` DaemonSet.
    DaemonSet => daemon_set,
    /// `batch/v1` Job.
    Job => job,
    /// `batch/v1` CronJob.
    CronJob => cron_job,
    /// `autoscaling/v2` HorizontalPodAutoscaler.
    HorizontalPodAutoscaler => horizontal_pod_autoscaler,
    /// `policy/v1` PodDisruptionBudget.
    PodDisruptionBudget => pod_disruption_budget,
    /// `v1` ResourceQuota.
    ResourceQuota => resource_quota,
    /// `v1` LimitRange.
    LimitRange => limit_range,
    /// `autoscaling.k8s.io/v1` VerticalPodAutoscaler, where the server has it.
    VerticalPodAutoscaler => vertical_pod_autoscaler,
    /// `argoproj.io/v1alpha1` Rollout, where the server has it.
    Rollout => rollout,
}
