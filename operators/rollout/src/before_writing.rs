//! Requests that precede a status write: reserving a place for a rollout that begins, recording what was undone before
//! that is written over, and a final check before one is reported as ended. In: the decided step, the session, the last
//! response. Out: that step, or the request that has to come before it.
//!
//! The driver shows the place and the record in the view. A final check is valid for the very next step only, and only
//! while the view has the same pods. So nothing has to be remembered, and a crash in between costs one more request.

use jiff::Timestamp;
use trimtab_api::{
    conditions::recommendation as reasons,
    rollout::{RolloutStatus, Stage},
};

use crate::{
    ask::{Request, Response, SeenPod, Step},
    leave,
    session::{Key, Session},
    text::after,
    view::{Pod, View},
};

/// `step`, or the request that has to come before it. `answered`: the last request and its response.
pub(crate) fn asked_first(
    view: &View,
    step: Step,
    session: &Session,
    answered: Option<&(Key, Response)>,
    now: Timestamp,
) -> Step {
    let place = view.place.as_ref();
    let unannounced = place.is_some_and(|place| !place.announced);
    let Step::Ask(Request::WriteStatus(status)) = &step else {
        return if unannounced { Step::Ask(Request::GiveBack) } else { step };
    };
    let begins = begins(view, status);
    let record = leave::undone_to_record(view).filter(|record| !session.has_recorded(record));
    let record = record.map(|record| Request::Remember(Box::new(record)));
    let held = record.as_ref().and_then(|record| session.held(&Key::of(record), now));
    // While the record cannot be written, nothing begins, and nobody is kept from the place.
    if begins && held.is_none() && place.is_none_or(|place| place.uid != status.target_uid) {
        let reserve = Request::Reserve { uid: status.target_uid.clone() };
        return match answered {
            // The gates were open again, but another rollout took the place again.
            Some((asked, Response::Stale)) if *asked == Key::of(&reserve) => Step::LookAgain { until: after(now, 1) },
            _ => Step::Ask(reserve),
        };
    }
    if unannounced && (!begins || held.is_some()) {
        return Step::Ask(Request::GiveBack);
    }
    // An undo does not wait for a record that the server refuses.
    if let Some(record) = record.filter(|_| begins || held.is_none_or(|hold| hold.reason == reasons::NO_ANSWER)) {
        return Step::Ask(record);
    }
    if ends(status) {
        let confirm = Request::Confirm { pods: view.pods.iter().map(seen).collect() };
        return match answered {
            Some((asked, Response::Done)) if *asked == Key::of(&confirm) => step,
            _ => Step::Ask(confirm),
        };
    }
    step
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
