//! Histories by workload and container: the table behind the store, and the one that first collects a read.
//!
//! In: observations and whole histories. Out: the same, by workload. No lock, no I/O.

use std::{collections::HashMap, sync::Arc};

use trimtab_core::WorkloadId;
use trimtab_sizing::ContainerHistory;

/// The histories of one workload, one per container, in the order in which they were first seen.
pub type Containers = Vec<(Arc<str>, ContainerHistory)>;

/// Histories of workloads, by namespace, so that a namespace is taken or dropped as a whole.
#[derive(Debug, Default)]
pub(crate) struct Histories(HashMap<Arc<str>, HashMap<WorkloadId, Containers>>);

impl Histories {
    pub(crate) fn get(&self, workload: &WorkloadId) -> &[(Arc<str>, ContainerHistory)] {
        self.0.get(&workload.namespace).and_then(|n| n.get(workload)).map_or(&[], Vec::as_slice)
    }

    /// The history of one container, created if missing.
    pub(crate) fn container(&mut self, workload: &WorkloadId, container: &str, f: impl FnOnce(&mut ContainerHistory)) {
        let containers = self.workload(workload);
        let index = containers.iter().position(|(name, _)| &**name == container).unwrap_or_else(|| {
            containers.push((Arc::from(container), ContainerHistory::new()));
            containers.len() - 1
        });
        if let Some((_, history)) = containers.get_mut(index) {
            f(history);
        }
    }

    fn workload(&mut self, workload: &WorkloadId) -> &mut Containers {
        self.0.entry(workload.namespace.clone()).or_default().entry(workload.clone()).or_default()
    }

    /// Merges histories into those of one workload.
    pub(crate) fn merge(&mut self, workload: &WorkloadId, containers: Containers) {
        for (name, theirs) in containers {
            self.container(workload, &name, |mine| {
                if mine.is_empty() {
                    *mine = theirs;
                } else {
                    mine.merge(&theirs);
                }
            });
        }
    }

    /// Takes out all of a namespace.
    pub(crate) fn take(&mut self, namespace: &str) -> HashMap<WorkloadId, Containers> {
        self.0.remove(namespace).unwrap_or_default()
    }

    pub(crate) fn remove(&mut self, workload: &WorkloadId) {
        if let Some(namespace) = self.0.get_mut(&workload.namespace) {
            namespace.remove(workload);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&WorkloadId, &Containers)> {
        self.0.values().flatten()
    }

    /// Retains the workloads for which `keep` returns true; it may change their histories.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&WorkloadId, &mut Containers) -> bool) {
        for namespace in self.0.values_mut() {
            namespace.retain(&mut keep);
        }
        self.0.retain(|_, workloads| !workloads.is_empty());
    }

    pub(crate) fn retain_namespaces(&mut self, wanted: impl Fn(&str) -> bool) {
        self.0.retain(|namespace, _| wanted(namespace));
    }
}
