//! Changes that matter.
//!
//! In: the changes that the kinds report. Out: whom to wake. Readiness, replica counts and restarts wake nobody: they
//! are read when a decision is made.

use std::{collections::BTreeSet, sync::Arc};

use trimtab_core::{WorkloadId, WorkloadKind};

use super::{Space, Tables};
use crate::row::Controller;

/// Changes since the last take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    /// Workloads that were created or deleted, whose spec, labels, owners, pods, sizes or autoscalers changed, or that
    /// had an OOM kill.
    pub workloads: BTreeSet<WorkloadId>,
    /// Namespaces with a change that affects all of their workloads: labels, quotas, limits, budgets.
    pub namespaces: BTreeSet<Arc<str>>,
    /// Whether nodes were added, removed, or changed in labels or capacity.
    pub nodes: bool,
}

impl Dirty {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.workloads.is_empty() && self.namespaces.is_empty() && !self.nodes
    }

    /// Adds the contents of `other`.
    pub fn merge(&mut self, other: Self) {
        self.workloads.extend(other.workloads);
        self.namespaces.extend(other.namespaces);
        self.nodes |= other.nodes;
    }
}

impl Tables {
    /// What has changed since the last call.
    pub fn take_dirty(&mut self) -> Dirty {
        std::mem::take(&mut self.dirty)
    }

    pub(crate) fn touch_workload(&mut self, id: WorkloadId) {
        self.dirty.workloads.insert(id);
    }

    /// Marks a workload whose pods may have become resolvable, if it exists already.
    pub(crate) fn touch_existing(&mut self, namespace: &Arc<str>, kind: WorkloadKind, name: &Arc<str>) {
        if let Some(id) = self.spaces.get(namespace).and_then(|space| space.existing(kind, name)) {
            self.touch_workload(id);
        }
    }

    /// Marks the workload above `controller`, if it resolves; otherwise it is marked when the missing link arrives.
    pub(crate) fn touch_above(&mut self, namespace: &Arc<str>, controller: Option<&Controller>) {
        let space = self.spaces.get(namespace);
        if let Some(id) = space.zip(controller).and_then(|(s, c)| s.workload_above(c)) {
            self.touch_workload(id);
        }
    }

    /// Removes a namespace that is empty.
    pub(crate) fn drop_empty(&mut self, namespace: &Arc<str>) {
        if self.spaces.get(namespace).is_some_and(Space::is_empty) {
            self.spaces.remove(namespace);
        }
    }
}
