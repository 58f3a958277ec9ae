#![allow(clippy::unwrap_used)]
use trimtab_api::{remediation::spec::RemediationAction, risk::RiskLevel};

use super::*;
use crate::{
    bounds::{Bounds, is_among},
    carried::earlier_in_force,
    decision_text::{line, risk_warning},
    testkit::{DIGEST, action, rec, rollout, user},
};

fn approval(decision: &str, digest: &str) -> Value {
    json!({"spec": {"approval": {"decision": decision, "approver": "ada", "reason": "fine", "proposalDigest": digest}}})
}

#[test]
fn a_decision_is_open_made_or_impossible() {
    let rolled_back = json!({"status": {"rollout": rollout(json!({"stage": "Ended", "result": "RolledBack",
        "undo": {"reason": "CheckFailed", "message": "3 restarts", "since": "2026-11-21T11:58:00Z"}}))}});
    let older = json!({"status": {"rollout": rollout(json!({"stage": "Ended", "result": "RolledBack", "proposalDigest": "sha256:00000000"}))}});
    for (change, decision, user, expected) in [
        (json!({}), Decision::Approved, "bob", "open"),
        (json!({"status": null}), Decision::Approved, "bob", "has no digest yet"),
        (
            json!({"metadata": {"deletionTimestamp": "2026-11-21T11:58:00Z"}}),
            Decision::Approved,
            "bob",
            "being deleted",
        ),
        (approval("Approved", DIGEST), Decision::Approved, "bob", "already approved by ada"),
        (approval("Approved", DIGEST), Decision::Approved, "ada", "already approved by you"),
        (approval("Approved", DIGEST), Decision::Rejected, "ada", "open"),
        (approval("Approved", "sha256:00000000"), Decision::Approved, "bob", "open"),
        (
            rolled_back.clone(),
            Decision::Approved,
            "bob",
            "rolled back (CheckFailed: 3 restarts): only what a person rejected",
        ),
        (rolled_back, Decision::Rejected, "bob", "open"),
        (older, Decision::Approved, "bob", "open"),
    ] {
        let found = match standing(&rec(change.clone()), Subject::Proposal, decision, user) {
            Decidable::Open(digest) => {
                assert_eq!(digest, DIGEST);
                "open".to_owned()
            }
            Decidable::Again { digest, note } => {
                assert_eq!(digest, DIGEST);
                note
            }
            Decidable::Made(text) | Decidable::Impossible(text) => text,
        };
        assert!(found.contains(expected), "{change} {decision:?}: {found}");
    }
}

#[test]
fn a_decision_that_trimtab_does_not_honour_is_made_anew_and_one_that_it_has_not_seen_stands() {
    let honoured = |decision: &str, digest: &str| json!({"decision": decision, "by": {"kind": "Policy", "name": "services"}, "rule": "r", "proposalDigest": digest, "since": "2026-11-21T11:58:00Z"});
    // The reason of Ready, and the generation that it was written for. The object has the generation 3.
    let (pending, unproven, unguarded) =
        (("PendingApproval", 3), ("ApprovalNotProven", 3), ("ApprovalGuardMissing", 2));
    let outdated = ("ApprovalGuardOutdated", 3);
    for (given, honoured, ready, again) in [
        ("Approved", Value::Null, pending, false),
        ("Approved", Value::Null, unproven, true),
        ("Approved", Value::Null, unguarded, true),
        ("Approved", Value::Null, outdated, false),
        ("Approved", honoured("Approved", DIGEST), pending, false),
        ("Approved", honoured("Approved", DIGEST), unproven, false),
        ("Approved", honoured("Approved", "sha256:00000000"), pending, false),
        ("Approved", honoured("Approved", "sha256:00000000"), unproven, true),
        ("Rejected", honoured("Approved", DIGEST), ("RollingOut", 2), false),
        ("Rejected", honoured("Approved", DIGEST), unproven, true),
        // Processed, and of no effect.
        ("Rejected", Value::Null, ("Superseded", 3), true),
        ("Rejected", honoured("Rejected", DIGEST), ("Rejected", 3), false),
    ] {
        let mut change = approval(given, DIGEST);
        let (reason, generation) = ready;
        let conditions = json!([{"type": "Ready", "status": "False", "reason": reason, "message": "m",
            "observedGeneration": generation, "lastTransitionTime": "2026-11-21T11:00:00Z"}]);
        change["metadata"] = json!({"generation": 3});
        change["status"] = json!({"approval": honoured, "conditions": conditions});
        let decision = if given == "Approved" { Decision::Approved } else { Decision::Rejected };
        let found = standing(&rec(change), Subject::Proposal, decision, "ada");
        assert_eq!(matches!(found, Decidable::Again { .. }), again, "{given} {honoured} {ready:?}: {found:?}");
        assert_eq!(matches!(found, Decidable::Made(_)), !again, "{given} {honoured} {ready:?}: {found:?}");
    }
}

