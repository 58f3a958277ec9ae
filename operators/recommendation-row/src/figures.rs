//! The figures of a status, as far as they are kept in memory.
//!
//! In: the parts of a status. Out: their short forms, with amounts of money parsed. Pure.

use trimtab_api::{
    evidence::Evidence,
    resources::ContainerResources,
    risk::{Risk, RiskLevel},
    savings::{RealisedSavings, Savings},
};
use trimtab_pricing::Money;

/// A risk without its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskSummary {
    /// The highest level.
    pub level: RiskLevel,
    /// Reasons of the factors.
    pub reasons: Vec<String>,
    /// The digest of the proposal that it rates, on what a person proposed.
    pub digest: Option<String>,
}

impl RiskSummary {
    /// The parts of `risk` that are kept.
    pub fn of(risk: &Risk) -> Self {
        let reasons = risk.factors.iter().map(|f| f.reason.clone()).collect();
        Self { level: risk.level, reasons, digest: risk.proposal_digest.clone() }
    }
}

/// Proposed savings without the source of the prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavingsSummary {
    /// Per month, as written.
    pub monthly: String,
    /// The same as an amount; `None` if the text is none.
    pub amount: Option<Money>,
    /// The currency.
    pub currency: String,
    /// Whether a price is an estimate.
    pub estimated: bool,
    /// The number of pods that it is for.
    pub pods: i32,
}

impl SavingsSummary {
    /// The parts of `savings` that are kept.
    pub fn of(savings: &Savings) -> Self {
        Self {
            monthly: savings.monthly.clone(),
            amount: Money::parse_signed(&savings.monthly).ok(),
            currency: savings.currency.0.clone(),
            estimated: savings.estimated,
            pods: savings.pods,
        }
    }
}

/// Which evidence a proposal is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceSummary {
    /// The version of the algorithm.
    pub algorithm: String,
    /// The oldest and the newest sample, in seconds since the epoch.
    pub samples_s: (i64, i64),
}

impl EvidenceSummary {
    /// The parts of `evidence` that are kept.
    pub fn of(evidence: &Evidence) -> Self {
        let samples_s = (evidence.from.0.as_second(), evidence.to.0.as_second());
        Self { algorithm: evidence.algorithm.clone(), samples_s }
    }
}

/// The figures of a status with which a policy's proposal is complete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures<'a> {
    /// The digest of the proposal that they are about.
    pub digest: &'a str,
    /// The current sizes of the containers.
    pub current: &'a [ContainerResources],
    /// The confidence.
    pub confidence_percent: i32,
    /// The risk.
    pub risk: &'a RiskSummary,
    /// The savings.
    pub savings: &'a SavingsSummary,
    /// The monthly savings as an amount.
    pub monthly: Money,
    /// The evidence.
    pub evidence: &'a EvidenceSummary,
}

/// Realised savings as amounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealisedAmounts {
    /// Per month, at present: zero once the change was rolled back or its workload is gone.
    pub monthly: Money,
    /// Since it came into force.
    pub total: Money,
    /// The currency of both.
    pub currency: String,
}

impl RealisedAmounts {
    /// The amounts of `realised`, of a change that is `over` or not; `None` if a text is no amount.
    pub fn of(realised: &RealisedSavings, over: bool) -> Option<Self> {
        Some(Self {
            monthly: if over { Money::ZERO } else { Money::parse_signed(&realised.monthly).ok()? },
            total: Money::parse_signed(&realised.total).ok()?,
            currency: realised.currency.0.clone(),
        })
    }
}
