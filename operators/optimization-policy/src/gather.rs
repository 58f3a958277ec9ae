//! What is known of a workload, gathered for its decision.
//!
//! In: the world, the usage store and the prices of the pass. Out: owned rows that an
//! [`Observed`](crate::observed::Observed) borrows. Reads memory only: no request is made here.

use std::sync::Arc;

use trimtab_core::WorkloadId;
use trimtab_pricing::PriceMix;
use trimtab_sources::NamespaceLoad;
use trimtab_usage::Resolver;
use trimtab_world::{
    Kind, World,
    row::{ContainerKind, HpaRow, LimitRangeRow, NamespaceRow, PdbRow, PodPhase, PodRow, QuotaRow, WorkloadRow},
};

use crate::{outcome::Skip, prices::NodePrices};

/// Kinds without which a risk is not seen; their absence is said in the risk of each recommendation.
const RISK_KINDS: [Kind; 4] =
    [Kind::HorizontalPodAutoscaler, Kind::PodDisruptionBudget, Kind::ResourceQuota, Kind::LimitRange];

/// Kinds without which nothing can be decided.
const NEEDED_KINDS: [Kind; 4] = [Kind::Namespace, Kind::Node, Kind::Pod, Kind::ReplicaSet];

/// The rows about one workload.
#[derive(Debug)]
pub struct Gathered {
    /// The workload.
    pub workload: Arc<WorkloadRow>,
    /// Its namespace.
    pub namespace: Arc<NamespaceRow>,
    /// Its pods that are not ending.
    pub pods: u32,
    /// Autoscalers that scale it.
    pub hpas: Vec<Arc<HpaRow>>,
    /// Disruption budgets that guard its pods.
    pub pdbs: Vec<Arc<PdbRow>>,
    /// Quotas of its namespace.
    pub quotas: Vec<Arc<QuotaRow>>,
    /// Limit ranges of its namespace.
    pub limit_ranges: Vec<Arc<LimitRangeRow>>,
    /// The price of the nodes that its pods run on.
    pub prices: Result<PriceMix, Skip>,
}

/// Gathers what is known of a workload; `None` where it or its namespace has gone meanwhile.
pub fn gather(world: &World, prices: &NodePrices, id: &WorkloadId) -> Option<Gathered> {
    let workload = world.workload(id)?;
    let namespace = world.namespace(&id.namespace)?;
    let pods: Vec<Arc<PodRow>> = world.pods_of(id).into_iter().filter(|p| runs(p)).collect();
    Some(Gathered {
        pods: u32::try_from(pods.len()).unwrap_or(u32::MAX),
        hpas: world.hpas_for(id),
        pdbs: world.pdbs_for(&id.namespace, &workload.template.labels),
        quotas: world.quotas(&id.namespace),
        limit_ranges: world.limit_ranges(&id.namespace),
        prices: prices.mix(pods.iter().map(|p| &**p)).map_err(|_| Skip::PriceUnknown),
        workload,
        namespace,
    })
}

fn runs(pod: &PodRow) -> bool {
    !pod.terminating && matches!(pod.phase, PodPhase::Pending | PodPhase::Running | PodPhase::Unknown)
}

/// How much usage data is to be expected of a namespace.
pub fn load(world: &World, namespace: &str) -> NamespaceLoad {
    let containers: usize = world
        .pods_in(namespace)
        .iter()
        .map(|p| p.containers.iter().filter(|c| c.kind != ContainerKind::Init).count())
        .sum();
    NamespaceLoad { name: namespace.to_owned(), containers: u32::try_from(containers).unwrap_or(u32::MAX) }
}

/// Kinds that cannot be watched: those that only hide a risk, and those without which nothing can be decided, each of
/// these with why.
pub fn blind_spots(world: &World) -> (Vec<&'static str>, Vec<String>) {
    let missing = world.missing();
    let risk = missing.iter().map(|m| m.kind).filter(|k| RISK_KINDS.contains(k)).map(Kind::as_str).collect();
    let needed = missing
        .iter()
        .filter(|m| NEEDED_KINDS.contains(&m.kind))
        .map(|m| format!("{} cannot be watched: {}", m.kind, m.reason))
        .collect();
    (risk, needed)
}

/// Whether workloads of this kind are seen at all. What is not seen has not gone.
pub fn sees(world: &World, id: &WorkloadId) -> bool {
    !world.missing().iter().any(|m| m.kind.as_str() == id.kind.as_str() || m.kind == Kind::Namespace)
}

/// The world as the usage store asks it.
#[derive(Debug)]
pub struct WorldResolver<'a>(pub &'a World);

impl Resolver for WorldResolver<'_> {
    fn workload(&self, namespace: &str, pod: &str) -> Option<WorkloadId> {
        if self.is_alive(namespace, pod) {
            self.0.workload_of_pod(namespace, pod)
        } else {
            self.0.workload_of_past_pod(namespace, pod)
        }
    }

    fn is_alive(&self, namespace: &str, pod: &str) -> bool {
        self.0.pod(namespace, pod).is_some()
    }

    fn memory_limit(&self, workload: &WorkloadId, container: &str) -> Option<i64> {
        let row = self.0.workload(workload)?;
        i64::try_from(row.template.container(container)?.resources.memory_limit?).ok()
    }
}
