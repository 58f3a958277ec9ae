//! The progress of a rollout, in one line, and whether it has ended.
//!
//! In: a Recommendation, the policy that made it, the digest to follow. Out: a [`Course`]. Pure.

use jiff::{SignedDuration, Timestamp};
use trimtab_api::{
    approval::Decision,
    optimization_policy::OptimizationPolicySpec,
    recommendation::Recommendation,
    recommendation_status::RecommendationStatus,
    rollout::{RolloutResult, RolloutStatus, Stage},
    time::Duration,
    verification::Verdict,
};

use crate::{decision::rollout, undo, words};

/// Its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// It continues.
    Going(String),
    /// It has ended: with a result, or without ever starting.
    Ended(String, Option<RolloutResult>),
}

impl Course {
    /// The line.
    pub fn line(&self) -> &str {
        match self {
            Self::Going(line) | Self::Ended(line, _) => line,
        }
    }
}

/// The course of the proposal with this digest.
pub fn course(rec: &Recommendation, digest: Option<&str>, policy: Option<&OptimizationPolicySpec>) -> Course {
    let empty = RecommendationStatus::default();
    let status = rec.status.as_ref().unwrap_or(&empty);
    let mine = |r: &&RolloutStatus| digest.is_none_or(|d| d == r.proposal_digest);
    match status.rollout.as_ref().filter(mine) {
        Some(rollout) => match (rollout.stage, rollout.result) {
            (Stage::Ended, Some(result)) => Course::Ended(ended(rollout, result), Some(result)),
            _ => Course::Going(under_way(rollout, status, policy)),
        },
        None => not_begun(rec, status, digest),
    }
}

/// The course for somebody waiting for an undo: an applied change has not reached that end yet. Nor, when an earlier
/// size is being undone, has the change that was undone before it.
pub fn of_undo(course: Course, rec: &Recommendation, earlier_size: bool) -> Course {
    let begun = |r: &RolloutStatus| !(earlier_size && undo::is_earlier_size(r));
    match course {
        Course::Ended(_, Some(RolloutResult::Applied)) => Course::Going("waiting for Trimtab to start".to_owned()),
        Course::Ended(..) if !rollout(rec).is_none_or(begun) => {
            Course::Going("waiting for Trimtab to start".to_owned())
        }
        other => other,
    }
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
        Some(_) => Course::Going(match status.gates.first() {
            Some(gate) => format!("approved, held by {}: {}", gate.gate, gate.message),
            None => match words::ready(rec) {
                Some((reason, message)) if reason != "PendingApproval" => format!("approved, {reason}: {message}"),
                _ => "approved, waiting for Trimtab to start it".to_owned(),
            },
        }),
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
    if r.stage != Stage::Undoing {
        for gate in &status.gates {
            line.push_str(&format!("; held by {}: {}", gate.gate, gate.message));
        }
    }
    line
}

