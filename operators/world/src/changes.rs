//! Notifies many listeners of changes, coalesced for each.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::tables::Dirty;

#[derive(Debug, Default)]
struct Slot {
    dirty: Mutex<Dirty>,
    wake: Notify,
}

/// One listener's view of changes. Changes that arrive while it is busy are merged into one set.
#[derive(Debug)]
pub struct Changes(Arc<Slot>);

impl Changes {
    /// Waits for a change and takes everything that has changed. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Dirty {
        loop {
            let taken = self.take();
            if !taken.is_empty() {
                return taken;
            }
            // A change between the check and the wait leaves a permit behind.
            self.0.wake.notified().await;
        }
    }

    /// Takes the pending changes without waiting; empty if there are none.
    pub fn take(&mut self) -> Dirty {
        std::mem::take(&mut *self.0.dirty.lock())
    }
}

/// All listeners. Dropped ones are removed.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Mutex<Vec<Weak<Slot>>>);

impl Listeners {
    pub(crate) fn add(&self) -> Changes {
        let slot = Arc::new(Slot::default());
        self.0.lock().push(Arc::downgrade(&slot));
        Changes(slot)
    }

    pub(crate) fn tell(&self, dirty: &Dirty) {
        if dirty.is_empty() {
            return;
        }
        self.0.lock().retain(|slot| {
            let Some(slot) = slot.upgrade() else { return false };
            slot.dirty.lock().merge(dirty.clone());
            slot.wake.notify_one();
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use trimtab_core::{WorkloadId, WorkloadKind};

    use super::*;

    fn changed(name: &str) -> Dirty {
        Dirty { workloads: [WorkloadId::new(WorkloadKind::Job, "ci", name)].into(), ..Dirty::default() }
    }

    #[test]
    fn each_listener_has_its_own_set_and_one_that_left_holds_nothing() {
        let listeners = Listeners::default();
        let (mut one, other) = (listeners.add(), listeners.add());
        listeners.tell(&changed("a"));
        let held = Arc::downgrade(&other.0);
        drop(other);
        assert!(held.upgrade().is_none(), "its changes are gone with it");
        listeners.tell(&changed("b"));
        assert_eq!(listeners.0.lock().len(), 1);
        let mut both = changed("a");
        both.merge(changed("b"));
        assert_eq!(one.take(), both);
        assert!(one.take().is_empty());
    }
}
