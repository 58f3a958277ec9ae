//! Whether an approval was made under the guard. Pure.
//!
//! The guard keeps approvals out that nobody was allowed to make; it says nothing about those that were there before it.
//! Two things tell an approval's age. A recommendation that was created under the guard had none when it was created, and
//! got it under the guard. For an older one, the API server's own record counts: `metadata.managedFields` says when each
//! part of `spec.approval` was last written, and the guard takes any write that would renew that date for an approval.
//!
//! What this cannot tell: before the guard was there, whoever could write recommendations could write that record too,
//! and date it ahead. A recommendation that is deleted and made anew is free of that doubt.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::Value;
use trimtab_api::Recommendation;

use crate::Fault;

/// How long all API servers may take until they ask a new policy. They look for new ones once a second.
pub const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// Whether the approval of a recommendation is for the digest that its status shows, or says no to what was carried out
/// before, and was made under the guard, which is in force since `guard_since`. It says nothing about whether the guard
/// still is: ask [`crate::Guard::trust`].
///
/// # Errors
/// Why that is not certain.
pub fn trustworthy(recommendation: &Recommendation, guard_since: Timestamp) -> Result<(), Fault> {
    let meta = &recommendation.metadata;
    let name =
        format!("{}/{}", meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default());
    let unproven = |why: String| Err(Fault::Unproven { name: name.clone(), why });
    let Some(approval) = &recommendation.spec.approval else { return unproven("there is none".to_owned()) };
    let status = recommendation.status.as_ref();
    let carried = status.and_then(|status| status.rollout.as_ref()).map(|rollout| rollout.proposal_digest.as_str());
    match status.and_then(|status| status.proposal_digest.as_deref()) {
        Some(shown) if approval.counts(shown, carried) => {}
        Some(shown) => return unproven(format!("it is for {}, and the proposal is {shown}", approval.proposal_digest)),
        None => return unproven("the status shows no digest".to_owned()),
    }
    let settled = guard_since.saturating_add(SETTLED_AFTER).unwrap_or(Timestamp::MAX);
    if meta.creation_timestamp.as_ref().is_some_and(|made| made.0 > settled) {
        return Ok(());
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
            Some(at) if at <= settled => {
                return unproven(format!("{manager} wrote it at {at}, and the guard is in force since {settled}"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// What an entry holds of the approval.
fn part(entry: &ManagedFieldsEntry) -> Option<&Value> {
    entry.fields_v1.as_ref()?.0.get("f:spec")?.get("f:approval")
}

#[cfg(test)]
mod tests;
