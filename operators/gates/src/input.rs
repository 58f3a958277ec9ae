//! Everything that the gates look at: borrowed rows and plain values, gathered anew each time.

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_api::{delivery::DeliveryMode, gates::ClosedGate, resources::ContainerResources, target::TargetRef};
use trimtab_rollout::gate::Inputs;
use trimtab_world::row::{
    HpaRow, LimitRangeRow, NamespaceRow, NodeRow, PdbRow, PodPhase, PodRow, QuotaRow, VpaRow, WorkloadRow,
};

use crate::{delivery, invalid_field::InvalidField, rules::Rules};

/// The chains of gates about what surrounds a change.
#[derive(Debug)]
pub struct Surroundings;

impl Inputs for Surroundings {
    type Of<'a> = Input<'a>;
}

/// What is known of one approved recommendation, its workload, and what surrounds it.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The time.
    pub now: Timestamp,
    /// The emergency stop.
    pub emergency_stop: EmergencyStop<'a>,
    /// Kinds that cannot be watched, so that nothing is known of them.
    pub unknown_kinds: &'a [&'a str],
    /// Which policy the rules are from.
    pub policy: Policy<'a>,
    /// The policy's numbers; [`Rules::default`] where there is no policy, or none that can be read.
    pub rules: &'a Rules,
    /// The containers of the proposal.
    pub proposal: &'a [ContainerResources],
    /// Its digest.
    pub digest: &'a str,
    /// Whether a person approved it, rather than the policy.
    pub approved_by_person: bool,
    /// The workload that the recommendation names.
    pub target: &'a TargetRef,
    /// That workload; `None` where it is not there.
    pub workload: Option<&'a WorkloadRow>,
    /// Its namespace; `None` where it is not there.
    pub namespace: Option<&'a NamespaceRow>,
    /// Its pods, also those that have ended or are being deleted.
    pub pods: &'a [Arc<PodRow>],
    /// Autoscalers that scale it.
    pub hpas: &'a [Arc<HpaRow>],
    /// Vertical autoscalers that size it.
    pub vpas: &'a [Arc<VpaRow>],
    /// Disruption budgets that guard its pods.
    pub pdbs: &'a [Arc<PdbRow>],
    /// Quotas of its namespace.
    pub quotas: &'a [Arc<QuotaRow>],
    /// Limit ranges of its namespace.
    pub limit_ranges: &'a [Arc<LimitRangeRow>],
    /// The nodes that its pods run on.
    pub nodes: &'a [NodeRoom],
    /// How old the newest sample of its usage is, in seconds; `None` where there is none or usage cannot be read.
    pub data_age_s: Option<i64>,
    /// The highest memory working set of its containers, in bytes, by their names, as far as it is known.
    pub memory_peaks: &'a [(Arc<str>, u64)],
    /// Rollouts of this policy that are under way, this one not counted.
    pub under_way: u32,
    /// Rollouts of this policy that began within the last hour.
    pub started_last_hour: u32,
    /// Another Recommendation that changes this workload (`true`), or has a size in force on it, by its name.
    pub other: Option<(&'a str, bool)>,
    /// When the workload's last rollout ended.
    pub last_ended: Option<Timestamp>,
    /// Whether the API server has `pods/resize`.
    pub in_place: bool,
    /// Whether new pods can be given their size by the admission policy.
    pub admission: bool,
}

/// The emergency stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmergencyStop<'a> {
    /// It is not on.
    Off,
    /// It is on.
    On {
        /// Who stopped, as far as it is said.
        by: Option<&'a str>,
        /// Why, as far as it is said.
        reason: Option<&'a str>,
        /// Since when, as far as it is said.
        since: Option<&'a str>,
    },
    /// It cannot be read: why.
    Unknown(&'a str),
}

/// Which policy made the recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy<'a> {
    /// None: somebody proposed it by hand.
    None,
    /// This one.
    Named(&'a str),
    /// This one, and it does not exist.
    Missing(&'a str),
    /// This one, and its spec cannot be acted on.
    Invalid(&'a str, &'a InvalidField),
}

/// A node, and what the pods on it ask for.
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
    /// The workload's pods that run or wait: not ended, not being deleted.
    pub(crate) fn live(&self) -> impl Iterator<Item = &'a PodRow> {
        let ended = |p: &PodRow| matches!(p.phase, PodPhase::Succeeded | PodPhase::Failed);
        self.pods.iter().map(|p| &**p).filter(move |p| !p.terminating && !ended(p))
    }

    /// Whether pods of the workload are changed while they run.
    pub(crate) fn resizes_in_place(&self) -> bool {
        self.in_place && self.workload.is_some_and(|w| !w.id.kind.runs_to_completion())
    }

    /// How the size would be made to last.
    ///
    /// # Errors
    /// The gate that is closed where the way that the policy asks for is not to be had.
    pub fn delivery(&self) -> Result<DeliveryMode, ClosedGate> {
        if self.workload.is_some_and(|w| w.id.kind.leaves_template()) {
            return delivery::left_to_people(self.rules.delivery, &self.target.kind);
        }
        let gitops = self.workload.is_some_and(delivery::is_gitops);
        delivery::resolve(self.rules.delivery, self.admission, gitops)
    }

    /// The workload as people read it.
    pub(crate) fn target_name(&self) -> String {
        format!("{} {}", self.target.kind, self.target.name)
    }
}
