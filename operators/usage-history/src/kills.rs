//! OOM kills in the status of living pods, each once: those missed while no process ran, beside those found in series.
//!
//! In: the world, and histories. Out: kills, with the sizes in force if the pod was never changed since its creation.
//! While the process runs, the world reports each kill when it happens; `since` is about the time between the last
//! write of a profile and the restart.

use std::sync::Arc;

use trimtab_core::WorkloadId;
use trimtab_sizing::{ContainerHistory, Kill};
use trimtab_world::World;

/// A series shows a kill at the first step after it, up to an hour after it happened.
pub(crate) const LATE_S: i64 = 3600;
/// Several kills at one step are moved to distinct seconds before it: see `sizes`.
const BESIDE_S: i64 = 60;

/// Records a kill from a pod's own status. One that a series reports as well counts once, at the time from the series.
pub(crate) fn observe(history: &mut ContainerHistory, kill: Kill) {
    let told = |time: i64| {
        let late_s = time.saturating_sub(kill.time);
        (1..=LATE_S).contains(&late_s) && time.saturating_neg().rem_euclid(LATE_S) < BESIDE_S
    };
    let times = || history.kills().iter().map(|known| known.time);
    let known = times().find(|time| *time == kill.time).or_else(|| times().find(|time| told(*time)));
    let time = known.unwrap_or(kill.time);
    history.observe_kill(Kill { time, ..kill });
}

/// A kill that the history does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) container: Arc<str>,
    pub(crate) kill: Kill,
}

/// The last kill of each container of living pods of `workload`, if after `after_s`.
pub(crate) fn since(world: &World, workload: &WorkloadId, after_s: i64) -> Vec<Missed> {
    let mut kills = Vec::new();
    for pod in world.pods_of(workload) {
        for container in &pod.containers {
            let end = container.last_termination.as_deref().filter(|t| t.is_oom_kill());
            let Some(finished) = end.and_then(|t| t.finished_at) else { continue };
            let time = finished.as_second();
            if time > after_s {
                // A pod whose spec was changed since its creation may have had other sizes then.
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
