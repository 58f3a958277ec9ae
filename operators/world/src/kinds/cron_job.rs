//! CronJobs, whose Jobs are their runs.
//!
//! In: a CronJob as the API server sends it. Out: how many pods one run has; the rest is common to all workloads.

use trimtab_core::WorkloadKind;

use super::{
    Watched,
    kind::Api,
    workload::{Replicas, Workload, WorkloadSpec, WorkloadStatus, WorkloadWire, Workloads},
};
use crate::wire::count;

pub(crate) const API: Api = Api::new("batch", "v1", "CronJob", "cronjobs").workload(WorkloadKind::CronJob);

/// `batch/v1` CronJob.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CronJob;

impl Watched for CronJob {
    type Wire = WorkloadWire;
    type Store = Workloads;
}

impl Workload for CronJob {
    fn replicas(spec: &WorkloadSpec, _: &WorkloadStatus) -> Replicas {
        Replicas { desired: count(spec.of_pods().parallelism, 1), ready: 0, updated: 0 }
    }
}
