//! The world as usage is asked of it: who a pod belongs to, how much a namespace holds, which kinds are seen.
//!
//! In: the shared world. Out: answers, from memory alone.

use trimtab_core::WorkloadId;
use trimtab_sources::NamespaceLoad;
use trimtab_world::{Kind, World, row::ContainerKind};

use crate::sink::Resolver;

/// How much usage data is to be expected of a namespace.
pub fn load(world: &World, namespace: &str) -> NamespaceLoad {
    let containers: usize = world
        .pods_in(namespace)
        .iter()
        .map(|p| p.containers.iter().filter(|c| c.kind != ContainerKind::Init).count())
        .sum();
    NamespaceLoad { name: namespace.to_owned(), containers: u32::try_from(containers).unwrap_or(u32::MAX) }
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
        i64::try_from(row.template.container(container)?.resources.without_zeros().memory_limit?).ok()
    }
}
