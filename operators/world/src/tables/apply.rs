//! How rows get into the tables and out of them, and which changes matter to whom.

use std::sync::Arc;

use trimtab_core::{WorkloadId, WorkloadKind};

use super::{Tables, lending, space::Link};
use crate::row::{
    Controller, ControllerKind, HpaRow, LimitRangeRow, NamespaceRow, NodeRow, PdbRow, PodRow, QuotaRow, VpaRow,
    WorkloadRow,
};

/// The owner's name, if it is of `kind`.
fn owned_by(controller: Option<&Controller>, kind: WorkloadKind) -> Option<Arc<str>> {
    controller.filter(|c| c.kind == ControllerKind::Workload(kind)).map(|c| c.name.clone())
}

/// Whether two rows of a workload differ in anything but counters of pods.
fn differs(old: &WorkloadRow, new: &WorkloadRow) -> bool {
    // A DaemonSet's wanted pods follow the nodes; for the others they are the spec's.
    let counters =
        |row: &WorkloadRow| WorkloadRow { observed_generation: 0, ready: 0, updated: 0, active: 0, ..row.clone() };
    counters(old) != counters(new)
}

impl Tables {
    pub(crate) fn put_namespace(&mut self, row: NamespaceRow) {
        if self.namespaces.get(&row.name).is_none_or(|old| **old != row) {
            self.touch_namespace(&row.name);
            self.namespaces.insert(row.name.clone(), Arc::new(row));
        }
    }

    pub(crate) fn put_node(&mut self, row: NodeRow) {
        let old = self.nodes.get(&row.name);
        if old.is_none_or(|o| {
            o.labels != row.labels
                || o.provider_id != row.provider_id
                || o.capacity != row.capacity
                || o.allocatable != row.allocatable
        }) {
            self.touch_nodes();
        }
        // Heartbeats arrive often and change nothing that is kept.
        if self.nodes.get(&row.name).is_none_or(|o| **o != row) {
            self.nodes.insert(row.name.clone(), Arc::new(row));
        }
    }

