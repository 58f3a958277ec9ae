//! What a kind has to say of itself.
//!
//! In: a kind's own file. Out: its objects in its store, out of it again, and listeners woken. Most kinds have a table of
//! their own and are [`Tabled`]; pods and what makes them are joined, and say by a [`Store`] of their own how they are kept.

use std::{fmt::Debug, sync::Arc};

use super::Kind;
use crate::{
    intern::Interner,
    tables::{Dirty, Key, Tables},
    wire::Wire,
};

/// A watched kind: what is read of its objects, and where they are kept.
pub(crate) trait Watched: Debug + Clone + Copy + Send + Sync + 'static {
    /// Whether only metadata is asked for.
    const METADATA_ONLY: bool = false;
    /// What is read of an object: [`Parts`](crate::wire::Parts), where all of it is in its metadata, spec and status.
    type Wire: Wire;
    /// Where its rows are.
    type Store: Store<Self>;
}

/// How the objects of a kind are kept. A store is of one kind; what joins several kinds is in the tables, which come along.
pub(crate) trait Store<K: Watched>: Debug + Default + Send + Sync {
    /// Puts an object in the place of what was there.
    fn put(tables: &mut Tables, kind: Kind, key: Key, object: K::Wire);

    /// Removes an object. `namespace` is empty for cluster-scoped kinds.
    fn remove(tables: &mut Tables, kind: Kind, namespace: &Arc<str>, name: &Arc<str>);

    /// Shows `see` the namespace and name of every object in a namespace or all.
    fn each(tables: &Tables, kind: Kind, namespace: Option<&str>, see: &mut dyn FnMut(&Arc<str>, &Arc<str>));

    /// How many objects there are.
    fn count(tables: &Tables, kind: Kind) -> usize {
        let mut count = 0;
        Self::each(tables, kind, None, &mut |_, _| count += 1);
        count
    }
}

/// Whose stores include that of `K`.
pub(crate) trait Holds<K: Watched> {
    /// The store of `K`.
    fn store(&self) -> &K::Store;

    /// The store of `K`, to change it.
    fn store_mut(&mut self) -> &mut K::Store;
}

/// A kind with a [`Table`](crate::tables::Table) of its own.
pub(crate) trait Tabled: Watched {
    /// What is kept of an object.
    type Row: Debug + PartialEq + Send + Sync;

    /// The row of an object with this namespace and name. The namespace of a cluster-scoped one is empty.
    fn row(key: Key, object: Self::Wire, interner: &mut Interner) -> Self::Row;

    /// What of a row somebody is woken for when it changes.
    fn matters(row: &Self::Row) -> impl PartialEq;

    /// Whom a row wakes, when it comes or goes or changes in what [`Tabled::matters`]: as it was and as it is.
    fn wakes(row: &Self::Row, dirty: &mut Dirty);
}
