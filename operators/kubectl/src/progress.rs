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

use crate::{decision::rollout, health::Absence, undo, words};

/// Its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// It has not begun, and waits for Trimtab alone.
    Waiting(String),
    /// It continues, or waits for something else.
    Going(String),
    /// It has ended: with a result, or without ever starting.
    Ended(String, Option<RolloutResult>),
}

impl Course {
    /// The line.
    pub fn line(&self) -> &str {
        match self {
            Self::Waiting(line) | Self::Going(line) | Self::Ended(line, _) => line,
        }
    }

    /// The line, where no Trimtab runs that would carry it out. Where that is not certain, it matters only to what
    /// waits for Trimtab alone.
    pub fn line_without(&self, absence: Option<&Absence>) -> String {
        match (self, absence) {
            (Self::Waiting(line), Some(absence)) => format!("{line}: {}: it begins once one runs", absence.text),
            (Self::Going(line), Some(absence)) if absence.is_certain => {
                format!("{line}; {}: it continues once one runs", absence.text)
            }
            _ => self.line().to_owned(),
        }
    }
}

/// The course of the proposal with this digest.
pub fn course(rec: &Recommendation, digest: Option<&str>, policy: Option<&OptimizationPolicySpec>) -> Course {
    let empty = RecommendationStatus::default();
    let status = rec.status.as_ref().unwrap_or(&empty);
    let mine = |r: &&RolloutStatus| digest.is_none_or(|d| d == r.proposal_digest && !is_approved_again(rec, r));
    match status.rollout.as_ref().filter(mine) {
        Some(rollout) => match (rollout.stage, rollout.result) {
            (Stage::Ended, Some(result)) => Course::Ended(ended(rollout, result), Some(result)),
            _ => Course::Going(under_way(rollout, status, policy)),
        },
        None => not_begun(rec, status, digest),
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
    let begun = |r: &RolloutStatus| !(earlier_size && undo::is_earlier_size(r));
    match course {
        Course::Ended(_, Some(RolloutResult::Applied)) => undo_waits(rec),
        Course::Ended(..) if !rollout(rec).is_none_or(begun) => undo_waits(rec),
        other => other,
    }
}

fn undo_waits(rec: &Recommendation) -> Course {
    let paused = rec.status.as_ref().and_then(paused);
    let why = paused.map(|(reason, message)| format!("; paused, {reason}: {message}")).unwrap_or_default();
    Course::Waiting(format!("waiting for Trimtab to begin the undo{why}"))
}

fn not_begun(rec: &Recommendation, status: &RecommendationStatus, digest: Option<&str>) -> Course {
    let never = |text: String| Course::Ended(text, None);
    if let (Some(followed), Some(present)) = (digest, status.proposal_digest.as_deref())
        && followed != present
    {
        return never(format!(
            "the proposal changed to {}: the approval of {} has no effect any more",
            words::short(present),
            words::short(followed)
        ));
    }
    match &rec.spec.approval {
        None => never("nobody has approved it: there is no rollout to follow".to_owned()),
        Some(a) if a.decision == Decision::Rejected => never(format!("{} rejected it", a.approver)),
        Some(_) => match (status.gates.first(), words::ready(rec)) {
            (Some(gate), _) => Course::Going(format!("approved, held by {}: {}", gate.gate, gate.message)),
            // What it said before the approval is no news.
            (None, Some((reason, message))) if ![reasons::PENDING_APPROVAL, reasons::ROLLED_BACK].contains(&reason) => {
                Course::Going(format!("approved, {reason}: {message}"))
            }
            _ => Course::Waiting("approved, waiting for Trimtab to begin the rollout".to_owned()),
        },
    }
}

fn ended(r: &RolloutStatus, result: RolloutResult) -> String {
    let took = r.ended.as_ref().map(|end| format!(" after {}", words::since(r.started.0, end.0))).unwrap_or_default();
    let why = r.undo.as_ref().map(|u| format!(": {}: {}", u.reason, u.message)).unwrap_or_default();
    match result {
        RolloutResult::Applied => {
            format!("Applied{took}: pods {} have the new size, persisted by {:?}", r.progress, r.delivery)
        }
        RolloutResult::RolledBack if undo::is_earlier_size(r) => format!(
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
