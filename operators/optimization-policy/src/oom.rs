//! OOM kills of pods that live: known from their own statuses, hours before a metrics server would tell.
//!
//! In: events of the world. Out: kills in the histories of every feed, with what was in force then where that is certain.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use trimtab_sizing::Kill;
use trimtab_world::{OomEvent, World};

use crate::feed::Feeds;

/// A kill that is told of later than this may have been followed by a resize: what the pod has now need not have been in force.
const AT_ONCE_S: i64 = 120;

/// Records OOM kills until `shutdown`.
pub async fn run(world: std::sync::Arc<World>, feeds: Feeds, now: fn() -> Timestamp, shutdown: CancellationToken) {
    loop {
        let events = tokio::select! {
            () = shutdown.cancelled() => return,
            events = world.next_ooms() => events,
        };
        for event in events {
            let Some(workload) = event.workload.clone() else { continue };
            let kill = kill(&event, now());
            tracing::info!(%workload, container = &*event.container, pod = &*event.pod, "OOM kill seen");
            for feed in [&feeds.prometheus, &feeds.metrics_server].into_iter().flatten() {
                feed.store.observe_kill(&workload, &event.container, kill);
            }
        }
    }
}

/// The kill that an event tells of.
fn kill(event: &OomEvent, now: Timestamp) -> Kill {
    let time = event.finished_at.unwrap_or(now).as_second();
    let at_once = now.as_second() - time <= AT_ONCE_S;
    let known = |bytes: Option<u64>| bytes.filter(|_| at_once).and_then(|b| i64::try_from(b).ok());
    Kill { time, request: known(event.memory_request), limit: known(event.memory_limit) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_in_force_is_known_of_a_kill_that_has_just_happened() {
        let event = |finished_s: i64| OomEvent {
            workload: None,
            namespace: "a".into(),
            pod: "web-1".into(),
            pod_uid: "u".into(),
            container: "app".into(),
            finished_at: Timestamp::from_second(finished_s).ok(),
            memory_limit: Some(1 << 30),
            memory_request: Some(1 << 20),
        };
        let now = Timestamp::from_second(10_000).unwrap();
        let seen = kill(&event(9_990), now);
        assert_eq!((seen.time, seen.request, seen.limit), (9_990, Some(1 << 20), Some(1 << 30)));
        // Told of at the start: the pod may have been resized since.
        let old = kill(&event(5_000), now);
        assert_eq!((old.time, old.request, old.limit), (5_000, None, None));
    }
}
