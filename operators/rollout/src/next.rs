//! Steps shared by several parts of the machine. In: a status, a pod, a reason or gates. Out: the request or the wait.

use jiff::Timestamp;
use trimtab_api::{conditions::recommendation as reasons, gates::ClosedGate, rollout::RolloutStatus};

use crate::{
    ask::{Request, Standing, Step},
    text::after,
    view::Pod,
};

/// Polling interval for what no watch reports, in seconds: measured checks, and the passing of time.
const POLL_S: i64 = 15;

/// A request for `status`.
pub(crate) fn write(status: RolloutStatus) -> Step {
    Step::Ask(Request::WriteStatus(Box::new(status)))
}

/// A wait because something blocks the rollout.
pub(crate) fn paused(reason: &str, message: String, until: Option<Timestamp>) -> Step {
    Step::Wait { until, standing: Standing::Paused { reason: reason.to_owned(), message } }
}

/// A wait because the status contradicts itself. Only a person can fix it.
pub(crate) fn unreadable(fault: &str) -> Step {
    let message = format!(
        "{fault}; nothing is changed: fix the pods by hand, then remove status.rollout or delete the \
         Recommendation"
    );
    paused(reasons::ROLLOUT_UNREADABLE, message, None)
}

/// A wait because gates are closed.
pub(crate) fn blocked(gates: Vec<ClosedGate>, until: Timestamp) -> Step {
    Step::Wait { until: Some(until), standing: Standing::Blocked(gates) }
}

/// When to poll next for what no watch reports.
pub(crate) fn soon(now: Timestamp) -> Timestamp {
    after(now, POLL_S)
}

/// Requests the new size for `pod`.
pub(crate) fn resize(pod: &Pod, rollout: &RolloutStatus) -> Step {
    Step::Ask(Request::Resize {
        pod: pod.name.clone(),
        uid: pod.uid.clone(),
        resource_version: pod.resource_version.clone(),
        containers: rollout.desired.clone(),
    })
}
