//! Restarts an evaluation while it waits for answers. In: versions of Recommendations as their watch shows them, the
//! guard, the emergency stop. Out: the end of a wait, so that a rejection is seen before the metrics server has
//! answered.

use std::{collections::HashMap, mem::discriminant, time::Duration};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{Key, emergency_stop::EmergencyStop, gather::Sources};

/// The version of an object that is deleted or no longer readable.
pub(crate) const GONE: u64 = u64::MAX;
/// How often the emergency stop is polled during an evaluation: it is not watched.
const HALT_EVERY: Duration = Duration::from_secs(1);

/// The newest version seen of each Recommendation that is being reconciled.
///
/// The controller reports it after the guard has recorded the same version: a reconcile woken by the store itself could
/// ask the guard about a decision that the guard has not seen yet.
#[derive(Debug, Default)]
pub(crate) struct Moves(Mutex<HashMap<Key, watch::Sender<u64>>>);

impl Moves {
    /// Follows `key` until [`Moves::end`]. Called before its row is read, so that no change falls between the two.
    pub(crate) fn follow(&self, key: &Key) -> watch::Receiver<u64> {
        let (sender, receiver) = watch::channel(0);
        self.0.lock().insert(key.clone(), sender);
        receiver
    }

    /// The reconcile of `key` has ended.
    pub(crate) fn end(&self, key: &Key) {
        self.0.lock().remove(key);
    }

    /// A watch shows this version.
    pub(crate) fn saw(&self, key: &Key, version: u64) {
        if let Some(sender) = self.0.lock().get(key) {
            sender.send_replace(version);
        }
    }
}

/// The result of `look`, or `None` if `changed` completes first. Then `look` is dropped with everything it waits for.
pub(crate) async fn unless<T>(changed: impl Future<Output = ()>, look: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        seen = look => Some(seen),
        () = changed => None,
    }
}

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
                () = turned(&self.emergency_stop) => {}
            }
        }
    }
}

/// Completes when a version later than `version` is seen. The echo of a reconcile's own write does not count.
pub(crate) async fn moved(mut moves: watch::Receiver<u64>, version: u64) {
    if moves.wait_for(|seen| *seen > version).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Completes when the emergency stop is switched on or off, or becomes unreadable.
async fn turned(emergency_stop: &EmergencyStop) {
    let before = discriminant(&emergency_stop.lately(HALT_EVERY).await);
    loop {
        tokio::time::sleep(HALT_EVERY).await;
        if discriminant(&emergency_stop.lately(HALT_EVERY).await) != before {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
