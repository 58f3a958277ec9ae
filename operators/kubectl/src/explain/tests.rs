#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};
use trimtab_api::{gates::ClosedGate, optimization_policy::OptimizationPolicySpec};

use super::{Beside, ContainerUsage, UsageKnown, explain};
use crate::{
    chart::Usage,
    health::EmergencyStop,
    paint::Paint,
    proposal,
    testkit::{DIGEST, now, rec, rollout},
};

fn policy(change: Value) -> OptimizationPolicySpec {
    let mut spec = json!({"targetNamespaces": ["shop"]});
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

fn text(change: Value, policy: Option<&OptimizationPolicySpec>, emergency_stop: Option<&EmergencyStop>) -> String {
    let usage = Err("no usage source was given".to_owned());
    let rec = rec(change);
    let present = proposal::present(&rec, None);
    let beside = Beside { policy, present: &present, usage: &usage, emergency_stop, back_off: None, now: now() };
    explain(&rec, &beside, Paint(false))
}

#[test]
fn a_pending_one_is_explained_from_top_to_bottom() {
    let values = |v: &[f64]| Usage { values: v.iter().copied().map(Some).collect() };
    let mib = f64::from(1 << 20);
    let usage = Ok(UsageKnown {
        source: "Prometheus, the last 7 days".to_owned(),
        containers: vec![ContainerUsage {
            name: "app".to_owned(),
            cpu: values(&[60.0, 90.0, 131.0, 70.0]),
            memory: values(&[150.0 * mib, 160.0 * mib, 189.5 * mib, 150.0 * mib]),
        }],
    });
    let policy =
        policy(json!({"autoApprove": {"minConfidencePercent": 98, "maxRiskLevel": "Low", "minMonthlySavings": "20"}}));
    let present = proposal::present(&rec(json!({})), None);
    let beside = Beside {
        policy: Some(&policy),
        present: &present,
        usage: &usage,
        emergency_stop: None,
        back_off: None,
        now: now(),
    };
    let found = explain(&rec(json!({})), &beside, Paint(false));
    let expected = format!(
        "\
shop/deploy-web for Deployment/web, created by the policy services
PendingApproval: it waits for somebody to approve it

PROPOSED, FOR EACH POD
  CONTAINER   VALUE            NOW     PROPOSED
  app         CPU request      500m    120m
              memory request   512Mi   256Mi
              memory limit     512Mi   256Mi
  Saves 12.30 USD a month over 3 pods; prices of 2026-10-01 from built-in table, aws.
  Digest {DIGEST}

WHY
  Container app: CPU at most 98m in 95 % of its samples.
  It saves 12.30 USD a month.

EVIDENCE
  Prometheus, 2026-11-07 to 2026-11-21, decided by sizing/3. The size would have held on 14 of 14 replayed days: confidence 96 % as a lower bound.
  CONTAINER   CPU         CPU PEAK   MEMORY PEAK   THROTTLED   OOM KILLS   RESTARTS   SAMPLES     DECIDED BY
  app         98m (p95)   131m       190Mi         2 %         0           1          4032/4032   Usage/Peak

USAGE
  Prometheus, the last 7 days; a column is the busiest pod.
  app CPU
    ▁▂▃▂
    peak 131m, request now 500m █, proposed 120m ▂, at times above the proposal in 25 % of the columns
  app memory
    ▃▃▃▃
    peak 190Mi, request now 512Mi █, proposed 256Mi ▄, never above the proposal

RISK
  Low
  Low   ShortHistory   only 9 days are known

APPROVAL
  Nobody has decided on this proposal.
  To approve it: kubectl trimtab approve deploy-web -n shop
  To refuse it:  kubectl trimtab reject deploy-web -n shop --reason '…'

GATES
  none is known to be closed; they are checked when it is approved

WHAT WOULD CHANGE THE VERDICT
  Usage: from 5 % more or 10 % less than proposed, there is a new proposal, which needs a new approval.
  Policy: it would approve it by itself, but confidence is 96 %, at least 98 % is required; savings are below 20 a month.
"
    );
    assert_eq!(found, expected, "{found}");
    let painted = explain(&rec(json!({})), &beside, Paint(true));
    assert!(painted.contains("\x1b[1mWHY\x1b[0m"), "{painted}");
}

#[test]
fn every_turn_of_an_approval_is_told() {
    let approval = |decision: &str, digest: &str| json!({"decision": decision, "approver": "ada", "reason": "fine", "proposalDigest": digest});
    let honoured = |kind: &str, name: &str| json!({"decision": "Approved", "by": {"kind": kind, "name": name}, "rule": "may approve", "proposalDigest": DIGEST, "since": "2026-11-21T11:00:00Z"});
    for (change, says) in [
        (
            json!({"spec": {"approval": approval("Approved", DIGEST)}}),
            vec!["Approved by ada: fine", "has not honoured it yet", "kubectl trimtab reject deploy-web -n shop"],
        ),
        (
            json!({"spec": {"approval": approval("Approved", DIGEST)}, "status": {"approval": honoured("Person", "ada"), "rollout": rollout(json!({}))}}),
            vec![
                "Honoured for 60m: Approved by ada (may approve)",
                "To take it back: kubectl trimtab undo deploy-web -n shop",
            ],
        ),
        (
            json!({"status": {"approval": honoured("Policy", "services")}}),
            vec!["Approved by policy services (may approve)", "To take it back"],
        ),
        (
            json!({"spec": {"approval": approval("Approved", "sha256:00000000ff")}}),
            vec![
                "sha256:00000000",
                "it has no effect",
                "Nobody has decided on this proposal",
                "kubectl trimtab approve",
            ],
        ),
        (
            json!({"spec": {"approval": approval("Rejected", DIGEST)}}),
            vec!["Rejected by ada: fine", "To approve it after all: kubectl trimtab approve deploy-web -n shop"],
        ),
        (
            json!({"status": {"rollout": rollout(json!({"stage": "Ended", "result": "Applied"}))}}),
            vec!["in force by an earlier approval", "To take it back: kubectl trimtab undo deploy-web -n shop"],
        ),
        (
            json!({"spec": {"approval": approval("Rejected", DIGEST)}, "status": {
                "rollout": rollout(json!({"stage": "Ended", "result": "RolledBack"}))}}),
            vec!["It cannot be approved: shop/deploy-web was applied and rolled back"],
        ),
        (json!({"status": null}), vec!["cannot be decided on yet"]),
    ] {
        let found = text(change.clone(), None, None);
        for part in says {
            assert!(found.contains(part), "{change}: {part:?} is not in\n{found}");
        }
    }
}

#[test]
fn what_holds_it_up_is_listed_with_the_emergency_stop_first() {
    let gates = json!({"status": {"gates": [
        {"gate": "Window", "reason": "Closed", "message": "opens at 22:00"},
        {"gate": "EmergencyStop", "reason": "Halted", "message": "halted"}]}});
    let emergency_stop = EmergencyStop { by: Some("ada".into()), reason: Some("incident".into()), since: None };
    let found = text(gates.clone(), None, Some(&emergency_stop));
    assert!(found.contains("  CLOSED          REASON   WHAT OPENS IT\n  EmergencyStop   Halted   on, by ada: incident; kubectl trimtab resume ends it\n  Window          Closed   opens at 22:00\n"), "{found}");
    assert_eq!(text(gates, None, None).matches("EmergencyStop").count(), 1);
}

#[test]
fn a_back_off_is_told_before_it_is_approved() {
    let usage = Err("no usage source was given".to_owned());
    let back_off = ClosedGate {
        gate: "BackOff".to_owned(),
        reason: "BackingOff".to_owned(),
        message: "another may start at 2026-11-22T11:00:00Z".to_owned(),
    };
    let found = |change: Value| {
        let back_off = Some(&back_off);
        let beside = Beside { policy: None, present: &[], usage: &usage, emergency_stop: None, back_off, now: now() };
        explain(&rec(change), &beside, Paint(false))
    };
    let pending = found(json!({}));
    let expected = "GATES\n  CLOSED    REASON       WHAT OPENS IT\n  BackOff   BackingOff   another may start at 2026-11-22T11:00:00Z\n  \
                    The others are checked before it starts.\n";
    assert!(pending.contains(expected), "{pending}");
    // What the status lists is not listed twice.
    let listed =
        json!([{"gate": "BackOff", "reason": "BackingOff", "message": "another may start at 2026-11-22T11:00:00Z"}]);
    let blocked = found(json!({"status": {"gates": listed}}));
    assert!(blocked.matches("BackingOff").count() == 1 && !blocked.contains("The others"), "{blocked}");
}

#[test]
fn what_was_rolled_back_saves_nothing_any_more() {
    let change = json!({"status": {
        "rollout": rollout(json!({"stage": "Ended", "result": "RolledBack", "ended": "2026-11-21T12:00:00Z"})),
        "realisedSavings": {"monthly": "11", "total": "0.42", "currency": "USD", "pods": 1, "since": "2026-11-20T12:00:00Z", "until": "2026-11-21T12:00:00Z"}}});
    let found = text(change, None, None);
    assert!(found.contains("Saves nothing any more; it really saved 0.42 USD since 2026-11-20."), "{found}");
    assert!(!found.contains("11.00 USD"), "{found}");
}

#[test]
fn what_was_not_measured_is_not_told_as_nothing() {
    let seen = json!({"name": "app", "cpuSamples": 4032, "memorySamples": 0, "cpuPercentile": 95, "cpuUsage": "98m", "cpuPeak": "131m",
        "oomKills": 0, "restarts": 0, "cpuReason": "Usage", "memoryReason": "NoSamples"});
    let found = text(json!({"status": {"evidence": {"containers": [seen]}}}), None, None);
    let row = "app         98m (p95)   131m       -             -           0           0          4032/0";
    assert!(found.contains(row), "{found}");
}

#[test]
fn a_rollout_is_told_with_its_checks() {
    let change = json!({"status": {
        "rollout": rollout(json!({"stage": "Undoing", "rollbacks": 2, "undo": {"reason": "CheckFailed", "message": "3 restarts", "since": "2026-11-21T11:58:00Z"},
            "checks": [{"name": "Restarts", "verdict": "Fail", "message": "0 before, 3 now"}]})),
        "realisedSavings": {"monthly": "11", "total": "0.42", "currency": "USD", "pods": 1, "since": "2026-11-20T12:00:00Z", "until": "2026-11-21T12:00:00Z"}}});
    let found = text(change, None, None);
    for part in [
        "undoing, pods 4/10 still have the new size; CheckFailed: 3 restarts",
        "Began 2026-11-21 11:40:00Z, approved by ada, for the proposal sha256:6e1bd4c0.",
        "Rolled back 2 times in a row.",
        "Really saves 11.00 USD a month with 1 pod now, 0.42 USD since 2026-11-20.",
        "CHECK      VERDICT   BEFORE AND NOW\n  Restarts   Fail      0 before, 3 now",
    ] {
        assert!(found.contains(part), "{part:?} is not in\n{found}");
    }
    let once = text(json!({"status": {"rollout": rollout(json!({"stage": "Undoing", "rollbacks": 1}))}}), None, None);
    assert!(once.contains("Rolled back once.\n"), "{once}");
}

#[test]
fn the_verdict_depends_on_the_policy_and_the_risk() {
    let medium = json!({"status": {"risk": {"level": "Medium", "factors": [
        {"reason": "SingleReplica", "level": "Medium", "message": "m"}, {"reason": "HelmOwned", "level": "Low", "message": "m"}]}}});
    let rule = json!({"autoApprove": {"minConfidencePercent": 90, "maxRiskLevel": "Low"}});
    for (change, policy, says) in [
        (medium.clone(), None, "Risk: without SingleReplica it would be Low."),
        (medium, Some(policy(rule.clone())), "but risk is Medium, at most Low is allowed."),
        (json!({}), Some(policy(rule)), "within its autoApprove, so nobody has to approve it"),
        (json!({}), Some(policy(json!({}))), "it approves nothing by itself"),
        (json!({}), Some(policy(json!({"suspend": true}))), "it is suspended"),
        (json!({}), None, "the policy cannot be read"),
    ] {
        let found = text(change, policy.as_ref(), None);
        assert!(found.contains(says), "{says:?} is not in\n{found}");
    }
    let by_hand = text(json!({"spec": {"policyRef": null}}), None, None);
    assert!(by_hand.contains("proposed by hand") && !by_hand.contains("Policy:"), "{by_hand}");
    // A risk that is not about this very proposal says nothing about it.
    assert!(by_hand.contains("not assessed yet, which counts as High"), "{by_hand}");
    let assessed = json!({"spec": {"policyRef": null}, "status": {"risk": {"proposalDigest": DIGEST}}});
    assert!(text(assessed, None, None).contains("only 9 days are known"));
}

#[test]
fn absent_values_are_named() {
    let change = json!({"spec": {"proposal": {"containers": [{"name": "app", "requests": {"cpu": "120m"}, "limits": {"cpu": "1"}}]}}});
    let found = text(change, None, None);
    for part in ["CPU limit        unset   1", "memory request   512Mi   unset", "no usage source was given"] {
        assert!(found.contains(part), "{part:?} is not in\n{found}");
    }
    assert!(text(json!({"status": null}), None, None).contains("not known   120m"));
    // The template tells what the status does not.
    let bare = rec(json!({"status": null}));
    let resources = json!({"requests": {"cpu": "2"}});
    let workload = json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "resources": resources}]}}}});
    let (present, usage) = (proposal::present(&bare, Some(&workload)), Err("none".to_owned()));
    let beside =
        Beside { policy: None, present: &present, usage: &usage, emergency_stop: None, back_off: None, now: now() };
    let found = explain(&bare, &beside, Paint(false));
    assert!(found.contains("CPU request      2       120m"), "{found}");
}

