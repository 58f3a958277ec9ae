//! The rollout's status from one stage to the next. In: the present status, the view, the time. Out: the status to be
//! written. Nothing here decides whether it may be written.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    rollout::{RolloutResult, RolloutStatus, Stage},
    undo::Undo,
};
use trimtab_core::conditions::whole_seconds;
use trimtab_engine::{
    checks,
    text::{after, cut},
};

use crate::{
    pods::Sorted,
    sizes::same_names,
    view::{Settings, View},
};

/// The most rollbacks that are counted; the back-off reaches its maximum long before.
const ROLLBACKS: i32 = 1000;

/// What in `rollout` is contradictory, so that it cannot be acted on.
pub fn fault(rollout: &RolloutStatus) -> Option<String> {
    if rollout.former.is_empty() || !same_names(&rollout.former, &rollout.desired) {
        return Some(
            "status.rollout.former and status.rollout.desired do not name the same containers, so the former values could \
             not be restored exactly"
                .to_owned(),
        );
    }
    match (rollout.stage, &rollout.undo, rollout.result) {
        (Stage::Ended, _, None) => Some("status.rollout.stage is Ended, without a result".to_owned()),
        (Stage::Ended, ..) => None,
        (stage, _, Some(_)) => Some(format!("status.rollout has a result, but its stage is {stage:?}")),
        (Stage::Undoing, None, _) => Some("status.rollout.stage is Undoing, without a reason".to_owned()),
        (Stage::Undoing, Some(_), _) => None,
        (stage, Some(_), _) => Some(format!("status.rollout.undo is set, but its stage is {stage:?}")),
        _ => None,
    }
}

/// The number of steps in the present settings: at least one.
pub fn steps(settings: &Settings) -> i32 {
    i32::try_from(settings.steps.len()).unwrap_or(i32::MAX).max(1)
}

/// The present step, from 1 to the last one in the present settings.
pub fn step(settings: &Settings, rollout: &RolloutStatus) -> i32 {
    rollout.step.clamp(1, steps(settings))
}

/// How many of `pods` pods `step` covers. The last step covers all, whatever the settings say.
pub fn covers(view: &View, step: i32, pods: usize) -> usize {
    let index = usize::try_from(step.saturating_sub(1)).unwrap_or(0);
    match view.settings.steps.get(index) {
        Some(setting) if step < steps(&view.settings) => {
            let share = setting.share.of(u32::try_from(pods).unwrap_or(u32::MAX));
            usize::try_from(share).unwrap_or(usize::MAX).min(pods)
        }
        _ => pods,
    }
}

/// How long the present step is watched, in seconds.
pub fn pause_s(settings: &Settings, rollout: &RolloutStatus) -> i64 {
    let index = usize::try_from(step(settings, rollout) - 1).unwrap_or(0);
    settings.steps.get(index).map_or(0, |s| s.pause_s.max(0))
}

/// When the watch that `rollout` is in ends; `None` in other stages.
pub fn watch_end(settings: &Settings, rollout: &RolloutStatus) -> Option<Timestamp> {
    let seconds = match rollout.stage {
        Stage::Watching => pause_s(settings, rollout),
        Stage::Verifying => settings.verification_window_s.max(0),
        _ => return None,
    };
    Some(after(rollout.stage_since.0, seconds))
}

/// `rollout` updated from the view, in the same stage. During an undo nothing is compared any more: the last checks
/// stay, to show why it was undone.
pub fn refreshed(view: &View, rollout: &RolloutStatus) -> RolloutStatus {
    let pods = Sorted::of(view, rollout);
    RolloutStatus {
        steps: steps(&view.settings),
        step: step(&view.settings, rollout),
        progress: format!("{}/{}", pods.new.len(), pods.live.len()),
        checks: if view.checks.is_empty() { rollout.checks.clone() } else { checks::kept(&view.checks) },
        ..rollout.clone()
    }
}

/// `rollout` in `stage`, which begins now.
pub fn entered(view: &View, rollout: &RolloutStatus, stage: Stage, now: Timestamp) -> RolloutStatus {
    RolloutStatus { stage, stage_since: Time(whole_seconds(now)), ..refreshed(view, rollout) }
}

/// `rollout` in the stage `Undoing`, for `reason`.
pub fn undoing(view: &View, rollout: &RolloutStatus, reason: &str, message: &str, now: Timestamp) -> RolloutStatus {
    let since = Time(whole_seconds(now));
    let undo = Undo { reason: reason.to_owned(), message: cut(message), since, nothing_to_restore: false };
    RolloutStatus { undo: Some(undo), result: None, ended: None, ..entered(view, rollout, Stage::Undoing, now) }
}

/// The undo, for `reason`, of everything that `rollout` left in force, to the sizes before all changes: it was undone
/// itself and an earlier change is still in force; or it is in force, stacked upon earlier ones.
pub fn undoing_all(view: &View, rollout: &RolloutStatus, reason: &str, message: &str, now: Timestamp) -> RolloutStatus {
    if rollout.original.is_empty() {
        return undoing(view, rollout, reason, message, now);
    }
    let undone = rollout.result == Some(RolloutResult::RolledBack);
    let all = RolloutStatus {
        desired: if undone { rollout.former.clone() } else { rollout.desired.clone() },
        former: rollout.original.clone(),
        original: Vec::new(),
        // An entry of the earlier change may exist, whatever this rollout reverted.
        delivered: true,
        ..rollout.clone()
    };
    undoing(view, &all, reason, message, now)
}

/// `rollout` in the stage `Ended`.
pub fn ended(view: &View, rollout: &RolloutStatus, result: RolloutResult, now: Timestamp) -> RolloutStatus {
    let rollbacks = match result {
        RolloutResult::Applied => 0,
        RolloutResult::RolledBack => rollout.rollbacks.clamp(0, ROLLBACKS - 1) + 1,
        RolloutResult::Superseded => rollout.rollbacks,
    };
    RolloutStatus {
        result: Some(result),
        ended: Some(Time(whole_seconds(now))),
        delivered: rollout.delivered && result == RolloutResult::Applied,
        rollbacks,
        ..entered(view, rollout, Stage::Ended, now)
    }
}
