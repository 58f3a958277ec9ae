//! The state of the world: tables of rows and the look-ups that join them. Pure: objects go in, rows come out.
//!
//! Owners are resolved on query, never when an object arrives, so the order in which watches deliver does not matter.

mod dirty;
mod index;
mod intake;
mod past;
mod query;
mod space;
mod table;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

pub use dirty::Dirty;
pub use intake::Malformed;
pub use query::LeftBehind;
pub(crate) use space::{Link, Space};
pub(crate) use table::Table;

use crate::{
    intern::Interner,
    kinds::{Kind, Stores},
};

/// Namespace and name of an object; the namespace is empty for cluster-scoped ones.
pub(crate) type Key = (Arc<str>, Arc<str>);

/// All rows.
#[derive(Debug)]
pub struct Tables {
    pub(crate) interner: Interner,
    /// Tables of a single kind.
    pub(crate) stores: Stores,
    /// Joined rows, by namespace: workloads, pods, and the links between them.
    pub(crate) spaces: BTreeMap<Arc<str>, Space>,
    pub(crate) dirty: Dirty,
    /// Keys seen since a list began, by kind and the namespace that the list covers.
    listing: HashMap<(Kind, Option<Arc<str>>), HashSet<Key>>,
    malformed: BTreeMap<(Kind, Arc<str>, Arc<str>), Malformed>,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            interner: Interner::new(),
            stores: Stores::default(),
            spaces: BTreeMap::new(),
            dirty: Dirty::default(),
            listing: HashMap::new(),
            malformed: BTreeMap::new(),
        }
    }
}
