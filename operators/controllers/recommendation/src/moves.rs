//! What makes a look begin anew while it waits for answers. In: versions of Recommendations as their watch shows them, the
//! guard, the emergency stop. Out: the end of a wait, so that a person's No is not seen only once the metrics server has
//! answered.

use std::{collections::HashMap, mem::discriminant, time::Duration};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{Key, emergency_stop::EmergencyStop, gather::Sources};

/// The version of what is gone, or cannot be read any more.
pub(crate) const GONE: u64 = u64::MAX;
/// How often the emergency stop is looked at while a look waits: nothing tells of it.
const HALT_EVERY: Duration = Duration::from_secs(1);

/// The newest version that was seen of each Recommendation that is being run.
///
/// The controller tells it, after the guard took note of the same version: a run that was woken by the store itself could
/// ask the guard about a decision that the guard has not seen arrive.
#[derive(Debug, Default)]
pub(crate) struct Moves(Mutex<HashMap<Key, watch::Sender<u64>>>);

impl Moves {
    /// Follows `key` until [`Moves::end`]. Called before its row is read, so that no change falls between the two.
    pub(crate) fn follow(&self, key: &Key) -> watch::Receiver<u64> {
        let (sender, receiver) = watch::channel(0);
        self.0.lock().insert(key.clone(), sender);
        receiver
    }

    /// The run of `key` has ended.
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

/// What `look` comes to; nothing where `changed` comes before it. Then `look` is dropped with everything it waits for.
pub(crate) async fn unless<T>(changed: impl Future<Output = ()>, look: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        seen = look => Some(seen),
        () = changed => None,
    }
}

impl Sources {
    /// Comes when a version after `version` is seen, or the guard or the emergency stop changes. What happens between this
    /// call and the first poll counts.
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

/// Comes when a later version than `version` is seen. The echo of a run's own write is none.
pub(crate) async fn moved(mut moves: watch::Receiver<u64>, version: u64) {
    if moves.wait_for(|seen| *seen > version).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Comes when the emergency stop is switched on or off, or can no longer be read.
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
