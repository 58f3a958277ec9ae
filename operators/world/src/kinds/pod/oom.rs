//! Containers that were OOM-killed.
//!
//! In: a pod before and after an update. Out: each kill once, with the limit that was in force, for one consumer.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use trimtab_core::WorkloadId;

use super::PodRow;
use crate::{
    row::{Controller, Uid},
    tables::Tables,
};

/// One OOM-killed container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OomEvent {
    /// Its workload, if it can be resolved.
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
    /// The memory limit in force when the kill was seen, in bytes; `None` where there was none or it is not certain.
    pub memory_limit: Option<u64>,
    /// The memory request in force when the kill was seen, in bytes.
    pub memory_request: Option<u64>,
}

/// An event whose workload is resolved when it is taken, since the owner's watch may deliver later.
#[derive(Debug)]
struct PendingOom {
    event: OomEvent,
    controller: Option<Controller>,
}

/// Larger than any consumer's lag; beyond it the oldest are dropped and counted.
const MOST_OOMS: usize = 4096;

/// Kills not taken yet.
#[derive(Debug, Default)]
pub(super) struct Kills {
    pending: VecDeque<PendingOom>,
    dropped: u64,
}

impl Kills {
    /// Compares a pod with its former row, if there is one, and records kills. Returns whether there were any.
    pub(super) fn note(&mut self, old: Option<&PodRow>, new: &PodRow) -> bool {
        let mut killed = false;
        for container in &new.containers {
            let Some(end) = container.last_termination.as_deref().filter(|t| t.is_oom_kill()) else { continue };
            // A kill shows first as the state and then as the last state of its container, with the same end time.
            let known = old
                .and_then(|o| o.containers.iter().find(|c| c.name == container.name))
                .and_then(|c| c.last_termination.as_deref());
            if known == Some(end) {
                continue;
            }
            killed = true;
            if self.pending.len() >= MOST_OOMS {
                self.pending.pop_front();
                self.dropped += 1;
            }
            // It may have been resized just before or just after it was killed, both in one update: of the two sizes,
            // the smaller one is the likelier to have killed it.
            let before = old.and_then(|o| o.container(&container.name)).map(|c| *c.in_force());
            // A pod seen for the first time and changed since its creation may have had other sizes when it was killed.
            let now = (old.is_some() || new.generation.is_none_or(|g| g == 1)).then(|| *container.in_force());
            let in_force = [before, now]
                .into_iter()
                .flatten()
                .min_by_key(|r| r.memory_limit.unwrap_or(u64::MAX))
                .unwrap_or_default();
            self.pending.push_back(PendingOom {
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
        killed
    }
}

impl Tables {
    /// OOM kills since the last call, each once.
    pub fn take_ooms(&mut self) -> Vec<OomEvent> {
        let pending = std::mem::take(&mut self.stores.pod.kills.pending);
        pending
            .into_iter()
            .map(|PendingOom { mut event, controller }| {
                let space = self.spaces.get(&event.namespace);
                event.workload = space.zip(controller.as_ref()).and_then(|(s, c)| s.workload_above(c));
                event
            })
            .collect()
    }

    /// Whether there are OOM kills to take.
    pub fn has_ooms(&self) -> bool {
        !self.stores.pod.kills.pending.is_empty()
    }

    /// How many OOM kills were dropped because nobody took them in time.
    pub fn ooms_dropped(&self) -> u64 {
        self.stores.pod.kills.dropped
    }
}
