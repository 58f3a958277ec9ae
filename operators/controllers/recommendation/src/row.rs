//! What is kept in memory of each Recommendation to carry it out. In: the object. Out: a row without its evidence,
//! explanation and patch. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{ResourceExt, core::ObjectMeta};
use trimtab_api::{
    Recommendation, RecommendationStatus,
    approval::{Approval, Decision, HonouredApproval},
    gates::ClosedGate,
    names::FINALIZER,
    recommendation::RecommendationType,
    risk::RiskLevel,
    rollout::RolloutStatus,
    savings::RealisedSavings,
    target::TargetRef,
};
use trimtab_core::{WorkloadId, WorkloadKind, digest};

/// A Recommendation of type `RightSize`.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its version, the precondition of what is decided on this row.
    pub version: u64,
    /// Its generation.
    pub generation: i64,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Whether it has Trimtab's finalizer, so that a deletion waits.
    pub protected: bool,
    /// What it is about.
    pub target: TargetRef,
    /// The same as a key of the world; `None` where the kind is none that is sized.
    pub workload: Option<WorkloadId>,
    /// The policy that made it; `None` for what a person proposed.
    pub policy: Option<String>,
    /// What it proposes.
    pub proposal: trimtab_api::recommendation::Proposal,
    /// The digest of that, computed here and now: a status may be older than the proposal.
    pub digest: String,
    /// The digest that the status shows.
    pub shown_digest: Option<String>,
    /// What somebody decided.
    pub approval: Option<Approval>,
    /// As much of the object as it takes to see whether that was decided under the guard; only where somebody decided.
    pub evidence: Option<Box<Recommendation>>,
    /// The confidence that the status shows.
    pub confidence_percent: Option<i32>,
    /// The risk that it shows.
    pub risk: Option<RiskLevel>,
    /// The savings a month that it shows, their currency, and for how many pods.
    pub savings: Option<(String, String, i32)>,
    /// The conditions that it shows.
    pub conditions: Vec<Condition>,
    /// The generation that the status is about.
    pub observed_generation: Option<i64>,
    /// The decision that is honoured.
    pub honoured: Option<HonouredApproval>,
    /// Gates that were closed.
    pub gates: Vec<ClosedGate>,
    /// The rollout.
    pub rollout: Option<RolloutStatus>,
    /// What was really saved.
    pub realised: Option<RealisedSavings>,
}

impl Row {
    /// Whether a rollout is under way.
    pub fn is_under_way(&self) -> bool {
        self.rollout.as_ref().is_some_and(RolloutStatus::is_under_way)
    }

    /// Whether it is a policy's proposal whose figures are not written yet. They are being written at this moment, first
    /// conditions included.
    pub fn is_unborn(&self) -> bool {
        self.policy.is_some() && self.shown_digest.as_deref() != Some(&self.digest)
    }

    /// The digest of what is being carried out, or was and is in force. That may be a proposal before the present one.
    pub fn carried_digest(&self) -> Option<&str> {
        let rollout = self.rollout.as_ref().filter(|r| r.is_under_way() || r.is_in_force())?;
        Some(&rollout.proposal_digest)
    }

    /// Whether something about it may go on without a person.
    pub fn is_live(&self) -> bool {
        self.approval.is_some()
            || self.honoured.is_some()
            || self.rollout.is_some()
            || (self.terminating && self.protected)
    }
}

/// The row of `rec`; `None` for recommendations of another type.
pub fn row(rec: &Recommendation) -> Option<Row> {
    if rec.spec.kind != RecommendationType::RightSize {
        return None;
    }
    let namespace = rec.namespace()?;
    let (spec, status) = (&rec.spec, rec.status.as_ref());
    let target = &spec.target_ref;
    Some(Row {
        name: rec.name_any(),
        uid: rec.uid().unwrap_or_default(),
        version: version(rec.metadata.resource_version.as_deref()),
        generation: rec.metadata.generation.unwrap_or(0),
        terminating: rec.metadata.deletion_timestamp.is_some(),
        protected: rec.metadata.finalizers.iter().flatten().any(|f| f == FINALIZER),
        workload: WorkloadKind::of(&target.api_version, &target.kind)
            .map(|kind| WorkloadId::new(kind, namespace.as_str(), target.name.as_str())),
        target: target.clone(),
        policy: spec.policy_ref.as_ref().map(|p| p.name.clone()),
        proposal: spec.proposal.clone(),
        // Plain data can always be written as JSON; an empty digest would match no approval.
        digest: digest::of(&(target, &spec.proposal)).unwrap_or_default(),
        evidence: spec.approval.is_some().then(|| Box::new(evidence(rec))),
        shown_digest: status.and_then(|s| s.proposal_digest.clone()),
        approval: spec.approval.clone(),
        confidence_percent: status.and_then(|s| s.confidence_percent),
        risk: status.and_then(|s| s.risk.as_ref()).map(|r| r.level),
        savings: status.and_then(|s| s.savings.as_ref()).map(|s| (s.monthly.clone(), s.currency.0.clone(), s.pods)),
        conditions: status.map(|s| s.conditions.clone()).unwrap_or_default(),
        observed_generation: status.and_then(|s| s.observed_generation),
        honoured: status.and_then(|s| s.approval.clone()),
        gates: status.map(|s| s.gates.clone()).unwrap_or_default(),
        rollout: status.and_then(|s| s.rollout.clone()),
        realised: status.and_then(|s| s.realised_savings.clone()),
        namespace,
    })
}

/// A `resourceVersion` as a number; 0 where it is none, which no API server of Kubernetes gives.
pub fn version(text: Option<&str>) -> u64 {
    text.and_then(|v| v.parse().ok()).unwrap_or(0)
}

fn evidence(rec: &Recommendation) -> Recommendation {
    let meta = &rec.metadata;
    // Only a no can be about an earlier proposal than the present one.
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
