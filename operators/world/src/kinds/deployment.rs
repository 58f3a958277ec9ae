//! Deployments.
//!
//! In: a Deployment as the API server sends it. Out: how many pods it has; the rest is common to all workloads. A
//! Rollout may take its template.

use trimtab_core::WorkloadKind;

use super::{
    Watched,
    kind::Api,
    workload::{Replicas, Workload, WorkloadSpec, WorkloadStatus, WorkloadWire, Workloads},
};
use crate::wire::count;

pub(crate) const API: Api = Api::new("apps", "v1", "Deployment", "deployments").workload(WorkloadKind::Deployment);

/// `apps/v1` Deployment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deployment;

impl Watched for Deployment {
    type Wire = WorkloadWire;
    type Store = Workloads;
}

impl Workload for Deployment {
    fn replicas(spec: &WorkloadSpec, status: &WorkloadStatus) -> Replicas {
        Replicas {
            desired: count(spec.replicas, 1),
            ready: count(status.ready_replicas, 0),
            updated: count(status.updated_replicas, 0),
        }
    }
}
