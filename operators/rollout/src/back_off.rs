//! The back-off after undos: on this Recommendation, on others of the workload, and on record. In: a view and the time.
//! Out: nothing, or why no change of the workload starts yet.

use jiff::Timestamp;
use trimtab_api::{applied_sizes::UndoneChange, rollout::RolloutResult};

use crate::{
    elsewhere::place,
    gate::{Blocked, blocked},
    text::{after, cut_before},
    undone::{WHAT_APPLIES_AGAIN, is_lifted},
    view::View,
};

/// The first back-off after a rollback, in seconds.
const FIRST_S: i64 = 24 * 3600;

/// The longest back-off, in seconds.
const LONGEST_S: i64 = 30 * 24 * 3600;

/// Why nothing starts: this very proposal was undone, which is permanent unless a person rejected it and a person approves
/// it again; or some change of the workload was, not long ago. Of several back-offs the one that ends last counts.
pub(crate) fn closed(view: &View, now: Timestamp) -> Option<Blocked> {
    // Whatever this Recommendation did since.
    let same = view.past().undone().filter(|(_, undone)| undone.proposal_digest == view.digest);
    let stands = same.filter(|(_, undone)| !is_lifted(undone, view.approval.as_ref()));
    // What no approval lifts comes first.
    if let Some((on, undone)) = stands.min_by_key(|(_, undone)| undone.rejected.as_ref().map(|rejected| rejected.0)) {
        return blocked("RolledBackBefore", undone_before(on, undone));
    }
    let last = view.rollout.as_ref().filter(|last| last.result == Some(RolloutResult::RolledBack));
    let own = last.map(|last| {
        let why = last.undo.as_ref().map_or("no reason is known", |u| u.message.as_str());
        let ended = last.ended.as_ref().unwrap_or(&last.stage_since).0;
        (end(last.rollbacks, ended), last.rollbacks, format!("undone ({why})"))
    });
    let others = view.past().undone().filter(|(_, undone)| is_of_the_row(view, undone)).map(|(on, undone)| {
        let what = format!("undone {} ({})", place(on), undone.message);
        (end(undone.rollbacks, undone.ended.0), undone.rollbacks, what)
    });
    let (end, rollbacks, undone) = own.into_iter().chain(others).max_by_key(|(end, ..)| *end)?;
    let message = || {
        let rollbacks = rollbacks.max(1);
        format!("the last change of this workload was {undone}, {rollbacks} in a row; another may start at {end}")
    };
    (now < end).then(message).and_then(|message| blocked("BackingOff", message))
}

fn undone_before(on: Option<&str>, undone: &UndoneChange) -> String {
    let opens = if undone.rejected.is_some() { WHAT_APPLIES_AGAIN } else { "another proposal can be applied" };
    let what = format!("this same proposal was undone at {} ({}), {}", undone.ended.0, undone.message, place(on));
    cut_before(&what, &format!("; {opens}"))
}

/// How many changes of the workload were undone in a row before one that starts now.
pub(crate) fn in_a_row(view: &View) -> i32 {
    let own = view.rollout.as_ref().map_or(0, |last| last.rollbacks);
    let others = view.past().last_undone().filter(|(_, undone)| is_of_the_row(view, undone));
    others.map(|(_, undone)| undone.rollbacks).fold(own, i32::max)
}

/// Whether `undone` counts beside the last rollout of this Recommendation: one that began later has counted it, and one
/// that was not undone ended the row.
fn is_of_the_row(view: &View, undone: &UndoneChange) -> bool {
    let Some(last) = &view.rollout else { return true };
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