#[test]
fn who_undoes_what_is_being_undone_is_told_who_did() {
    let rejected = |last: Value| {
        let mut change = approval("Rejected", DIGEST);
        change["status"] = json!({"rollout": rollout(last)});
        rec(change)
    };
    let in_force = rejected(json!({"stage": "Ended", "result": "Applied"}));
    for (rec, subject, user, expected) in [
        (&in_force, Subject::Carried, "bob", "shop/deploy-web is already being undone: ada rejected it"),
        (&in_force, Subject::Carried, "ada", "shop/deploy-web is already being undone: you rejected it"),
        (&in_force, Subject::Proposal, "bob", "shop/deploy-web was already rejected by ada"),
        (&rejected(json!({})), Subject::Carried, "bob", "shop/deploy-web is already being undone: ada rejected it"),
        (
            &rejected(json!({"stage": "Ended", "result": "RolledBack"})),
            Subject::Carried,
            "bob",
            "shop/deploy-web was already rejected by ada",
        ),
    ] {
        let found = standing(rec, subject, Decision::Rejected, user);
        assert_eq!(found, Decidable::Made(expected.to_owned()));
    }
}

#[test]
fn an_approval_for_another_workload_of_the_name_is_given_anew() {
    let gate = |reason: &str| json!([{"gate": "Target", "reason": reason, "message": "m"}]);
    let honoured = json!({"decision": "Approved", "by": {"kind": "Person", "name": "ada"}, "rule": "r", "proposalDigest": DIGEST,
        "since": "2026-11-21T11:58:00Z", "targetUid": "w-0"});
    for (uid, reason, decision, again) in [
        (Value::Null, "TargetReplaced", Decision::Approved, true),
        (Value::Null, "TargetTerminating", Decision::Approved, false),
        (Value::Null, "TargetReplaced", Decision::Rejected, false),
        // No approval makes it be for another workload than the one that it names.
        (json!("w-0"), "TargetReplaced", Decision::Approved, false),
    ] {
        let mut change = approval("Approved", DIGEST);
        change["spec"]["targetRef"] = json!({"uid": uid});
        change["status"] = json!({"approval": honoured, "gates": gate(reason)});
        let found = standing(&rec(change.clone()), Subject::Proposal, decision, "ada");
        assert_eq!(matches!(found, Decidable::Again { .. }), again, "{change} {decision:?}: {found:?}");
        // Withdrawn, and Trimtab has not seen that yet.
        change["spec"]["approval"] = Value::Null;
        let rec = rec(change);
        let found = standing(&rec, Subject::Proposal, decision, "ada");
        assert_eq!(matches!(found, Decidable::Again { .. }), again, "{decision:?}: {found:?}");
        assert!(is_recorded(&rec, Decision::Approved, DIGEST, "ada") && !is_recorded(&rec, decision, DIGEST, "bob"));
    }
}

#[test]
fn what_a_person_rejected_is_approved_again_by_an_approval_from_after_that() {
    let undone = || {
        rollout(json!({"stage": "Ended", "result": "RolledBack",
        "undo": {"reason": "Rejected", "message": "ada rejected it", "since": "2026-11-21T11:58:00Z"}}))
    };
    let honoured = |kind: &str, since: &str| {
        json!({"decision": "Approved", "by": {"kind": kind, "name": "ada"}, "rule": "r",
        "proposalDigest": DIGEST, "since": since})
    };
    let gates = json!([{"gate": "BackOff", "reason": "RejectedBefore",
        "message": "it was undone; only a person's approval after that applies it again"}]);
    let failed = json!([{"gate": "BackOff", "reason": "RolledBackBefore", "message": "it was undone; another proposal can be applied"}]);
    let (before, after) = ("2026-11-21T11:57:00Z", "2026-11-21T11:59:00Z");
    for (given, status, expected) in [
        (approval("Rejected", DIGEST), json!({"rollout": undone()}), "open"),
        (json!({}), json!({"rollout": undone()}), "open"),
        (approval("Approved", DIGEST), json!({"rollout": undone(), "approval": honoured("Person", after)}), "made"),
        (approval("Approved", DIGEST), json!({"rollout": undone(), "approval": honoured("Person", before)}), "again"),
        // It was undone on another Recommendation.
        (approval("Approved", DIGEST), json!({"gates": gates, "approval": honoured("Person", before)}), "again"),
        (approval("Approved", DIGEST), json!({"gates": failed, "approval": honoured("Person", before)}), "made"),
        (json!({}), json!({"gates": gates, "approval": honoured("Policy", before)}), "open"),
    ] {
        let mut change = given.clone();
        change["status"] = status.clone();
        let rec = rec(change);
        let found = match standing(&rec, Subject::Proposal, Decision::Approved, "ada") {
            Decidable::Open(_) => "open",
            Decidable::Made(_) => "made",
            Decidable::Again { note, .. } => {
                assert!(note.contains("before the same was undone"), "{note}");
                "again"
            }
            Decidable::Impossible(why) => panic!("{why}"),
        };
        assert_eq!(found, expected, "{given} {status}");
        assert!(!is_among(&rec, &Bounds::default(), "ada"), "nobody approves it again unawares");
    }
}

