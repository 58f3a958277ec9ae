//! The life of a Recommendation: when it is created, changed, kept and withdrawn.
//!
//! In: what a decision came to and what the cluster holds. Out: one [`Change`]. Pure.
//!
//! - A proposal that differs by little keeps its former numbers (see [`sticky`]), so its digest and with it an approval
//!   stay valid, and a name that is watched by people does not flicker.
//! - A status is written when a figure that people act on moved, not whenever a sample arrived.
//! - Doubt withdraws nothing: while usage cannot be read or is stale, a recommendation stays as it is.

use crate::{
    amount,
    known::{Figures, Known, cents},
    outcome::{Draft, Outcome, Skip},
    sized::SizedContainer,
};
use trimtab_api::{quantity::Quantity, recommendation::Proposal};

/// How much more than proposed must be needed before the proposal changes, in percent.
const MORE_PERCENT: i64 = 5;
/// How much less than proposed must be needed before the proposal changes, in percent.
const LESS_PERCENT: i64 = 10;
/// How much confidence must move to be written again, in points.
const CONFIDENCE_POINTS: i32 = 10;
/// How much savings must move to be written again, in percent.
const SAVINGS_PERCENT: i64 = 20;

/// What is to be done about one workload's Recommendation.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Write spec and status: it is new, or proposes something else now.
    Propose,
    /// Write the status: the proposal stays, a figure moved.
    Restate,
    /// It no longer holds: delete it.
    Withdraw(&'static str),
    /// Nothing is to be written.
    Keep,
}

/// What is to be done about the recommendation `known` (none: there is none) of a workload that `policy` decided on.
pub fn change(policy: &str, outcome: &Outcome, known: Option<&Known>) -> Change {
    match (outcome, known) {
        (_, Some(known)) if known.terminating || known.policy.is_none() => Change::Keep,
        (Outcome::Recommend(_), None) => Change::Propose,
        (Outcome::Recommend(draft), Some(known)) => {
            if known.policy.as_deref() != Some(policy)
                || known.proposal != draft.proposal
                || known.target.uid.as_deref() != Some(draft.uid.as_str())
            {
                Change::Propose
            } else if known.figures.as_ref().is_none_or(|figures| moved(figures, draft, known.generation)) {
                Change::Restate
            } else {
                Change::Keep
            }
        }
        (Outcome::Skip(Skip::MetricsUnavailable | Skip::StaleMetrics | Skip::PriceUnknown), _) => Change::Keep,
        (Outcome::RightSized, Some(_)) => Change::Withdraw("RightSized"),
        (Outcome::Skip(skip), Some(_)) => Change::Withdraw(skip.reason()),
        (Outcome::RightSized | Outcome::Skip(_), None) => Change::Keep,
    }
}

/// Whether a figure that people act on moved.
fn moved(before: &Figures, draft: &Draft, generation: i64) -> bool {
    let monthly = cents(&draft.savings.monthly).unwrap_or(0);
    let drift = (monthly - before.monthly_cents).abs();
    before.observed_generation.is_none_or(|observed| observed < generation)
        || before.digest != draft.digest
        || before.current != draft.current
        || (before.confidence_percent - draft.confidence_percent).abs() >= CONFIDENCE_POINTS
        || before.risk != draft.risk.level
        || !before.risk_reasons.iter().eq(draft.risk.factors.iter().map(|f| &f.reason))
        || (drift >= 100 && drift * 100 > SAVINGS_PERCENT * before.monthly_cents.abs())
        || before.currency != draft.savings.currency.0
        || before.estimated != draft.savings.estimated
        || before.algorithm != draft.evidence.algorithm
}

/// Puts the numbers of the former proposal in the place of new ones that are close to them. More is followed sooner than
/// less, because too little hurts and too much only costs.
pub fn sticky(former: Option<&Proposal>, c: &mut SizedContainer) {
    let Some(before) = former.and_then(|p| p.containers.iter().find(|b| b.name == *c.name)) else { return };
    let cpu = |q: &Option<Quantity>| q.as_ref().and_then(|q| amount::millicores(&q.0));
    let memory = |q: &Option<Quantity>| q.as_ref().and_then(|q| amount::bytes(&q.0));
    let (requests, limits) = (&before.requests, &before.limits);
    hold(cpu(&requests.cpu), &mut c.to.cpu_request, cpu(&limits.cpu), &mut c.to.cpu_limit);
    hold(memory(&requests.memory), &mut c.to.memory_request, memory(&limits.memory), &mut c.to.memory_limit);
}

/// Keeps a pair of request and limit if both are close to what they were, so that the pair stays consistent.
fn hold(request: Option<i64>, new_request: &mut Option<i64>, limit: Option<i64>, new_limit: &mut Option<i64>) {
    if close(request, *new_request) && close(limit, *new_limit) {
        (*new_request, *new_limit) = (request, limit);
    }
}

fn close(before: Option<i64>, new: Option<i64>) -> bool {
    match (before, new) {
        (Some(before), Some(new)) => {
            let change = new - before;
            change * 100 <= MORE_PERCENT * before && -change * 100 <= LESS_PERCENT * before
        }
        (before, new) => before == new,
    }
}
