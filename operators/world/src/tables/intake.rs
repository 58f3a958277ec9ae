//! Intake: objects as the API server sends them, lists with a beginning and an end, deletions, and unreadable objects.

use std::{collections::HashSet, sync::Arc};

use super::{Key, Tables};
use crate::{
    kinds::{Kind, Store, Watched},
    wire::{Metadata, Wire},
};

/// An unreadable object. Its row is removed: its content is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {namespace}/{name}: {message}")]
pub struct Malformed {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; empty for cluster-scoped kinds.
    pub namespace: String,
    /// Its name; empty if not even that is readable.
    pub name: String,
    /// The error.
    pub message: String,
}

/// More broken objects than anybody reads; beyond this number they are only left out.
const MOST_MALFORMED: usize = 1000;

impl Tables {
    /// Puts a parsed object into its store.
    pub(crate) fn put<K: Watched>(&mut self, kind: Kind, object: K::Wire) {
        let key = object.head().key(&mut self.interner);
        self.see(kind, &key);
        if !self.malformed.is_empty() {
            self.malformed.remove(&(kind, key.0.clone(), key.1.clone()));
        }
        K::Store::put(self, kind, key, object);
    }

    /// Reads one object of `kind` from JSON as the API server sends it. Used by tests and replays.
    ///
    /// # Errors
    /// If it cannot be parsed; then an older row of the same name is removed too.
    pub fn apply_json(&mut self, kind: Kind, json: &serde_json::Value) -> Result<(), Malformed> {
        (kind.descriptor().read)(self, kind, json).map_err(|e| {
            let text = |field: &str| json["metadata"][field].as_str().unwrap_or_default().to_owned();
            let malformed =
                Malformed { kind, namespace: text("namespace"), name: text("name"), message: e.to_string() };
            self.note_malformed(malformed.clone());
            malformed
        })
    }

    /// Records an unreadable object and removes its row. Returns whether that is news.
    pub(crate) fn note_malformed(&mut self, malformed: Malformed) -> bool {
        let namespace = self.interner.text(&malformed.namespace);
        let name = self.interner.text(&malformed.name);
        self.see(malformed.kind, &(namespace.clone(), name.clone()));
        self.forget(malformed.kind, &namespace, &name);
        let known = self.malformed.len();
        let key = (malformed.kind, namespace, name);
        if known >= MOST_MALFORMED && !self.malformed.contains_key(&key) {
            return false;
        }
        self.malformed.insert(key, malformed).is_none()
    }

    /// The objects that are unreadable at present.
    pub fn malformed(&self) -> Vec<Malformed> {
        self.malformed.values().cloned().collect()
    }

    /// Removes an object. `namespace` is empty for cluster-scoped kinds.
    pub fn delete(&mut self, kind: Kind, namespace: &str, name: &str) {
        let (namespace, name) = (self.interner.text(namespace), self.interner.text(name));
        self.malformed.remove(&(kind, namespace.clone(), name.clone()));
        self.forget(kind, &namespace, &name);
    }

    fn forget(&mut self, kind: Kind, namespace: &Arc<str>, name: &Arc<str>) {
        (kind.descriptor().remove)(self, kind, namespace, name);
    }

    /// Begins a full list of `kind`, in one namespace or all.
    pub fn begin_list(&mut self, kind: Kind, namespace: Option<&str>) {
        let namespace = namespace.map(|n| self.interner.text(n));
        self.listing.insert((kind, namespace), HashSet::new());
    }

    /// Ends a full list: objects not in it are removed.
    pub fn finish_list(&mut self, kind: Kind, namespace: Option<&str>) {
        let namespace = namespace.map(|n| self.interner.text(n));
        let Some(seen) = self.listing.remove(&(kind, namespace.clone())) else { return };
        let mut gone: Vec<Key> = Vec::new();
        (kind.descriptor().each)(self, kind, namespace.as_deref(), &mut |namespace, name| {
            let key = (namespace.clone(), name.clone());
            if !seen.contains(&key) {
                gone.push(key);
            }
        });
        for (namespace, name) in gone {
            self.forget(kind, &namespace, &name);
        }
        let broken: Vec<_> = self
            .malformed
            .keys()
            .filter(|(k, ns, _)| *k == kind && namespace.as_ref().is_none_or(|n| n == ns))
            .filter(|(_, ns, name)| !seen.contains(&(ns.clone(), name.clone())))
            .cloned()
            .collect();
        for key in broken {
            self.malformed.remove(&key);
        }
    }

    /// Records that an object is in the list under way, readable or not.
    pub(crate) fn see(&mut self, kind: Kind, key: &Key) {
        if self.listing.is_empty() {
            return;
        }
        let one = Some(key.0.clone());
        for scope in [None, one] {
            if let Some(seen) = self.listing.get_mut(&(kind, scope)) {
                seen.insert(key.clone());
            }
        }
    }
}
