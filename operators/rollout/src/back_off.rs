//! The back-off after undos: of this Recommendation, of others of the workload, and of those that are gone. In: its
//! digest and last rollout, what was decided elsewhere, and the time. Out: nothing, or why no change of the workload
//! starts yet. The machine asks before a start, and the command line before somebody approves.

use jiff::Timestamp;
use trimtab_api::{
    applied_sizes::UndoneChange,
    rollout::{RolloutResult, RolloutStatus},
};

use crate::{
    elsewhere::{Past, place},
    gate::{Blocked, blocked},
    text::after,
    view::View,
};

/// The name of the gate.
pub const NAME: &str = "BackOff";

/// The first back-off after a rollback, in seconds.
const FIRST_S: i64 = 24 * 3600;

/// The longest back-off, in seconds.
const LONGEST_S: i64 = 30 * 24 * 3600;

/// Why the proposal with this `digest` does not start: this very proposal was undone elsewhere, which is permanent; or
/// some change of the workload was, not long ago. Of several back-offs the one that ends last counts. `last`: the last
/// rollout of its Recommendation.
pub fn closed(digest: &str, last: Option<&RolloutStatus>, past: Past<'_>, now: Timestamp) -> Option<Blocked> {
    // Whatever this Recommendation did since: what was undone is not tried again.
    if let Some((on, undone)) = past.undone().find(|(_, undone)| undone.proposal_digest == digest) {
        let message = format!(
            "this same proposal was undone at {} ({}), {}; another proposal can be applied",
            undone.ended.0,
            undone.message,
            place(on)
        );
        return blocked("RolledBackBefore", message);
    }
    let own = last.filter(|last| last.result == Some(RolloutResult::RolledBack)).map(|last| {
        let why = last.undo.as_ref().map_or("no reason is known", |u| u.message.as_str());
        let ended = last.ended.as_ref().unwrap_or(&last.stage_since).0;
        (end(last.rollbacks, ended), last.rollbacks, format!("undone ({why})"))
    });
    let others = elsewhere(last, past).map(|(on, undone)| {
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

/// How many changes of the workload were undone in a row before one that starts now.
pub(crate) fn in_a_row(view: &View) -> i32 {
    let last = view.rollout.as_ref();
    let own = last.map_or(0, |last| last.rollbacks);
    elsewhere(last, view.past()).map(|(_, undone)| undone.rollbacks).fold(own, i32::max)
}

/// The undos elsewhere, without those before a change of this Recommendation, its `last`, that was not undone: that
/// ended the row.
fn elsewhere<'a>(
    last: Option<&RolloutStatus>,
    past: Past<'a>,
) -> impl Iterator<Item = (Option<&'a str>, &'a UndoneChange)> + use<'a> {
    let last = last.filter(|last| last.result != Some(RolloutResult::RolledBack));
    let since = last.and_then(|last| last.ended.as_ref()).map(|ended| ended.0);
    past.undone().filter(move |(_, undone)| since.is_none_or(|since| undone.ended.0 > since))
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
