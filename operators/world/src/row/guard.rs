//! Rows of objects that bound what may be done to a workload: autoscalers of both kinds, disruption budgets, quotas, limit ranges.

use std::sync::Arc;

use trimtab_core::WorkloadId;

use super::{Resources, Selector};

/// What a metric of an autoscaler aims at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HpaTargetValue {
    /// Percent of the request, averaged over pods.
    Utilization(u32),
    /// Millicores or bytes, averaged over pods.
    AverageValue(u64),
}

/// One metric of an autoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HpaMetric {
    /// CPU, of one container (`ContainerResource`) or of the whole pod.
    Cpu {
        /// The container, if only that one counts.
        container: Option<Arc<str>>,
        /// What it aims at.
        target: HpaTargetValue,
    },
    /// Memory, of one container (`ContainerResource`) or of the whole pod.
    Memory {
        /// The container, if only that one counts.
        container: Option<Arc<str>>,
        /// What it aims at.
        target: HpaTargetValue,
    },
    /// Any other: pods, object and external metrics, and other resources. By its type.
    Other(Arc<str>),
}

/// What an autoscaler scales.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HpaTarget {
    /// Its kind.
    pub kind: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The workload that it is, when it is one of the kinds that Trimtab sizes.
    pub workload: Option<WorkloadId>,
}

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HpaRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What it scales.
    pub target: HpaTarget,
    /// Least replicas; 1 where unset.
    pub min_replicas: u32,
    /// Most replicas.
    pub max_replicas: u32,
    /// Replicas that it has seen last.
    pub current_replicas: u32,
    /// Replicas that it wants.
    pub desired_replicas: u32,
    /// Its metrics.
    pub metrics: Box<[HpaMetric]>,
}

impl HpaRow {
    /// Whether it scales on CPU utilisation: then sizing CPU moves its set point.
    pub fn scales_on_cpu_utilization(&self) -> bool {
        self.metrics.iter().any(|m| matches!(m, HpaMetric::Cpu { target: HpaTargetValue::Utilization(_), .. }))
    }

    /// Whether it scales on memory utilisation.
    pub fn scales_on_memory_utilization(&self) -> bool {
        self.metrics.iter().any(|m| matches!(m, HpaMetric::Memory { target: HpaTargetValue::Utilization(_), .. }))
    }
}

/// When a VerticalPodAutoscaler writes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VpaMode {
    /// Never: it only recommends.
    Off,
    /// Into new pods.
    Initial,
    /// Into pods that it makes anew, or resizes: `Recreate`, `InPlaceOrRecreate`, `Auto`, and what later versions add.
    Always,
}

/// A VerticalPodAutoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpaRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Whose pods it sizes.
    pub target: HpaTarget,
    /// When it does.
    pub mode: VpaMode,
    /// `updateMode` as it is written; `Auto` where it is not.
    pub update_mode: Arc<str>,
    /// Whether it sizes CPU of any container.
    pub cpu: bool,
    /// Whether it sizes memory of any container.
    pub memory: bool,
}

impl VpaRow {
    /// Whether it writes requests of pods, so that two would size them.
    pub fn writes(&self) -> bool {
        self.mode != VpaMode::Off && (self.cpu || self.memory)
    }
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PdbRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The pods that it guards. No selector guards none, an empty one all of the namespace.
    pub selector: Option<Selector>,
    /// How many pods may be evicted now.
    pub disruptions_allowed: u32,
    /// Healthy pods.
    pub current_healthy: u32,
    /// Healthy pods that it insists on.
    pub desired_healthy: u32,
    /// Pods that it counts.
    pub expected_pods: u32,
}

/// Amounts of a quota. `None` is not limited (or not reported). CPU in millicores, memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaAmounts {
    /// CPU, memory requests and limits.
    pub resources: Resources,
    /// How many pods.
    pub pods: Option<u64>,
}

/// A ResourceQuota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What is allowed.
    pub hard: QuotaAmounts,
    /// What is used.
    pub used: QuotaAmounts,
    /// Whether it counts only some pods (scopes or a scope selector).
    pub scoped: bool,
}

/// CPU in millicores and memory in bytes, where set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResourceAmounts {
    /// CPU in millicores.
    pub cpu: Option<u64>,
    /// Memory in bytes.
    pub memory: Option<u64>,
}

/// Greatest limit to request, in thousandths (1500 is 1.5), where set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitRatio {
    /// For CPU.
    pub cpu_thousandths: Option<u64>,
    /// For memory.
    pub memory_thousandths: Option<u64>,
}

/// What an item of a LimitRange applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitRangeScope {
    /// Each container.
    Container,
    /// The sum over a pod.
    Pod,
}

/// One item of a LimitRange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRangeItem {
    /// What it applies to.
    pub scope: LimitRangeScope,
    /// Least request.
    pub min: ResourceAmounts,
    /// Greatest limit.
    pub max: ResourceAmounts,
    /// Limit of containers that set none.
    pub default_limit: ResourceAmounts,
    /// Request of containers that set none.
    pub default_request: ResourceAmounts,
    /// Greatest limit to request.
    pub max_limit_request_ratio: LimitRatio,
}

/// A LimitRange: its items for containers and pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRangeRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its items of type `Container` and `Pod`.
    pub items: Box<[LimitRangeItem]>,
}
