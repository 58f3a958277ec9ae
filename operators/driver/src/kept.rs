//! What is kept of one object between its reconciles. In: what a reconcile did. Out: what the next one goes by. Losing it
//! costs repeated requests, and no more.

use std::time::Instant;

use parking_lot::Mutex;
use trimtab_engine::session::Session;

use crate::{controller::Controller, own_writes::OwnWrites};

/// What is kept of one object.
pub(crate) struct Kept<C: Controller> {
    /// The uid of the object: nothing of it applies to the next one of the same name.
    pub(crate) uid: String,
    pub(crate) session: Mutex<Session<C::Change>>,
    pub(crate) own: Mutex<OwnWrites<C>>,
    pub(crate) pending: Mutex<C::Pending>,
    /// When a status was written last.
    pub(crate) told: Mutex<Option<Instant>>,
    /// The version and the reason of `Ready` before a status write of which it is not known whether it was done.
    pub(crate) untold: Mutex<Option<(u64, Option<String>)>>,
}

impl<C: Controller> Kept<C> {
    /// What is kept of an object at first: nothing.
    pub(crate) fn of(uid: String) -> Self {
        Self {
            uid,
            session: Mutex::default(),
            own: Mutex::default(),
            pending: Mutex::default(),
            told: Mutex::default(),
            untold: Mutex::default(),
        }
    }

    /// Whether the next reconcile needs it. Most objects wait for somebody, and nothing of them has to be remembered.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        *self.session.lock() != Session::default()
            || !self.own.lock().is_empty()
            || !C::is_caught_up(&self.pending.lock())
            || self.told.lock().is_some()
            || self.untold.lock().is_some()
    }
}
