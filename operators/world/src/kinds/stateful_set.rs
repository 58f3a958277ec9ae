//! StatefulSets.
//!
//! In: a StatefulSet as the API server sends it. Out: how many pods it has; the rest is common to all workloads.

use trimtab_core::WorkloadKind;

use super::{
    Watched,
    kind::Api,
    workload::{Replicas, Workload, WorkloadSpec, WorkloadStatus, WorkloadWire, Workloads},
};
use crate::wire::count;

pub(crate) const API: Api = Api::new("apps", "v1", "StatefulSet", "statefulsets").workload(WorkloadKind::StatefulSet);

/// `apps/v1` StatefulSet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatefulSet;

impl Watched for StatefulSet {
    type Wire = WorkloadWire;
    type Store = Workloads;
}

impl Workload for StatefulSet {
    fn replicas(spec: &WorkloadSpec, status: &WorkloadStatus) -> Replicas {
        Replicas {
            desired: count(spec.replicas, 1),
            ready: count(status.ready_replicas, 0),
            updated: count(status.updated_replicas, 0),
        }
    }
}
