//! OOM kills of live pods: read from their statuses, hours before a metrics server would report them.
//!
//! In: events of the world. Out: kills in the histories of every feed, with the sizes in force then if they are
//! certain.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use trimtab_sizing::Kill;
use trimtab_world::{OomEvent, World};

use crate::feed::Feeds;

/// A kill reported later than this may have been followed by a resize: the pod's present sizes need not have been in
/// force.
const AT_ONCE_S: i64 = 120;

/// There were no containers before: 2014-01-01T00:00:00Z.
const FIRST_S: i64 = 1_388_534_400;
/// Clocks of nodes may be ahead by this much, in seconds.
const AHEAD_S: i64 = 900;

/// Records OOM kills until `shutdown`.
pub async fn run(world: std::sync::Arc<World>, feeds: Feeds, now: fn() -> Timestamp, shutdown: CancellationToken) {
    while let Some(events) = shutdown.run_until_cancelled(world.next_ooms()).await {
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

/// The kill that an event reports.
fn kill(event: &OomEvent, now: Timestamp) -> Kill {
    // An implausible date is ignored: the clock was wrong, or the runtime reported none.
    let can_be = |at: &Timestamp| (FIRST_S..=now.as_second() + AHEAD_S).contains(&at.as_second());
    let time = event.finished_at.filter(can_be).unwrap_or(now).as_second();
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
        const NOW: i64 = 1_700_000_000;
        const DAY_S: i64 = 86_400;
        let now = Timestamp::from_second(NOW).unwrap();
        let seen = kill(&event(NOW - 10), now);
        assert_eq!((seen.time, seen.request, seen.limit), (NOW - 10, Some(1 << 20), Some(1 << 30)));
        // Reported at startup: the pod may have been resized since.
        let old = kill(&event(NOW - 5_000), now);
        assert_eq!((old.time, old.request, old.limit), (NOW - 5_000, None, None));
        // An implausible date does not move a kill out of the window.
        for finished_s in [0, NOW + DAY_S, NOW + 300 * DAY_S] {
            assert_eq!(kill(&event(finished_s), now).time, NOW, "{finished_s}");
        }
    }
}
