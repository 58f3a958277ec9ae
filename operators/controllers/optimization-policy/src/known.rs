//! What is kept in memory of each Recommendation: enough to see whether it still says the right thing.
//!
//! In: the object as the API server holds it. Out: a compact row; evidence, explanation and patch are left out, which are
//! nine tenths of it. Pure.

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
    /// The workload that it is about; `None` where that is none of the kinds that are sized.
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
    /// The policy that made it; `None` for what a person proposed.
    pub policy: Option<String>,
    /// The target as it is written.
    pub target: TargetRef,
    /// What it proposes.
    pub proposal: Proposal,
    /// Who agreed to it.
    pub approval: Option<Approval>,
    /// What its status says; `None` where no status was written yet.
    pub figures: Option<Figures>,
    /// The risk that its status shows, of what a person proposed.
    pub assessed: Option<Assessed>,
    /// Its conditions.
    pub conditions: Vec<Condition>,
    /// How far it was carried out.
    pub carried_out: CarriedOut,
    /// Whether a size is in force that it brought, of this proposal or one before.
    pub in_force: bool,
    /// How many changes of the workload were undone in a row, the last of them being the last that was made.
    pub undone: u32,
    /// Its last rollout; `None` where there was none.
    pub attempt: Option<Attempt>,
    /// What it really saved; `None` where it was never in force.
    pub realised: Option<Realised>,
}

/// How far a Recommendation was carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CarriedOut {
    /// Nothing was done about the proposal as it stands.
    #[default]
    No,
    /// A rollout is under way, forth or back: its proposal must not change under it.
    UnderWay,
    /// The proposal as it stands is in force.
    Applied,
    /// It was tried and undone, or came to nothing.
    GivenUp,
}

/// What a change really saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realised {
    /// A month, as things are now: nothing once it was rolled back.
    pub monthly: Money,
    /// Since it came in force.
    pub total: Money,
    /// The currency of both.
    pub currency: String,
}

/// The figures of a status by which a change is judged to be worth writing.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// The generation that the status is about.
    pub observed_generation: Option<i64>,
    /// The digest of its proposal.
    pub digest: String,
    /// What the containers have.
    pub current: Vec<ContainerResources>,
    /// How sure it is.
    pub confidence_percent: i32,
    /// How risky.
    pub risk: RiskLevel,
    /// Reasons of the risk factors.
    pub risk_reasons: Vec<String>,
    /// What it saves a month.
    pub monthly: Money,
    /// The currency.
    pub currency: String,
    /// Whether a price is an estimate.
    pub estimated: bool,
    /// The version of the decision.
    pub algorithm: String,
    /// The oldest and the newest sample of its evidence, in seconds since the epoch.
    pub samples_s: (i64, i64),
}

/// The risk of a person's proposal as it was written last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// The highest level.
    pub level: RiskLevel,
    /// Reasons of the factors.
    pub reasons: Vec<String>,
    /// The digest of the proposal that it is about.
    pub digest: Option<String>,
}

impl Assessed {
    /// What is kept of `risk`.
    pub fn of(risk: &Risk) -> Self {
        let reasons = risk.factors.iter().map(|f| f.reason.clone()).collect();
        Self { level: risk.level, reasons, digest: risk.proposal_digest.clone() }
    }
}

/// The row of `rec`; `None` for recommendations of another type.
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
    // What was rolled back goes on saving nothing, whatever the figure of its time was.
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
