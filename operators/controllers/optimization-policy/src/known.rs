//! What is kept in memory of each Recommendation: enough to see whether it still holds.
//!
//! In: the object as the API server stores it. Out: a compact row; evidence, explanation and patch are left out, which
//! are nine tenths of it. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use trimtab_api::{
    Recommendation, RecommendationStatus,
    approval::Approval,
    recommendation::Proposal,
    resources::ContainerResources,
    risk::{Risk, RiskLevel},
    rollout::{RolloutResult, RolloutStatus, Stage},
    target::TargetRef,
};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_pricing::Money;

use crate::attempt::Attempt;

/// A Recommendation of type `RightSize` as far as this controller is concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its target; `None` if its kind is not sized.
    pub workload: Option<WorkloadId>,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its generation.
    pub generation: i64,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// The policy that made it; `None` if a person proposed it.
    pub policy: Option<String>,
    /// The target as written.
    pub target: TargetRef,
    /// What it proposes.
    pub proposal: Proposal,
    /// The decision in its spec.
    pub approval: Option<Approval>,
    /// The figures of its status; `None` if no status was written yet.
    pub figures: Option<Figures>,
    /// The risk in the status of a person's proposal.
    pub assessed: Option<Assessed>,
    /// Its conditions.
    pub conditions: Vec<Condition>,
    /// How far it was applied.
    pub carried_out: CarriedOut,
    /// Whether a size from this proposal or an earlier one is in force.
    pub in_force: bool,
    /// How many of the workload's latest changes in a row were undone.
    pub undone: u32,
    /// Its last rollout; `None` if there was none.
    pub attempt: Option<Attempt>,
    /// Its realised savings; `None` if it was never in force.
    pub realised: Option<Realised>,
}

/// How far a Recommendation was applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CarriedOut {
    /// Nothing was done about the present proposal.
    #[default]
    No,
    /// A rollout is under way, forwards or as an undo: its proposal must not change meanwhile.
    UnderWay,
    /// The present proposal is in force.
    Applied,
    /// It was tried and undone, or had no effect.
    GivenUp,
}

/// Realised savings of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realised {
    /// Per month, at present: zero once it was rolled back.
    pub monthly: Money,
    /// Since it came into force.
    pub total: Money,
    /// The currency of both.
    pub currency: String,
}

/// The figures of a status that determine whether a change is worth writing.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// The observed generation of the status.
    pub observed_generation: Option<i64>,
    /// The digest of its proposal.
    pub digest: String,
    /// The current sizes of the containers.
    pub current: Vec<ContainerResources>,
    /// Its confidence.
    pub confidence_percent: i32,
    /// Its risk.
    pub risk: RiskLevel,
    /// Reasons of the risk factors.
    pub risk_reasons: Vec<String>,
    /// Its monthly savings.
    pub monthly: Money,
    /// The currency.
    pub currency: String,
    /// Whether a price is an estimate.
    pub estimated: bool,
    /// The version of the algorithm.
    pub algorithm: String,
    /// The oldest and the newest sample of its evidence, in seconds since the epoch.
    pub samples_s: (i64, i64),
}

/// The risk of a person's proposal as last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// The highest level.
    pub level: RiskLevel,
    /// Reasons of the factors.
    pub reasons: Vec<String>,
    /// The digest of the proposal that it rates.
    pub digest: Option<String>,
}

impl Assessed {
    /// The parts of `risk` that are kept.
    pub fn of(risk: &Risk) -> Self {
        let reasons = risk.factors.iter().map(|f| f.reason.clone()).collect();
        Self { level: risk.level, reasons, digest: risk.proposal_digest.clone() }
    }
}

