//! OOM kills that happened while nobody looked: those that living pods show, and a restored history does not hold.
//!
//! In: the world as it is. Out: kills, with what was in force where the pod was never changed since it was made. While the
//! process runs, the world tells of each kill when it happens; this is about the time between the last write of a profile and
//! the restart.

use std::sync::Arc;

use trimtab_core::WorkloadId;
use trimtab_sizing::Kill;
use trimtab_world::World;

/// A kill that the history does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) container: Arc<str>,
    pub(crate) kill: Kill,
}

/// The last kill of each container of living pods of `workload`, where it was after `after_s`.
pub(crate) fn since(world: &World, workload: &WorkloadId, after_s: i64) -> Vec<Missed> {
    let mut kills = Vec::new();
    for pod in world.pods_of(workload) {
        for container in &pod.containers {
            let end = container.last_termination.as_deref().filter(|t| t.is_oom_kill());
            let Some(finished) = end.and_then(|t| t.finished_at) else { continue };
            let time = finished.as_second();
            if time > after_s {
                // A pod whose spec was changed since it was made may have had other sizes then.
                let unchanged = pod.generation == Some(1);
                let known = |bytes: Option<u64>| bytes.filter(|_| unchanged).and_then(|b| i64::try_from(b).ok());
                let sizes = &container.resources;
                let (request, limit) = (known(sizes.memory_request), known(sizes.memory_limit));
                let kill = Kill { time, request, limit };
                kills.push(Missed { container: container.name.clone(), kill });
            }
        }
    }
    kills
}
