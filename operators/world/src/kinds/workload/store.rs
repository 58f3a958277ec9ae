//! Inserting and removing workload rows in their namespace, and querying them.
//!
//! In: objects of any workload kind. Out: rows joined with their pods, and listeners woken.

use std::sync::Arc;

use trimtab_core::{WorkloadId, WorkloadKind};

use super::{
    Workload, WorkloadRow, lending, managed, owner,
    wire::{Generation, WorkloadWire},
};
use crate::{
    kinds::{Kind, Store, Watched},
    row::Uid,
    tables::{Key, Tables},
    wire::count,
    world::World,
};

/// Workloads are stored in their namespaces, where they are joined with their pods.
#[derive(Debug, Default)]
pub(crate) struct Workloads;

impl<K> Store<K> for Workloads
where
    K: Watched<Wire: Into<WorkloadWire>> + Workload,
{
    fn put(tables: &mut Tables, kind: Kind, key: Key, object: K::Wire) {
        if let Some(kind) = kind.workload() {
            put::<K>(tables, kind, key, object.into());
        }
    }

    fn remove(tables: &mut Tables, kind: Kind, namespace: &Arc<str>, name: &Arc<str>) {
        if let Some(kind) = kind.workload() {
            tables.remove_workload(namespace, kind, name);
        }
    }

    fn each(tables: &Tables, kind: Kind, namespace: Option<&str>, see: &mut dyn FnMut(&Arc<str>, &Arc<str>)) {
        let wanted = kind.workload();
        for (namespace, space) in tables.spaces_of(namespace) {
            let own = space.workloads.keys().filter(|(kind, _)| Some(*kind) == wanted);
            own.for_each(|(_, name)| see(namespace, name));
        }
    }
}

/// Inserts or replaces a workload.
pub(in crate::kinds) fn put<K: Workload>(
    tables: &mut Tables,
    kind: WorkloadKind,
    (namespace, name): Key,
    object: WorkloadWire,
) {
    let WorkloadWire { head, spec, status } = object;
    let interner = &mut tables.interner;
    let id = WorkloadId { namespace, kind, name };
    let controller = head.controller(interner);
    let labels = head.labels.row(interner);
    let annotations = head.annotations.row(interner);
    let fields = head.managed_fields.unwrap_or_default();
    let managers = managed::managers(&fields);
    let marks = owner::Marks {
        id: &id,
        controller: controller.as_ref(),
        labels: &labels,
        annotations: &annotations,
        managers: &managers,
    };
    let owners = owner::owners(&marks, interner);
    let replicas = K::replicas(&spec, &status);
    let pods = spec.of_pods();
    let row = WorkloadRow {
        uid: Uid::from(head.uid.as_str()),
        generation: head.generation,
        observed_generation: status.observed_generation.as_ref().map_or(0, Generation::value),
        created: head.creation_timestamp,
        terminating: head.deletion_timestamp.is_some(),
        desired: replicas.desired,
        ready: replicas.ready,
        updated: replicas.updated,
        active: count(status.active.map(|a| a.0), 0),
        suspended: spec.paused.unwrap_or(false) || spec.suspend.unwrap_or(false),
        schedule: interner.option(spec.schedule.as_deref()),
        completions: pods.completions.map(|n| count(Some(n), 0)),
        finished: K::finished(&status),
        labels,
        annotations,
        owners,
        resource_managers: managed::resource_managers(&fields, interner),
        template: Arc::new(pods.template.as_ref().map(|t| t.row(interner)).unwrap_or_default()),
        template_from: K::template_from(&spec).map(|name| interner.text(name)),
        template_for: None,
        id,
    };
    tables.put_workload(row);
}

/// Whether two rows of a workload differ in anything but pod counters.
fn differs(old: &WorkloadRow, new: &WorkloadRow) -> bool {
    // A DaemonSet's desired pods follow the nodes; for the others they are the spec's.
    let counters =
        |row: &WorkloadRow| WorkloadRow { observed_generation: 0, ready: 0, updated: 0, active: 0, ..row.clone() };
    counters(old) != counters(new)
}

impl Tables {
    fn put_workload(&mut self, mut row: WorkloadRow) {
        let space = self.spaces.entry(row.id.namespace.clone()).or_default();
        let key = (row.id.kind, row.id.name.clone());
        let old = space.workloads.get(&key).cloned();
        if let Some(old) = &old {
            lending::carry_over(old, &mut row);
        }
        let old = old.as_ref();
        let matters = old.is_none_or(|old| differs(old, &row));
        if let Some(old) = old {
            if **old == row {
                return;
            }
            if old.template == row.template {
                row.template = old.template.clone();
            }
        }
        let id = row.id.clone();
        let row = Arc::new(row);
        let lenders = lending::lenders(old.map(|o| &**o).into_iter().chain([&*row]));
        space.workloads.insert(key, row);
        if matters {
            self.touch_workload(id.clone());
        }
        self.relink(&id.namespace, &lenders);
    }

    pub(in crate::kinds) fn remove_workload(&mut self, namespace: &Arc<str>, kind: WorkloadKind, name: &Arc<str>) {
        let Some(space) = self.spaces.get_mut(namespace) else { return };
        if let Some(old) = space.workloads.remove(&(kind, name.clone())) {
            self.touch_workload(old.id.clone());
            self.relink(namespace, &lending::lenders([&*old]));
            self.drop_empty(namespace);
        }
    }

    /// The workload `id`.
    pub fn workload(&self, id: &WorkloadId) -> Option<Arc<WorkloadRow>> {
        self.spaces.get(&id.namespace)?.workloads.get(&(id.kind, id.name.clone())).cloned()
    }

    /// All workloads, by namespace, then kind, then name.
    pub fn workloads(&self) -> Vec<Arc<WorkloadRow>> {
        self.spaces.values().flat_map(|s| s.workloads.values().cloned()).collect()
    }

    /// The workloads of a namespace, by kind, then name.
    pub fn workloads_in(&self, namespace: &str) -> Vec<Arc<WorkloadRow>> {
        self.spaces.get(namespace).map(|s| s.workloads.values().cloned().collect()).unwrap_or_default()
    }
}

impl World {
    /// See [`Tables::workload`].
    pub fn workload(&self, id: &WorkloadId) -> Option<Arc<WorkloadRow>> {
        self.read(|t| t.workload(id))
    }

    /// See [`Tables::workloads`].
    pub fn workloads(&self) -> Vec<Arc<WorkloadRow>> {
        self.read(Tables::workloads)
    }

    /// See [`Tables::workloads_in`].
    pub fn workloads_in(&self, namespace: &str) -> Vec<Arc<WorkloadRow>> {
        self.read(|t| t.workloads_in(namespace))
    }
}
