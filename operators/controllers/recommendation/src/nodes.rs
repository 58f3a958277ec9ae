//! Total requests and readiness of the pods on each node. In: the world. Out: an index by node, built at most once a
//! second for all Recommendations together.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use trimtab_gates::input::NodeRoom;
use trimtab_world::{
    World,
    row::{ContainerKind, NodeRow, PodPhase, PodRow, Resources},
};

/// Maximum age of the index.
const AGE: Duration = Duration::from_secs(1);

/// Totals of one node's pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Load {
    cpu: u64,
    memory: u64,
    running: u32,
    ready: u32,
}

/// Total requests and readiness of the pods on each node.
#[derive(Debug, Default)]
pub struct Index {
    loads: HashMap<Arc<str>, Load>,
}

/// Pods of other workloads on the nodes of a workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// Running, and not being deleted.
    pub all: u32,
    /// Those of them that are ready.
    pub ready: u32,
}

impl Index {
    /// Builds the index of these pods.
    pub fn new<'a>(pods: impl IntoIterator<Item = &'a PodRow>) -> Self {
        let mut index = Self::default();
        for pod in pods {
            if let Some(node) = pod.node.as_ref().filter(|_| pod.holds_resources()) {
                add(index.loads.entry(node.clone()).or_default(), pod);
            }
        }
        index
    }

    /// The nodes with the requests on each.
    pub fn rooms(&self, nodes: impl IntoIterator<Item = Arc<NodeRow>>) -> Vec<NodeRoom> {
        let room = |node: Arc<NodeRow>| {
            let load = self.loads.get(&node.name).copied().unwrap_or_default();
            NodeRoom { node, cpu_requested: load.cpu, memory_requested: load.memory }
        };
        nodes.into_iter().map(room).collect()
    }

    /// Pods of other workloads on the nodes of `own`.
    pub fn neighbours(&self, own: &[Arc<PodRow>]) -> Neighbours {
        let mut by_node: HashMap<&Arc<str>, Load> = HashMap::new();
        for pod in own {
            if let Some(node) = pod.node.as_ref().filter(|_| pod.holds_resources()) {
                add(by_node.entry(node).or_default(), pod);
            }
        }
        by_node.iter().fold(Neighbours::default(), |sum, (node, own)| {
            let load = self.loads.get(*node).copied().unwrap_or_default();
            let all = load.running.saturating_sub(own.running);
            // The index may be a moment older than the own pods.
            let ready = load.ready.saturating_sub(own.ready).min(all);
            Neighbours { all: sum.all + all, ready: sum.ready + ready }
        })
    }
}

fn add(load: &mut Load, pod: &PodRow) {
    let sum = asked(pod);
    load.cpu = load.cpu.saturating_add(sum.cpu_request.unwrap_or(0));
    load.memory = load.memory.saturating_add(sum.memory_request.unwrap_or(0));
    if pod.phase == PodPhase::Running && !pod.terminating {
        load.running += 1;
        load.ready += u32::from(pod.ready);
    }
}

/// What the scheduler counts for a running pod: the sum of its containers and sidecars, or its pod-level requests.
fn asked(pod: &PodRow) -> Resources {
    let running = pod.containers.iter().filter(|c| c.kind != ContainerKind::Init);
    let sum = running.fold(Resources::default(), |sum, c| {
        let r = c.resources.with_defaulted_requests();
        Resources {
            cpu_request: Some(sum.cpu_request.unwrap_or(0) + r.cpu_request.unwrap_or(0)),
            memory_request: Some(sum.memory_request.unwrap_or(0) + r.memory_request.unwrap_or(0)),
            ..sum
        }
    });
    let whole = pod.pod_resources.as_deref().copied().unwrap_or_default();
    Resources {
        cpu_request: whole.cpu_request.or(sum.cpu_request),
        memory_request: whole.memory_request.or(sum.memory_request),
        ..sum
    }
}

/// Caches the index for a second.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Option<(Instant, Arc<Index>)>>);

impl Cache {
    /// An index that is at most a second old.
    pub fn get(&self, world: &World) -> Arc<Index> {
        let mut kept = self.0.lock();
        if let Some((made, index)) = &*kept
            && made.elapsed() < AGE
        {
            return index.clone();
        }
        let pods: Vec<Arc<PodRow>> = world.read(|t| t.namespaces().iter().flat_map(|n| t.pods_in(&n.name)).collect());
        let index = Arc::new(Index::new(pods.iter().map(|p| &**p)));
        *kept = Some((Instant::now(), index.clone()));
        index
    }
}

/// The nodes on which these pods run, without duplicates.
pub fn nodes_of(world: &World, pods: &[Arc<PodRow>]) -> Vec<Arc<NodeRow>> {
    let mut names: Vec<&Arc<str>> = pods.iter().filter_map(|p| p.node.as_ref()).collect();
    names.sort();
    names.dedup();
    names.into_iter().filter_map(|name| world.node(name)).collect()
}
