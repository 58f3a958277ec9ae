//! The life of a Recommendation: when it is created, changed, kept and withdrawn.
//!
//! In: the outcome of a decision and the present state of the cluster. Out: one [`Change`]. Pure.
//!
//! - A proposal that differs by little keeps its former numbers (see [`sticky`]), so its digest and with it an approval
//!   stay valid, and a name that is watched by people does not flicker.
//! - A status is written when a figure on which people act changed, and when its evidence is a day older than what is
//!   known now; not whenever a sample arrived.
//! - A proposal does not change during its rollout, and one that was applied stays as its record.
//! - Doubt withdraws nothing: while usage cannot be read, is stale or is lost, a Recommendation stays unchanged.

use crate::{
    amount,
    namespace::Room,
    outcome::{Draft, Outcome},
    sized::SizedContainer,
};
use trimtab_api::{quantity::Quantity, recommendation::Proposal};
use trimtab_core::quantity::is_close;
use trimtab_pricing::Money;
use trimtab_recommendation_row::{Figures, RecommendationRow};

/// Minimum change of confidence that is written, in points.
const CONFIDENCE_POINTS: i32 = 10;
/// Minimum change of savings that is written, in percent.
const SAVINGS_PERCENT: u64 = 20;
/// Minimum absolute change of savings: one unit of the currency.
const SAVINGS_LEAST: Money = Money::from_nanos(1_000_000_000);

/// How much history must have been added, at either end, before evidence is rewritten, in seconds.
const EVIDENCE_SECONDS: i64 = 86_400;

/// The change of one workload's Recommendation.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Write spec and status: it is new, or its proposal changed.
    Propose,
    /// Write the status: the proposal stays, a figure changed.
    Restate,
    /// It no longer holds: delete it.
    Withdraw(&'static str),
    /// Write nothing.
    Keep,
}

/// The change of the Recommendation in `row` (`None`: there is none) of a workload on which `policy` decided.
pub fn change(policy: &str, outcome: &Outcome, row: Option<&RecommendationRow>) -> Change {
    match (outcome, row) {
        (_, Some(row)) if row.terminating || row.policy.is_none() => Change::Keep,
        // Nothing changes during a rollout; its result is evaluated when it has ended.
        (_, Some(row)) if row.is_under_way() => Change::Keep,
        // A size in force needs an object by which it can be undone, even if the proposal has changed, or the policy no
        // longer applies to the workload.
        (Outcome::RightSized | Outcome::Skip(_), Some(row)) if row.is_in_force() => Change::Keep,
        (Outcome::Recommend(_), None) => Change::Propose,
        (Outcome::Recommend(draft), Some(row)) => {
            if row.policy.as_deref() != Some(policy)
                || row.proposal != draft.proposal
                || row.target.uid.as_deref() != Some(draft.uid.as_str())
            {
                Change::Propose
            } else if row.figures().is_none_or(|figures| moved(&figures, draft)) {
                Change::Restate
            } else {
                Change::Keep
            }
        }
        (Outcome::Skip(skip), _) if skip.is_doubt() => Change::Keep,
        (Outcome::RightSized, Some(_)) => Change::Withdraw("RightSized"),
        (Outcome::Skip(skip), Some(_)) => Change::Withdraw(skip.reason()),
        (Outcome::RightSized | Outcome::Skip(_), None) => Change::Keep,
    }
}

/// Whether a figure on which people act changed.
fn moved(before: &Figures<'_>, draft: &Draft) -> bool {
    let monthly = Money::parse_signed(&draft.savings.monthly).unwrap_or_default();
    let drift = monthly.checked_sub(before.monthly).unwrap_or_default().abs();
    let much = before.monthly.abs().checked_mul_div(SAVINGS_PERCENT, 100).unwrap_or_default();
    before.digest != draft.digest
        || before.current != draft.current
        || (before.confidence_percent - draft.confidence_percent).abs() >= CONFIDENCE_POINTS
        || before.risk.level != draft.risk.level
        || !before.risk.reasons.iter().eq(draft.risk.factors.iter().map(|f| &f.reason))
        || (drift >= SAVINGS_LEAST && drift > much)
        || before.savings.currency != draft.savings.currency.0
        || before.savings.estimated != draft.savings.estimated
        || before.evidence.algorithm != draft.evidence.algorithm
        || has_grown(before.evidence.samples_s, draft)
}

/// Whether the history is notably longer than the one behind the written evidence. That its oldest days drop out of the
/// window is no reason to write.
fn has_grown((from_s, to_s): (i64, i64), draft: &Draft) -> bool {
    let evidence = &draft.evidence;
    evidence.to.0.as_second() - to_s >= EVIDENCE_SECONDS || from_s - evidence.from.0.as_second() >= EVIDENCE_SECONDS
}

/// Replaces new numbers by those of the former proposal if they are close. Increases are followed sooner than
/// decreases, because too little hurts and too much only costs. Unchanged resources stay unchanged, and former numbers
/// that today's `room` does not admit are dropped.
pub fn sticky(former: Option<&Proposal>, room: &Room, c: &mut SizedContainer) {
    let Some(before) = former.and_then(|p| p.containers.iter().find(|b| b.name == *c.name)) else { return };
    let cpu = |q: &Option<Quantity>| q.as_ref().and_then(|q| amount::millicores(&q.0));
    let memory = |q: &Option<Quantity>| q.as_ref().and_then(|q| amount::bytes(&q.0));
    let (requests, limits) = (&before.requests, &before.limits);
    let (from, to) = (c.from, &mut c.to);

    let held = Pair(cpu(&requests.cpu), cpu(&limits.cpu));
    let (now, new) = (Pair(from.cpu_request, from.cpu_limit), Pair(to.cpu_request, to.cpu_limit));
    if room.admits_cpu(from.cpu_request, held.0, held.1) && held.is_close_to(new, now) {
        (to.cpu_request, to.cpu_limit) = (held.0, held.1);
    }
    let held = Pair(memory(&requests.memory), memory(&limits.memory));
    let (now, new) = (Pair(from.memory_request, from.memory_limit), Pair(to.memory_request, to.memory_limit));
    if room.admits_memory(from.memory_request, held.0, held.1) && held.is_close_to(new, now) {
        (to.memory_request, to.memory_limit) = (held.0, held.1);
    }
}

/// Request and limit of one resource. They are kept together or not at all, so that the pair stays consistent.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pair(Option<i64>, Option<i64>);

impl Pair {
    /// Whether this former pair may replace `new`, for a container that has `now`.
    fn is_close_to(self, new: Self, now: Self) -> bool {
        // A limit that stays must equal today's, whatever it was when the former proposal was made, unless the former
        // request exceeds that and its limit was raised only to allow it.
        let needed = self.0.zip(now.1).is_some_and(|(request, limit)| request > limit);
        let limit = if new.1 == now.1 && !needed { self.1 == now.1 } else { close(self.1, new.1) };
        // A former pair equal to the present size keeps nothing: else one raise that does not fit would hide another
        // that does.
        new != now && self != now && close(self.0, new.0) && limit
    }
}

fn close(before: Option<i64>, new: Option<i64>) -> bool {
    match (before, new) {
        (Some(before), Some(new)) => match (u64::try_from(before), u64::try_from(new)) {
            (Ok(before), Ok(new)) => is_close(before, new),
            _ => before == new,
        },
        (before, new) => before == new,
    }
}

#[cfg(test)]
mod tests;
