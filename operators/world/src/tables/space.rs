//! The joined rows of one namespace: workloads, their pods, and the links between them.
//!
//! In: rows as they are added and removed. Out: resolution from a pod up to its workload and down again.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use trimtab_core::{WorkloadId, WorkloadKind};

use super::{Tables, index::Index};
use crate::row::{Controller, ControllerKind, PodRow, WorkloadRow};

/// A ReplicaSet, or a Job that a CronJob owns: only a link between a pod and its workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its owner.
    pub(crate) controller: Option<Controller>,
}

impl Link {
    /// The workload above a ReplicaSet, by its kind and name, if its kind creates ReplicaSets.
    pub(crate) fn maker_of_sets(&self) -> Option<(WorkloadKind, Arc<str>)> {
        match &self.controller {
            Some(Controller { kind: ControllerKind::Workload(kind), name }) if kind.makes_replica_sets() => {
                Some((*kind, name.clone()))
            }
            _ => None,
        }
    }
}

/// The joined rows of one namespace.
#[derive(Debug, Default)]
pub(crate) struct Space {
    pub(crate) pods: HashMap<Arc<str>, Arc<PodRow>>,
    pub(crate) pods_of: Index<Controller>,
    pub(crate) replica_sets: HashMap<Arc<str>, Link>,
    pub(crate) replica_sets_of: Index<(WorkloadKind, Arc<str>)>,
    pub(crate) runs: HashMap<Arc<str>, Link>,
    pub(crate) runs_of: Index<Arc<str>>,
    pub(crate) workloads: BTreeMap<(WorkloadKind, Arc<str>), Arc<WorkloadRow>>,
}

impl Space {
    /// Whether it is empty, so that it can be removed.
    pub(crate) fn is_empty(&self) -> bool {
        self.pods.is_empty()
            && self.replica_sets.is_empty()
            && self.runs.is_empty()
            && self.workloads.is_empty()
            && self.pods_of.is_empty()
    }

    /// The workload of this kind and name, if it exists.
    pub(crate) fn existing(&self, kind: WorkloadKind, name: &Arc<str>) -> Option<WorkloadId> {
        self.workloads.get(&(kind, name.clone())).map(|row| row.id.clone())
    }

    /// The workload above a controller, through any number of links, if all of them exist.
    pub(crate) fn workload_above(&self, controller: &Controller) -> Option<WorkloadId> {
        let upper = |link: &Link, kind: WorkloadKind| match &link.controller {
            Some(Controller { kind: ControllerKind::Workload(k), name }) if *k == kind => self.existing(kind, name),
            _ => None,
        };
        match controller.kind {
            ControllerKind::ReplicaSet => {
                let (kind, name) = self.replica_sets.get(&controller.name)?.maker_of_sets()?;
                self.existing(kind, &name)
            }
            ControllerKind::Workload(WorkloadKind::Job) => match self.runs.get(&controller.name) {
                Some(run) => upper(run, WorkloadKind::CronJob),
                None => self.existing(WorkloadKind::Job, &controller.name),
            },
            ControllerKind::Workload(kind) => self.existing(kind, &controller.name),
            ControllerKind::Other(_) => None,
        }
    }

    /// The kind of the topmost known owner of pods of `controller`.
    pub(crate) fn top_kind(&self, controller: &Controller) -> Arc<str> {
        let link = match controller.kind {
            ControllerKind::ReplicaSet => self.replica_sets.get(&controller.name),
            ControllerKind::Workload(WorkloadKind::Job) => self.runs.get(&controller.name),
            _ => None,
        };
        link.and_then(|link| link.controller.as_ref()).unwrap_or(controller).kind.as_str().into()
    }

    /// The direct owners of the pods of a workload.
    pub(crate) fn makers_of(&self, id: &WorkloadId) -> Vec<Controller> {
        let through = |kind: ControllerKind, names: &[Arc<str>]| {
            names.iter().map(|name| Controller { kind: kind.clone(), name: name.clone() }).collect()
        };
        match id.kind {
            // A custom resource may own its pods, or ReplicaSets, or both.
            kind if kind.makes_replica_sets() => {
                let sets = self.replica_sets_of.get(&(kind, id.name.clone()));
                let mut makers: Vec<Controller> = through(ControllerKind::ReplicaSet, sets);
                if matches!(kind, WorkloadKind::Custom(_)) {
                    makers.push(Controller { kind: ControllerKind::Workload(kind), name: id.name.clone() });
                }
                makers
            }
            WorkloadKind::CronJob => through(ControllerKind::Workload(WorkloadKind::Job), self.runs_of.get(&id.name)),
            kind => vec![Controller { kind: ControllerKind::Workload(kind), name: id.name.clone() }],
        }
    }
}

impl Space {
    /// The ReplicaSets that a workload left which was deleted with `--cascade=orphan`, known by their names: a Deployment
    /// calls them `web-<hash>`.
    pub(crate) fn orphaned_sets(&self, id: &WorkloadId) -> Vec<Controller> {
        if !id.kind.makes_replica_sets() {
            return Vec::new();
        }
        let is_its = |name: &Arc<str>| suffix(id, name).is_some_and(is_plain);
        let orphaned = self.replica_sets.iter().filter(|(name, link)| link.controller.is_none() && is_its(name));
        let set = |name: &Arc<str>| Controller { kind: ControllerKind::ReplicaSet, name: name.clone() };
        orphaned.map(|(name, _)| set(name)).collect()
    }

    /// The pods without an owner that it left, known by their names: `db-<number>` of a StatefulSet, and of others what
    /// `generateName` makes of the name of their maker, five letters and digits after it. Jobs and custom resources
    /// have none that could be told.
    pub(crate) fn orphaned_pods(&self, id: &WorkloadId) -> Vec<Arc<PodRow>> {
        let is_its = |suffix: &str| match id.kind {
            WorkloadKind::StatefulSet => suffix.bytes().all(|b| b.is_ascii_digit()),
            WorkloadKind::DaemonSet => is_generated(suffix),
            kind if kind.makes_replica_sets() => {
                suffix.split_once('-').is_some_and(|(hash, end)| is_plain(hash) && is_generated(end))
            }
            _ => false,
        };
        let orphaned = |pod: &&Arc<PodRow>| pod.controller.is_none() && suffix(id, &pod.name).is_some_and(is_its);
        self.pods.values().filter(orphaned).cloned().collect()
    }
}

/// What follows the name of `id` and a hyphen.
fn suffix<'a>(id: &WorkloadId, name: &'a str) -> Option<&'a str> {
    name.strip_prefix(&*id.name)?.strip_prefix('-').filter(|suffix| !suffix.is_empty())
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether `generateName` may have made it.
fn is_generated(text: &str) -> bool {
    text.len() == 5 && is_plain(text)
}

impl Tables {
    /// One namespace, or all.
    pub(crate) fn spaces_of(&self, namespace: Option<&str>) -> impl Iterator<Item = (&Arc<str>, &Space)> {
        self.spaces.iter().filter(move |(name, _)| namespace.is_none_or(|wanted| *wanted == ***name))
    }
}
