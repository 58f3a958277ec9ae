//! The table of one kind that is not joined with others: its rows by namespace and name.
//!
//! In: objects of a [`Tabled`] kind. Out: rows in the order of their names, and listeners woken by relevant changes.

use std::{collections::BTreeMap, sync::Arc};

use super::{Dirty, Key, Tables};
use crate::kinds::{Holds, Kind, Store, Stores, Tabled, Watched};

/// Rows of one kind. Those of a cluster-scoped kind are under the empty namespace.
#[derive(Debug)]
pub(crate) struct Table<R>(BTreeMap<Arc<str>, BTreeMap<Arc<str>, Arc<R>>>);

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<R> Table<R> {
    /// One row.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<&Arc<R>> {
        self.0.get(namespace)?.get(name)
    }

    /// The rows of a namespace.
    pub(crate) fn of(&self, namespace: &str) -> impl Iterator<Item = &Arc<R>> {
        self.0.get(namespace).into_iter().flat_map(BTreeMap::values)
    }

    fn insert(&mut self, (namespace, name): Key, row: R) {
        self.0.entry(namespace).or_default().insert(name, Arc::new(row));
    }

    fn remove(&mut self, namespace: &str, name: &str) -> Option<Arc<R>> {
        let rows = self.0.get_mut(namespace)?;
        let old = rows.remove(name);
        if rows.is_empty() {
            self.0.remove(namespace);
        }
        old
    }
}

/// Wakes the listeners of a row that was added, removed or changed.
fn wake<K: Tabled>(old: Option<&K::Row>, new: Option<&K::Row>, dirty: &mut Dirty) {
    if old.map(K::matters) != new.map(K::matters) {
        old.into_iter().chain(new).for_each(|row| K::wakes(row, dirty));
    }
}

impl<K> Store<K> for Table<K::Row>
where
    K: Tabled + Watched<Store = Self>,
    Stores: Holds<K>,
{
    fn put(tables: &mut Tables, kind: Kind, (namespace, name): Key, object: K::Wire) {
        let namespace = if kind.namespaced() { namespace } else { tables.interner.text("") };
        let key = (namespace, name);
        let row = K::row(key.clone(), object, &mut tables.interner);
        let table = tables.stores.store_mut();
        let old = table.get(&key.0, &key.1).map(|old| &**old);
        // Heartbeats and counters arrive often, and most of them change nothing in the row.
        if old != Some(&row) {
            wake::<K>(old, Some(&row), &mut tables.dirty);
            table.insert(key, row);
        }
    }

    fn remove(tables: &mut Tables, kind: Kind, namespace: &Arc<str>, name: &Arc<str>) {
        let namespace: &str = if kind.namespaced() { namespace } else { "" };
        if let Some(old) = tables.stores.store_mut().remove(namespace, name) {
            wake::<K>(Some(&old), None, &mut tables.dirty);
        }
    }

    fn each(tables: &Tables, _: Kind, namespace: Option<&str>, see: &mut dyn FnMut(&Arc<str>, &Arc<str>)) {
        let all = tables.stores.store().0.iter();
        for (namespace, rows) in all.filter(|(own, _)| namespace.is_none_or(|wanted| *wanted == ***own)) {
            rows.keys().for_each(|name| see(namespace, name));
        }
    }
}
