//! Applies the decision on one Recommendation.
//!
//! In: a [`Task`], which is data. Out: the result. The only requests of this crate besides policy statuses are made
//! here.

use std::sync::Arc;

use jiff::Timestamp;
use kube::Resource;
use trimtab_api::Recommendation;
use trimtab_core::WorkloadId;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::{ApplyError, Metrics, Writer, events::Events};

use crate::{events, life::Change, object, object::PolicyIdentity, outcome::Draft};

/// One change of one Recommendation.
#[derive(Debug)]
pub struct Task {
    /// The policy that decided.
    pub policy: PolicyIdentity,
    /// Its workload.
    pub workload: WorkloadId,
    /// The action.
    pub action: Action,
    /// The row of the Recommendation, if there is one.
    pub row: Option<Arc<RecommendationRow>>,
}

/// The action.
#[derive(Debug)]
pub enum Action {
    /// Write spec and status.
    Propose(Box<Draft>),
    /// Write the status.
    Restate(Box<Draft>),
    /// Delete it, for this reason.
    Withdraw(&'static str),
}

/// The action for a change, with the draft that it writes.
pub fn action(change: Change, draft: Option<Box<Draft>>) -> Option<Action> {
    match (change, draft) {
        (Change::Propose, Some(draft)) => Some(Action::Propose(draft)),
        (Change::Restate, Some(draft)) => Some(Action::Restate(draft)),
        (Change::Withdraw(reason), _) => Some(Action::Withdraw(reason)),
        (Change::Keep, _) | (Change::Propose | Change::Restate, None) => None,
    }
}

/// Performs a task. An object that is already gone, or is deleted with its namespace, needs nothing more.
///
/// # Errors
/// Why the API server rejected it.
pub async fn carry_out(
    writer: &Writer,
    events: &Events,
    metrics: &Metrics,
    task: &Task,
    now: Timestamp,
) -> Result<(), ApplyError> {
    let result = match &task.action {
        Action::Propose(draft) => propose(writer, events, metrics, task, draft, now).await,
        Action::Restate(draft) => {
            let mut rec = object::recommendation(&task.policy, &task.workload, draft);
            let generation = task.row.as_ref().map(|row| row.generation);
            rec.metadata.uid = task.row.as_ref().map(|row| row.uid.clone());
            rec.status = Some(object::status(draft, task.row.as_deref(), generation, now));
            writer.apply_status(&rec).await
        }
        Action::Withdraw(reason) => withdraw(writer, events, metrics, task, reason).await,
    };
    match result {
        Err(error) if is_settled(&error) => Ok(()),
        other => other,
    }
}

/// Whether nothing is left to write: the object is gone, or its namespace is or goes.
fn is_settled(error: &ApplyError) -> bool {
    error.is_gone() && *error != ApplyError::NotLeader
}

/// Whether the error of a write of a Recommendation fails the pass: Trimtab itself could not work. What others refuse is
/// in the status of the policy and in an event, and is up to them; what changed meanwhile is written by the next pass.
pub(crate) fn fails_the_pass(error: &ApplyError) -> bool {
    is_unexpected(error) && !error.is_refused_by_others()
}

/// The same of a status that shows nowhere else why it is not written.
pub(crate) fn is_unexpected(error: &ApplyError) -> bool {
    !error.is_gone() && !error.is_outdated()
}

async fn propose(
    writer: &Writer,
    events: &Events,
    metrics: &Metrics,
    task: &Task,
    draft: &Draft,
    now: Timestamp,
) -> Result<(), ApplyError> {
    let mut rec = object::recommendation(&task.policy, &task.workload, draft);
    let applied = writer.apply_for_metadata(&rec).await?;
    rec.metadata.uid.clone_from(&applied.metadata.uid);
    rec.status = Some(object::status(draft, task.row.as_deref(), applied.metadata.generation, now));
    writer.apply_status(&rec).await?;
    metrics.count_recommendation("RightSize", "Proposed");
    if let Some(before) = task.row.as_ref().and_then(|row| row.figures())
        && before.digest != draft.digest
    {
        events.publish(&applied, events::superseded(before.digest, draft));
    }
    Ok(())
}

async fn withdraw(
    writer: &Writer,
    events: &Events,
    metrics: &Metrics,
    task: &Task,
    reason: &str,
) -> Result<(), ApplyError> {
    let Some(row) = &task.row else { return Ok(()) };
    let mut rec = Recommendation::new(&row.name, empty_spec(row));
    rec.meta_mut().namespace = Some(row.namespace.clone());
    rec.meta_mut().uid = Some(row.uid.clone());
    writer.delete(&rec).await?;
    metrics.count_recommendation("RightSize", "Withdrawn");
    let policy = policy_reference(&task.policy);
    events.publish_to(policy, events::withdrawn(&row.namespace, &row.name, reason));
    Ok(())
}

pub(crate) fn empty_spec(row: &RecommendationRow) -> trimtab_api::RecommendationSpec {
    trimtab_api::RecommendationSpec {
        kind: trimtab_api::recommendation::RecommendationType::RightSize,
        target_ref: row.target.clone(),
        policy_ref: None,
        proposal: row.proposal.clone(),
        approval: None,
    }
}

/// The object reference to the policy in events.
pub fn policy_reference(policy: &PolicyIdentity) -> k8s_openapi::api::core::v1::ObjectReference {
    k8s_openapi::api::core::v1::ObjectReference {
        api_version: Some(format!("{}/{}", trimtab_api::GROUP, trimtab_api::VERSION)),
        kind: Some("OptimizationPolicy".to_owned()),
        name: Some(policy.name.clone()),
        uid: Some(policy.uid.clone()),
        ..Default::default()
    }
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
