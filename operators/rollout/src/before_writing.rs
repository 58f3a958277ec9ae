//! Requests that precede a status write: reserving a place for a rollout that begins, and a final check before one is
//! reported as ended. In: the decided step, and the last response. Out: that step, or the request that has to come
//! before it.
//!
//! The driver shows the place in the view. A final check is valid for the very next step only, and only while the view
//! has the same pods. So nothing has to be remembered, and a crash in between costs one more request.

use jiff::Timestamp;
use trimtab_api::rollout::{RolloutStatus, Stage};

use crate::{
    ask::{Request, Response, SeenPod, Standing, Step},
    session::Key,
    text::after,
    view::{Pod, View},
};

/// `step`, or the request that has to come before it. `answered`: the last request and its response.
pub(crate) fn asked_first(view: &View, step: Step, answered: Option<&(Key, Response)>, now: Timestamp) -> Step {
    let status = match &step {
        Step::Ask(Request::WriteStatus(status)) => Some(&**status),
        _ => None,
    };
    let begins = status.is_some_and(|status| begins(view, status));
    match status {
        Some(status) if begins && view.place.as_ref().is_none_or(|place| place.uid != status.target_uid) => {
            let reserve = Request::Reserve { uid: status.target_uid.clone() };
            match answered {
                // The gates were open again, but another rollout took the place again.
                Some((asked, Response::Stale)) if *asked == Key::of(&reserve) => {
                    let message = "another rollout has just started; retrying".to_owned();
                    Step::Wait { until: Some(after(now, 1)), standing: Standing::RollingOut(message) }
                }
                _ => Step::Ask(reserve),
            }
        }
        _ if !begins && view.place.as_ref().is_some_and(|place| !place.announced) => Step::Ask(Request::GiveBack),
        Some(status) if ends(status) => {
            let confirm = Request::Confirm { pods: view.pods.iter().map(seen).collect() };
            match answered {
                Some((asked, Response::Done)) if *asked == Key::of(&confirm) => step,
                _ => Step::Ask(confirm),
            }
        }
        _ => step,
    }
}

/// Whether `status` begins a rollout. The undo of a size in force needs no place: no other rollout competes with it,
/// and no limit applies.
fn begins(view: &View, status: &RolloutStatus) -> bool {
    let was_under_way = view.rollout.as_ref().is_some_and(RolloutStatus::is_under_way);
    !was_under_way && status.is_under_way() && status.stage != Stage::Undoing
}

/// Whether `status` makes a claim about all pods: that they have the new size, the former one, or at least not the new
/// one of a workload that is gone.
fn ends(status: &RolloutStatus) -> bool {
    status.stage == Stage::Ended
}

fn seen(pod: &Pod) -> SeenPod {
    SeenPod { uid: pod.uid.clone(), spec: pod.spec.clone() }
}
