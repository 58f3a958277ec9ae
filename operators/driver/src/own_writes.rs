//! Own writes to an object itself, its status and its finalizer, which the watch does not show yet (see
//! [`crate::pending`]). In: answers to writes. Out: up-to-date rows.

use std::{fmt, sync::Arc};

use crate::{pending::Pending, reconciled::Reconciled};

/// The last own writes to one object.
pub struct OwnWrites<R: Reconciled> {
    status: Pending<R::Status>,
    /// Whether it is set.
    finalizer: Pending<bool>,
}

impl<R: Reconciled> Default for OwnWrites<R> {
    fn default() -> Self {
        Self { status: Pending::default(), finalizer: Pending::default() }
    }
}

impl<R: Reconciled> fmt::Debug for OwnWrites<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnWrites").field("finalizer", &self.finalizer).finish_non_exhaustive()
    }
}

impl<R: Reconciled> OwnWrites<R> {
    /// Records a status write, which gave the object `version`.
    pub fn wrote(&mut self, version: u64, status: R::Status) {
        self.status.wrote(version, status);
    }

    /// Records that the finalizer was set or removed.
    pub fn finalized(&mut self, version: u64, is_protected: bool) {
        self.finalizer.wrote(version, is_protected);
    }

    /// The up-to-date row.
    pub fn over(&mut self, mut shared: Arc<R::Row>) -> Arc<R::Row> {
        let watched = R::meta(&shared).version;
        if let Some((version, status)) = self.status.beyond(watched) {
            R::show_status(Arc::make_mut(&mut shared), version, status);
        }
        if let Some((version, is_protected)) = self.finalizer.beyond(watched) {
            let row = Arc::make_mut(&mut shared);
            let version = version.max(R::meta(row).version);
            R::show_finalizer(row, version, *is_protected);
        }
        shared
    }

    /// Whether the watch has caught up with both.
    pub const fn is_empty(&self) -> bool {
        self.status.is_empty() && self.finalizer.is_empty()
    }
}
