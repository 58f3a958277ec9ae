//! Queries of the usage history on the world: a pod's owner, a namespace's size, the kinds that are watched.
//!
//! In: the shared world. Out: answers, from memory alone.

use std::sync::Arc;

use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_metrics_sources::{NamespaceLoad, RunNames};
use trimtab_world::{Kind, Missing, World, row::ContainerKind};

use crate::sink::Resolver;

/// How much usage data to expect of a namespace.
pub fn load(world: &World, namespace: &str) -> NamespaceLoad {
    let containers: usize = world
        .pods_in(namespace)
        .iter()
        .map(|p| p.containers.iter().filter(|c| c.kind != ContainerKind::Init).count())
        .sum();
    let mut runs = RunNames::default();
    for row in world.workloads_in(namespace) {
        match row.id.kind {
            WorkloadKind::CronJob => {
                runs.cron_jobs.insert(row.id.name.to_string());
            }
            WorkloadKind::Job => {
                runs.jobs.insert(row.id.name.to_string());
            }
            _ => {}
        }
    }
    NamespaceLoad { name: namespace.to_owned(), containers: u32::try_from(containers).unwrap_or(u32::MAX), runs }
}

/// Whether workloads of this kind are watched at all. An unwatched one is not gone.
pub fn sees(world: &World, id: &WorkloadId) -> bool {
    let hides = |m: &Missing| m.kind.workload() == Some(id.kind) || m.kind == Kind::Namespace;
    !world.missing().iter().chain(&world.missing_custom()).any(hides)
}

/// The world as the usage store queries it.
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

    fn node(&self, host: &str) -> Option<Arc<str>> {
        if let Some(row) = self.0.node(host) {
            return Some(row.name.clone());
        }
        let nodes = self.0.nodes();
        nodes.iter().find(|row| row.addresses.iter().any(|address| **address == *host)).map(|row| row.name.clone())
    }

    fn home(&self, namespace: &str, pod: &str) -> Option<Arc<str>> {
        self.0.pod(namespace, pod)?.node.clone()
    }

    fn born(&self, namespace: &str, pod: &str) -> Option<i64> {
        if let Some(row) = self.0.pod(namespace, pod) {
            return row.created.map(|created| created.as_second());
        }
        let workload = self.0.workload_of_past_pod(namespace, pod)?;
        (workload.kind == WorkloadKind::CronJob).then(|| scheduled(&workload.name, pod)).flatten()
    }
}

/// When the run of a CronJob was due, by the name of its pod: minutes since 1970, seconds before Kubernetes 1.21.
fn scheduled(cron_job: &str, pod: &str) -> Option<i64> {
    let digits = pod.strip_prefix(cron_job)?.strip_prefix('-')?.split('-').next()?;
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        8 | 9 => Some(number * 60),
        10 => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;
    use trimtab_world::Tables;

    use super::*;

    #[test]
    fn a_node_is_known_by_its_name_and_by_its_addresses() {
        let mut tables = Tables::default();
        let addresses =
            json!([{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "ExternalIP", "address": "203.0.113.9"}]);
        let node = json!({"metadata": {"name": "rack1"}, "status": {"addresses": addresses}});
        tables.apply_json(Kind::Node, &node).unwrap();
        let pod = json!({"metadata": {"name": "db-0", "namespace": "a", "uid": "u"}, "spec": {"nodeName": "rack1", "containers": []}});
        tables.apply_json(Kind::Pod, &pod).unwrap();
        let world = World::fixed(tables);
        let resolver = WorldResolver(&world);
        for host in ["rack1", "10.0.0.1", "203.0.113.9"] {
            assert_eq!(resolver.node(host).as_deref(), Some("rack1"), "{host}");
        }
        assert_eq!(resolver.node("rack9"), None);
        assert_eq!((resolver.home("a", "db-0").as_deref(), resolver.home("a", "db-1")), (Some("rack1"), None));
    }

    #[test]
    fn a_run_is_not_older_than_its_time() {
        assert_eq!(scheduled("nightly", "nightly-28374650-bcdfg"), Some(28_374_650 * 60));
        assert_eq!(scheduled("nightly", "nightly-1702480000-bcdfg"), Some(1_702_480_000));
        assert_eq!(scheduled("nightly", "nightly-by-hand-bcdfg"), None);
        assert_eq!(scheduled("nightly", "weekly-28374650-bcdfg"), None);
    }
}
