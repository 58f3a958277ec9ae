//! Requests that are forbidden, given the view that the machine was shown. In: a view and a request. Out: a sentence,
//! if something is wrong.

use trimtab_api::{
    approval::Decision,
    rollout::{RolloutResult, Stage},
};
use trimtab_rollout::{Request, effect::Effect, view::View};

/// What is wrong with `request`, given this view.
pub fn forbidden(view: &View, request: &Request) -> Option<&'static str> {
    if *request == Request::GiveBack {
        return None;
    }
    // What is being deleted is undone without an approval.
    if view.approval_known.is_err() && view.deletion.is_none() {
        let after_end = matches!(&view.rollout, Some(r) if r.stage == Stage::Ended);
        return Some(if after_end {
            "written after the end, without knowing the approval"
        } else {
            "written without knowing the approval"
        });
    }
    let approved =
        view.approval.as_ref().is_some_and(|a| a.decision == Decision::Approved && a.proposal_digest == view.digest);
    let stage = view.rollout.as_ref().map(|r| r.stage);
    let forward = match request {
        Request::WriteStatus(status) => {
            !matches!(status.stage, Stage::Undoing | Stage::Ended) || status.result == Some(RolloutResult::Applied)
        }
        Request::Effect(Effect::DropSizes) | Request::Protect | Request::Remember(_) | Request::Release => false,
        Request::GiveBack | Request::Confirm(_) => return None,
        _ => stage != Some(Stage::Undoing),
    };
    let same = match request {
        Request::WriteStatus(status) => status.proposal_digest == view.digest,
        Request::Reserve { .. } => true,
        _ => view.rollout.as_ref().is_some_and(|r| r.proposal_digest == view.digest),
    };
    if forward && !(approved && same) {
        return Some("a change without a valid approval for this digest");
    }
    if forward && view.deletion.is_some() {
        return Some("a change of what is being deleted");
    }
    let gates = if stage.is_none_or(|s| s == Stage::Ended) { &view.start_gates } else { &view.forward_gates };
    (forward && !gates.is_empty()).then_some("a change in spite of a closed gate")
}
