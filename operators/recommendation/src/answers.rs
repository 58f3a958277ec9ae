//! What answers of the API server mean for the machine, and where a rollout stands by its status alone. Pure.

use trimtab_api::recommendation_rollout::{RolloutResult, RolloutStatus, Stage};
use trimtab_rollout::ask::{Response, Standing};
use trimtab_runtime::{ApplyError, Explain};

/// What an error of the API server means for the machine.
pub fn answer(error: ApplyError, eviction: bool) -> Response {
    let message = error.to_string();
    match error {
        ApplyError::Throttled { .. } if eviction => Response::NoBudget { message },
        ApplyError::Stale { .. }
        | ApplyError::NotFound { .. }
        | ApplyError::NamespaceNotFound { .. }
        | ApplyError::NamespaceTerminating { .. }
        | ApplyError::AlreadyExists { .. } => Response::Stale,
        ApplyError::Conflict { .. }
        | ApplyError::Forbidden { .. }
        | ApplyError::Denied { .. }
        | ApplyError::QuotaExceeded { .. }
        | ApplyError::KindNotServed { .. }
        | ApplyError::Invalid { .. }
        | ApplyError::TooLarge { .. } => Response::Refused { reason: error.reason().to_owned(), message },
        ApplyError::NotLeader
        | ApplyError::Unauthorized { .. }
        | ApplyError::Throttled { .. }
        | ApplyError::Unavailable { .. }
        | ApplyError::Timeout(_)
        | ApplyError::Encode { .. }
        | ApplyError::Unexpected { .. } => Response::Unknown { message },
    }
}

/// Where a rollout stands by its status alone, for the conditions that are written together with it.
pub fn standing(rollout: &RolloutStatus) -> Standing {
    let undone = || rollout.undo.as_ref().map_or_else(String::new, |u| u.message.clone());
    let step = format!("step {} of {}, {} pods have the new size", rollout.step, rollout.steps, rollout.progress);
    match (rollout.stage, rollout.result) {
        (Stage::Resizing | Stage::Delivering, _) => Standing::RollingOut(step),
        (Stage::Watching | Stage::Verifying, _) => Standing::Verifying(step),
        (Stage::Undoing, _) => Standing::Undoing(undone()),
        (Stage::Ended, Some(RolloutResult::Applied)) => {
            Standing::Applied(format!("{} pods have the new size", rollout.progress))
        }
        (Stage::Ended, Some(RolloutResult::RolledBack)) => Standing::RolledBack(undone()),
        (Stage::Ended, _) => Standing::Superseded(undone()),
    }
}
