//! The life of a Recommendation: when it is created, changed, kept and withdrawn.
//!
//! In: what a decision came to and what the cluster holds. Out: one [`Change`]. Pure.
//!
//! - A proposal that differs by little keeps its former numbers (see [`sticky`]), so its digest and with it an approval
//!   stay valid, and a name that is watched by people does not flicker.
//! - A status is written when a figure that people act on moved, and when its evidence is a day older than what is known by
//!   now; not whenever a sample arrived.
//! - A proposal that is being carried out does not change, and one that was carried out stays as the record of it.
//! - Doubt withdraws nothing: while usage cannot be read, is stale or is lost, a recommendation stays as it is.

use crate::{
    amount,
    known::{CarriedOut, Figures, Known},
    namespace::Room,
    outcome::{Draft, Outcome},
    sized::SizedContainer,
};
use trimtab_api::{quantity::Quantity, recommendation::Proposal};
use trimtab_core::quantity::is_close;
use trimtab_pricing::Money;

/// How much confidence must move to be written again, in points.
const CONFIDENCE_POINTS: i32 = 10;
/// How much savings must move to be written again, in percent.
const SAVINGS_PERCENT: u64 = 20;
/// How much savings must move at least, whatever share that is: one unit of the currency.
const SAVINGS_LEAST: Money = Money::from_nanos(1_000_000_000);

/// How much of the past must have been added to it, at either end, before evidence is written again, in seconds.
const EVIDENCE_SECONDS: i64 = 86_400;

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
        // Nothing changes under a rollout; what it leads to is looked at when it has ended.
        (_, Some(known)) if known.carried_out == CarriedOut::UnderWay => Change::Keep,
        // What is in force needs something to undo it by, also where something else is proposed by now, or where the workload is none
        // of its policy's business any more.
        (Outcome::RightSized | Outcome::Skip(_), Some(known)) if known.in_force => Change::Keep,
        (Outcome::Recommend(_), None) => Change::Propose,
        (Outcome::Recommend(draft), Some(known)) => {
            if known.policy.as_deref() != Some(policy)
                || known.proposal != draft.proposal
                || known.target.uid.as_deref() != Some(draft.uid.as_str())
            {
                Change::Propose
            } else if known.figures.as_ref().is_none_or(|figures| moved(figures, draft)) {
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

/// Whether a figure that people act on moved.
fn moved(before: &Figures, draft: &Draft) -> bool {
    let monthly = Money::parse_signed(&draft.savings.monthly).unwrap_or_default();
    let drift = monthly.checked_sub(before.monthly).unwrap_or_default().abs();
    let much = before.monthly.abs().checked_mul_div(SAVINGS_PERCENT, 100).unwrap_or_default();
    before.digest != draft.digest
        || before.current != draft.current
        || (before.confidence_percent - draft.confidence_percent).abs() >= CONFIDENCE_POINTS
        || before.risk != draft.risk.level
        || !before.risk_reasons.iter().eq(draft.risk.factors.iter().map(|f| &f.reason))
        || (drift >= SAVINGS_LEAST && drift > much)
        || before.currency != draft.savings.currency.0
        || before.estimated != draft.savings.estimated
        || before.algorithm != draft.evidence.algorithm
        || has_grown(before.samples_s, draft)
}

/// Whether the history is notably longer than the one that the evidence was written from. That its oldest days fall out of the
/// window is no reason to write.
fn has_grown((from_s, to_s): (i64, i64), draft: &Draft) -> bool {
    let evidence = &draft.evidence;
    evidence.to.0.as_second() - to_s >= EVIDENCE_SECONDS || from_s - evidence.from.0.as_second() >= EVIDENCE_SECONDS
}

/// Puts the numbers of the former proposal in the place of new ones that are close to them. More is followed sooner than
/// less, because too little hurts and too much only costs. What stays as it is stays, and what the `room` of today does not
/// admit is not held.
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

/// Request and limit of one resource. They are held together or not at all, so that the pair stays consistent.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pair(Option<i64>, Option<i64>);

impl Pair {
    /// Whether this former pair may stand for `new`, for a container that has `now`.
    fn is_close_to(self, new: Self, now: Self) -> bool {
        // A limit that stays must stay at what it is today, whatever it was when the former proposal was made; unless the
        // former request needs more than that, and its limit was only raised to let it.
        let needed = self.0.zip(now.1).is_some_and(|(request, limit)| request > limit);
        let limit = if new.1 == now.1 && !needed { self.1 == now.1 } else { close(self.1, new.1) };
        // What asked for no more than there is holds nothing: else one raise that does not fit would hide another that does.
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
