//! The input of the gates: borrowed rows and plain values, gathered anew for each evaluation.

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_api::{delivery::DeliveryMode, gates::ClosedGate, resources::ContainerResources, target::TargetRef};
use trimtab_rollout::gate::Inputs;
use trimtab_world::row::{
    HpaRow, LimitRangeRow, NamespaceRow, NodeRow, PdbRow, PodPhase, PodRow, QuotaRow, VpaRow, WorkloadRow,
};

use crate::{PodResize, delivery, invalid_field::InvalidField, rules::Rules};

/// The chains of gates about the surroundings of a change.
#[derive(Debug)]
pub struct Surroundings;

impl Inputs for Surroundings {
    type Of<'a> = Input<'a>;
}

/// One approved recommendation, its workload, and their surroundings.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The time.
    pub now: Timestamp,
    /// The emergency stop.
    pub emergency_stop: EmergencyStop<'a>,
    /// Kinds that cannot be watched, so that nothing is known about them.
    pub unknown_kinds: &'a [&'a str],
    /// The policy that the rules come from.
    pub policy: Policy<'a>,
    /// The policy's settings; [`Rules::default`] if there is no policy, or none that is valid.
    pub rules: &'a Rules,
    /// The containers of the proposal.
    pub proposal: &'a [ContainerResources],
    /// Its digest.
    pub digest: &'a str,
    /// Whether a person approved it, rather than the policy.
    pub approved_by_person: bool,
    /// The uid of the workload that a person approved it for, empty if there was none; `None` if that is not recorded,
    /// as for a policy's approval.
    pub approved_for: Option<&'a str>,
    /// The workload that the recommendation names.
    pub target: &'a TargetRef,
    /// That workload; `None` if it does not exist.
    pub workload: Option<&'a WorkloadRow>,
    /// Its namespace; `None` if it does not exist.
    pub namespace: Option<&'a NamespaceRow>,
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
    /// Rollouts of this policy that are under way, excluding this one.
    pub under_way: u32,
    /// Rollouts of this policy that began within the last hour.
    pub started_last_hour: u32,
    /// Name of another Recommendation that is changing this workload (`true`), or has a size in force on it (`false`).
    pub other: Option<(&'a str, bool)>,
    /// When the workload's last rollout ended.
    pub last_ended: Option<Timestamp>,
    /// What the API server lets change in a running pod.
    pub pod_resize: PodResize,
    /// Whether the admission policy can set the size of new pods.
    pub admission: bool,
}

/// The emergency stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmergencyStop<'a> {
    /// Not set.
    Off,
    /// Set.
    On {
        /// Who set it, if stated.
        by: Option<&'a str>,
        /// Why, if stated.
        reason: Option<&'a str>,
        /// Since when, if stated.
        since: Option<&'a str>,
    },
    /// It cannot be read, for this reason.
    Unknown(&'a str),
}

/// The policy that created the recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy<'a> {
    /// None: it was written by hand.
    None,
    /// This one.
    Named(&'a str),
    /// This one, which does not exist.
    Missing(&'a str),
    /// This one, whose spec is invalid.
    Invalid(&'a str, &'a InvalidField),
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
            return delivery::left_to_people(self.rules.delivery, &self.target.kind);
        }
        let gitops = self.workload.is_some_and(delivery::is_gitops);
        delivery::resolve(self.rules.delivery, self.admission, gitops)
    }

    /// The workload in words, for messages.
    pub(crate) fn target_name(&self) -> String {
        format!("{} {}", self.target.kind, self.target.name)
    }
}
