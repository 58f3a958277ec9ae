//! What is known of one workload when it is decided on: data gathered elsewhere, borrowed for one decision.

use std::sync::Arc;

use trimtab_pricing::PriceMix;
use trimtab_sizing::{ContainerHistory, NodeRoom};
use trimtab_world::row::{
    HpaMetric, HpaRow, HpaTargetValue, LimitRangeRow, NamespaceRow, PdbRow, QuotaRow, VpaRow, WorkloadRow,
};

use crate::{attempt::Attempt, pods::Running};

/// Everything that a decision on one workload looks at.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// The workload.
    pub workload: &'a WorkloadRow,
    /// Its namespace.
    pub namespace: &'a NamespaceRow,
    /// Its pods that are not ending.
    pub pods: u32,
    /// Of those: how many are on nodes with GPUs.
    pub pods_on_gpu_nodes: u32,
    /// What they have that the template does not say.
    pub running: &'a Running,
    /// The largest node that they can run on.
    pub node: NodeRoom,
    /// What each of its pods used at most, for DaemonSets and workloads with replicas, whose pods are known one by one.
    pub per_pod: &'a [PodUse],
    /// What its containers used, by name.
    pub usage: &'a [(Arc<str>, ContainerHistory)],
    /// Autoscalers that scale it.
    pub hpas: &'a [Arc<HpaRow>],
    /// Vertical autoscalers that size it.
    pub vpas: &'a [Arc<VpaRow>],
    /// Disruption budgets that guard its pods.
    pub pdbs: &'a [Arc<PdbRow>],
    /// Quotas of its namespace.
    pub quotas: &'a [Arc<QuotaRow>],
    /// Limit ranges of its namespace.
    pub limit_ranges: &'a [Arc<LimitRangeRow>],
    /// How many changes of it were undone in a row, the last of them being the last that was made.
    pub undone: u32,
    /// The last rollout of it, under way or ended.
    pub attempt: Option<&'a Attempt>,
    /// Of its pods: how many have run for a while without any usage being read of them.
    pub unmeasured_pods: usize,
    /// For how long the pod that is known longest is known, in seconds, of workloads with replicas whose pods are read.
    pub pods_known_s: Option<i64>,
    /// Kinds that cannot be watched, so that nothing is known of them.
    pub unknown_kinds: &'a [&'static str],
    /// What the nodes cost that its pods run on, where that is known.
    pub prices: Option<&'a PriceMix>,
    /// Where usage comes from: `Prometheus` or `MetricsServer`.
    pub source: &'static str,
    /// Seconds between two samples of one pod.
    pub step_seconds: i64,
}

/// What one container of one pod used at most.
#[derive(Clone, Debug, PartialEq)]
pub struct PodUse {
    /// The container.
    pub container: Arc<str>,
    /// The instance type of the pod's node, where it is known.
    pub class: Option<Arc<str>>,
    /// CPU in cores.
    pub cpu: f64,
    /// Memory in bytes.
    pub memory: f64,
}

impl Observed<'_> {
    /// What a container used, if anything is known.
    pub fn history(&self, container: &str) -> Option<&ContainerHistory> {
        self.usage.iter().find(|(name, _)| &**name == container).map(|(_, history)| history)
    }

    /// Whether an autoscaler scales on the utilisation of a resource of this container: another request would then move
    /// its set point. One that looks at a single container leaves the others free.
    pub fn is_scaled_on(&self, container: &str, cpu: bool) -> bool {
        let counts = |of: &Option<Arc<str>>| of.as_deref().is_none_or(|name| name == container);
        self.hpas.iter().flat_map(|h| h.metrics.iter()).any(|metric| match metric {
            HpaMetric::Cpu { container, target: HpaTargetValue::Utilization(_) } => cpu && counts(container),
            HpaMetric::Memory { container, target: HpaTargetValue::Utilization(_) } => !cpu && counts(container),
            _ => false,
        })
    }
}
