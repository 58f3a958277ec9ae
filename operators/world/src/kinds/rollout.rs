//! Rollouts of Argo Rollouts, where the server has them.
//!
//! In: a Rollout as the API server sends it. Out: how many pods it has, and the Deployment that it takes its template
//! from if it has none of its own; the rest is common to all workloads.

use trimtab_core::WorkloadKind;

use super::{
    Watched,
    kind::Api,
    workload::{Replicas, Workload, WorkloadSpec, WorkloadStatus, WorkloadWire, Workloads},
};
use crate::wire::{TargetRef, count};

pub(crate) const API: Api =
    Api::new("argoproj.io", "v1alpha1", "Rollout", "rollouts").optional().workload(WorkloadKind::Rollout);

/// `argoproj.io/v1alpha1` Rollout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rollout;

impl Watched for Rollout {
    type Wire = WorkloadWire;
    type Store = Workloads;
}

impl Workload for Rollout {
    fn replicas(spec: &WorkloadSpec, status: &WorkloadStatus) -> Replicas {
        Replicas {
            desired: count(spec.replicas, 1),
            ready: count(status.ready_replicas, 0),
            updated: count(status.updated_replicas, 0),
        }
    }

    fn template_from(spec: &WorkloadSpec) -> Option<&str> {
        let target = spec.workload_ref.as_ref().filter(|_| spec.template.is_none());
        target.and_then(TargetRef::deployment)
    }
}
