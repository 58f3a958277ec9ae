//! The row of a Recommendation. In: the object. Out: the row, and what several crates ask of it. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use trimtab_api::{
    Recommendation, RecommendationStatus,
    approval::{Approval, Decision, HonouredApproval},
    gates::ClosedGate,
    names::FINALIZER,
    recommendation::{Proposal, RecommendationType},
    resources::ContainerResources,
    rollout::RolloutStatus,
    savings::RealisedSavings,
    target::TargetRef,
};
use trimtab_core::{WorkloadId, WorkloadKind, digest, resource_version};

use crate::figures::{EvidenceSummary, Figures, RealisedAmounts, RiskSummary, SavingsSummary};

/// A Recommendation of type `RightSize`.
#[derive(Clone, Debug)]
pub struct RecommendationRow {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its version, the precondition of writes decided on this row.
    pub version: u64,
    /// Its generation.
    pub generation: i64,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Whether it has Trimtab's finalizer, so that its deletion waits.
    pub protected: bool,
    /// Whether another object owns it, so that it may be deleted together with that.
    pub owned: bool,
    /// Its target as written.
    pub target: TargetRef,
    /// The target as a key of the world; `None` if its kind is not sized.
    pub workload: Option<WorkloadId>,
    /// The policy that made it; `None` if a person proposed it.
    pub policy: Option<String>,
    /// What it proposes.
    pub proposal: Proposal,
    /// The digest of the proposal, computed here: a status may be older than the proposal.
    pub digest: String,
    /// The digest in the status.
    pub shown_digest: Option<String>,
    /// The decision in the spec.
    pub approval: Option<Approval>,
    /// As much of the object as is needed to verify that the decision was made under the guard; only if there is a
    /// decision.
    pub for_guard: Option<Box<Recommendation>>,
    /// The current sizes of the containers in the status.
    pub current: Vec<ContainerResources>,
    /// The confidence in the status.
    pub confidence_percent: Option<i32>,
    /// The risk in the status.
    pub risk: Option<RiskSummary>,
    /// The savings in the status.
    pub savings: Option<SavingsSummary>,
    /// The evidence in the status.
    pub evidence: Option<EvidenceSummary>,
    /// The conditions in the status.
    pub conditions: Vec<Condition>,
    /// The status's observed generation.
    pub observed_generation: Option<i64>,
    /// The honoured decision.
    pub honoured: Option<HonouredApproval>,
    /// The closed gates in the status.
    pub gates: Vec<ClosedGate>,
    /// The rollout, under way or ended; `None` if there was none.
    pub rollout: Option<RolloutStatus>,
    /// The realised savings; `None` if it was never in force.
    pub realised: Option<RealisedSavings>,
}

impl RecommendationRow {
    /// The row of `rec`; `None` for Recommendations of another type.
    pub fn of(rec: &Recommendation) -> Option<Self> {
        if rec.spec.kind != RecommendationType::RightSize {
            return None;
        }
        let (meta, spec, status) = (&rec.metadata, &rec.spec, rec.status.as_ref());
        let namespace = meta.namespace.clone()?;
        let target = &spec.target_ref;
        Some(Self {
            name: meta.name.clone().unwrap_or_default(),
            uid: meta.uid.clone().unwrap_or_default(),
            version: resource_version::number(meta.resource_version.as_deref()),
            generation: meta.generation.unwrap_or(0),
            terminating: meta.deletion_timestamp.is_some(),
            protected: meta.finalizers.iter().flatten().any(|f| f == FINALIZER),
            owned: meta.owner_references.as_ref().is_some_and(|owners| !owners.is_empty()),
            workload: WorkloadKind::of(&target.api_version, &target.kind)
                .map(|kind| WorkloadId::new(kind, namespace.as_str(), target.name.as_str())),
            target: target.clone(),
            policy: spec.policy_ref.as_ref().map(|p| p.name.clone()),
            proposal: spec.proposal.clone(),
            // Plain data always serialises to JSON; an empty digest would match no approval.
            digest: digest::of(&(target, &spec.proposal)).unwrap_or_default(),
            for_guard: spec.approval.is_some().then(|| Box::new(for_guard(rec))),
            shown_digest: status.and_then(|s| s.proposal_digest.clone()),
            approval: spec.approval.clone(),
            current: status.map(|s| s.current.clone()).unwrap_or_default(),
            confidence_percent: status.and_then(|s| s.confidence_percent),
            risk: status.and_then(|s| s.risk.as_ref()).map(RiskSummary::of),
            savings: status.and_then(|s| s.savings.as_ref()).map(SavingsSummary::of),
            evidence: status.and_then(|s| s.evidence.as_ref()).map(EvidenceSummary::of),
            conditions: status.map(|s| s.conditions.clone()).unwrap_or_default(),
            observed_generation: status.and_then(|s| s.observed_generation),
            honoured: status.and_then(|s| s.approval.clone()),
            gates: status.map(|s| s.gates.clone()).unwrap_or_default(),
            rollout: status.and_then(|s| s.rollout.clone()),
            realised: status.and_then(|s| s.realised_savings.clone()),
            namespace,
        })
    }

