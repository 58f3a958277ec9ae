//! Whether an approval was made under the guard. Pure.
//!
//! In: an object of any kind that people approve, and since when the guard is in force. Out: nothing, or why that is not
//! certain. The guard blocks approvals by anybody without permission; it says nothing about those that existed before it. An
//! approval was made under the guard in three cases. Trimtab's own status honours it, which the guard lets nobody else
//! write. The object was created under the guard: it had no approval then, and got it under the guard. Or, for an older
//! one, this process saw the approval arrive while the guard was in force ([`crate::arrivals`]), and the API server's
//! record does not contradict that: `metadata.managedFields` says when each part of `spec.approval` was last written.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::Value;
use trimtab_api::{Approvable, approval::Approver};

use crate::GuardFault;

/// How long it may take until all API servers evaluate a new policy. They check for new ones once a second.
pub const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// How far the clock of an API server may be ahead of this one.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// Whether the approval of an object is for the digest in its status, or rejects what is carried out or in force,
/// and was made under the guard, which is in force since `guard_since`. `came_under_guard`: this process saw it arrive
/// while the guard was in force. It does not check whether the guard still is in force; [`crate::Guard::trust`] does.
///
/// # Errors
/// Why that is not certain.
pub fn trustworthy<K: Approvable>(
    object: &K,
    guard_since: Timestamp,
    came_under_guard: bool,
    now: Timestamp,
) -> Result<(), GuardFault> {
    let meta = object.meta();
    let name =
        format!("{}/{}", meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default());
    let unproven = |why: String| Err(GuardFault::Unproven { kind: K::KIND, name: name.clone(), why });
    let Some(approval) = object.approval() else { return unproven("there is none".to_owned()) };
    match object.shown_digest() {
        Some(shown) if approval.counts(shown, object.carried_digest()) => {}
        Some(shown) => return unproven(format!("it is for {}, and the proposal is {shown}", approval.proposal_digest)),
        None => return unproven("the status shows no digest".to_owned()),
    }
    if is_vouched(object) {
        return Ok(());
    }
    let settled = settled(guard_since);
    let latest = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    if meta.creation_timestamp.as_ref().is_some_and(|made| made.0 > settled) {
        return Ok(());
    }
    if !came_under_guard {
        return unproven(format!(
            "the guard is known to be in force since {settled}, the {} was created before that, and the approval was not seen to \
             arrive after that",
            K::KIND.to_ascii_lowercase()
        ));
    }
    let entries: Vec<(&ManagedFieldsEntry, &Value)> =
        meta.managed_fields.iter().flatten().filter_map(|entry| Some((entry, part(entry)?))).collect();
    let parts = ["f:approver", "f:decision", "f:proposalDigest"]
        .into_iter()
        .chain(approval.reason.is_some().then_some("f:reason"));
    for field in parts {
        if !entries.iter().any(|(_, part)| part.get(field).is_some()) {
            let field = field.trim_start_matches("f:");
            return unproven(format!("metadata.managedFields does not say when spec.approval.{field} was written"));
        }
    }
    for (entry, _) in entries {
        let manager = entry.manager.as_deref().unwrap_or("an unknown field manager");
        match entry.time.as_ref().map(|time| time.0) {
            None => return unproven(format!("metadata.managedFields does not say when {manager} wrote it")),
            Some(at) if at > latest => {
                return unproven(format!("{manager} wrote it at {at}, which is after now, {now}"));
            }
            Some(at) if at <= settled => {
                return unproven(format!("{manager} wrote it at {at}, and the guard is in force since {settled}"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// When all API servers evaluate a guard that was last written at `since`.
#[must_use]
pub fn settled(since: Timestamp) -> Timestamp {
    since.saturating_add(SETTLED_AFTER).unwrap_or(Timestamp::MAX)
}

/// Whether the status honours this very decision: by the same person, for the same digest.
fn is_vouched<K: Approvable>(object: &K) -> bool {
    object.approval().zip(object.honoured()).is_some_and(|(given, honoured)| {
        honoured.by == Approver::person(&given.approver)
            && honoured.decision == given.decision
            && honoured.proposal_digest == given.proposal_digest
    })
}

/// Who wrote parts of the approval, and when, according to `metadata.managedFields`.
pub(crate) fn dates<K: Approvable>(object: &K) -> Vec<String> {
    let entries = object.meta().managed_fields.iter().flatten().filter(|entry| part(entry).is_some());
    entries
        .map(|entry| {
            let at = entry.time.as_ref().map(|time| time.0.to_string()).unwrap_or_default();
            format!("{} {at}", entry.manager.as_deref().unwrap_or_default())
        })
        .collect()
}

/// The fields of the approval in an entry, if any.
fn part(entry: &ManagedFieldsEntry) -> Option<&Value> {
    entry.fields_v1.as_ref()?.0.get("f:spec")?.get("f:approval")
}

#[cfg(test)]
mod tests;
