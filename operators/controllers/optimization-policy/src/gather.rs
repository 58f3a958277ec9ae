//! Gathers the input for the decision on a workload.
//!
//! In: the world, the usage store and the prices of the pass. Out: owned rows that an
//! [`Observed`](crate::observed::Observed) borrows. Reads memory only: makes no requests.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use trimtab_admission_sizes::{AppliedSizesWriter, Bounds};
use trimtab_api::applied_sizes::{WorkloadHistory, WorkloadSizes, key};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_pricing::PriceMix;
use trimtab_sizing::{ContainerHistory, NodeRoom};
use trimtab_usage_history::UsageStore;
pub use trimtab_usage_history::world::{WorldResolver, load, sees};
use trimtab_world::{
    Kind, Missing, Refusal, World,
    row::{HpaRow, LimitRangeRow, NamespaceRow, PdbRow, PodPhase, PodRow, QuotaRow, VpaRow, WorkloadRow},
};

use crate::{
    observed::{Observed, PodUse},
    outcome::Skip,
    pods::{self, Running},
    prices::NodePrices,
    unmatched,
};

/// The label of a node's instance type.
const INSTANCE_TYPE_LABEL: &str = "node.kubernetes.io/instance-type";

/// Kinds without which a risk goes unseen; their absence is stated in the risk of each Recommendation.
const RISK_KINDS: [Kind; 5] = [
    Kind::HorizontalPodAutoscaler,
    Kind::VerticalPodAutoscaler,
    Kind::PodDisruptionBudget,
    Kind::ResourceQuota,
    Kind::LimitRange,
];

/// Custom resources that should be sized and are not visible: the kind, and the remedy.
pub fn unseen(world: &World) -> Vec<(WorkloadKind, String)> {
    let mut unseen: Vec<_> =
        world.missing_custom().iter().filter_map(|m| Some((m.kind.workload()?, unseen_because(m)))).collect();
    // In a client, namespaces are watched one by one, and all of them report the same.
    unseen.dedup();
    unseen
}

fn unseen_because(missing: &Missing) -> String {
    let (kind, group, reason) = (missing.kind, missing.kind.group(), &missing.reason);
    let resource = match reason {
        Refusal::Forbidden { on, .. } => on.strip_suffix(group).and_then(|on| on.strip_suffix('.')),
        Refusal::NotFound(_) | Refusal::NotScalable(_) => None,
    };
    match resource {
        Some(plural) => format!(
            "{kind} is named by --workload-kinds but not sized, {reason}: grant the controller list and watch on \
             {plural} of apiGroup {group}"
        ),
        None => format!("{kind} is named by --workload-kinds but not sized, {reason}"),
    }
}

/// Kinds without which nothing can be decided.
const NEEDED_KINDS: [Kind; 4] = [Kind::Namespace, Kind::Node, Kind::Pod, Kind::ReplicaSet];

/// The rows of one workload.
#[derive(Debug)]
pub struct Gathered {
    /// The workload.
    pub workload: Arc<WorkloadRow>,
    /// Its namespace.
    pub namespace: Arc<NamespaceRow>,
    /// Its pods that are not terminating.
    pub pods: u32,
    /// Those of them on nodes with GPUs.
    pub pods_on_gpu_nodes: u32,
    /// What its running pods have beyond the template.
    pub running: Running,
    /// The largest node on which they can run.
    pub node: NodeRoom,
    /// HorizontalPodAutoscalers that scale it.
    pub hpas: Vec<Arc<HpaRow>>,
    /// VerticalPodAutoscalers that size it.
    pub vpas: Vec<Arc<VpaRow>>,
    /// PodDisruptionBudgets that protect its pods.
    pub pdbs: Vec<Arc<PdbRow>>,
    /// ResourceQuotas of its namespace.
    pub quotas: Vec<Arc<QuotaRow>>,
    /// LimitRanges of its namespace.
    pub limit_ranges: Vec<Arc<LimitRangeRow>>,
    /// The price of the nodes on which its pods run.
    pub prices: Result<PriceMix, Skip>,
    /// What is recorded of decisions about it.
    pub history: Option<WorkloadHistory>,
}

impl Gathered {
    /// The input of one decision, with the pods' usage. It contains no past changes of the workload.
    pub fn observed<'a>(
        &'a self,
        per_pod: &'a PerPod,
        usage: &'a [(Arc<str>, ContainerHistory)],
        unknown_kinds: &'a [&'static str],
        source: &'static str,
        step_seconds: i64,
    ) -> Observed<'a> {
        Observed {
            workload: &self.workload,
            namespace: &self.namespace,
            pods: self.pods,
            running: &self.running,
            node: self.node,
            pods_on_gpu_nodes: self.pods_on_gpu_nodes,
            per_pod: &per_pod.used,
            usage,
            hpas: &self.hpas,
            vpas: &self.vpas,
            pdbs: &self.pdbs,
            quotas: &self.quotas,
            limit_ranges: &self.limit_ranges,
            undone: 0,
            attempt: None,
            other_attempts: &[],
            unmeasured_pods: per_pod.unmeasured,
            pods_known_s: per_pod.known_s,
            recreated: None,
            unknown_kinds,
            prices: self.prices.as_ref().ok(),
            source,
            step_seconds,
        }
    }
}

