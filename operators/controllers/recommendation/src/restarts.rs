//! What restarts an evaluation while it waits for answers. In: versions of the Recommendation as its watch shows them,
//! the guard, the emergency stop. Out: the end of a wait, so that a rejection is seen before the metrics server has
//! answered.

use tokio::sync::watch;
use trimtab_driver::moves::moved;

use crate::gather::Sources;

impl Sources {
    /// Completes when a version after `version` is seen, or the guard or the emergency stop changes. Changes between
    /// this call and the first poll count.
    pub(crate) fn changed(&self, moves: watch::Receiver<u64>, version: u64) -> impl Future<Output = ()> {
        let mut guard = self.guard.changes();
        guard.mark_unchanged();
        async move {
            tokio::select! {
                () = moved(moves, version) => {}
                Ok(()) = guard.changed() => {}
                () = self.emergency_stop.turned() => {}
            }
        }
    }
}
