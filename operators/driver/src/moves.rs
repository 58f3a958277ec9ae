//! Follows changes of the objects that are being reconciled. In: versions of objects as their watch shows them. Out: the
//! end of a wait, so that a person's decision is seen before whatever is waited for has answered.

use std::{collections::HashMap, hash::Hash};

use parking_lot::Mutex;
use tokio::sync::watch;

/// The version of an object that is deleted or no longer readable.
pub const GONE: u64 = u64::MAX;

/// The newest version seen of each object that is being reconciled.
///
/// A controller reports it after the guard has recorded the same version: a reconcile woken by the store itself could
/// ask the guard about a decision that the guard has not seen yet.
#[derive(Debug)]
pub struct Moves<K>(Mutex<HashMap<K, watch::Sender<u64>>>);

impl<K> Default for Moves<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash> Moves<K> {
    /// Follows `key` until [`Moves::end`]. Called before the object is read, so that no change falls between the two.
    pub fn follow(&self, key: &K) -> watch::Receiver<u64> {
        let (sender, receiver) = watch::channel(0);
        self.0.lock().insert(key.clone(), sender);
        receiver
    }

    /// The reconcile of `key` has ended.
    pub fn end(&self, key: &K) {
        self.0.lock().remove(key);
    }

    /// A watch shows this version.
    pub fn saw(&self, key: &K, version: u64) {
        if let Some(sender) = self.0.lock().get(key) {
            sender.send_replace(version);
        }
    }
}

/// The result of `look`, or `None` if `changed` completes first. Then `look` is dropped with everything it waits for.
pub async fn unless<T>(changed: impl Future<Output = ()>, look: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        seen = look => Some(seen),
        () = changed => None,
    }
}

/// Completes when a version later than `version` is seen. The echo of a reconcile's own write does not count.
pub async fn moved(mut moves: watch::Receiver<u64>, version: u64) {
    if moves.wait_for(|seen| *seen > version).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests;
