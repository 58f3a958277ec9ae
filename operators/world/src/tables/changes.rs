//! What has changed in a way that matters, and which containers were killed for their memory.
//!
//! Readiness, replica counts and restarts do not wake anybody: they are read when a decision is made.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use trimtab_core::WorkloadId;

use super::Tables;
use crate::row::{Controller, PodRow, Uid};

/// What has changed since it was last taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    /// Workloads whose spec, labels, owners, pods, sizes or autoscalers changed, that appeared or went, or had an OOM kill.
    pub workloads: BTreeSet<WorkloadId>,
    /// Namespaces in which something changed that bears on all of their workloads: labels, quotas, limits, budgets.
    pub namespaces: BTreeSet<Arc<str>>,
    /// Whether nodes came, went, or changed in labels or capacity.
    pub nodes: bool,
}

impl Dirty {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.workloads.is_empty() && self.namespaces.is_empty() && !self.nodes
    }

    /// Adds what `other` holds.
    pub fn merge(&mut self, other: Self) {
        self.workloads.extend(other.workloads);
        self.namespaces.extend(other.namespaces);
        self.nodes |= other.nodes;
    }
}

/// One container that the kernel killed for its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OomEvent {
    /// Its workload, if it can be told.
    pub workload: Option<WorkloadId>,
    /// Namespace of the pod.
    pub namespace: Arc<str>,
    /// Name of the pod.
    pub pod: Arc<str>,
    /// Uid of the pod.
    pub pod_uid: Uid,
    /// The container.
    pub container: Arc<str>,
    /// When it was killed.
    pub finished_at: Option<Timestamp>,
    /// The memory limit in force when it was seen, in bytes; none where there was none or it is not certain.
    pub memory_limit: Option<u64>,
    /// The memory request in force when it was seen, in bytes.
    pub memory_request: Option<u64>,
}

/// An event whose workload is looked up when it is taken, since the owner's watch may deliver later.
#[derive(Debug)]
pub(super) struct PendingOom {
    event: OomEvent,
    controller: Option<Controller>,
}

/// More than any consumer lags behind; beyond it the oldest are dropped and counted.
const MOST_OOMS: usize = 4096;

impl Tables {
    /// What has changed since the last call.
    pub fn take_dirty(&mut self) -> Dirty {
        std::mem::take(&mut self.dirty)
    }

    /// OOM kills since the last call, each once.
    pub fn take_ooms(&mut self) -> Vec<OomEvent> {
        let pending = std::mem::take(&mut self.ooms);
        pending
            .into_iter()
            .map(|PendingOom { mut event, controller }| {
                let space = self.spaces.get(&event.namespace);
                event.workload = space.zip(controller.as_ref()).and_then(|(s, c)| s.workload_above(c));
                event
            })
            .collect()
    }

    /// Whether OOM kills wait to be taken.
    pub fn has_ooms(&self) -> bool {
        !self.ooms.is_empty()
    }

    /// How many OOM kills nobody took in time.
    pub fn ooms_dropped(&self) -> u64 {
        self.ooms_dropped
    }

    pub(super) fn touch_nodes(&mut self) {
        self.dirty.nodes = true;
    }

    pub(super) fn touch_namespace(&mut self, namespace: &Arc<str>) {
        self.dirty.namespaces.insert(namespace.clone());
    }

    pub(super) fn touch_workload(&mut self, id: WorkloadId) {
        self.dirty.workloads.insert(id);
    }

    /// Marks the workload above `controller`, if it can be told. If it cannot yet, it is marked when the missing link arrives.
    pub(super) fn touch_above(&mut self, namespace: &Arc<str>, controller: Option<&Controller>) {
        let space = self.spaces.get(namespace);
        if let Some(id) = space.zip(controller).and_then(|(s, c)| s.workload_above(c)) {
            self.touch_workload(id);
        }
    }

    /// Compares a pod with what it was and notes what matters.
    pub(super) fn note_pod(&mut self, old: Option<&PodRow>, new: &PodRow) {
        let same_pod = old.filter(|o| o.uid == new.uid);
        let mut killed = false;
        for container in &new.containers {
            let Some(end) = container.last_termination.as_deref().filter(|t| t.is_oom_kill()) else { continue };
            // A kill shows first as the state and then as the last state of its container, with the same end.
            let known = same_pod
                .and_then(|o| o.containers.iter().find(|c| c.name == container.name))
                .and_then(|c| c.last_termination.as_deref());
            if known == Some(end) {
                continue;
            }
            killed = true;
            if self.ooms.len() >= MOST_OOMS {
                self.ooms.pop_front();
                self.ooms_dropped += 1;
            }
            // It may have been resized just before or just after it was killed, and one update tells of both: of the two sizes,
            // the smaller one is the likelier to have killed it.
            let before = same_pod.and_then(|o| o.container(&container.name)).map(|c| *c.in_force());
            // A pod that is seen for the first time and was changed since it was made may have had others when it was killed.
            let now = (same_pod.is_some() || new.generation.is_none_or(|g| g == 1)).then(|| *container.in_force());
            let in_force = [before, now]
                .into_iter()
                .flatten()
                .min_by_key(|r| r.memory_limit.unwrap_or(u64::MAX))
                .unwrap_or_default();
            self.ooms.push_back(PendingOom {
                event: OomEvent {
                    workload: None,
                    namespace: new.namespace.clone(),
                    pod: new.name.clone(),
                    pod_uid: new.uid.clone(),
                    container: container.name.clone(),
                    finished_at: end.finished_at,
                    memory_limit: in_force.memory_limit,
                    memory_request: in_force.memory_request,
                },
                controller: new.controller.clone(),
            });
        }
        let sizes = |p: &PodRow| {
            p.containers
                .iter()
                .map(|c| (c.name.clone(), *c.resources, c.actual.as_deref().copied()))
                .collect::<Vec<_>>()
        };
        let matters = match same_pod {
            None => true,
            Some(old) => {
                old.node != new.node
                    || old.controller != new.controller
                    || old.holds_resources() != new.holds_resources()
                    || sizes(old) != sizes(new)
            }
        };
        if killed || matters {
            self.touch_above(&new.namespace, new.controller.as_ref());
        }
    }
}
