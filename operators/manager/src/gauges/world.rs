//! What is known of the cluster. In: the world. Out: samples.

use std::sync::Arc;

use trimtab_runtime::{
    Metrics,
    metrics::{Sample, gauges},
};
use trimtab_world::World;

/// Registers the number of objects of each kind, and the age of the last event.
pub fn register(metrics: &Metrics, world: &Arc<World>) {
    let seen = world.clone();
    metrics.on_scrape(gauges::WORLD_OBJECTS, move || {
        let counts = seen.counts().into_iter();
        counts.map(|(kind, n)| Sample::new(&[("kind", kind.as_str())], n as f64)).collect()
    });
    let seen = world.clone();
    metrics.on_scrape(gauges::WORLD_AGE, move || vec![Sample::new(&[], seen.last_event_age().as_secs_f64())]);
}
