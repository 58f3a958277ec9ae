//! The back-off after undos: of this Recommendation, of others of the workload, and on record. In: its digest, approval
//! and last rollout, what was decided elsewhere, and the time. Out: nothing, or why no change of the workload starts yet.
//! The machine asks before a start, and the command line before somebody approves.

use jiff::Timestamp;
use trimtab_api::{
    applied_sizes::UndoneChange,
    approval::HonouredApproval,
    rollout::{RolloutResult, RolloutStatus},
};

use crate::{
    elsewhere::{Past, place},
    gate::{Blocked, blocked},
    text::{after, cut_before},
    undone::is_lifted,
    view::View,
};

/// The gate.
pub const NAME: &str = "BackOff";

/// The reason while a person's rejection stands that undid this same proposal: a person's approval lifts it.
pub const REJECTED_BEFORE: &str = "RejectedBefore";

/// The first back-off after a rollback, in seconds.
const FIRST_S: i64 = 24 * 3600;

/// The longest back-off, in seconds.
const LONGEST_S: i64 = 30 * 24 * 3600;

/// Why the proposal with this `digest` does not start: this very proposal was undone, which is permanent unless a person
/// rejected it and a person's `approval` is later; or some change of the workload was, not long ago. Of several back-offs
/// the one that ends last counts. `last`: the last rollout of its Recommendation.
pub fn closed(
    digest: &str,
    approval: Option<&HonouredApproval>,
    last: Option<&RolloutStatus>,
    past: Past<'_>,
    now: Timestamp,
) -> Option<Blocked> {
    // Whatever this Recommendation did since.
    let same = past.undone().filter(|(_, undone)| undone.proposal_digest == digest);
    let stands = same.filter(|(_, undone)| !is_lifted(undone, approval));
    // What no approval lifts comes first.
    if let Some((on, undone)) = stands.min_by_key(|(_, undone)| undone.rejected.as_ref().map(|rejected| rejected.0)) {
        let what = format!("this same proposal was undone at {} ({}), {}", undone.ended.0, undone.message, place(on));
        return match undone.rejected {
            Some(_) => {
                blocked(REJECTED_BEFORE, cut_before(&what, "; only a person's approval after that applies it again"))
            }
            None => blocked("RolledBackBefore", cut_before(&what, "; another proposal can be applied")),
        };
    }
    let own = last.filter(|last| last.result == Some(RolloutResult::RolledBack)).map(|last| {
        let why = last.undo.as_ref().map_or("no reason is known", |u| u.message.as_str());
        let ended = last.ended.as_ref().unwrap_or(&last.stage_since).0;
        (end(last.rollbacks, ended), last.rollbacks, format!("undone ({why})"))
    });
    let others = past.undone().filter(|(_, undone)| is_of_the_row(last, undone)).map(|(on, undone)| {
        let what = format!("undone {} ({})", place(on), undone.message);
        (end(undone.rollbacks, undone.ended.0), undone.rollbacks, what)
    });
    let (end, rollbacks, undone) = own.into_iter().chain(others).max_by_key(|(end, ..)| *end)?;
    let message = || {
        let row = if rollbacks > 1 { format!(", {rollbacks} in a row") } else { String::new() };
        format!("the last change of this workload was {undone}{row}; another may start at {end}")
    };
    (now < end).then(message).and_then(|message| blocked("BackingOff", message))
}

/// How many changes of the workload were undone in a row before one that starts now.
pub(crate) fn in_a_row(view: &View) -> i32 {
    let last = view.rollout.as_ref();
    let own = last.map_or(0, |last| last.rollbacks);
    let others = view.past().last_undone().filter(|(_, undone)| is_of_the_row(last, undone));
    others.map(|(_, undone)| undone.rollbacks).fold(own, i32::max)
}

/// Whether `undone` counts beside the `last` rollout of this Recommendation: one that began later has counted it, and one
/// that was not undone ended the row.
fn is_of_the_row(last: Option<&RolloutStatus>, undone: &UndoneChange) -> bool {
    let Some(last) = last else { return true };
    if last.result == Some(RolloutResult::RolledBack) {
        return undone.ended.0 >= last.started.0;
    }
    last.ended.as_ref().is_none_or(|ended| undone.ended.0 > ended.0)
}

fn end(rollbacks: i32, ended: Timestamp) -> Timestamp {
    after(ended, seconds(u32::try_from(rollbacks.max(1)).unwrap_or(1)))
}

/// The back-off after so many rollbacks in a row, in seconds: a day, doubled by each further one, at most thirty days.
fn seconds(rollbacks: u32) -> i64 {
    match rollbacks {
        0 => 0,
        // Five doublings exceed the maximum.
        n => LONGEST_S.min(FIRST_S << (n - 1).min(5)),
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn back_off_doubles_to_thirty_days() {
        const DAY: i64 = 24 * 3600;
        let days = [0, 1, 2, 3, 5, 6, 1000, u32::MAX].map(|n| seconds(n) / DAY);
        assert_eq!(days, [0, 1, 2, 4, 16, 30, 30, 30]);
    }
}
