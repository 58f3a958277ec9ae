//! What a rollout going forward waits for. In: its pods. Out: the wait with its message, if any.

use jiff::Timestamp;
use trimtab_api::rollout::RolloutStatus;
use trimtab_core::text::verb;
use trimtab_engine::{standing::Standing, steps::soon};

use crate::{
    pods::Sorted,
    sizing::Step,
    status::{step, steps},
    text,
    view::View,
};

/// `step 2 of 3`.
pub(crate) fn at(view: &View, rollout: &RolloutStatus) -> String {
    format!("step {} of {}", step(&view.settings, rollout), steps(&view.settings))
}

/// A wait for pods that have the new size in their spec but do not run with it yet.
pub(crate) fn wait_settled(view: &View, rollout: &RolloutStatus, pods: &Sorted<'_>, now: Timestamp) -> Option<Step> {
    let unsettled = pods.unsettled();
    if unsettled.is_empty() {
        return None;
    }
    let mut until = soon(now);
    let mut message = format!(
        "{}: {}; waiting for {} to run with it and be ready",
        at(view, rollout),
        text::new_size(pods.new.len(), pods.live.len()),
        text::pods(unsettled)
    );
    if let Some(end) = pods.given_up_at(view.settings.deferred_timeout_s) {
        message.push_str(&format!("; a node has no room for it now, or failed; waiting until {end}"));
        until = until.min(end);
    }
    Some(Step::Wait { until: Some(until), standing: Standing::RollingOut(message) })
}

/// A wait for pods with the former size that are not bound to a node: those cannot be resized.
pub(crate) fn wait_bound(view: &View, rollout: &RolloutStatus, pods: &Sorted<'_>, now: Timestamp) -> Step {
    let message = format!(
        "{}: {}; waiting until {} {} on a node and can be resized",
        at(view, rollout),
        text::new_size(pods.new.len(), pods.live.len()),
        text::pods(pods.former.iter().copied()),
        verb(pods.former.len(), "runs", "run")
    );
    Step::Wait { until: Some(soon(now)), standing: Standing::RollingOut(message) }
}