/// The row of `rec`; `None` for Recommendations of another type.
pub fn known(rec: &Recommendation) -> Option<Known> {
    if rec.spec.kind != trimtab_api::recommendation::RecommendationType::RightSize {
        return None;
    }
    let namespace = rec.namespace()?;
    let target = &rec.spec.target_ref;
    let workload = WorkloadKind::of(&target.api_version, &target.kind)
        .map(|kind| WorkloadId::new(kind, namespace.as_str(), target.name.as_str()));
    let status = rec.status.as_ref();
    let figures = status.and_then(|s| {
        let savings = s.savings.as_ref()?;
        let risk = s.risk.as_ref()?;
        let evidence = s.evidence.as_ref()?;
        Some(Figures {
            observed_generation: s.observed_generation,
            digest: s.proposal_digest.clone()?,
            current: s.current.clone(),
            confidence_percent: s.confidence_percent?,
            risk: risk.level,
            risk_reasons: risk.factors.iter().map(|f| f.reason.clone()).collect(),
            monthly: Money::parse_signed(&savings.monthly).ok()?,
            currency: savings.currency.0.clone(),
            estimated: savings.estimated,
            algorithm: evidence.algorithm.clone(),
            samples_s: (evidence.from.0.as_second(), evidence.to.0.as_second()),
        })
    });
    Some(Known {
        workload,
        name: rec.name_any(),
        uid: rec.uid().unwrap_or_default(),
        generation: rec.metadata.generation.unwrap_or(0),
        terminating: rec.metadata.deletion_timestamp.is_some(),
        policy: rec.spec.policy_ref.as_ref().map(|p| p.name.clone()),
        target: target.clone(),
        proposal: rec.spec.proposal.clone(),
        approval: rec.spec.approval.clone(),
        figures,
        assessed: status.filter(|_| rec.spec.policy_ref.is_none()).and_then(|s| s.risk.as_ref()).map(Assessed::of),
        conditions: status.map(|s| s.conditions.clone()).unwrap_or_default(),
        carried_out: carried_out(status),
        in_force: status.and_then(|s| s.rollout.as_ref()).is_some_and(RolloutStatus::is_in_force),
        undone: undone(status),
        attempt: status.and_then(Attempt::of),
        realised: status.and_then(realised),
        namespace,
    })
}

fn carried_out(status: Option<&RecommendationStatus>) -> CarriedOut {
    let Some((status, rollout)) = status.and_then(|s| Some((s, s.rollout.as_ref()?))) else { return CarriedOut::No };
    match rollout.result {
        _ if rollout.stage != Stage::Ended => CarriedOut::UnderWay,
        _ if status.proposal_digest.as_deref() != Some(rollout.proposal_digest.as_str()) => CarriedOut::No,
        Some(RolloutResult::Applied) => CarriedOut::Applied,
        _ => CarriedOut::GivenUp,
    }
}

fn undone(status: Option<&RecommendationStatus>) -> u32 {
    let last = status.and_then(|s| s.rollout.as_ref()).filter(|r| r.result == Some(RolloutResult::RolledBack));
    last.map_or(0, |r| u32::try_from(r.rollbacks).unwrap_or(0).max(1))
}

fn realised(status: &RecommendationStatus) -> Option<Realised> {
    let shown = status.realised_savings.as_ref()?;
    // A change that was rolled back saves nothing any more, whatever its last figure was.
    let undone = status.rollout.as_ref().is_some_and(|r| r.result == Some(RolloutResult::RolledBack));
    Some(Realised {
        monthly: if undone { Money::ZERO } else { Money::parse_signed(&shown.monthly).ok()? },
        total: Money::parse_signed(&shown.total).ok()?,
        currency: shown.currency.0.clone(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_undone_saves_nothing_from_then_on() {
        let rollout = |stage: &str, result: Option<&str>| {
            json!({"proposalDigest": "sha256:1", "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "u", "template": "1", "stage": stage,
                "step": 1, "steps": 1, "progress": "1/1", "started": "2026-01-01T00:00:00Z", "delivery": "Manual",
                "stageSince": "2026-01-01T00:00:00Z", "former": [], "desired": [], "result": result,
                "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}})
        };
        let saved = |rollout: serde_json::Value| {
            let status = json!({"rollout": rollout, "realisedSavings": {"monthly": "11.5", "total": "0.4212",
                "currency": "USD", "pods": 1, "since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}});
            let saved = realised(&serde_json::from_value(status).unwrap()).unwrap();
            (saved.monthly.fixed(2), saved.total.fixed(4), saved.currency)
        };
        let of = |monthly: &str| (monthly.to_owned(), "0.4212".to_owned(), "USD".to_owned());
        assert_eq!(saved(rollout("Ended", Some("Applied"))), of("11.50"));
        assert_eq!(saved(rollout("Ended", Some("RolledBack"))), of("0.00"));
        assert_eq!(realised(&RecommendationStatus::default()), None);
    }
}
