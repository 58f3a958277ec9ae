//! A recommendation that is not being carried out: before its start, or after its end. In: a view. Out: a start, the undo of
//! what was applied and then rejected, the removal of what was left behind, or where it stands.

use jiff::Timestamp;
use trimtab_api::{
    conditions::recommendation as reasons, recommendation::Decision, recommendation_rollout::RolloutResult,
};

use crate::{
    ask::{Request, Standing, Step},
    machine::{decided, decided_on, own_target, paused, soon, superseded, unreadable, write},
    standing::ended,
    start,
    status::{fault, undoing},
    view::View,
};

/// What to do while nothing is under way.
pub(crate) fn decide(view: &View, now: Timestamp) -> Step {
    let last = view.rollout.as_ref();
    let of_this = last.filter(|r| r.proposal_digest == view.digest);
    if let Err(gate) = &view.approval_known {
        return match of_this.and_then(ended) {
            Some(standing) => Step::Wait { until: Some(soon(now)), standing },
            None => paused(&gate.reason, gate.message.clone(), Some(soon(now))),
        };
    }
    if let Some(rollout) = last {
        if let Some(fault) = fault(rollout) {
            return unreadable(&fault);
        }
        let mine = own_target(view, rollout).is_some();
        let applied = rollout.result == Some(RolloutResult::Applied);
        if view.sizes_entry && !(mine && applied) {
            return Step::Ask(Request::DropSizes);
        }
        if applied && !mine && of_this.is_some() {
            return superseded(view, rollout, now);
        }
        // Also where something else is proposed by now: what is in force is what was said no to.
        if applied && mine && decided_on(view, Decision::Rejected, &rollout.proposal_digest) {
            let by = view.approval.as_ref().map_or_else(|| "somebody".to_owned(), |a| a.by.to_string());
            let message = format!("{by} rejected it after it had been applied");
            return write(undoing(view, rollout, reasons::REJECTED, &message, now));
        }
    }
    if let Some(standing) = of_this.and_then(ended) {
        return Step::Wait { until: None, standing };
    }
    if decided(view, Decision::Rejected) {
        return Step::Wait { until: None, standing: Standing::Rejected };
    }
    if decided(view, Decision::Approved) {
        return start::decide(view, now);
    }
    Step::Wait { until: None, standing: Standing::Pending }
}
