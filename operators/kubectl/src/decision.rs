//! Deciding on an object of any kind that people decide on: what can be decided, and what is written.
//!
//! In: objects and the user. Out: patches and words. Pure.

use serde_json::{Map, Value, json};
use trimtab_api::{
    approval::{Approver, Decision},
    conditions::{recommendation as reasons, types},
    remediation::identity::Identity,
};

use crate::{
    decided_on::{DecidedOn, Hindrance},
    words,
};

/// The state of a decision before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decidable {
    /// It may be written, for this digest.
    Open(String),
    /// It has been made already, whoever made it: Trimtab honours it, or has not processed it yet.
    Made(String),
    /// It has been made, but Trimtab does not honour it, or it does not count any more: only one that is made anew can.
    Again {
        /// The digest to make it for.
        digest: String,
        /// What there is to say about it.
        note: String,
    },
    /// It cannot be made.
    Impossible(String),
}

/// What a decision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What is proposed at present.
    Proposal,
    /// What is under way, or in force. That may be an earlier proposal than the present one.
    Carried,
}

impl Subject {
    /// The digest that identifies it.
    pub fn digest<K: DecidedOn>(self, object: &K) -> Option<&str> {
        match self {
            Self::Proposal => object.shown_digest(),
            Self::Carried => object.carried_digest(),
        }
    }
}

/// The state of `user`'s decision on an object.
pub fn standing<K: DecidedOn>(object: &K, subject: Subject, decision: Decision, user: &str) -> Decidable {
    let name = words::full_name(object);
    let Some(digest) = subject.digest(object) else {
        return Decidable::Impossible(format!(
            "{name} has no digest yet, so there is nothing to decide on: Trimtab has not processed it; see \
             kubectl trimtab status"
        ));
    };
    if object.meta().deletion_timestamp.is_some() {
        return Decidable::Impossible(format!("{name} is being deleted"));
    }
    let again = |note: String| Decidable::Again { digest: digest.to_owned(), note };
    match object.hindrance(decision, digest) {
        Some(Hindrance::Never(why)) => return Decidable::Impossible(why),
        Some(Hindrance::Anew(note)) => return again(note),
        None => {}
    }
    match made(object, subject, decision, digest, user) {
        None => Decidable::Open(digest.to_owned()),
        Some(made) if is_honoured(object, decision, digest) || !is_refused(object) => Decidable::Made(made),
        Some(made) => again(format!("{made}, but Trimtab does not honour that: it is decided anew")),
    }
}

/// That the decision on this `digest` stands in the object, and who made it, honoured or not; `None` where it does not,
/// or is spent: then the same has to be decided once more.
pub fn made<K: DecidedOn>(
    object: &K,
    subject: Subject,
    decision: Decision,
    digest: &str,
    user: &str,
) -> Option<String> {
    let given = object.approval().filter(|a| a.decision == decision && a.proposal_digest == digest)?;
    if subject == Subject::Carried && object.is_spent() {
        return None;
    }
    let name = words::full_name(object);
    let by = if given.approver == user { "you" } else { &given.approver };
    let undoes = subject == Subject::Carried && decision == Decision::Rejected;
    Some(match undoes && object.is_undoable() {
        true => format!("{name} is already being undone: {by} rejected it"),
        false => format!("{name} was already {} by {by}", verb(decision)),
    })
}

/// Whether Trimtab honours this decision, whoever made it.
pub(crate) fn is_honoured<K: DecidedOn>(object: &K, decision: Decision, digest: &str) -> bool {
    object.honoured().is_some_and(|h| h.decision == decision && h.proposal_digest == digest)
}

/// Whether Trimtab has processed what is decided. Where it does not honour that, it refuses to, rather than not having
/// seen it yet: it says so, or has written what it makes of the present spec. `PendingApproval` proves nothing: the
/// policy's figures are written together with it. Nor does `ApprovalGuardOutdated`: the decision counts once the guard is
/// that of the release.
fn is_refused<K: DecidedOn>(object: &K) -> bool {
    object.conditions().iter().find(|c| c.type_ == types::READY).is_some_and(|ready| {
        let reason = ready.reason.as_str();
        let is_of_present_spec =
            ready.observed_generation.is_some() && ready.observed_generation == object.meta().generation;
        [reasons::APPROVAL_NOT_PROVEN, reasons::APPROVAL_GUARD_MISSING].contains(&reason)
            || (is_of_present_spec && ![reasons::PENDING_APPROVAL, reasons::APPROVAL_GUARD_OUTDATED].contains(&reason))
    })
}

/// Whether Trimtab still honours this decision of `user`. It tells two like decisions of one person apart by what lies
/// between them, so the first has to be seen to be withdrawn.
pub fn is_recorded<K: DecidedOn>(object: &K, decision: Decision, digest: &str, user: &str) -> bool {
    is_honoured(object, decision, digest) && object.honoured().is_some_and(|h| h.by == Approver::person(user))
}

/// `approved` or `rejected`.
pub fn verb(decision: Decision) -> &'static str {
    match decision {
        Decision::Approved => "approved",
        Decision::Rejected => "rejected",
    }
}

/// The merge patch that writes a decision. It applies only to the very object that was read.
pub fn patch<K: DecidedOn>(
    object: &K,
    decision: Decision,
    user: &Identity,
    digest: &str,
    reason: Option<&str>,
) -> Value {
    // An absent reason is written as null, so that the previous one is removed.
    let approval = json!({"decision": decision, "approver": user.username, "reason": reason, "proposalDigest": digest});
    over(object, approval, replacing(&json!(object.approver()), &json!(user)))
}

/// The merge patch that withdraws a decision.
pub fn withdrawal<K: DecidedOn>(object: &K) -> Value {
    over(object, Value::Null, Value::Null)
}

fn over<K: DecidedOn>(object: &K, approval: Value, approver: Value) -> Value {
    let meta = object.meta();
    let mut spec = Map::from_iter([("approval".to_owned(), approval)]);
    if K::HAS_APPROVER {
        spec.insert("approver".to_owned(), approver);
    }
    json!({"metadata": {"resourceVersion": meta.resource_version, "uid": meta.uid}, "spec": spec})
}

/// The merge patch that makes `new` of `old`. Merged as it is, `new` would keep what only `old` has: a group or a scope of
/// whoever decided before.
fn replacing(old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return new.clone() };
    let gone = old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let kept = new.iter().map(|(key, value)| (key.clone(), replacing(old.get(key).unwrap_or(&Value::Null), value)));
    Value::Object(gone.chain(kept).collect())
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
