//! Namespaces: their labels, by which policies select them, and Trimtab's own annotations on them.
//!
//! In: a Namespace as the API server sends it. Out: its row. A change wakes the namespace.

use std::sync::Arc;

use super::{Tabled, Watched, kind::Api};
use crate::{
    intern::Interner,
    row::Labels,
    tables::{Dirty, Key, Table, Tables},
    wire::{All, Head, Own, Pairs, Parts},
    world::World,
};

pub(crate) const API: Api = Api::new("", "v1", "Namespace", "namespaces").of_cluster();

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceRow {
    /// Its name.
    pub name: Arc<str>,
    /// All of its labels.
    pub labels: Labels,
    /// Annotations that begin with `trimtab.dev/`.
    pub annotations: Labels,
    /// Whether it is being deleted.
    pub terminating: bool,
}

/// `v1` Namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Namespace;

impl Watched for Namespace {
    type Wire = Parts<Head<Pairs<All>, Pairs<Own>>>;
    type Store = Table<NamespaceRow>;
}

impl Tabled for Namespace {
    type Row = NamespaceRow;

    fn row((_, name): Key, object: Self::Wire, interner: &mut Interner) -> NamespaceRow {
        let head = object.head;
        NamespaceRow {
            name,
            labels: head.labels.row(interner),
            annotations: head.annotations.row(interner),
            terminating: head.deletion_timestamp.is_some(),
        }
    }

    fn matters(row: &NamespaceRow) -> impl PartialEq {
        row
    }

    fn wakes(row: &NamespaceRow, dirty: &mut Dirty) {
        dirty.namespaces.insert(row.name.clone());
    }
}

impl Tables {
    /// All namespaces.
    pub fn namespaces(&self) -> Vec<Arc<NamespaceRow>> {
        self.stores.namespace.of("").cloned().collect()
    }

    /// The namespace `name`.
    pub fn namespace(&self, name: &str) -> Option<Arc<NamespaceRow>> {
        self.stores.namespace.get("", name).cloned()
    }
}

impl World {
    /// See [`Tables::namespaces`].
    pub fn namespaces(&self) -> Vec<Arc<NamespaceRow>> {
        self.read(Tables::namespaces)
    }

    /// See [`Tables::namespace`].
    pub fn namespace(&self, name: &str) -> Option<Arc<NamespaceRow>> {
        self.read(|t| t.namespace(name))
    }
}
