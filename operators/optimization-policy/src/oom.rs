//! OOM kills of pods that live: known from their own statuses, hours before a metrics server would tell.
//!
//! In: events of the world. Out: observations in the histories of every feed.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use trimtab_world::World;

use crate::feed::Feeds;

/// Records OOM kills until `shutdown`.
pub async fn run(world: std::sync::Arc<World>, feeds: Feeds, now: fn() -> Timestamp, shutdown: CancellationToken) {
    loop {
        let events = tokio::select! {
            () = shutdown.cancelled() => return,
            events = world.next_ooms() => events,
        };
        for event in events {
            let Some(workload) = event.workload else { continue };
            let time = event.finished_at.unwrap_or_else(now).as_second();
            let level = event.memory_limit.or(event.memory_request).and_then(|b| i64::try_from(b).ok()).unwrap_or(0);
            tracing::info!(%workload, container = &*event.container, pod = &*event.pod, "OOM kill seen");
            for feed in [&feeds.prometheus, &feeds.metrics_server].into_iter().flatten() {
                feed.store.with_container(&workload, &event.container, |h| h.observe_oom(time, level));
            }
        }
    }
}
