//! ReplicaSets: a link between a pod and its workload. Only their metadata is requested.
//!
//! In: a ReplicaSet as the API server sends it. Out: a link in its namespace. One that appears, or changes its owner,
//! wakes the workload above it, whose pods may have become resolvable.

use std::sync::Arc;

use super::{Kind, Store, Watched, kind::Api};
use crate::{
    tables::{Key, Link, Tables},
    wire::Parts,
};

pub(crate) const API: Api = Api::new("apps", "v1", "ReplicaSet", "replicasets");

/// `apps/v1` ReplicaSet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplicaSet;

impl Watched for ReplicaSet {
    const METADATA_ONLY: bool = true;
    type Wire = Parts;
    type Store = ReplicaSets;
}

/// They are stored in their namespaces, since they join pods and workloads.
#[derive(Debug, Default)]
pub(crate) struct ReplicaSets;

impl Store<ReplicaSet> for ReplicaSets {
    fn put(tables: &mut Tables, _: Kind, (namespace, name): Key, object: Parts) {
        let link = Link { controller: object.head.controller(&mut tables.interner) };
        let space = tables.spaces.entry(namespace.clone()).or_default();
        let old = space.replica_sets.insert(name.clone(), link.clone());
        if old.as_ref() == Some(&link) {
            return;
        }
        let (before, after) = (old.as_ref().and_then(Link::maker_of_sets), link.maker_of_sets());
        if let Some(above) = &before {
            space.replica_sets_of.remove(above, &name);
        }
        if let Some(above) = &after {
            space.replica_sets_of.insert(above.clone(), name);
        }
        for (kind, above) in before.into_iter().chain(after) {
            tables.touch_existing(&namespace, kind, &above);
        }
    }

    fn remove(tables: &mut Tables, _: Kind, namespace: &Arc<str>, name: &Arc<str>) {
        let Some(space) = tables.spaces.get_mut(namespace) else { return };
        let Some(old) = space.replica_sets.remove(name) else { return };
        if let Some(above) = old.maker_of_sets() {
            space.replica_sets_of.remove(&above, name);
        }
        tables.drop_empty(namespace);
    }

    fn each(tables: &Tables, _: Kind, namespace: Option<&str>, see: &mut dyn FnMut(&Arc<str>, &Arc<str>)) {
        for (namespace, space) in tables.spaces_of(namespace) {
            space.replica_sets.keys().for_each(|name| see(namespace, name));
        }
    }

    fn count(tables: &Tables, _: Kind) -> usize {
        tables.spaces.values().map(|space| space.replica_sets.len()).sum()
    }
}
