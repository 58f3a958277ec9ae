#![allow(clippy::unwrap_used)]
use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_api::{Recommendation, remediation::spec::RemediationAction};

use super::trustworthy;
use crate::GuardFault;

const SINCE: &str = "2026-11-21T12:00:00Z";
const BEFORE: &str = "2026-11-21T11:59:59Z";
const SETTLING: &str = "2026-11-21T12:00:05Z";
const AFTER: &str = "2026-11-21T12:00:06Z";
const NOW: &str = "2026-11-21T12:10:00Z";
const DIGEST: &str = "sha256:0123456789abcdef";

fn held(manager: &str, time: &str, fields: &[&str]) -> Value {
    let fields: serde_json::Map<String, Value> = fields.iter().map(|f| (format!("f:{f}"), json!({}))).collect();
    json!({"manager": manager, "operation": "Update", "apiVersion": "trimtab.dev/v1alpha1", "fieldsType": "FieldsV1",
        "time": time, "fieldsV1": {"f:spec": {"f:approval": fields}}})
}

const ALL: &[&str] = &["approver", "decision", "proposalDigest"];

/// An approved recommendation that is older than the guard.
fn approved() -> Value {
    json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
        "metadata": {"name": "deploy-web", "namespace": "shop", "creationTimestamp": BEFORE,
            "managedFields": [held("kubectl-patch", AFTER, ALL)]},
        "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "proposal": {"containers": [{"name": "app", "requests": {"cpu": "1"}}]},
            "approval": {"decision": "Approved", "approver": "bob", "proposalDigest": DIGEST}},
        "status": {"proposalDigest": DIGEST}})
}

fn verdict(object: Value) -> Result<(), GuardFault> {
    let recommendation: Recommendation = serde_json::from_value(object).unwrap();
    trustworthy(&recommendation, SINCE.parse::<Timestamp>().unwrap(), true, NOW.parse().unwrap())
}

#[test]
fn dates_alone_prove_nothing() {
    let unseen = |object: Value| {
        let recommendation: Recommendation = serde_json::from_value(object).unwrap();
        trustworthy(&recommendation, SINCE.parse().unwrap(), false, NOW.parse().unwrap())
    };
    let fault = unseen(approved()).unwrap_err().to_string();
    assert!(fault.contains("was not seen to arrive after that"), "{fault}");
    let mut young = approved();
    young["metadata"]["creationTimestamp"] = json!(AFTER);
    assert_eq!(unseen(young), Ok(()));
    let honoured = |by: &str| {
        let mut object = approved();
        object["status"]["approval"] = json!({"decision": "Approved", "by": {"kind": "Person", "name": by}, "rule": "r",
            "proposalDigest": DIGEST, "since": BEFORE});
        object
    };
    assert_eq!(unseen(honoured("bob")), Ok(()));
    assert!(unseen(honoured("eve")).is_err(), "of another's decision it says nothing");
}

/// Given while no Trimtab was running, which starts at [`NOW`]: on a recommendation that was created after the guard was
/// restored.
#[test]
fn what_was_approved_while_trimtab_was_stopped_is_proven_only_by_a_guard_that_was_created_since() {
    let mut object = approved();
    object["metadata"]["creationTimestamp"] = json!(AFTER);
    let recommendation: Recommendation = serde_json::from_value(object).unwrap();
    let (restored, started): (Timestamp, Timestamp) = (SINCE.parse().unwrap(), NOW.parse().unwrap());
    // Created again: the API server dates that.
    assert_eq!(trustworthy(&recommendation, restored, false, started), Ok(()));
    // Written over: known only since this process saw it.
    let fault = trustworthy(&recommendation, started, false, started).unwrap_err();
    let why = "known to be in force since 2026-11-21T12:10:05Z, the recommendation was created before that";
    assert!(fault.to_string().contains(why), "{fault}");
    let what_to_do = trimtab_runtime::Explain::what_to_do(&fault);
    assert!(what_to_do.contains("again while Trimtab is running"), "{what_to_do}");
}

#[test]
fn an_approval_under_the_guard_is_trusted() {
    assert_eq!(verdict(approved()), Ok(()));
    // Created under the guard: however the record was altered, the approval came later.
    let mut young = approved();
    young["metadata"]["creationTimestamp"] = json!(AFTER);
    young["metadata"].as_object_mut().unwrap().remove("managedFields");
    assert_eq!(verdict(young), Ok(()));
    // Two managers that own parts of it.
    let mut shared = approved();
    shared["metadata"]["managedFields"] =
        json!([held("a", AFTER, &["approver", "decision"]), held("b", AFTER, &["proposalDigest", "decision"])]);
    assert_eq!(verdict(shared), Ok(()));
}

