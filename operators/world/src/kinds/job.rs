//! Jobs: workloads, except those owned by a CronJob, which are its runs.
//!
//! In: a Job as the API server sends it. Out: a workload, or a link in its namespace between pods and a CronJob. A run
//! that appears, or changes its owner, wakes the CronJob above it, whose pods may have become resolvable.

use std::sync::Arc;

use trimtab_core::WorkloadKind;

use super::{
    Kind, Store, Watched,
    kind::Api,
    workload::{self, Replicas, Workload, WorkloadSpec, WorkloadStatus, WorkloadWire},
};
use crate::{
    row::{Controller, ControllerKind},
    tables::{Key, Link, Tables},
    wire::{count, is_true},
};

pub(crate) const API: Api = Api::new("batch", "v1", "Job", "jobs").workload(WorkloadKind::Job);

/// `batch/v1` Job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job;

impl Watched for Job {
    type Wire = WorkloadWire;
    type Store = Jobs;
}

impl Workload for Job {
    fn replicas(spec: &WorkloadSpec, status: &WorkloadStatus) -> Replicas {
        Replicas { desired: count(spec.of_pods().parallelism, 1), ready: count(status.ready, 0), updated: 0 }
    }

    fn finished(status: &WorkloadStatus) -> bool {
        let conditions = status.conditions.as_deref();
        is_true(conditions, "Complete") || is_true(conditions, "Failed")
    }
}

/// The CronJob that owns a Job, if one does.
fn cron_job(controller: Option<&Controller>) -> Option<&Arc<str>> {
    let owner = controller.filter(|c| c.kind == ControllerKind::Workload(WorkloadKind::CronJob));
    owner.map(|c| &c.name)
}

/// Jobs are stored in their namespaces, as workloads or as runs.
#[derive(Debug, Default)]
pub(crate) struct Jobs;

impl Store<Job> for Jobs {
    fn put(tables: &mut Tables, _: Kind, key: Key, object: WorkloadWire) {
        let controller = object.head.controller(&mut tables.interner);
        let (namespace, name) = &key;
        // The owner of a Job can change when it is adopted or orphaned.
        if cron_job(controller.as_ref()).is_some() {
            tables.remove_workload(namespace, WorkloadKind::Job, name);
            put_run(tables, key, Link { controller });
        } else {
            remove_run(tables, namespace, name);
            workload::put::<Job>(tables, WorkloadKind::Job, key, object);
        }
    }

    fn remove(tables: &mut Tables, _: Kind, namespace: &Arc<str>, name: &Arc<str>) {
        tables.remove_workload(namespace, WorkloadKind::Job, name);
        remove_run(tables, namespace, name);
    }

    fn each(tables: &Tables, _: Kind, namespace: Option<&str>, see: &mut dyn FnMut(&Arc<str>, &Arc<str>)) {
        for (namespace, space) in tables.spaces_of(namespace) {
            let own = space.workloads.keys().filter(|(kind, _)| *kind == WorkloadKind::Job).map(|(_, name)| name);
            own.chain(space.runs.keys()).for_each(|name| see(namespace, name));
        }
    }
}

fn put_run(tables: &mut Tables, (namespace, name): Key, run: Link) {
    let space = tables.spaces.entry(namespace.clone()).or_default();
    let old = space.runs.insert(name.clone(), run.clone());
    if old.as_ref() == Some(&run) {
        return;
    }
    if let Some(above) = cron_job(old.as_ref().and_then(|old| old.controller.as_ref())) {
        space.runs_of.remove(above, &name);
    }
    if let Some(above) = cron_job(run.controller.as_ref()) {
        space.runs_of.insert(above.clone(), name);
        tables.touch_existing(&namespace, WorkloadKind::CronJob, above);
    }
}

fn remove_run(tables: &mut Tables, namespace: &Arc<str>, name: &str) {
    let Some(space) = tables.spaces.get_mut(namespace) else { return };
    let Some(old) = space.runs.remove(name) else { return };
    if let Some(above) = cron_job(old.controller.as_ref()) {
        space.runs_of.remove(above, name);
    }
    tables.drop_empty(namespace);
}
