//! OOM kills that happened while nobody looked: those that living pods show, and a restored history does not hold.
//!
//! In: the world as it is. Out: kills with the limits under which they happened. While the process runs, the world tells
//! of each kill when it happens; this is about the time between the last write of a profile and the restart.

use std::sync::Arc;

use trimtab_core::WorkloadId;
use trimtab_world::World;

/// A kill that the history does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kill {
    pub(crate) container: Arc<str>,
    pub(crate) time_s: i64,
    /// In bytes; 0 where there was none.
    pub(crate) limit: i64,
}

/// The last kill of each container of living pods of `workload`, where it was after `after_s`.
pub(crate) fn since(world: &World, workload: &WorkloadId, after_s: i64) -> Vec<Kill> {
    let mut kills = Vec::new();
    for pod in world.pods_of(workload) {
        for container in &pod.containers {
            let end = container.last_termination.as_deref().filter(|t| t.is_oom_kill());
            let Some(finished) = end.and_then(|t| t.finished_at) else { continue };
            let time_s = finished.as_second();
            if time_s > after_s {
                let limit = container.in_force().memory_limit.and_then(|l| i64::try_from(l).ok()).unwrap_or(0);
                kills.push(Kill { container: container.name.clone(), time_s, limit });
            }
        }
    }
    kills
}
