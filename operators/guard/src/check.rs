//! Compares the guard with the objects on the API server, and determines since when it is in force. Pure.
//!
//! In: each policy and binding as it is shipped, and as the API server returns it. Out: nothing, or what is wrong with which.
//! What counts as altered is defined in [`trimtab_runtime::unaltered`]. In addition, neither object may be in
//! deletion, and the API server must not report warnings about the rules. The guard of an earlier release is told from
//! an altered one: it is not in force either, and it only has to be replaced.

use jiff::Timestamp;
use k8s_openapi::{
    api::admissionregistration::v1::{
        ValidatingAdmissionPolicy as Policy, ValidatingAdmissionPolicyBinding as Binding,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::Serialize;
use trimtab_runtime::unaltered::{Difference, difference};

use crate::{
    GuardFault,
    expected::{Expected, ShippedGuard},
    manifests::Kind,
    releases::release,
};

/// A policy and its binding as the API server returns them; `None` for what it does not have.
pub type Found<'a> = (Option<&'a Policy>, Option<&'a Binding>);

/// Whether a policy is in force, according to the objects.
///
/// # Errors
/// What is missing or altered, with the first place that differs, or the earlier release that shipped it.
pub fn check(expected: &Expected, policy: Option<&Policy>, binding: Option<&Binding>) -> Result<(), GuardFault> {
    of_this_release(recognise(expected, policy, binding)?)
}

/// Whether the whole guard is in force: `found` are its objects, in the order in which they are shipped.
///
/// # Errors
/// As [`check`], of the first policy that is not.
pub fn check_all(shipped: &ShippedGuard, found: &[Found<'_>]) -> Result<(), GuardFault> {
    of_this_release(recognise_all(&shipped.0, found)?)
}

fn of_this_release(earlier: Option<&'static str>) -> Result<(), GuardFault> {
    earlier.map_or(Ok(()), |release| Err(GuardFault::Outdated { release, since: None }))
}

/// The earlier release whose guard these objects are; `None` for that of this release. All are of one release: the rules of
/// two may leave out what each of them has elsewhere.
///
/// # Errors
/// If they are neither.
pub(crate) fn recognise_all(shipped: &[Expected], found: &[Found<'_>]) -> Result<Option<&'static str>, GuardFault> {
    let mut first = None;
    for (at, expected) in shipped.iter().enumerate() {
        let (policy, binding) = found.get(at).copied().unwrap_or_default();
        let of = match (recognise(expected, policy, binding), first) {
            // The earlier releases shipped the first one alone.
            (Err(_), Some(Some(earlier))) if policy.is_none() && binding.is_none() => Some(earlier),
            (recognised, _) => recognised?,
        };
        let known = *first.get_or_insert(of);
        if let Some(release) = known.or(of).filter(|_| known != of) {
            return Err(GuardFault::Outdated { release, since: None });
        }
    }
    Ok(first.flatten())
}

/// The earlier release whose guard this is; `None` for that of this release. The API server evaluates it as it was
/// shipped.
///
/// # Errors
/// If it is neither, or the API server has doubts about its rules.
pub(crate) fn recognise(
    expected: &Expected,
    policy: Option<&Policy>,
    binding: Option<&Binding>,
) -> Result<Option<&'static str>, GuardFault> {
    let kinds = expected.manifest;
    let policy = policy.ok_or(GuardFault::Missing(kinds.policy))?;
    let binding = binding.ok_or(GuardFault::Missing(kinds.binding))?;
    present(kinds.policy, &policy.metadata)?;
    present(kinds.binding, &binding.metadata)?;
    let as_shipped = same(kinds.policy, &expected.policy.spec, &policy.spec)
        .and_then(|()| same(kinds.binding, &expected.binding.spec, &binding.spec));
    let earlier = match as_shipped {
        Ok(()) => None,
        Err(fault) => Some(release(policy.spec.as_ref(), Some(&binding.spec), &expected.account).ok_or(fault)?.version),
    };
    let checked = policy.status.as_ref().and_then(|status| status.type_checking.as_ref());
    let warnings = checked.and_then(|checked| checked.expression_warnings.as_deref()).unwrap_or_default();
    match (warnings.first(), earlier) {
        (None, earlier) => Ok(earlier),
        // Its rules may be about fields that the CRDs of this release do not have.
        (Some(_), Some(release)) => Err(GuardFault::Outdated { release, since: None }),
        (Some(first), None) => {
            Err(GuardFault::Warned(kinds.policy, format!("{}: {}", first.field_ref, one_line(&first.warning))))
        }
    }
}

/// Since when, at the latest, the guard is in force: since the younger of its objects was created, if their specs are
/// unchanged since creation; else since they were first seen in their present form, at `seen`. The API server counts
/// spec changes and dates the creation itself. It does not date later writes so that it proves anything: whoever may
/// write an object may also write its `metadata.managedFields`, dates included. Who altered the guard, approved without
/// it and restored it could date the restoration before the approval. So what this process saw is all that there is,
/// and it ends with the process: only objects that are created again prove more. A label, an annotation, an owner or a
/// status does not affect what is in force. `None` if the API server does not give the date.
pub fn since(policy: &Policy, binding: &Binding, seen: Timestamp) -> Option<Timestamp> {
    let last = |meta: &ObjectMeta| {
        let made = meta.creation_timestamp.as_ref()?.0;
        Some(if meta.generation == Some(1) { made } else { made.max(seen) })
    };
    Some(last(&policy.metadata)?.max(last(&binding.metadata)?))
}

fn present(kind: Kind, meta: &ObjectMeta) -> Result<(), GuardFault> {
    if meta.deletion_timestamp.is_some() { Err(GuardFault::Deleting(kind)) } else { Ok(()) }
}

fn same<S: Serialize>(kind: Kind, shipped: &S, shown: &S) -> Result<(), GuardFault> {
    match difference(shipped, shown).map_err(|error| GuardFault::Undecodable(kind, error.to_string()))? {
        Some(Difference { at, how }) => Err(GuardFault::Altered { kind, at, how }),
        None => Ok(()),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