fn end_of(start: Timestamp, seconds: i64) -> Option<Timestamp> {
    start.checked_add(SignedDuration::from_secs(seconds)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::testkit::{DIGEST, rec, rollout};

    fn policy() -> OptimizationPolicySpec {
        serde_json::from_value(json!({"targetNamespaces": ["shop"], "verification": {"window": "15m"},
            "rolloutStrategy": {"steps": [{"replicas": 1, "pause": "5m"}, {"replicas": "50%", "pause": "10m"}, {"replicas": "100%"}]}}))
        .unwrap()
    }

    fn line(change: Value) -> String {
        course(&rec(json!({"status": {"rollout": rollout(change)}})), Some(DIGEST), Some(&policy())).line().to_owned()
    }

    #[test]
    fn every_stage_has_its_line() {
        for (change, expected) in [
            (json!({"stage": "Resizing"}), "step 2/3, pods 4/10: resizing"),
            (json!({}), "step 2/3, pods 4/10: watching until 2026-11-21 12:08:00Z"),
            (json!({"stage": "Watching", "step": 3}), "step 3/3, pods 4/10: watching"),
            (json!({"stage": "Delivering"}), "step 2/3, pods 4/10: persisting it by Admission"),
            (json!({"stage": "Verifying"}), "step 2/3, pods 4/10: verifying until 2026-11-21 12:13:00Z"),
            (
                json!({"stage": "Undoing", "undo": {"reason": "CheckFailed", "message": "3 restarts", "since": "2026-11-21T11:58:00Z"},
                    "checks": [{"name": "Restarts", "verdict": "Fail", "message": "3 restarts"}]}),
                "undoing, pods 4/10 still have the new size; CheckFailed: 3 restarts",
            ),
            (
                json!({"checks": [{"name": "Readiness", "verdict": "Pass", "message": "10 of 10"},
                    {"name": "Query/errors", "verdict": "Inconclusive", "message": "no answer"}]}),
                "step 2/3, pods 4/10: watching until 2026-11-21 12:08:00Z; Query/errors Inconclusive: no answer",
            ),
            (
                json!({"stage": "Ended", "result": "Applied", "progress": "10/10", "ended": "2026-11-21T12:00:00Z"}),
                "Applied after 20m: pods 10/10 have the new size, persisted by Admission",
            ),
        ] {
            assert_eq!(line(change.clone()), expected, "{change}");
        }
    }

    #[test]
    fn whoever_waits_for_an_undo_is_not_told_of_the_former_end() {
        let none = rec(json!({}));
        let ended = |result| of_undo(Course::Ended("x".to_owned(), result), &none, false);
        assert!(matches!(ended(Some(RolloutResult::Applied)), Course::Going(_)));
        for result in [Some(RolloutResult::RolledBack), Some(RolloutResult::Superseded), None] {
            assert_eq!(ended(result), Course::Ended("x".to_owned(), result));
        }
        // An earlier size that is still in force is not the end of its own undo.
        let earlier = rollout(json!({"stage": "Ended", "result": "RolledBack", "original": [{"name": "app"}]}));
        let earlier = rec(json!({"status": {"rollout": earlier}}));
        let found = course(&earlier, Some(DIGEST), None);
        assert!(found.line().contains("every pod has the size of an earlier change again"), "{found:?}");
        assert!(matches!(of_undo(found.clone(), &earlier, true), Course::Going(_)));
        assert_eq!(of_undo(found.clone(), &earlier, false), found);
    }

    #[test]
    fn without_the_policy_no_end_is_guessed() {
        let text = course(&rec(json!({"status": {"rollout": rollout(json!({"stage": "Verifying"}))}})), None, None);
        assert_eq!(text.line(), "step 2/3, pods 4/10: verifying");
    }

    #[test]
    fn what_has_not_begun_waits_or_never_will() {
        let approval = |decision: &str| json!({"spec": {"approval": {"decision": decision, "approver": "ada", "proposalDigest": DIGEST}}});
        let mut held = approval("Approved");
        held["status"] = json!({"gates": [{"gate": "Window", "reason": "Closed", "message": "opens at 22:00"}]});
        let mut other = approval("Approved");
        other["status"] = json!({"proposalDigest": "sha256:0000000000000000"});
        let mut former = approval("Approved");
        former["status"] = json!({"rollout": rollout(json!({"proposalDigest": "sha256:0000000000000000", "stage": "Ended", "result": "Applied"}))});
        for (change, going, part) in [
            (approval("Approved"), true, "waiting for Trimtab"),
            (held, true, "held by Window: opens at 22:00"),
            (former, true, "waiting for Trimtab"),
            (approval("Rejected"), false, "ada rejected it"),
            (other, false, "the proposal changed to sha256:00000000"),
            (json!({}), false, "nobody has approved it"),
        ] {
            let found = course(&rec(change.clone()), Some(DIGEST), None);
            assert_eq!(matches!(found, Course::Going(_)), going, "{change} {found:?}");
            assert!(found.line().contains(part), "{found:?}");
        }
    }
}
