//! Recommendations as the watch shows them, and which of them are about the same workload. In: rows. Out: keys and rows.

use std::sync::Arc;

use parking_lot::Mutex;
use trimtab_core::WorkloadId;
use trimtab_driver::by_target::ByTarget;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::store::Store;
use trimtab_world::Dirty;

use crate::Key;

/// All Recommendations.
#[derive(Debug)]
pub(crate) struct Recommendations {
    /// Their rows.
    pub(crate) rows: Store<RecommendationRow>,
    by_workload: Mutex<ByTarget<WorkloadId, Key>>,
}

impl Recommendations {
    /// Those in a store. None is known by its workload yet.
    pub(crate) fn new(rows: Store<RecommendationRow>) -> Self {
        Self { rows, by_workload: Mutex::default() }
    }

    /// Records the workloads of all of them, in place of what was recorded before.
    pub(crate) fn recall(&self, rows: &[(Key, Arc<RecommendationRow>)]) {
        let mut index = ByTarget::default();
        for (key, row) in rows {
            index.put(key.clone(), row.workload.clone());
        }
        *self.by_workload.lock() = index;
    }

    /// Records the workload of one; `None` if it is gone. Returns the others of the workload that it had, and of that which
    /// it has now.
    pub(crate) fn put(&self, key: &Key, workload: Option<WorkloadId>) -> Vec<Key> {
        let mut index = self.by_workload.lock();
        let mut others = index.others(key);
        index.put(key.clone(), workload);
        others.extend(index.others(key));
        others
    }

    /// The others of the workload of `row`, as the watch shows them.
    pub(crate) fn others(&self, row: &RecommendationRow) -> Vec<Arc<RecommendationRow>> {
        let others = self.by_workload.lock().others(&(row.namespace.clone(), row.name.clone()));
        others.iter().filter_map(|other| self.rows.entry(&other.0, &other.1)?.ok()).collect()
    }

    /// Every one for which `whether` holds.
    pub(crate) fn keys_where(&self, whether: impl Fn(&RecommendationRow) -> bool) -> Vec<Key> {
        self.rows.keys_where(whether)
    }

    /// Those of these workloads.
    pub(crate) fn of<'a>(&self, workloads: impl IntoIterator<Item = &'a WorkloadId>) -> Vec<Key> {
        let index = self.by_workload.lock();
        workloads.into_iter().flat_map(|id| index.of(id)).cloned().collect()
    }

    /// The live ones whose workloads changed in the world.
    pub(crate) fn touched(&self, dirty: &Dirty) -> Vec<Key> {
        let mut keys = self.of(&dirty.workloads);
        keys.retain(|key| matches!(self.rows.entry(&key.0, &key.1), Some(Ok(row)) if row.is_live()));
        if !dirty.namespaces.is_empty() {
            keys.extend(self.keys_where(|row| row.is_live() && dirty.namespaces.contains(row.namespace.as_str())));
        }
        keys
    }
}