#[test]
fn what_was_carried_out_before_may_be_said_no_to_and_not_approved() {
    let mut earlier = approved();
    earlier["status"]["rollout"] = json!({"proposalDigest": earlier["spec"]["approval"]["proposalDigest"], "approvedBy": {"kind": "Person", "name": "ada"},
        "targetUid": "u", "template": "t", "stage": "Ended", "stageSince": AFTER, "started": AFTER, "step": 1, "steps": 1,
        "progress": "1/1", "delivery": "Admission", "delivered": true, "former": [], "desired": [],
        "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}});
    earlier["status"]["proposalDigest"] = json!("sha256:the-next-one");
    assert!(verdict(earlier.clone()).is_err(), "its approval is over");
    earlier["spec"]["approval"]["decision"] = json!("Rejected");
    assert_eq!(verdict(earlier.clone()), Ok(()));
    earlier["status"]["rollout"]["proposalDigest"] = json!("sha256:yet-another");
    assert!(verdict(earlier).unwrap_err().to_string().contains("the proposal is sha256:the-next-one"));
}

#[test]
fn what_is_not_certain_is_not_trusted() {
    type Change = fn(&mut Value);
    let table: [(&str, Change, &str); 15] = [
        (
            "dated ahead",
            |r| r["metadata"]["managedFields"][0]["time"] = json!("2026-11-21T12:30:00Z"),
            "wrote it at 2026-11-21T12:30:00Z, which is after now, 2026-11-21T12:10:00Z",
        ),
        ("no approval", |r| drop(r["spec"].as_object_mut().unwrap().remove("approval")), "there is none"),
        ("no status", |r| drop(r.as_object_mut().unwrap().remove("status")), "the status shows no digest"),
        ("another digest", |r| r["status"]["proposalDigest"] = json!("sha256:other"), "the proposal is sha256:other"),
        (
            "older than the guard",
            |r| r["metadata"]["managedFields"][0]["time"] = json!(BEFORE),
            "kubectl-patch wrote it",
        ),
        ("of the same second", |r| r["metadata"]["managedFields"][0]["time"] = json!(SINCE), "kubectl-patch wrote it"),
        (
            "while API servers may not ask yet",
            |r| r["metadata"]["managedFields"][0]["time"] = json!(SETTLING),
            "kubectl-patch wrote it at 2026-11-21T12:00:05Z, and the guard is in force since 2026-11-21T12:00:05Z",
        ),
        (
            "no managedFields",
            |r| drop(r["metadata"].as_object_mut().unwrap().remove("managedFields")),
            "does not say when spec.approval.approver was written",
        ),
        ("empty managedFields", |r| r["metadata"]["managedFields"] = json!([]), "does not say when"),
        (
            "no date",
            |r| drop(r["metadata"]["managedFields"][0].as_object_mut().unwrap().remove("time")),
            "does not say when kubectl-patch wrote it",
        ),
        (
            "nobody holds the decision",
            |r| r["metadata"]["managedFields"] = json!([held("a", AFTER, &["approver", "proposalDigest"])]),
            "spec.approval.decision",
        ),
        ("nobody holds the reason", |r| r["spec"]["approval"]["reason"] = json!("because"), "spec.approval.reason"),
        (
            "held as a whole and not by its parts",
            |r| r["metadata"]["managedFields"] = json!([held("a", AFTER, &[])]),
            "spec.approval.approver",
        ),
        (
            "a part from before",
            |r| {
                r["metadata"]["managedFields"] = json!([
                    held("new", AFTER, &["decision", "proposalDigest", "approver"]),
                    held("old", BEFORE, &["approver"])
                ]);
            },
            "old wrote it",
        ),
        (
            "a recommendation of the guard's first seconds",
            |r| {
                r["metadata"]["creationTimestamp"] = json!(SETTLING);
                r["metadata"]["managedFields"] = json!([]);
            },
            "does not say when",
        ),
    ];
    for (what, change, says) in table {
        let mut object = approved();
        change(&mut object);
        let fault = verdict(object).unwrap_err();
        assert!(fault.to_string().contains(says), "{what}: {fault}");
        assert!(fault.to_string().contains("Recommendation shop/deploy-web"), "{what}: {fault}");
    }
}

#[test]
fn a_guard_at_the_end_of_time_vouches_for_nothing() {
    let recommendation: Recommendation = serde_json::from_value(approved()).unwrap();
    assert!(trustworthy(&recommendation, Timestamp::MAX, true, Timestamp::MAX).is_err());
}

/// The same decision on an action.
fn approved_action() -> Value {
    let mut object = approved();
    let step =
        json!({"name": "s", "action": "CordonNode", "target": {"apiVersion": "v1", "kind": "Node", "name": "n"}});
    object["kind"] = json!("RemediationAction");
    object["spec"] = json!({"steps": [step], "approval": object["spec"]["approval"]});
    object
}

#[test]
fn a_decision_on_any_kind_is_vouched_for_by_the_same_rules() {
    let verdict = |object: Value, seen: bool| {
        let action: RemediationAction = serde_json::from_value(object).unwrap();
        trustworthy(&action, SINCE.parse::<Timestamp>().unwrap(), seen, NOW.parse().unwrap())
    };
    assert_eq!(verdict(approved_action(), true), Ok(()));
    let fault = verdict(approved_action(), false).unwrap_err();
    let text = fault.to_string();
    assert!(
        text.contains("RemediationAction shop/deploy-web") && text.contains("the remediationaction was created"),
        "{text}"
    );
    let what_to_do = trimtab_runtime::Explain::what_to_do(&fault);
    assert!(what_to_do.ends_with("or delete the remediationaction."), "{what_to_do}");
    let (mut young, mut honoured, mut older) = (approved_action(), approved_action(), approved_action());
    young["metadata"]["creationTimestamp"] = json!(AFTER);
    honoured["status"]["approval"] = json!({"decision": "Approved", "by": {"kind": "Person", "name": "bob"}, "rule": "r",
        "proposalDigest": DIGEST, "since": BEFORE});
    older["metadata"]["managedFields"] = json!([held("kubectl-patch", BEFORE, ALL)]);
    assert_eq!((verdict(young, false), verdict(honoured, false)), (Ok(()), Ok(())));
    assert!(verdict(older, true).unwrap_err().to_string().contains("kubectl-patch wrote it"));
    // Neither an approval nor a rejection is about another plan than the one that is shown.
    for decision in ["Approved", "Rejected"] {
        let mut other = approved_action();
        other["spec"]["approval"]["decision"] = json!(decision);
        other["status"] = json!({"proposalDigest": "sha256:other", "started": AFTER});
        assert!(verdict(other, true).unwrap_err().to_string().contains("the proposal is sha256:other"), "{decision}");
    }
}
