//! Writes the status of a policy, if it changed.
//!
//! In: the policy as stored and the findings of a pass. Out: at most one request.

use jiff::Timestamp;
use trimtab_api::{
    OptimizationPolicy, conditions::reasons::INVALID_SPEC, names::REQUESTED_AT_ANNOTATION, runbooks::Runbooks,
};
use trimtab_core::conditions::merge;
use trimtab_runtime::{ApplyError, Writer, store::Entry, undecodable::Undecodable};

use crate::{
    status::{self, Findings},
    validate::validate,
};

/// Writes the status of the policy in `entry`. `findings` are those of a pass that covered it; messages lead to
/// `runbooks`.
///
/// # Errors
/// Why the API server rejected it.
pub async fn write(
    writer: &Writer,
    entry: &Entry<OptimizationPolicy>,
    findings: Option<Findings>,
    runbooks: &Runbooks,
    now: Timestamp,
) -> Result<(), ApplyError> {
    let policy = match entry {
        Ok(policy) => policy,
        Err(broken) => return write_undecodable(writer, broken, runbooks, now).await,
    };
    let before = policy.status.clone().unwrap_or_default();
    let generation = policy.metadata.generation;
    let after = match (validate(policy), findings) {
        (Err(error), _) => status::invalid(&before, &error, runbooks, generation, now),
        (Ok(valid), _) if valid.suspended => status::suspended(&before, generation, now),
        (Ok(_), Some(findings)) => {
            let requested = policy.metadata.annotations.as_ref().and_then(|a| a.get(REQUESTED_AT_ANNOTATION)).cloned();
            status::analyzed(&before, &findings, requested, runbooks, generation, now)
        }
        // It became valid after this pass was planned; the next one covers it.
        (Ok(_), None) => return Ok(()),
    };
    if policy.status.as_ref() == Some(&after) {
        return Ok(());
    }
    let mut object = OptimizationPolicy::clone(policy);
    object.status = Some(after);
    writer.apply_status(&object).await
}

/// A policy that does not decode reports that itself; its conditions are written without reading the rest of it.
async fn write_undecodable(
    writer: &Writer,
    broken: &Undecodable,
    runbooks: &Runbooks,
    now: Timestamp,
) -> Result<(), ApplyError> {
    let observed = status::stuck(INVALID_SPEC, broken.message::<OptimizationPolicy>());
    let conditions = merge(&[], &observed, |reason| runbooks.page(reason), broken.metadata.generation, now);
    writer.apply_undecodable_status::<OptimizationPolicy>(broken, broken.status(&conditions)).await
}
