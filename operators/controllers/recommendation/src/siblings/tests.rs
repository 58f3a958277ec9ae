#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_api::{approval::Decision, rollout::RolloutStatus};

use super::*;

/// A person's Recommendation of 700m for the workload `u1`.
fn a_row() -> RecommendationRow {
    row(json!({"uid": "u1"}), json!({}))
}

fn row(target: Value, status: Value) -> RecommendationRow {
    let mut object = json!({
        "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
        "metadata": {"name": "mine", "namespace": "shop", "uid": "r1", "resourceVersion": "7"},
        "spec": {"type": "RightSize",
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "proposal": {"containers": [size("700m")]}},
        "status": status});
    for (name, value) in target.as_object().unwrap() {
        object["spec"]["targetRef"][name] = value.clone();
    }
    RecommendationRow::of(&serde_json::from_value(object).unwrap()).unwrap()
}

fn size(cpu: &str) -> Value {
    json!({"name": "app", "requests": {"cpu": cpu}})
}

fn rollout(digest: &str, uid: &str) -> RolloutStatus {
    serde_json::from_value(json!({"proposalDigest": digest, "approvedBy": {"kind": "Person", "name": "ada"},
        "targetUid": uid, "template": "1", "stage": "Ended", "step": 1, "steps": 1, "progress": "0/1",
        "started": "2026-01-01T00:00:00Z", "stageSince": "2026-01-01T00:00:00Z", "delivery": "Manual",
        "former": [size("1")], "desired": [size("300m")], "result": "RolledBack",
        "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}}))
    .unwrap()
}

/// `row` with a decision for `digest`.
fn decided(row: RecommendationRow, decision: Decision, digest: &str) -> RecommendationRow {
    let approval = json!({"decision": decision, "approver": "bob", "proposalDigest": digest});
    RecommendationRow { approval: Some(serde_json::from_value(approval).unwrap()), ..row }
}

/// The CPU that counts as rejected for `u1`, and since when.
fn cpu(row: &RecommendationRow) -> Option<(String, Option<Timestamp>)> {
    let rejected = rejected(row, "u1")?;
    assert_eq!(rejected.by, "bob");
    let cpu = rejected.containers[0].requests.cpu.as_ref().unwrap().0.clone();
    Some((cpu, rejected.since))
}

#[test]
fn a_rejection_counts_as_it_is_written_until_it_is_withdrawn() {
    let of = |row: RecommendationRow| {
        let digest = row.digest.clone();
        decided(row, Decision::Rejected, &digest)
    };
    let rejected = of(a_row());
    assert_eq!(cpu(&rejected), Some(("700m".to_owned(), None)), "nobody honours it yet");
    let going = RecommendationRow { terminating: true, ..rejected.clone() };
    assert_eq!(cpu(&going), Some(("700m".to_owned(), None)), "it is deleted, and still there");
    let honoured: trimtab_api::approval::HonouredApproval = serde_json::from_value(json!({"decision": "Rejected",
        "by": {"kind": "Person", "name": "bob"}, "rule": "may", "proposalDigest": rejected.digest,
        "since": "2026-01-01T00:00:00Z"}))
    .unwrap();
    let since = Some(honoured.since.0);
    let honoured = RecommendationRow { honoured: Some(honoured), ..rejected.clone() };
    assert_eq!(cpu(&honoured), Some(("700m".to_owned(), since)));
    let withdrawn = RecommendationRow { approval: None, ..honoured };
    assert_eq!(cpu(&withdrawn), None, "it is withdrawn, although the status still has it");
    assert_eq!(cpu(&decided(a_row(), Decision::Approved, &a_row().digest)), None);
    assert_eq!(cpu(&decided(a_row(), Decision::Rejected, "sha256:other")), None, "something else is proposed now");
    let (another, any) = (of(row(json!({"uid": "u2"}), json!({}))), of(row(json!({}), json!({}))));
    assert_eq!(cpu(&another), None, "a workload of that name that is gone");
    assert_eq!(cpu(&any), Some(("700m".to_owned(), None)), "it does not say which one, so it may be this one");
}

#[test]
fn a_rejection_of_what_was_rolled_out_is_about_that_size() {
    let with = |rollout| {
        let row = RecommendationRow { rollout: Some(rollout), ..a_row() };
        decided(row, Decision::Rejected, "sha256:earlier")
    };
    assert_eq!(cpu(&with(rollout("sha256:earlier", "u1"))), Some(("300m".to_owned(), None)));
    assert_eq!(cpu(&with(rollout("sha256:earlier", "u2"))), None);
    assert_eq!(cpu(&with(rollout("sha256:another", "u1"))), None);
}
