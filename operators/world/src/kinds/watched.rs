//! The traits that each kind implements.
//!
//! In: a kind's own file. Out: its objects stored and removed, and listeners woken. Most kinds have a table of their
//! own and are [`Tabled`]; pods and their owners are joined, and implement a [`Store`] of their own.

use std::{fmt::Debug, sync::Arc};

use super::Kind;
use crate::{
    intern::Interner,
    tables::{Dirty, Key, Tables},
    wire::Wire,
};

/// A watched kind: the fields read from its objects, and where they are stored.
pub(crate) trait Watched: Debug + Clone + Copy + Send + Sync + 'static {
    /// Whether only metadata is asked for.
    const METADATA_ONLY: bool = false;
    /// The fields read from an object: [`Parts`](crate::wire::Parts), if all are in its metadata, spec and status.
    type Wire: Wire;
    /// Its store.
    type Store: Store<Self>;
}

/// Storage for the objects of one kind. What joins several kinds is in the tables, which are passed along.
pub(crate) trait Store<K: Watched>: Debug + Default + Send + Sync {
    /// Inserts or replaces an object.
    fn put(tables: &mut Tables, kind: Kind, key: Key, object: K::Wire);

    /// Removes an object. `namespace` is empty for cluster-scoped kinds.
    fn remove(tables: &mut Tables, kind: Kind, namespace: &Arc<str>, name: &Arc<str>);

    /// Calls `see` with the namespace and name of every object in a namespace or all.
    fn each(tables: &Tables, kind: Kind, namespace: Option<&str>, see: &mut dyn FnMut(&Arc<str>, &Arc<str>));

    /// How many objects there are.
    fn count(tables: &Tables, kind: Kind) -> usize {
        let mut count = 0;
        Self::each(tables, kind, None, &mut |_, _| count += 1);
        count
    }
}

/// Stores that include that of `K`.
pub(crate) trait Holds<K: Watched> {
    /// The store of `K`.
    fn store(&self) -> &K::Store;

    /// The store of `K`, mutably.
    fn store_mut(&mut self) -> &mut K::Store;
}

/// A kind with a [`Table`](crate::tables::Table) of its own.
pub(crate) trait Tabled: Watched {
    /// The row kept of an object.
    type Row: Debug + PartialEq + Send + Sync;

    /// The row of an object with this namespace and name. The namespace of a cluster-scoped one is empty.
    fn row(key: Key, object: Self::Wire, interner: &mut Interner) -> Self::Row;

    /// The part of a row whose change wakes somebody.
    fn matters(row: &Self::Row) -> impl PartialEq;

    /// Whom a row wakes when it is added, removed, or changed in [`Tabled::matters`]: the row before and after.
    fn wakes(row: &Self::Row, dirty: &mut Dirty);
}
