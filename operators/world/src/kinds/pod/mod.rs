//! Pods: node, owner, and the resources and state of their containers.
//!
//! In: a Pod as the API server sends it. Out: its row, and OOM kills, each once. A pod that is created, deleted, bound
//! to another node, ends or is resized wakes its workload; readiness and restarts do not.

mod oom;
mod row;
mod sized_by;
mod wire;

use std::sync::Arc;

pub use oom::OomEvent;
pub use row::{PodContainer, PodPhase, PodResize, PodRow, ResizeState, Termination};
pub use sized_by::{RESIZER, SIZED_BY};

use super::{Kind, Store, Watched, kind::Api};
use crate::{
    tables::{Key, Tables},
    world::World,
};

pub(crate) const API: Api = Api::new("", "v1", "Pod", "pods");

/// `v1` Pod.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pod;

impl Watched for Pod {
    type Wire = wire::PodWire;
    type Store = Pods;
}

/// Kept beside the rows of pods, which are in their namespaces, where they are joined with workloads.
#[derive(Debug, Default)]
pub(crate) struct Pods {
    kills: oom::Kills,
}

impl Store<Pod> for Pods {
    fn put(tables: &mut Tables, _: Kind, key: Key, object: wire::PodWire) {
        let mut row = wire::row(key, object, &mut tables.interner);
        let space = tables.spaces.entry(row.namespace.clone()).or_default();
        let old = space.pods.get(&row.name).cloned();
        if let Some(old) = &old {
            // A pod's resourceVersion moves with its node's heartbeats; that alone is no change, but writes need it.
            let version = std::mem::replace(&mut row.version, old.version);
            let same = **old == row;
            row.version = version;
            if same {
                if let Some(kept) = space.pods.get_mut(&row.name) {
                    Arc::make_mut(kept).version = version;
                }
                return;
            }
            // The key's allocation is reused, so that a pod has one copy of its name however often it changes.
            row.name = old.name.clone();
            if old.controller != row.controller
                && let Some(maker) = &old.controller
            {
                space.pods_of.remove(maker, &old.name);
            }
        }
        if let Some(maker) = &row.controller {
            space.pods_of.insert(maker.clone(), row.name.clone());
        }
        let row = Arc::new(row);
        space.pods.insert(row.name.clone(), row.clone());
        // Another pod of the same name is no change of the first.
        let old = old.as_deref().filter(|old| old.uid == row.uid);
        let killed = tables.stores.pod.kills.note(old, &row);
        if killed || old.is_none_or(|old| differs(old, &row)) {
            tables.touch_above(&row.namespace, row.controller.as_ref());
        }
    }

    fn remove(tables: &mut Tables, _: Kind, namespace: &Arc<str>, name: &Arc<str>) {
        let Some(space) = tables.spaces.get_mut(namespace) else { return };
        let Some(old) = space.pods.remove(name) else { return };
        if let Some(maker) = &old.controller {
            space.pods_of.remove(maker, name);
        }
        tables.touch_above(namespace, old.controller.as_ref());
        tables.drop_empty(namespace);
    }

    fn each(tables: &Tables, _: Kind, namespace: Option<&str>, see: &mut dyn FnMut(&Arc<str>, &Arc<str>)) {
        for (namespace, space) in tables.spaces_of(namespace) {
            space.pods.keys().for_each(|name| see(namespace, name));
        }
    }

    fn count(tables: &Tables, _: Kind) -> usize {
        tables.spaces.values().map(|space| space.pods.len()).sum()
    }
}

/// Whether a pod has changed in a way that wakes its workload.
fn differs(old: &PodRow, new: &PodRow) -> bool {
    let sizes = |p: &PodRow| {
        p.containers.iter().map(|c| (c.name.clone(), *c.resources, c.actual.as_deref().copied())).collect::<Vec<_>>()
    };
    old.node != new.node
        || old.controller != new.controller
        || old.holds_resources() != new.holds_resources()
        || sizes(old) != sizes(new)
}

impl Tables {
    /// The pods of a namespace.
    pub fn pods_in(&self, namespace: &str) -> Vec<Arc<PodRow>> {
        let mut pods: Vec<_> =
            self.spaces.get(namespace).map(|s| s.pods.values().cloned().collect()).unwrap_or_default();
        pods.sort_by(|a: &Arc<PodRow>, b| a.name.cmp(&b.name));
        pods
    }

    /// One pod.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<Arc<PodRow>> {
        self.spaces.get(namespace)?.pods.get(name).cloned()
    }
}

impl World {
    /// See [`Tables::pods_in`].
    pub fn pods_in(&self, namespace: &str) -> Vec<Arc<PodRow>> {
        self.read(|t| t.pods_in(namespace))
    }

    /// See [`Tables::pod`].
    pub fn pod(&self, namespace: &str, name: &str) -> Option<Arc<PodRow>> {
        self.read(|t| t.pod(namespace, name))
    }
}