    /// Whether a rollout is under way.
    pub fn is_under_way(&self) -> bool {
        self.rollout.as_ref().is_some_and(RolloutStatus::is_under_way)
    }

    /// Whether a size from its last rollout, or from the one before it, is in force.
    pub fn is_in_force(&self) -> bool {
        self.rollout.as_ref().is_some_and(RolloutStatus::is_in_force)
    }

    /// Whether it is a policy's proposal whose figures are not written yet. They are being written now, along with its
    /// first conditions.
    pub fn is_unborn(&self) -> bool {
        self.policy.is_some() && self.shown_digest.as_deref() != Some(&self.digest)
    }

    /// The digest of what is being applied, or is in force. It may belong to an earlier proposal than the present one.
    pub fn applied_digest(&self) -> Option<&str> {
        let rollout = self.rollout.as_ref().filter(|r| r.is_under_way() || r.is_in_force())?;
        Some(&rollout.proposal_digest)
    }

    /// Whether it can make progress without a person.
    pub fn is_live(&self) -> bool {
        self.approval.is_some()
            || self.honoured.is_some()
            || self.rollout.is_some()
            || (self.terminating && self.protected)
    }

    /// The figures of its status; `None` if one of them is missing, as before the first status.
    pub fn figures(&self) -> Option<Figures<'_>> {
        let savings = self.savings.as_ref()?;
        Some(Figures {
            digest: self.shown_digest.as_deref()?,
            current: &self.current,
            confidence_percent: self.confidence_percent?,
            risk: self.risk.as_ref()?,
            monthly: savings.amount?,
            savings,
            evidence: self.evidence.as_ref()?,
        })
    }

    /// Its realised savings as amounts, which are parsed here; `None` if it was never in force.
    pub fn realised_amounts(&self) -> Option<RealisedAmounts> {
        let over = self.rollout.as_ref().is_some_and(RolloutStatus::is_over);
        RealisedAmounts::of(self.realised.as_ref()?, over)
    }
}

fn for_guard(rec: &Recommendation) -> Recommendation {
    let meta = &rec.metadata;
    // Only a rejection can be about an earlier proposal than the present one.
    let says_no = rec.spec.approval.as_ref().is_some_and(|a| a.decision == Decision::Rejected);
    Recommendation {
        metadata: ObjectMeta {
            name: meta.name.clone(),
            namespace: meta.namespace.clone(),
            uid: meta.uid.clone(),
            creation_timestamp: meta.creation_timestamp.clone(),
            managed_fields: meta.managed_fields.clone(),
            ..ObjectMeta::default()
        },
        spec: rec.spec.clone(),
        status: Some(RecommendationStatus {
            proposal_digest: rec.status.as_ref().and_then(|s| s.proposal_digest.clone()),
            approval: rec.status.as_ref().and_then(|s| s.approval.clone()),
            rollout: rec.status.as_ref().filter(|_| says_no).and_then(|s| s.rollout.clone()),
            ..RecommendationStatus::default()
        }),
    }
}

#[cfg(test)]
mod tests;