#[test]
fn an_undo_is_about_what_is_in_force_and_a_rejection_about_what_is_proposed() {
    let earlier = json!({"proposalDigest": "sha256:00000000", "stage": "Ended", "result": "Applied"});
    let moved = rec(json!({"status": {"rollout": rollout(earlier)}}));
    let open = |subject| standing(&moved, subject, Decision::Rejected, "ada");
    assert_eq!(open(Subject::Carried), Decidable::Open("sha256:00000000".to_owned()));
    assert_eq!(open(Subject::Proposal), Decidable::Open(DIGEST.to_owned()));
    assert_eq!(earlier_in_force(&moved), Some("sha256:00000000"));
    let same = rec(json!({"status": {"rollout": rollout(json!({"stage": "Ended", "result": "Applied"}))}}));
    assert_eq!(earlier_in_force(&same), None);
    let undone = json!({"proposalDigest": "sha256:00000000", "stage": "Ended", "result": "RolledBack"});
    assert_eq!(earlier_in_force(&rec(json!({"status": {"rollout": rollout(undone)}}))), None);
}

#[test]
fn the_patch_holds_for_the_very_object_that_was_read() {
    let found = patch(&rec(json!({})), Decision::Approved, &user("bob"), DIGEST, None);
    assert_eq!(
        found,
        json!({"metadata": {"resourceVersion": "7", "uid": "u-1"},
            "spec": {"approval": {"decision": "Approved", "approver": "bob", "reason": null, "proposalDigest": DIGEST}}})
    );
}

#[test]
fn one_line_says_what_is_agreed_to() {
    assert_eq!(
        line(&rec(json!({})), &[]),
        "shop/deploy-web  Deployment/web  cpu 500m→120m  memory 512Mi→256Mi (limit 512Mi→256Mi)  saves 12.30 USD a \
         month  confidence 96 %  risk Low  \
         sha256:6e1bd4c0"
    );
    let dear = line(&rec(json!({"status": {"savings": {"monthly": "-4"}}})), &[]);
    assert!(dear.contains("costs 4.00 USD a month more"), "{dear}");
    // Without Trimtab's figures, such as for what a person proposes, the amounts are there.
    let bare = rec(json!({"status": null}));
    assert_eq!(line(&bare, &[]), "shop/deploy-web  Deployment/web  cpu 120m  memory 256Mi (limit 256Mi)");
    let present = rec(json!({})).status.map(|s| s.current).unwrap_or_default();
    assert_eq!(
        line(&bare, &present),
        "shop/deploy-web  Deployment/web  cpu 500m→120m  memory 512Mi→256Mi (limit 512Mi→256Mi)"
    );
}

#[test]
fn a_high_risk_is_told_with_its_reasons() {
    let at = |level: &str| {
        let factors = json!([{"reason": "LargeChange", "level": level, "message": "15 times as much"},
            {"reason": "ShortHistory", "level": "Low", "message": "9 days"}]);
        risk_warning(&rec(json!({"status": {"risk": {"level": level, "factors": factors}}})))
    };
    assert_eq!((at("Low"), at("Medium")), (None, None));
    assert_eq!(at("High").unwrap(), "shop/deploy-web: risk High: LargeChange: 15 times as much");
    assert_eq!(at("Critical").unwrap(), "shop/deploy-web: risk Critical: LargeChange: 15 times as much");
    // What a person proposes counts as High until it is assessed.
    let by_hand = risk_warning(&rec(json!({"spec": {"policyRef": null}}))).unwrap();
    assert!(by_hand.contains("not assessed yet, which counts as High"), "{by_hand}");
    assert_eq!(risk_warning(&rec(json!({"status": {"risk": null}}))), None);
}

