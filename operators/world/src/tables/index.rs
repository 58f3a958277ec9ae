//! An index from an owner to the names of its dependents.

use std::{collections::HashMap, hash::Hash, sync::Arc};

/// Names by owner. Each list is sorted, so answers do not depend on the order of arrival.
#[derive(Debug)]
pub(crate) struct Index<K>(HashMap<K, Vec<Arc<str>>>);

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Index<K> {
    pub(crate) fn insert(&mut self, owner: K, name: Arc<str>) {
        let names = self.0.entry(owner).or_default();
        if let Err(at) = names.binary_search(&name) {
            if names.capacity() == names.len() && names.len() < 4 {
                names.reserve_exact(1);
            }
            names.insert(at, name);
        }
    }

    pub(crate) fn remove(&mut self, owner: &K, name: &str) {
        if let Some(names) = self.0.get_mut(owner) {
            if let Ok(at) = names.binary_search_by(|n| (**n).cmp(name)) {
                names.remove(at);
            }
            if names.is_empty() {
                self.0.remove(owner);
            }
        }
    }

    pub(crate) fn get(&self, owner: &K) -> &[Arc<str>] {
        self.0.get(owner).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
