//! OOM kills of pods that live, from their own statuses: which of them are news.
//!
//! In: the world as it is. Out: each kill once, with the limit under which it happened. Sources tell only of the past of
//! pods that are gone; the status of a living one is exact to the second.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use trimtab_core::WorkloadId;
use trimtab_world::{World, row::Uid};

/// The last kill of each container that was counted, by namespace.
#[derive(Debug, Default)]
pub(crate) struct Kills {
    seen: HashMap<String, HashMap<(Uid, Arc<str>), Timestamp>>,
    /// Kills of these workloads up to this time are in the history that was restored.
    known_until_s: HashMap<WorkloadId, i64>,
}

/// A kill that was not counted before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kill {
    pub(crate) workload: WorkloadId,
    pub(crate) container: Arc<str>,
    pub(crate) time_s: i64,
    /// In bytes; 0 where there was none.
    pub(crate) limit: i64,
}

impl Kills {
    /// Kills in `namespace` after `after_s` that were not told before.
    pub(crate) fn news(&mut self, world: &World, namespace: &str, after_s: i64) -> Vec<Kill> {
        let mut seen = HashMap::new();
        let mut news = Vec::new();
        let before = self.seen.remove(namespace).unwrap_or_default();
        for pod in world.pods_in(namespace) {
            for container in &pod.containers {
                let end = container.last_termination.as_deref().filter(|t| t.is_oom_kill());
                let Some(finished) = end.and_then(|t| t.finished_at) else { continue };
                let key = (pod.uid.clone(), container.name.clone());
                let time_s = finished.as_second();
                let known = before.get(&key).is_some_and(|last| finished <= *last) || time_s <= after_s;
                if !known {
                    // An owner that is not seen yet is looked up again the next time.
                    let Some(workload) = world.workload_of_pod(namespace, &pod.name) else { continue };
                    if self.known_until_s.get(&workload).is_none_or(|until| time_s > *until) {
                        let limit = container.in_force().memory_limit.and_then(|l| i64::try_from(l).ok()).unwrap_or(0);
                        news.push(Kill { workload, container: container.name.clone(), time_s, limit });
                    }
                }
                seen.insert(key, finished);
            }
        }
        if !seen.is_empty() {
            self.seen.insert(namespace.to_owned(), seen);
        }
        news
    }

    /// A history that holds the kills of `workload` up to `until_s` was restored.
    pub(crate) fn restored(&mut self, workload: WorkloadId, until_s: i64) {
        self.known_until_s.insert(workload, until_s);
    }

    /// The history of these namespaces begins anew: their kills count anew.
    pub(crate) fn forget(&mut self, namespaces: &HashSet<&str>) {
        self.seen.retain(|namespace, _| !namespaces.contains(namespace.as_str()));
        self.known_until_s.retain(|workload, _| !namespaces.contains(&*workload.namespace));
    }

    /// The history of a workload begins anew.
    pub(crate) fn forget_workload(&mut self, workload: &WorkloadId) {
        self.known_until_s.remove(workload);
    }

    pub(crate) fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.seen.retain(|namespace, _| wanted(namespace));
        self.known_until_s.retain(|workload, _| wanted(&workload.namespace));
    }
}
