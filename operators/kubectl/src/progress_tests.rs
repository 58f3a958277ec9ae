#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use super::*;
use crate::{
    health::Absence,
    testkit::{DIGEST, rec, rollout},
};

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
    assert!(matches!(ended(Some(End::Applied)), Course::Waiting(_)));
    for result in [Some(End::Undone), Some(End::Otherwise), None] {
        assert_eq!(ended(result), Course::Ended("x".to_owned(), result));
    }
    // An earlier size that is still in force is not the end of its own undo.
    let earlier = rollout(json!({"stage": "Ended", "result": "RolledBack", "original": [{"name": "app"}]}));
    let earlier = rec(json!({"status": {"rollout": earlier}}));
    let found = course(&earlier, Some(DIGEST), None);
    assert!(found.line().contains("every pod has the size of an earlier change again"), "{found:?}");
    assert!(matches!(of_undo(found.clone(), &earlier, true), Course::Waiting(_)));
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
    let undone = json!({"stage": "Ended", "result": "RolledBack",
        "undo": {"reason": "Rejected", "message": "ada rejected it", "since": "2026-11-21T11:58:00Z"}});
    let mut again = approval("Approved");
    again["status"] = json!({"rollout": rollout(undone.clone()), "conditions": [{"type": "Ready", "status": "False",
        "reason": "RolledBack", "message": "undone", "lastTransitionTime": "2026-11-20T12:00:00Z"}]});
    let mut rejected = approval("Rejected");
    rejected["status"] = json!({"rollout": rollout(undone)});
    let back = "RolledBack: the former values were restored: Rejected: ada rejected it".to_owned();
    let begins = "approved, waiting for Trimtab to begin the rollout";
    let held_by = "approved, held by Window: opens at 22:00";
    for (change, expected) in [
        (approval("Approved"), Course::Waiting(begins.to_owned())),
        (held, Course::Going(held_by.to_owned())),
        (former, Course::Waiting(begins.to_owned())),
        (approval("Rejected"), Course::Ended("ada rejected it".to_owned(), None)),
        // It was undone because of that; or a person has approved it again since.
        (rejected, Course::Ended(back, Some(End::Undone))),
        (again, Course::Waiting(begins.to_owned())),
    ] {
        assert_eq!(course(&rec(change.clone()), Some(DIGEST), None), expected, "{change}");
    }
    for (change, part) in [(other, "the proposal changed to sha256:00000000"), (json!({}), "nobody has approved it")] {
        let found = course(&rec(change.clone()), Some(DIGEST), None);
        assert!(matches!(&found, Course::Ended(line, None) if line.contains(part)), "{found:?}");
    }
}

#[test]
fn without_a_trimtab_nobody_is_left_waiting_for_it() {
    let absence = |is_certain| Absence { is_certain, text: "no Trimtab is running (a led until 11s ago)".to_owned() };
    let approved = json!({"spec": {"approval": {"decision": "Approved", "approver": "ada", "proposalDigest": DIGEST}}});
    let applied = json!({"status": {"rollout": rollout(json!({"stage": "Ended", "result": "Applied"}))}});
    let of = |change: &Value| course(&rec(change.clone()), Some(DIGEST), None);
    let undo = of_undo(of(&applied), &rec(applied.clone()), false);
    for (course, begins) in [
        (of(&approved), "approved, waiting for Trimtab to begin the rollout: no Trimtab is running"),
        (undo, "waiting for Trimtab to begin the undo: no Trimtab is running"),
    ] {
        for is_certain in [true, false] {
            let line = course.line_without(Some(&absence(is_certain)));
            assert!(line.starts_with(begins) && line.ends_with("it begins once one runs"), "{line}");
        }
        assert_eq!(course.line_without(None), course.line());
    }
    let going = of(&json!({"status": {"rollout": rollout(json!({}))}}));
    assert!(going.line_without(Some(&absence(true))).ends_with("(a led until 11s ago): it continues once one runs"));
    assert_eq!(going.line_without(Some(&absence(false))), going.line());
    assert_eq!(of(&applied).line_without(Some(&absence(true))), of(&applied).line());
    // What waits for something else is told of a Trimtab that is missing only if that is certain, whatever its words.
    let held = Course::Going("held by Window: waiting for Trimtab to begin the rollout".to_owned());
    assert_eq!(held.line_without(Some(&absence(false))), held.line());
}

#[test]
fn why_it_is_paused_is_in_its_line() {
    let line = |ready: &str, change: Value| {
        let condition = json!({"type": "Ready", "status": "False", "reason": ready, "message": "pod web-1 has 2Gi",
            "lastTransitionTime": "2026-11-20T12:00:00Z"});
        let gates = json!([{"gate": "EmergencyStop", "reason": "Halted", "message": "it is on"}]);
        let gates = if ready == "Halted" { gates } else { json!([]) };
        let status = json!({"conditions": [condition], "gates": gates, "rollout": rollout(change)});
        course(&rec(json!({"status": status})), Some(DIGEST), None).line().to_owned()
    };
    // What is to be undone is not paused because new pods do not get it.
    let watching = "step 2/3, pods 4/10: watching";
    assert_eq!(line("SizeNotDelivered", json!({})), watching);
    assert_eq!(line("PodsDiffer", json!({})), "step 2/3, pods 4/10: watching; paused, PodsDiffer: pod web-1 has 2Gi");
    let undo = json!({"reason": "CheckFailed", "message": "3 restarts", "since": "2026-11-21T11:58:00Z"});
    assert_eq!(
        line("UndoBlocked", json!({"stage": "Undoing", "undo": undo})),
        "undoing, pods 4/10 still have the new size; CheckFailed: 3 restarts; paused, UndoBlocked: pod web-1 has 2Gi"
    );
    // The ordinary course has its words already, and so does a closed gate.
    for ready in ["RollingOut", "Verifying", "RollingBack"] {
        assert_eq!(line(ready, json!({})), "step 2/3, pods 4/10: watching", "{ready}");
    }
    assert_eq!(line("Halted", json!({})), "step 2/3, pods 4/10: watching; held by EmergencyStop: it is on");
}

#[test]
fn why_an_undo_does_not_begin_is_told() {
    let ready = json!([{"type": "Ready", "status": "False", "reason": "ApprovalGuardMissing", "message": "apply policies/",
        "lastTransitionTime": "2026-11-20T12:00:00Z"}]);
    let ended = rollout(json!({"stage": "Ended", "result": "Applied"}));
    let rec = rec(json!({"status": {"conditions": ready, "rollout": ended}}));
    let found = of_undo(course(&rec, Some(DIGEST), None), &rec, false);
    let line = "waiting for Trimtab to begin the undo; paused, ApprovalGuardMissing: apply policies/";
    assert_eq!(found, Course::Waiting(line.to_owned()));
}