#[test]
fn many_at_once_are_those_within_the_bounds() {
    let none = Bounds::default();
    let of = |policy: Option<&str>, min_confidence, max_risk| Bounds {
        policy: policy.map(str::to_owned),
        min_confidence,
        max_risk,
    };
    for (change, bounds, expected) in [
        (json!({}), none.clone(), true),
        (json!({}), of(Some("services"), Some(96), Some(RiskLevel::Low)), true),
        (json!({}), of(Some("others"), None, None), false),
        (json!({}), of(None, Some(97), None), false),
        (json!({"status": {"risk": {"level": "Medium"}}}), of(None, None, Some(RiskLevel::Low)), false),
        (json!({"status": {"risk": {"level": "Medium"}}}), of(None, None, Some(RiskLevel::High)), true),
        (json!({"status": {"risk": null}}), of(None, None, Some(RiskLevel::Critical)), false),
        (json!({"status": {"confidencePercent": null}}), of(None, Some(0), None), false),
        (json!({"status": null}), none.clone(), false),
        (approval("Rejected", DIGEST), none.clone(), false),
        (approval("Rejected", "sha256:00000000"), none.clone(), true),
        (
            json!({"status": {"approval": {"decision": "Approved", "by": {"kind": "Policy", "name": "services"}, "rule": "r", "proposalDigest": DIGEST, "since": "2026-11-21T11:58:00Z"}}}),
            none,
            false,
        ),
    ] {
        assert_eq!(is_among(&rec(change.clone()), &bounds, "bob"), expected, "{change} {bounds:?}");
    }
}

#[test]
fn a_decision_on_an_action_is_open_made_or_impossible() {
    let ended = |result: &str| json!({"status": {"started": "2026-11-21T11:40:00Z", "result": result}});
    let begun = json!({"status": {"started": "2026-11-21T11:40:00Z"}});
    let mut rejected = begun.clone();
    rejected["spec"] = approval("Rejected", DIGEST)["spec"].clone();
    for (change, subject, decision, expected) in [
        (json!({}), Subject::Proposal, Decision::Approved, "open"),
        (json!({}), Subject::Carried, Decision::Rejected, "has no digest yet"),
        (json!({"status": null}), Subject::Proposal, Decision::Approved, "has no digest yet"),
        (json!({"spec": {"mode": "DryRun"}}), Subject::Proposal, Decision::Approved, "is a dry run"),
        (approval("Approved", DIGEST), Subject::Proposal, Decision::Approved, "already approved by ada"),
        (begun, Subject::Carried, Decision::Rejected, "open"),
        (rejected, Subject::Carried, Decision::Rejected, "already being undone: ada rejected it"),
        (ended("Succeeded"), Subject::Proposal, Decision::Approved, "has ended: create another one"),
        (ended("Succeeded"), Subject::Carried, Decision::Rejected, "open"),
        (ended("Failed"), Subject::Carried, Decision::Rejected, "open"),
        (ended("Undone"), Subject::Carried, Decision::Rejected, "nothing of it stands"),
    ] {
        let found = match standing(&action(change.clone()), subject, decision, "bob") {
            Decidable::Open(_) => "open".to_owned(),
            Decidable::Again { note, .. } => note,
            Decidable::Made(text) | Decidable::Impossible(text) => text,
        };
        assert!(found.contains(expected), "{change} {subject:?} {decision:?}: {found}");
    }
}

#[test]
fn a_risk_that_was_assessed_for_another_plan_counts_as_high() {
    assert_eq!(risk_warning(&action(json!({}))).unwrap(), "shop/drain: risk High: SystemNode: it runs DNS");
    let low = action(json!({"status": {"risk": {"level": "Low"}}}));
    assert_eq!(risk_warning(&low), None);
    let other = action(json!({"status": {"risk": {"level": "Low", "proposalDigest": "sha256:00000000"}}}));
    assert!(risk_warning(&other).unwrap().contains("not assessed yet, which counts as High"));
}

/// What a server makes of the patch: nothing is left of whoever decided before.
#[test]
fn whoever_decides_replaces_all_of_who_decided_before() {
    let identity = |groups: &[&str], scopes: &[&str]| Identity {
        uid: (!groups.is_empty()).then(|| "u-1".to_owned()),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        extra: scopes.iter().map(|scope| ((*scope).to_owned(), vec!["x".to_owned()])).collect(),
        ..user("ada")
    };
    let all = [
        identity(&[], &[]),
        identity(&["ops"], &["a"]),
        identity(&["ops", "leads"], &["a", "b"]),
        identity(&["dev"], &["c"]),
    ];
    for (before, after) in all.iter().flat_map(|before| all.iter().map(move |after| (before, after))) {
        let mut object = json!(action(json!({"spec": {"approver": before}})));
        let read = serde_json::from_value(object.clone()).unwrap();
        let found: Value = patch::<RemediationAction>(&read, Decision::Approved, after, DIGEST, None);
        json_patch::merge(&mut object, &found);
        assert_eq!(object["spec"]["approver"], json!(after), "{before:?}");
        json_patch::merge(&mut object, &withdrawal(&read));
        assert_eq!((&object["spec"]["approval"], &object["spec"]["approver"]), (&Value::Null, &Value::Null));
    }
    // A kind that does not say who decided with which groups has no such field.
    assert_eq!(withdrawal(&rec(json!({})))["spec"], json!({"approval": null}));
}