    pub(crate) fn put_pod(&mut self, mut row: PodRow) {
        let space = self.spaces.entry(row.namespace.clone()).or_default();
        let old = space.pods.get(&row.name).cloned();
        if let Some(old) = &old {
            // A pod's version moves with every heartbeat of its node's; that alone is no change, but writes need it.
            let version = std::mem::replace(&mut row.version, old.version);
            let same = **old == row;
            row.version = version;
            if same {
                if let Some(kept) = space.pods.get_mut(&row.name) {
                    Arc::make_mut(kept).version = version;
                }
                return;
            }
            // The key's allocation is kept, so that a pod has one copy of its name however often it changes.
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
        self.note_pod(old.as_deref(), &row);
    }

    pub(super) fn remove_pod(&mut self, namespace: &Arc<str>, name: &str) {
        let Some(space) = self.spaces.get_mut(namespace) else { return };
        let Some(old) = space.pods.remove(name) else { return };
        if let Some(maker) = &old.controller {
            space.pods_of.remove(maker, name);
        }
        self.touch_above(namespace, old.controller.as_ref());
        self.drop_empty(namespace);
    }

    pub(crate) fn put_replica_set(&mut self, namespace: Arc<str>, name: Arc<str>, controller: Option<Controller>) {
        let space = self.spaces.entry(namespace.clone()).or_default();
        let link = Link { controller };
        let old = space.replica_sets.insert(name.clone(), link.clone());
        if old.as_ref() == Some(&link) {
            return;
        }
        if let Some(above) = old.as_ref().and_then(Link::maker_of_sets) {
            space.replica_sets_of.remove(&above, &name);
            self.touch_existing(&namespace, above.0, &above.1);
        }
        if let Some(above) = link.maker_of_sets() {
            if let Some(space) = self.spaces.get_mut(&namespace) {
                space.replica_sets_of.insert(above.clone(), name);
            }
            self.touch_existing(&namespace, above.0, &above.1);
        }
    }

    pub(super) fn remove_replica_set(&mut self, namespace: &Arc<str>, name: &str) {
        let Some(space) = self.spaces.get_mut(namespace) else { return };
        let Some(old) = space.replica_sets.remove(name) else { return };
        if let Some(above) = old.maker_of_sets() {
            space.replica_sets_of.remove(&above, name);
        }
        self.drop_empty(namespace);
    }

    pub(crate) fn put_run(&mut self, namespace: Arc<str>, name: Arc<str>, controller: Option<Controller>) {
        let space = self.spaces.entry(namespace.clone()).or_default();
        let link = Link { controller };
        let old = space.runs.insert(name.clone(), link.clone());
        if old.as_ref() == Some(&link) {
            return;
        }
        if let Some(above) = owned_by(old.as_ref().and_then(|l| l.controller.as_ref()), WorkloadKind::CronJob) {
            space.runs_of.remove(&above, &name);
        }
        if let Some(above) = owned_by(link.controller.as_ref(), WorkloadKind::CronJob) {
            space.runs_of.insert(above.clone(), name);
            self.touch_existing(&namespace, WorkloadKind::CronJob, &above);
        }
    }

    pub(crate) fn remove_run(&mut self, namespace: &Arc<str>, name: &str) {
        let Some(space) = self.spaces.get_mut(namespace) else { return };
        let Some(old) = space.runs.remove(name) else { return };
        if let Some(above) = owned_by(old.controller.as_ref(), WorkloadKind::CronJob) {
            space.runs_of.remove(&above, name);
        }
        self.drop_empty(namespace);
    }

    pub(crate) fn put_workload(&mut self, mut row: WorkloadRow) {
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

    pub(crate) fn remove_workload(&mut self, namespace: &Arc<str>, kind: WorkloadKind, name: &Arc<str>) {
        let Some(space) = self.spaces.get_mut(namespace) else { return };
        if let Some(old) = space.workloads.remove(&(kind, name.clone())) {
            self.touch_workload(old.id.clone());
            self.relink(namespace, &lending::lenders([&*old]));
            self.drop_empty(namespace);
        }
    }

    pub(crate) fn put_hpa(&mut self, row: HpaRow) {
        let space = self.spaces.entry(row.namespace.clone()).or_default();
        let old = space.hpas.insert(row.name.clone(), Arc::new(row.clone()));
        let essence = |r: &HpaRow| (r.target.clone(), r.min_replicas, r.max_replicas, r.metrics.clone());
        if old.as_ref().is_some_and(|o| essence(o) == essence(&row)) {
            return;
        }
        for target in [old.and_then(|o| o.target.workload.clone()), row.target.workload].into_iter().flatten() {
            self.touch_workload(target);
        }
    }

    pub(crate) fn put_vpa(&mut self, row: VpaRow) {
        let space = self.spaces.entry(row.namespace.clone()).or_default();
        let row = Arc::new(row);
        let old = space.vpas.insert(row.name.clone(), row.clone());
        if old.as_ref() == Some(&row) {
            return;
        }
        for target in [old.and_then(|o| o.target.workload.clone()), row.target.workload.clone()].into_iter().flatten() {
            self.touch_workload(target);
        }
    }

    pub(crate) fn put_pdb(&mut self, row: PdbRow) {
        let space = self.spaces.entry(row.namespace.clone()).or_default();
        let namespace = row.namespace.clone();
        // How many disruptions it allows goes up and down with readiness, and is read when it is needed.
        let same = space.pdbs.get(&row.name).is_some_and(|o| o.selector == row.selector);
        space.pdbs.insert(row.name.clone(), Arc::new(row));
        if !same {
            self.touch_namespace(&namespace);
        }
    }

    pub(crate) fn put_quota(&mut self, row: QuotaRow) {
        let space = self.spaces.entry(row.namespace.clone()).or_default();
        let namespace = row.namespace.clone();
        let same = space.quotas.get(&row.name).is_some_and(|o| o.hard == row.hard && o.scoped == row.scoped);
        space.quotas.insert(row.name.clone(), Arc::new(row));
        if !same {
            self.touch_namespace(&namespace);
        }
    }

    pub(crate) fn put_limit_range(&mut self, row: LimitRangeRow) {
        let space = self.spaces.entry(row.namespace.clone()).or_default();
        let namespace = row.namespace.clone();
        let old = space.limit_ranges.insert(row.name.clone(), Arc::new(row.clone()));
        if old.is_none_or(|o| *o != row) {
            self.touch_namespace(&namespace);
        }
    }

    /// Removes an object that has no effect on the indexes of others.
    pub(super) fn remove_guard(&mut self, kind: crate::kind::Kind, namespace: &Arc<str>, name: &str) {
        use crate::kind::Kind;
        let Some(space) = self.spaces.get_mut(namespace) else { return };
        let gone = match kind {
            Kind::HorizontalPodAutoscaler => {
                let old = space.hpas.remove(name);
                if let Some(id) = old.and_then(|o| o.target.workload.clone()) {
                    self.touch_workload(id);
                }
                false
            }
            Kind::VerticalPodAutoscaler => {
                let old = space.vpas.remove(name);
                if let Some(id) = old.and_then(|o| o.target.workload.clone()) {
                    self.touch_workload(id);
                }
                false
            }
            Kind::PodDisruptionBudget => space.pdbs.remove(name).is_some(),
            Kind::ResourceQuota => space.quotas.remove(name).is_some(),
            Kind::LimitRange => space.limit_ranges.remove(name).is_some(),
            _ => false,
        };
        if gone {
            self.touch_namespace(namespace);
        }
        self.drop_empty(namespace);
    }

    pub(super) fn remove_namespace(&mut self, name: &Arc<str>) {
        if self.namespaces.remove(name).is_some() {
            self.touch_namespace(name);
        }
    }

    pub(super) fn remove_node(&mut self, name: &str) {
        if self.nodes.remove(name).is_some() {
            self.touch_nodes();
        }
    }

    /// Marks a workload whose pods may have become resolvable, if it is there already.
    fn touch_existing(&mut self, namespace: &Arc<str>, kind: WorkloadKind, name: &Arc<str>) {
        let id = WorkloadId { namespace: namespace.clone(), kind, name: name.clone() };
        if self.workload(&id).is_some() {
            self.touch_workload(id);
        }
    }

    fn drop_empty(&mut self, namespace: &Arc<str>) {
        if self.spaces.get(namespace).is_some_and(super::Space::is_empty) {
            self.spaces.remove(namespace);
        }
    }
}
