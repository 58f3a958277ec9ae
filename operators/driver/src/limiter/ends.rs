//! How the last change of each object ended, by the uid of what was changed. In: ends of changes. Out: what others at the
//! same target show.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// The ends of changes.
#[derive(Debug)]
pub(super) struct Ends<K, E> {
    /// By the target's uid.
    shown: HashMap<String, BTreeMap<K, E>>,
    uids: HashMap<K, String>,
}

impl<K, E> Default for Ends<K, E> {
    fn default() -> Self {
        Self { shown: HashMap::new(), uids: HashMap::new() }
    }
}

impl<K: Clone + Ord + Hash, E: Clone> Ends<K, E> {
    /// Records how the change of `key` ended, and at which target; `None` if it has not ended, or is gone.
    pub(super) fn put(&mut self, key: &K, ended: Option<(String, E)>) {
        if let Some(uid) = self.uids.remove(key)
            && let Some(shown) = self.shown.get_mut(&uid)
        {
            shown.remove(key);
            if shown.is_empty() {
                self.shown.remove(&uid);
            }
        }
        if let Some((uid, end)) = ended {
            self.shown.entry(uid.clone()).or_default().insert(key.clone(), end);
            self.uids.insert(key.clone(), uid);
        }
    }

    /// What objects other than `key` show of the target with this uid, ordered by key.
    pub(super) fn of_others(&self, uid: &str, key: &K) -> Vec<E> {
        let shown = self.shown.get(uid).into_iter().flatten();
        shown.filter(|(other, _)| *other != key).map(|(_, end)| end.clone()).collect()
    }
}
