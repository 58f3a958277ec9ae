//! What is known of one workload for its decision: data gathered elsewhere, borrowed for one decision.

use std::sync::Arc;

use trimtab_pricing::PriceMix;
use trimtab_sizing::{ContainerHistory, NodeRoom};
use trimtab_world::row::{
    HpaMetric, HpaRow, HpaTargetValue, LimitRangeRow, NamespaceRow, PdbRow, QuotaRow, VpaRow, WorkloadRow,
};

use crate::{attempt::Attempt, pods::Running};

/// The whole input of a decision on one workload.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// The workload.
    pub workload: &'a WorkloadRow,
    /// Its namespace.
    pub namespace: &'a NamespaceRow,
    /// Its pods that are not terminating.
    pub pods: u32,
    /// Those of them on nodes with GPUs.
    pub pods_on_gpu_nodes: u32,
    /// What its running pods have beyond the template.
    pub running: &'a Running,
    /// The largest node on which they can run.
    pub node: NodeRoom,
    /// Maximum usage of each of its pods, for DaemonSets and workloads with replicas, whose pods are known
    /// individually.
    pub per_pod: &'a [PodUse],
    /// Usage of its containers, by name.
    pub usage: &'a [(Arc<str>, ContainerHistory)],
    /// HorizontalPodAutoscalers that scale it.
    pub hpas: &'a [Arc<HpaRow>],
    /// VerticalPodAutoscalers that size it.
    pub vpas: &'a [Arc<VpaRow>],
    /// PodDisruptionBudgets that protect its pods.
    pub pdbs: &'a [Arc<PdbRow>],
    /// ResourceQuotas of its namespace.
    pub quotas: &'a [Arc<QuotaRow>],
    /// LimitRanges of its namespace.
    pub limit_ranges: &'a [Arc<LimitRangeRow>],
    /// How many of its latest changes in a row were undone.
    pub undone: u32,
    /// Its last rollout, under way or ended.
    pub attempt: Option<&'a Attempt>,
    /// Rollouts of its other Recommendations.
    pub other_attempts: &'a [Attempt],
    /// How many of its pods have run for a while without any usage.
    pub unmeasured_pods: usize,
    /// How long the longest-known pod is known, in seconds, for DaemonSets and workloads with replicas whose pods are
    /// read.
    pub pods_known_s: Option<i64>,
    /// Whether its present Recommendation is about an earlier workload of its name, or says that there was one; `None`
    /// if it has none.
    pub recreated: Option<bool>,
    /// Kinds that cannot be watched, so that nothing is known of them.
    pub unknown_kinds: &'a [&'static str],
    /// The prices of the nodes on which its pods run, if known.
    pub prices: Option<&'a PriceMix>,
    /// The usage source: `Prometheus` or `MetricsServer`.
    pub source: &'static str,
    /// Seconds between two samples of one pod.
    pub step_seconds: i64,
}

/// Maximum usage of one container of one pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PodUse {
    /// The container.
    pub container: Arc<str>,
    /// The instance type of the pod's node, if known.
    pub class: Option<Arc<str>>,
    /// CPU in cores.
    pub cpu: f64,
    /// Memory in bytes.
    pub memory: f64,
}

impl Observed<'_> {
    /// The usage history of a container, if any is known.
    pub fn history(&self, container: &str) -> Option<&ContainerHistory> {
        self.usage.iter().find(|(name, _)| &**name == container).map(|(_, history)| history)
    }

    /// Whether an autoscaler scales on the utilisation of a resource of this container: another request would then move
    /// its target. An autoscaler on a single container leaves the others free.
    pub fn is_scaled_on(&self, container: &str, cpu: bool) -> bool {
        let counts = |of: &Option<Arc<str>>| of.as_deref().is_none_or(|name| name == container);
        self.hpas.iter().flat_map(|h| h.metrics.iter()).any(|metric| match metric {
            HpaMetric::Cpu { container, target: HpaTargetValue::Utilization(_) } => cpu && counts(container),
            HpaMetric::Memory { container, target: HpaTargetValue::Utilization(_) } => !cpu && counts(container),
            _ => false,
        })
    }
}
