//! Removes sizes that are no longer valid. In: what is shared. Out: a task.

use tokio::task::JoinHandle;
use trimtab_world::Namespaces;

use crate::shared::Shared;

/// Starts it.
pub fn start(shared: &Shared) -> JoinHandle<()> {
    let (sizes, world) = (shared.sizes.clone(), shared.caches.world.clone());
    tokio::spawn(trimtab_admission_sizes::sweep(sizes, world, Namespaces::All, shared.process.now, shared.terms()))
}
