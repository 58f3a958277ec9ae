//! The back-off after undos, of rollouts. In: the digest, approval and last rollout of a Recommendation, what was decided
//! elsewhere, and the time. Out: nothing, or why no change of the workload starts yet.

use jiff::Timestamp;
use trimtab_api::{
    approval::HonouredApproval,
    rollout::{RolloutResult, RolloutStatus},
};
use trimtab_engine::{
    gate::Blocked,
    gates::back_off::{self, Last},
};

use crate::{
    elsewhere::{Past, place},
    view::View,
};

/// Why the proposal with this `digest` does not start, see [`back_off::check`]. `last`: the last rollout of its
/// Recommendation.
pub fn closed(
    digest: &str,
    approval: Option<&HonouredApproval>,
    last: Option<&RolloutStatus>,
    past: Past<'_>,
    now: Timestamp,
) -> Option<Blocked> {
    let past: Vec<_> = past.undone().map(|(on, undone)| back_off::Elsewhere { undone, place: place(on) }).collect();
    back_off::check(digest, approval, last.map(shown), &past, now)
}

/// How many changes of the workload were undone in a row before one that starts now.
pub(crate) fn in_a_row(view: &View) -> i32 {
    let others = view.past().last_undone().map(|(_, undone)| undone);
    back_off::in_a_row(view.rollout.as_ref().map(shown), others)
}

/// What the gate has to know of `last`.
fn shown(last: &RolloutStatus) -> Last<'_> {
    let undone = (last.result == Some(RolloutResult::RolledBack)).then(|| {
        let ended = last.ended.as_ref().unwrap_or(&last.stage_since).0;
        (ended, last.undo.as_ref().map(|undo| undo.message.as_str()))
    });
    Last { started: last.started.0, ended: last.ended.as_ref().map(|ended| ended.0), in_a_row: last.rollbacks, undone }
}