/// Gathers what is known of a workload; `None` if it or its namespace was deleted meanwhile. The workload's template is
/// as its new pods get it: with the sizes that admission sets, if it does.
pub fn gather(world: &World, prices: &NodePrices, sizes: &AppliedSizesWriter, id: &WorkloadId) -> Option<Gathered> {
    let workload = world.workload(id)?;
    let namespace = world.namespace(&id.namespace)?;
    let (quotas, limit_ranges) = (world.quotas(&id.namespace), world.limit_ranges(&id.namespace));
    let key = key(id);
    // That of an earlier workload of this name says nothing about this one.
    let history = sizes.history(&id.namespace, &key);
    let workload = match sizes.entry(&id.namespace, &key) {
        Some(entry) => as_admitted(&workload, &entry, &Bounds::new(limit_ranges.clone(), quotas.clone())),
        None => workload,
    };
    let pods: Vec<Arc<PodRow>> = world.pods_of(id).into_iter().filter(|p| runs(p)).collect();
    Some(Gathered {
        pods: u32::try_from(pods.len()).unwrap_or(u32::MAX),
        pods_on_gpu_nodes: prices.on_gpu_nodes(pods.iter().map(|p| &**p)),
        running: pods::running(&workload.template, &pods),
        node: prices.largest(&workload.template.node_selector),
        hpas: world.hpas_for(id),
        vpas: world.vpas_for(id),
        pdbs: world.pdbs_for(&id.namespace, &workload.template.labels),
        quotas,
        limit_ranges,
        prices: prices.mix(pods.iter().map(|p| &**p), &workload.template.node_selector).map_err(|_| Skip::PriceUnknown),
        history,
        workload,
        namespace,
    })
}

/// How long a replica must have been observed to show how work is shared, in seconds: a new one has had little to do.
const LEAST_SPAN_S: i64 = 12 * 3600;

/// A pod that has run for this long has been read, unless its node is not scraped.
const READ_BY_THEN_S: i64 = 1800;

/// What is known of a workload's individual pods.
#[derive(Debug, Default)]
pub struct PerPod {
    /// Their maximum usage.
    pub used: Vec<PodUse>,
    /// How many of them have run for a while without any usage; 0 if none of them has any.
    pub unmeasured: usize,
    /// How long the longest-known of them is known, in seconds; `None` if none of them has any usage.
    pub known_s: Option<i64>,
}

/// The usage of individual pods of a DaemonSet or of a workload with replicas; nothing for other kinds.
pub fn per_pod(world: &World, store: &UsageStore, id: &WorkloadId, now: Timestamp) -> PerPod {
    let replicas = id.kind.has_replicas();
    let levels = store.pod_levels(id);
    if (id.kind != WorkloadKind::DaemonSet && !replicas) || levels.is_empty() {
        return PerPod::default();
    }
    let class = |node: &str| world.node(node)?.labels.get(INSTANCE_TYPE_LABEL).map(Arc::from);
    let pods: Vec<Arc<PodRow>> = world.pods_of(id).into_iter().filter(|pod| runs(pod)).collect();
    let read: HashSet<&str> = levels.iter().map(|(_, pod, _)| &**pod).collect();
    let is_old = |t: Timestamp| t.as_second() < now.as_second() - READ_BY_THEN_S;
    let old = pods.iter().filter(|pod| pod.started.or(pod.created).is_some_and(is_old));
    let unmeasured = old.filter(|pod| !read.contains(&*pod.name)).count();
    let nodes: HashMap<&str, Option<Arc<str>>> =
        pods.iter().map(|pod| (&*pod.name, pod.node.as_deref().and_then(class))).collect();
    let used = levels
        .iter()
        .filter(|(_, _, level)| !replicas || level.span_s() >= LEAST_SPAN_S)
        .filter_map(|(container, pod, level)| {
            let class = nodes.get(&**pod)?.clone();
            Some(PodUse { container: container.clone(), class, cpu: level.cpu, memory: level.memory })
        })
        .collect();
    let present = levels.iter().filter(|(_, pod, _)| nodes.contains_key(&**pod));
    let known_s = present.map(|(_, _, level)| level.span_s()).max();
    PerPod { used, unmeasured, known_s }
}

/// The rows in which names are looked up.
#[derive(Debug)]
pub struct WorldRows<'a>(pub &'a World);

impl unmatched::Rows for WorldRows<'_> {
    fn workload(&self, id: &WorkloadId) -> Option<Arc<WorkloadRow>> {
        self.0.workload(id)
    }

    fn namespace(&self, name: &str) -> Option<Arc<NamespaceRow>> {
        self.0.namespace(name)
    }

    fn in_pods(&self, id: &WorkloadId) -> BTreeSet<Arc<str>> {
        self.0.pods_of(id).iter().flat_map(|pod| &pod.containers).map(|c| c.name.clone()).collect()
    }
}

/// The workload with the sizes that its new pods get.
fn as_admitted(workload: &WorkloadRow, entry: &WorkloadSizes, bounds: &Bounds) -> Arc<WorkloadRow> {
    let mut row = workload.clone();
    if trimtab_admission_sizes::still_valid(entry, Some(workload), bounds).is_ok() {
        let template = Arc::make_mut(&mut row.template);
        for container in &mut template.containers {
            // A valid entry need not have an effect: admission compares what the container would have.
            let to = trimtab_admission_sizes::sized(Some(entry), &workload.template, container, bounds);
            if let Some(resources) = to {
                container.resources = Arc::new(resources);
            }
        }
    }
    Arc::new(row)
}

fn runs(pod: &PodRow) -> bool {
    !pod.terminating && matches!(pod.phase, PodPhase::Pending | PodPhase::Running | PodPhase::Unknown)
}

/// Kinds that cannot be watched: those that only hide a risk, and those without which nothing can be decided, each of
/// these with the reason.
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

#[cfg(test)]
mod tests;
