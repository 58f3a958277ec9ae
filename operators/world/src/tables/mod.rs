//! The state of the world: tables of rows and the look-ups that join them. Pure: objects go in, rows come out.
//!
//! Owners are resolved when asked, never when an object arrives, so the order in which watches deliver does not matter.

mod apply;
mod changes;
mod index;
mod intake;
mod lending;
mod past;
mod query;
mod space;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
};

pub use changes::{Dirty, OomEvent};
pub use intake::Malformed;
pub(crate) use space::Space;

use crate::{
    intern::Interner,
    kind::Kind,
    row::{NamespaceRow, NodeRow},
};

/// Namespace and name of an object; the namespace is empty for cluster-scoped ones.
pub(crate) type Key = (Arc<str>, Arc<str>);

/// All rows. Iteration over namespaces and nodes is in the order of their names.
#[derive(Debug)]
pub struct Tables {
    pub(crate) interner: Interner,
    pub(crate) namespaces: BTreeMap<Arc<str>, Arc<NamespaceRow>>,
    pub(crate) nodes: BTreeMap<Arc<str>, Arc<NodeRow>>,
    pub(crate) spaces: BTreeMap<Arc<str>, Space>,
    /// Keys seen since a list began, by kind and the namespace that the list covers.
    listing: HashMap<(Kind, Option<Arc<str>>), HashSet<Key>>,
    dirty: Dirty,
    ooms: VecDeque<changes::PendingOom>,
    ooms_dropped: u64,
    malformed: BTreeMap<(Kind, Arc<str>, Arc<str>), Malformed>,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            interner: Interner::new(),
            namespaces: BTreeMap::new(),
            nodes: BTreeMap::new(),
            spaces: BTreeMap::new(),
            listing: HashMap::new(),
            dirty: Dirty::default(),
            ooms: VecDeque::new(),
            ooms_dropped: 0,
            malformed: BTreeMap::new(),
        }
    }
}
