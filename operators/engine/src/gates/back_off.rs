//! The back-off after undos: of the object itself, of others that change the same target, and on record. In: its digest,
//! approval and last run, what was undone elsewhere, and the time. Out: nothing, or why no change of the target starts yet.
//! The machine asks before a start, and the command line before somebody approves.

use jiff::Timestamp;
use trimtab_api::{applied_sizes::UndoneChange, approval::HonouredApproval};

use crate::{
    approval::is_later_yes,
    back_off::over_at,
    gate::{Blocked, Reason, blocked},
    text::cut_before,
};

/// The name of the gate.
pub const NAME: &str = "BackOff";

/// This very proposal was undone.
const UNDONE_BEFORE: Reason = Reason {
    word: "RolledBackBefore",
    when: "this same proposal was applied to the workload and undone, by this Recommendation or another",
    opens: "another proposal",
};

/// A person's rejection stands that undid this same proposal: a person's approval lifts it.
pub const REJECTED_BEFORE: Reason = Reason {
    word: "RejectedBefore",
    when: "this same proposal was applied to the workload, and undone because a person rejected it",
    opens: "a person's approval of it after that, or another proposal",
};

/// Some change of the target was undone, not long ago.
const BACKING_OFF: Reason = Reason {
    word: "BackingOff",
    when: "changes of the workload were undone n times in a row, by whichever Recommendations, the last less than 24 h · 2^(n−1) ago, at most 30 days",
    opens: "the time that the message names",
};

/// Its reasons.
pub const REASONS: &[Reason] = &[UNDONE_BEFORE, REJECTED_BEFORE, BACKING_OFF];

/// The last run of the object itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last<'a> {
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` if it has not, or that is not known.
    pub ended: Option<Timestamp>,
    /// How many changes were undone in a row, up to this one.
    pub in_a_row: i32,
    /// When it was undone, and why, if known; `None` if it was not.
    pub undone: Option<(Timestamp, Option<&'a str>)>,
}

/// A change that was undone, and where that is to be seen, as the end of a sentence: `on Recommendation web`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere<'a> {
    /// The change.
    pub undone: &'a UndoneChange,
    /// Where.
    pub place: String,
}

/// Why the proposal with this `digest` does not start: this very proposal was undone, which is permanent unless a person
/// rejected it and a person's `approval` is later; or some change of the target was, not long ago. Of several back-offs
/// the one that ends last counts. `last`: the last run of its object. `past`: what was undone elsewhere.
pub fn check(
    digest: &str,
    approval: Option<&HonouredApproval>,
    last: Option<Last<'_>>,
    past: &[Elsewhere<'_>],
    now: Timestamp,
) -> Option<Blocked> {
    // Whatever this object did since.
    let same = past.iter().filter(|before| before.undone.proposal_digest == digest);
    let stands = same.filter(|before| !is_lifted(before.undone, approval));
    // What no approval lifts comes first.
    if let Some(before) = stands.min_by_key(|before| before.undone.rejected.as_ref().map(|rejected| rejected.0)) {
        let undone = before.undone;
        let what =
            format!("this same proposal was undone at {} ({}), {}", undone.ended.0, undone.message, before.place);
        return match undone.rejected {
            Some(_) => blocked(
                REJECTED_BEFORE.word,
                cut_before(&what, "; only a person's approval after that applies it again"),
            ),
            None => blocked(UNDONE_BEFORE.word, cut_before(&what, "; another proposal can be applied")),
        };
    }
    let own = last.and_then(|last| {
        let (ended, why) = last.undone?;
        let what = format!("undone ({})", why.unwrap_or("no reason is known"));
        Some((over_at(last.in_a_row, ended), last.in_a_row, what))
    });
    let others = past.iter().filter(|before| is_of_the_row(last, before.undone)).map(|before| {
        let undone = before.undone;
        let what = format!("undone {} ({})", before.place, undone.message);
        (over_at(undone.rollbacks, undone.ended.0), undone.rollbacks, what)
    });
    let (end, rollbacks, undone) = own.into_iter().chain(others).max_by_key(|(end, ..)| *end)?;
    let message = || {
        let row = if rollbacks > 1 { format!(", {rollbacks} in a row") } else { String::new() };
        format!("the last change of this workload was {undone}{row}; another may start at {end}")
    };
    (now < end).then(message).and_then(|message| blocked(BACKING_OFF.word, message))
}

/// How many changes of the target were undone in a row before one that starts now. `others`: the last undone one of each other
/// object, and of those on record.
pub fn in_a_row<'a>(last: Option<Last<'_>>, others: impl Iterator<Item = &'a UndoneChange>) -> i32 {
    let own = last.map_or(0, |last| last.in_a_row);
    others.filter(|undone| is_of_the_row(last, undone)).map(|undone| undone.rollbacks).fold(own, i32::max)
}

/// Whether `undone` counts beside the `last` run of this object: one that began later has counted it, and one that was not
/// undone ended the row.
fn is_of_the_row(last: Option<Last<'_>>, undone: &UndoneChange) -> bool {
    let Some(last) = last else { return true };
    if last.undone.is_some() {
        return undone.ended.0 >= last.started;
    }
    last.ended.is_none_or(|ended| undone.ended.0 > ended)
}

/// Whether `approval` applies again what was undone elsewhere.
fn is_lifted(undone: &UndoneChange, approval: Option<&HonouredApproval>) -> bool {
    let rejected = undone.rejected.as_ref();
    rejected.is_some_and(|rejected| is_later_yes(approval, &undone.proposal_digest, rejected.0))
}