#[test]
fn what_is_in_force_is_not_called_proposed() {
    let applied = |change: Value| {
        let mut ended = json!({"stage": "Ended", "result": "Applied"});
        json_patch::merge(&mut ended, &change);
        text(json!({"status": {"rollout": rollout(ended)}}), None, None)
    };
    let found = applied(json!({}));
    assert!(found.contains("IN FORCE, FOR EACH POD\n  CONTAINER   VALUE            TEMPLATE   IN FORCE\n"), "{found}");
    let found = applied(json!({"proposalDigest": "sha256:00000000"}));
    assert!(found.contains("PROPOSED, FOR EACH POD\n  CONTAINER   VALUE            NOW     PROPOSED\n"), "{found}");
}

#[test]
fn what_costs_more_is_not_said_to_save() {
    let real = |monthly: &str, total: &str, result: &str| {
        let savings = json!({"monthly": monthly, "total": total, "currency": "USD", "pods": 1, "since": "2026-11-20T12:00:00Z", "until": "2026-11-21T12:00:00Z"});
        let ended = rollout(json!({"stage": "Ended", "result": result}));
        text(json!({"status": {"rollout": ended, "realisedSavings": savings}}), None, None)
    };
    for (monthly, total, result, says) in [
        ("-12", "-3", "Applied", "Really costs 12.00 USD more a month with 1 pod now, 3.00 USD more since 2026-11-20."),
        (
            "-12",
            "3",
            "Applied",
            "Really costs 12.00 USD more a month with 1 pod now; it saved 3.00 USD since 2026-11-20.",
        ),
        (
            "12",
            "-3",
            "Applied",
            "Really saves 12.00 USD a month with 1 pod now; it cost 3.00 USD more since 2026-11-20.",
        ),
        ("-12", "-3", "RolledBack", "Costs nothing any more; it really cost 3.00 USD more since 2026-11-20."),
    ] {
        let found = real(monthly, total, result);
        assert!(found.contains(says), "{says:?} is not in\n{found}");
    }
}

#[test]
fn an_earlier_rejection_of_the_same_size_is_told() {
    let rule = policy(json!({"autoApprove": {"minConfidencePercent": 90, "maxRiskLevel": "Low"}}));
    let ready = json!([{"type": "Ready", "status": "False", "reason": "Rejected", "message": "ada rejected the same size on 2026-11-01",
        "lastTransitionTime": "2026-11-20T12:00:00Z"}]);
    let found =
        text(json!({"status": {"conditions": ready, "risk": {"level": "Low", "factors": []}}}), Some(&rule), None);
    for part in [
        "but on its size: ada rejected the same size on 2026-11-01.",
        "but the same size was rejected before, so only a person can approve it",
        "Low\n  Factors: none",
    ] {
        assert!(found.contains(part), "{part:?} is not in\n{found}");
    }
    assert!(!found.contains("nobody has to approve it"), "{found}");
}
