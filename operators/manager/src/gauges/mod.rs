//! Gauges that are computed from caches at each scrape: they keep no state, so nothing can be out of date.
//!
//! In: the caches, the installed CRDs. Out: families registered with the metrics, each by the file of its kind.
//!
//! Series are bounded. Counts have labels with few values: namespaces, policies, stages, reasons. Objects have series
//! of their own only if they may need a person's attention: see [`conditions`] and [`rollouts`].

mod applied_sizes;
mod conditions;
mod crds;
mod recommendations;
mod rollouts;
mod switches;
#[cfg(test)]
mod testkit;
mod world;

use std::sync::Arc;

use trimtab_runtime::{Metrics, store::Store};

use crate::{caches::Caches, installed_crds::InstalledCrds};

/// Registers all of them.
pub fn register(metrics: &Metrics, caches: &Caches, crds: &InstalledCrds) {
    world::register(metrics, &caches.world);
    recommendations::register(metrics, &caches.recommendations);
    rollouts::register(metrics, &caches.recommendations, &caches.policies);
    conditions::register(metrics, &caches.recommendations, &caches.policies, &caches.books);
    applied_sizes::register(metrics, &caches.applied);
    switches::register(metrics, caches);
    crds::register(metrics, crds);
}

/// The rows of a store that decode.
fn read<R: Send + Sync + 'static>(store: &Store<R>) -> Vec<Arc<R>> {
    store.entries().into_iter().filter_map(|(_, entry)| entry.ok()).collect()
}
