//! DaemonSets.
//!
//! In: a DaemonSet as the API server sends it. Out: how many pods it has, which follows the nodes; the rest is common
//! to all workloads.

use trimtab_core::WorkloadKind;

use super::{
    Watched,
    kind::Api,
    workload::{Replicas, Workload, WorkloadSpec, WorkloadStatus, WorkloadWire, Workloads},
};
use crate::wire::count;

pub(crate) const API: Api = Api::new("apps", "v1", "DaemonSet", "daemonsets").workload(WorkloadKind::DaemonSet);

/// `apps/v1` DaemonSet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DaemonSet;

impl Watched for DaemonSet {
    type Wire = WorkloadWire;
    type Store = Workloads;
}

impl Workload for DaemonSet {
    fn replicas(_: &WorkloadSpec, status: &WorkloadStatus) -> Replicas {
        Replicas {
            desired: count(status.desired_number_scheduled, 0),
            ready: count(status.number_ready, 0),
            updated: count(status.updated_number_scheduled, 0),
        }
    }
}
