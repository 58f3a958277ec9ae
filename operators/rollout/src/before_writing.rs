//! What is asked before a status is written: a place for a rollout that begins, and a last look before one is said to have ended.
//! In: the step that was decided, and what was answered just now. Out: that step, or the request that comes before it.
//!
//! The driver shows the place in the view. A last look serves for the very next step alone, and
//! only while the view has the same pods. So nothing has to be remembered, and a crash in between costs one more request.

use jiff::Timestamp;
use trimtab_api::rollout::{RolloutResult, RolloutStatus, Stage};

use crate::{
    ask::{Request, Response, SeenPod, Standing, Step},
    session::Key,
    text::after,
    view::{Pod, View},
};

/// `step`, or what has to be asked before it. `answered`: the request that was answered just now, and how.
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
                // The gates were open once more, and another was faster once more.
                Some((asked, Response::Stale)) if *asked == Key::of(&reserve) => {
                    let message = "another rollout began at this moment; looking again".to_owned();
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

/// Whether `status` says that a rollout begins. The way back from what is in force is nobody's turn but its own, and no limit holds it.
fn begins(view: &View, status: &RolloutStatus) -> bool {
    let was_under_way = view.rollout.as_ref().is_some_and(RolloutStatus::is_under_way);
    !was_under_way && status.is_under_way() && status.stage != Stage::Undoing
}

/// Whether `status` says something about all pods. Where the workload is gone or another's, nobody has to look.
fn ends(status: &RolloutStatus) -> bool {
    status.stage == Stage::Ended && status.result != Some(RolloutResult::Superseded)
}

fn seen(pod: &Pod) -> SeenPod {
    SeenPod { uid: pod.uid.clone(), spec: pod.spec.clone() }
}
