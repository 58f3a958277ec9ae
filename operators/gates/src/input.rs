//! The input of the gates: borrowed rows and plain values, gathered anew for each evaluation.

use std::sync::Arc;

use trimtab_api::{delivery::DeliveryMode, gates::ClosedGate, resources::ContainerResources};
use trimtab_engine::{
    gate::Inputs,
    input::{Common, General},
};
use trimtab_world::row::{HpaRow, LimitRangeRow, NodeRow, PdbRow, PodPhase, PodRow, QuotaRow, VpaRow, WorkloadRow};

use crate::{PodResize, delivery, rules::Rules};

/// The chains of gates about the surroundings of a change.
#[derive(Debug)]
pub struct Surroundings;

impl Inputs for Surroundings {
    type Of<'a> = Input<'a>;
}

impl General for Surroundings {
    fn common<'a>(input: &<Self as Inputs>::Of<'a>) -> Common<'a> {
        input.common
    }
}

/// One approved recommendation, its workload, and their surroundings.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// What every kind of change has.
    pub common: Common<'a>,
    /// The policy's settings; [`Rules::default`] if there is no policy, or none that is valid.
    pub rules: &'a Rules,
    /// The containers of the proposal.
    pub proposal: &'a [ContainerResources],
    /// Its digest.
    pub digest: &'a str,
    /// Whether a person approved it, rather than the policy.
    pub approved_by_person: bool,
    /// The workload that the recommendation names; `None` if it does not exist.
    pub workload: Option<&'a WorkloadRow>,
    /// Its pods, including those that have ended or are being deleted.
    pub pods: &'a [Arc<PodRow>],
    /// Autoscalers that scale it.
    pub hpas: &'a [Arc<HpaRow>],
    /// Vertical autoscalers that size it.
    pub vpas: &'a [Arc<VpaRow>],
    /// Disruption budgets that cover its pods.
    pub pdbs: &'a [Arc<PdbRow>],
    /// Quotas of its namespace.
    pub quotas: &'a [Arc<QuotaRow>],
    /// Limit ranges of its namespace.
    pub limit_ranges: &'a [Arc<LimitRangeRow>],
    /// The nodes that its pods run on.
    pub nodes: &'a [NodeRoom],
    /// The age of its newest usage sample, in seconds; `None` if there is none or usage cannot be read.
    pub data_age_s: Option<i64>,
    /// The peak memory working set of its containers, in bytes, by name, as far as known.
    pub memory_peaks: &'a [(Arc<str>, u64)],
    /// Name of another Recommendation that is changing this workload (`true`), or has a size in force on it (`false`).
    pub other: Option<(&'a str, bool)>,
    /// What the API server lets change in a running pod.
    pub pod_resize: PodResize,
    /// Whether the admission policy can set the size of new pods.
    pub admission: bool,
}

/// A node, and the requests of the pods on it.
#[derive(Clone, Debug)]
pub struct NodeRoom {
    /// The node.
    pub node: Arc<NodeRow>,
    /// The CPU requests of all pods on it that have not ended, in millicores.
    pub cpu_requested: u64,
    /// The memory requests of all pods on it that have not ended, in bytes.
    pub memory_requested: u64,
}

impl<'a> Input<'a> {
    /// The workload's running or pending pods: not ended, not being deleted.
    pub(crate) fn live(&self) -> impl Iterator<Item = &'a PodRow> {
        let ended = |p: &PodRow| matches!(p.phase, PodPhase::Succeeded | PodPhase::Failed);
        self.pods.iter().map(|p| &**p).filter(move |p| !p.terminating && !ended(p))
    }

    /// Whether pods of the workload are resized in place.
    pub(crate) fn resizes_in_place(&self) -> bool {
        self.pod_resize.is_served() && self.workload.is_some_and(|w| !w.id.kind.runs_to_completion())
    }

    /// The delivery of the size.
    ///
    /// # Errors
    /// The gate that is closed because the mode that the policy asks for is not available.
    pub fn delivery(&self) -> Result<DeliveryMode, ClosedGate> {
        if self.workload.is_some_and(|w| w.id.kind.leaves_template()) {
            return delivery::left_to_people(self.rules.delivery, &self.common.target.kind);
        }
        let gitops = self.workload.is_some_and(delivery::is_gitops);
        delivery::resolve(self.rules.delivery, self.admission, gitops)
    }
}
