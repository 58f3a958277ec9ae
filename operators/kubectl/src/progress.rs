//! The progress of a rollout, in one line, and whether it has ended.
//!
//! In: a Recommendation, the policy that made it, the digest to follow. Out: a [`Course`]. Pure.

use jiff::{SignedDuration, Timestamp};
use trimtab_api::{
    approval::Decision,
    conditions::recommendation as reasons,
    optimization_policy::OptimizationPolicySpec,
    recommendation::Recommendation,
    recommendation_status::RecommendationStatus,
    rollout::{RolloutResult, RolloutStatus, Stage},
    time::Duration,
    verification::Verdict,
};
use trimtab_rollout::undone;

use crate::{
    carried::{is_earlier_size, rollout},
    course::{Course, End},
    pending::pending,
    words,
};

/// The course of the proposal with this digest.
pub fn course(rec: &Recommendation, digest: Option<&str>, policy: Option<&OptimizationPolicySpec>) -> Course {
    let empty = RecommendationStatus::default();
    let status = rec.status.as_ref().unwrap_or(&empty);
    let mine = |r: &&RolloutStatus| digest.is_none_or(|d| d == r.proposal_digest && !is_approved_again(rec, r));
    match status.rollout.as_ref().filter(mine) {
        Some(rollout) => match (rollout.stage, rollout.result) {
            (Stage::Ended, Some(result)) => Course::Ended(ended(rollout, result), Some(end(result))),
            _ => Course::Going(under_way(rollout, status, policy)),
        },
        None => pending(rec, digest),
    }
}

fn end(result: RolloutResult) -> End {
    match result {
        RolloutResult::Applied => End::Applied,
        RolloutResult::RolledBack => End::Undone,
        RolloutResult::Superseded => End::Otherwise,
    }
}

/// Whether a person has approved again what a person's rejection undid: then another rollout of it follows.
fn is_approved_again(rec: &Recommendation, r: &RolloutStatus) -> bool {
    let yes = rec.spec.approval.as_ref().filter(|a| a.decision == Decision::Approved);
    undone::rejected(r).is_some() && yes.is_some_and(|a| a.proposal_digest == r.proposal_digest)
}

/// The course for somebody waiting for an undo: an applied change has not reached that end yet. Nor, when an earlier
/// size is being undone, has the change that was undone before it.
pub fn of_undo(course: Course, rec: &Recommendation, earlier_size: bool) -> Course {
    let begun = |r: &RolloutStatus| !(earlier_size && is_earlier_size(r));
    match course {
        Course::Ended(_, Some(End::Applied)) => undo_waits(rec),
        Course::Ended(..) if !rollout(rec).is_none_or(begun) => undo_waits(rec),
        other => other,
    }
}

fn undo_waits(rec: &Recommendation) -> Course {
    let paused = rec.status.as_ref().and_then(paused);
    let why = paused.map(|(reason, message)| format!("; paused, {reason}: {message}")).unwrap_or_default();
    Course::Waiting(format!("waiting for Trimtab to begin the undo{why}"))
}

fn ended(r: &RolloutStatus, result: RolloutResult) -> String {
    let took = r.ended.as_ref().map(|end| format!(" after {}", words::since(r.started.0, end.0))).unwrap_or_default();
    let why = r.undo.as_ref().map(|u| format!(": {}: {}", u.reason, u.message)).unwrap_or_default();
    match result {
        RolloutResult::Applied => {
            format!("Applied{took}: pods {} have the new size, persisted by {:?}", r.progress, r.delivery)
        }
        RolloutResult::RolledBack if is_earlier_size(r) => format!(
            "RolledBack{took}: every pod has the size of an earlier change again; kubectl trimtab undo takes that back too{why}"
        ),
        RolloutResult::RolledBack => format!("RolledBack{took}: the former values were restored{why}"),
        RolloutResult::Superseded => {
            format!("Superseded{took}: the workload was changed, replaced or deleted by somebody else{why}")
        }
    }
}

/// One line about a rollout that has not ended.
pub fn under_way(r: &RolloutStatus, status: &RecommendationStatus, policy: Option<&OptimizationPolicySpec>) -> String {
    let step = format!("step {}/{}", r.step, r.steps);
    let until = |length: Option<&Duration>| {
        let end = length.and_then(Duration::seconds).and_then(|s| end_of(r.stage_since.0, s));
        end.map(|t| format!(" until {}", words::moment(t))).unwrap_or_default()
    };
    let index = usize::try_from(r.step.saturating_sub(1)).unwrap_or(0);
    let pause = policy.and_then(|p| p.rollout_strategy.steps.get(index)).and_then(|s| s.pause.as_ref());
    let mut line = match r.stage {
        Stage::Resizing => format!("{step}, pods {}: resizing", r.progress),
        Stage::Watching => format!("{step}, pods {}: watching{}", r.progress, until(pause)),
        Stage::Delivering => format!("{step}, pods {}: persisting it by {:?}", r.progress, r.delivery),
        Stage::Verifying => {
            format!("{step}, pods {}: verifying{}", r.progress, until(policy.map(|p| &p.verification.window)))
        }
        Stage::Undoing => format!("undoing, pods {} still have the new size", r.progress),
        Stage::Ended => format!("ended, pods {}", r.progress),
    };
    if let Some(undo) = &r.undo {
        line.push_str(&format!("; {}: {}", undo.reason, undo.message));
    }
    // Why it is undone has been reported, with the failed checks.
    for check in r.checks.iter().filter(|c| c.verdict != Verdict::Pass && r.undo.is_none()) {
        line.push_str(&format!("; {} {:?}: {}", check.name, check.verdict, check.message));
    }
    let shows_gates = r.stage != Stage::Undoing;
    for gate in status.gates.iter().filter(|_| shows_gates) {
        line.push_str(&format!("; held by {}: {}", gate.gate, gate.message));
    }
    let is_held = |reason: &str| shows_gates && status.gates.iter().any(|gate| gate.reason == reason);
    if let Some((reason, message)) = paused(status).filter(|&(reason, _)| !is_held(reason)) {
        line.push_str(&format!("; paused, {reason}: {message}"));
    }
    line
}

/// Why a rollout is paused: reason and message of its `Ready` condition, unless that is about its ordinary course.
fn paused(status: &RecommendationStatus) -> Option<(&str, &str)> {
    let ready = status.conditions.iter().find(|c| c.type_ == "Ready")?;
    let ordinary = [
        reasons::PENDING_APPROVAL,
        reasons::BLOCKED,
        reasons::ROLLING_OUT,
        reasons::VERIFYING,
        reasons::ROLLING_BACK,
        reasons::APPLIED,
        reasons::SIZE_NOT_DELIVERED,
        reasons::ROLLED_BACK,
        reasons::REJECTED,
        reasons::SUPERSEDED,
    ];
    (!ordinary.contains(&ready.reason.as_str())).then_some((ready.reason.as_str(), ready.message.as_str()))
}

fn end_of(start: Timestamp, seconds: i64) -> Option<Timestamp> {
    start.checked_add(SignedDuration::from_secs(seconds)).ok()
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
