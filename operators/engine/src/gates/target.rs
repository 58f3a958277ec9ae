//! Whether the target is still the one that the change was made for.

use trimtab_api::conditions::recommendation as reasons;

use crate::{
    gate::{Blocked, Reason, blocked},
    input::Common,
};

/// The name of the gate.
pub const NAME: &str = "Target";

/// The target does not exist.
pub const NOT_FOUND: Reason = Reason {
    word: reasons::TARGET_NOT_FOUND,
    when: "the workload or its namespace does not exist",
    opens: "nothing: the recommendation is withdrawn, or its author deletes it",
};

/// Another target has its name.
pub const REPLACED: Reason = Reason {
    word: "TargetReplaced",
    when: "a workload of that name exists with another uid than the one that `targetRef` names or, where it names none, that a person's approval was given for",
    opens: "a recommendation for the new one; where `targetRef` has no `uid`, giving the approval again with `kubectl trimtab approve`",
};

/// The target is being deleted.
pub const TERMINATING: Reason = Reason {
    word: "TargetTerminating",
    when: "the workload or its namespace is being deleted",
    opens: "nothing: it goes away",
};

/// Why the change is not made to the target as it is, for one of the reasons above. `again`: what approving it once more
/// would do, such as `to get this size`.
pub fn check(common: &Common<'_>, again: &str) -> Option<Blocked> {
    let name = common.target_name();
    let (Some(found), Some(namespace)) = (common.found, common.namespace) else {
        return blocked(NOT_FOUND.word, format!("{name} does not exist in this namespace: nothing is left to change"));
    };
    let uid = found.uid;
    if let Some(meant) = common.target.uid.as_ref().filter(|meant| **meant != *uid) {
        return blocked(
            REPLACED.word,
            format!("{name} was recreated: this is for the one with uid {meant}, the current one has {uid}"),
        );
    }
    if let Some(meant) = common.approved_for.filter(|meant| common.target.uid.is_none() && *meant != uid) {
        let when = if meant.is_empty() {
            "when no workload had this name".to_owned()
        } else {
            format!("for the one with uid {meant}, which is gone")
        };
        return blocked(
            REPLACED.word,
            format!(
                "{name} is not what was approved: the approval was given {when}, and the current one has uid {uid}; if \
                 it is {again} too, withdraw the approval and give it again: kubectl trimtab approve"
            ),
        );
    }
    let message = if found.terminating {
        format!("{name} is being deleted")
    } else if namespace.terminating {
        format!("namespace {} is being deleted, and {name} with it", namespace.name)
    } else {
        return None;
    };
    blocked(TERMINATING.word, message)
}
