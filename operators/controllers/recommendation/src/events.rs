//! Events of rollouts: one for each word that people read. In: the previous word and the new standing. Out: an event,
//! or none.

use trimtab_api::{conditions::recommendation as reasons, rollout::RolloutResult};
use trimtab_runtime::events::Event;

/// The event for a transition from the word `before` to `after`, which `message` explains.
pub fn of(before: Option<&str>, after: &str, message: &str) -> Option<Event> {
    if before == Some(after) {
        return None;
    }
    let normal = |reason, action| Some(Event::normal(reason, action, message));
    let warning = |reason, action| Some(Event::warning(reason, action, message));
    match after {
        reasons::ROLLING_OUT if before.is_none_or(|b| b != reasons::VERIFYING) => normal("RolloutStarted", "Rollout"),
        reasons::VERIFYING => normal("Verifying", "Verify"),
        reasons::APPLIED => normal("Applied", "Rollout"),
        reasons::SIZE_NOT_DELIVERED => warning("SizeNotDelivered", "Deliver"),
        reasons::ROLLING_BACK => warning("RollingBack", "Undo"),
        reasons::ROLLED_BACK => warning("RolledBack", "Undo"),
        reasons::BLOCKED => normal("Blocked", "Rollout"),
        reasons::REJECTED => normal("Rejected", "Approve"),
        // The end of what the event `RollingBack` began.
        reasons::SUPERSEDED if before == Some(reasons::ROLLING_BACK) => normal("Superseded", "Undo"),
        reasons::SUPERSEDED => normal("Superseded", "Rollout"),
        reasons::ROLLING_OUT | reasons::PENDING_APPROVAL => None,
        // Every other word is a reason why a rollout is paused.
        _ => warning("Paused", "Rollout"),
    }
}

/// The result of a rollout in one word.
pub fn word(result: RolloutResult) -> &'static str {
    match result {
        RolloutResult::Applied => "Applied",
        RolloutResult::RolledBack => "RolledBack",
        RolloutResult::Superseded => "Superseded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_for_each_word() {
        let reason = |before, after| of(before, after, "why").map(|e| e.reason());
        assert_eq!(reason(None, reasons::PENDING_APPROVAL), None);
        assert_eq!(reason(Some(reasons::PENDING_APPROVAL), reasons::ROLLING_OUT), Some("RolloutStarted"));
        assert_eq!(reason(Some(reasons::ROLLING_OUT), reasons::ROLLING_OUT), None);
        assert_eq!(reason(Some(reasons::VERIFYING), reasons::ROLLING_OUT), None, "the next step of the same rollout");
        assert_eq!(reason(Some(reasons::VERIFYING), reasons::ROLLING_BACK), Some("RollingBack"));
        assert_eq!(reason(Some(reasons::ROLLING_OUT), "Halted"), Some("Paused"));
        assert_eq!(reason(Some(reasons::APPLIED), reasons::SIZE_NOT_DELIVERED), Some("SizeNotDelivered"));
        assert_eq!(reason(Some(reasons::ROLLING_BACK), reasons::SUPERSEDED), Some("Superseded"));
        assert_eq!(reason(Some(reasons::SIZE_NOT_DELIVERED), reasons::SIZE_NOT_DELIVERED), None);
    }
}
