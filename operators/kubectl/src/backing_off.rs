//! What will hold a change up once it is approved, because changes of its workload were undone. People are told before
//! they approve it.
//!
//! In: a Recommendation, and what was decided before, as far as it could be read. Out: the gate as the status will list
//! it. Pure, and by the rule that closes the gate.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    AppliedSizes, Approvable,
    applied_sizes::{WorkloadHistory, key},
    approval::{Approver, Decision, HonouredApproval},
    gates::ClosedGate,
    recommendation::Recommendation,
};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_engine::{gate::closed, gates};
use trimtab_rollout::{
    back_off,
    elsewhere::{Elsewhere, Past},
};

use crate::{
    carried::rollout,
    decided_before::DecidedBefore,
    decision::{Decidable, Subject, is_honoured, standing},
    words,
};

/// Whether the gates of its proposal are still to be checked: it may be approved, and Trimtab honours no approval of it
/// yet.
pub fn is_ahead(rec: &Recommendation) -> bool {
    let Some(digest) = rec.shown_digest() else { return false };
    let has_begun = rollout(rec).is_some_and(|last| last.is_under_way() || last.proposal_digest == digest);
    let impossible = matches!(standing(rec, Subject::Proposal, Decision::Approved, ""), Decidable::Impossible(_));
    !(has_begun || impossible || is_honoured(rec, Decision::Approved, digest))
}

/// The gate that will be closed once `rec` is approved; `None` where its gates are not still to be checked, or nothing
/// is known to hold it up. `uid`: that of its workload, if known.
pub fn gate(rec: &Recommendation, uid: Option<&str>, before: &DecidedBefore, now: Timestamp) -> Option<ClosedGate> {
    if !is_ahead(rec) {
        return None;
    }
    let others = uid.map(|uid| others(rec, uid, &before.recommendations)).unwrap_or_default();
    held(rec, record(rec, &before.sizes), &others, now)
}

/// The gate, by the `record` of the workload and by what `others` show of it.
fn held(
    rec: &Recommendation,
    record: Option<&WorkloadHistory>,
    others: &[Elsewhere],
    now: Timestamp,
) -> Option<ClosedGate> {
    let digest = rec.shown_digest()?;
    // The approval that is about to be given. It would lift what a person rejected.
    let approval = HonouredApproval {
        decision: Decision::Approved,
        by: Approver::person(""),
        rule: String::new(),
        proposal_digest: digest.to_owned(),
        since: Time(now),
        target_uid: None,
    };
    let blocked = back_off::closed(digest, Some(&approval), rollout(rec), Past { record, others }, now)?;
    Some(closed(gates::back_off::NAME, blocked.reason, &blocked.message))
}

/// What is on record about its workload, by name: that holds for one that is created again, too.
fn record<'a>(rec: &Recommendation, sizes: &'a [AppliedSizes]) -> Option<&'a WorkloadHistory> {
    let target = &rec.spec.target_ref;
    let kind = WorkloadKind::of(&target.api_version, &target.kind)?;
    let key = key(&WorkloadId::new(kind, rec.metadata.namespace.as_deref()?, &*target.name));
    let mut here = sizes.iter().filter(|sizes| sizes.metadata.namespace == rec.metadata.namespace);
    here.find_map(|sizes| sizes.spec.history.get(&key))
}

/// How the last rollouts of other Recommendations at the workload with this `uid` ended.
fn others(rec: &Recommendation, uid: &str, recs: &[Recommendation]) -> Vec<Elsewhere> {
    let is_another = |other: &&Recommendation| {
        other.metadata.namespace == rec.metadata.namespace && words::name(*other) != words::name(rec)
    };
    let end = |other: &Recommendation| {
        let last = rollout(other).filter(|last| last.target_uid == uid)?;
        Elsewhere::ended(words::name(other), last)
    };
    recs.iter().filter(is_another).filter_map(end).collect()
}

/// The line for somebody who is about to approve it.
pub fn note(rec: &Recommendation, gate: &ClosedGate) -> String {
    format!(
        "note: once approved, {} is held by {} ({}): {}",
        words::full_name(rec),
        gate.gate,
        gate.reason,
        gate.message
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::testkit::{DIGEST, now, rec, rollout};

    const OTHER: &str = "sha256:00000000";

    /// AppliedSizes of `namespace` whose record of Deployment/web has `history`.
    fn sizes(namespace: &str, history: WorkloadHistory) -> AppliedSizes {
        let mut sizes: AppliedSizes =
            serde_json::from_value(json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "AppliedSizes",
            "metadata": {"name": "trimtab", "namespace": namespace}, "spec": {"workloads": {}}}))
            .unwrap();
        sizes.spec.history.insert("Deployment/web".to_owned(), history);
        sizes
    }

    /// A record of one undo, an hour ago, of the proposal with this digest.
    fn undone(digest: &str) -> WorkloadHistory {
        let undone = json!({"proposalDigest": digest, "ended": "2026-11-21T11:00:00Z", "rollbacks": 1, "message": "OOMKills: 1"});
        serde_json::from_value(json!({"undone": [undone]})).unwrap()
    }

    /// A rollout that was undone an hour ago.
    fn rolled_back(digest: &str) -> Value {
        rollout(
            json!({"proposalDigest": digest, "stage": "Ended", "result": "RolledBack", "ended": "2026-11-21T11:00:00Z",
            "rollbacks": 1, "undo": {"reason": "ChecksFailed", "message": "OOMKills: 1", "since": "2026-11-21T10:59:00Z"}}),
        )
    }

    fn said(rec: &Recommendation, before: &DecidedBefore) -> Option<(String, String)> {
        gate(rec, Some("w-1"), before, now()).map(|gate| (gate.reason, gate.message))
    }

    #[test]
    fn what_is_on_record_is_told_with_its_reason_and_time() {
        let on_record =
            |sizes: AppliedSizes| said(&rec(json!({})), &DecidedBefore { sizes: vec![sizes], ..Default::default() });
        let (reason, message) = on_record(sizes("shop", undone(OTHER))).unwrap();
        assert_eq!(reason, "BackingOff");
        assert_eq!(
            message,
            "the last change of this workload was undone according to AppliedSizes (OOMKills: 1); another \
             may start at 2026-11-22T11:00:00Z"
        );
        let (reason, message) = on_record(sizes("shop", undone(DIGEST))).unwrap();
        assert_eq!(reason, "RolledBackBefore");
        assert!(message.contains("2026-11-21T11:00:00Z (OOMKills: 1)"), "{message}");
        assert_eq!(on_record(sizes("mail", undone(OTHER))), None, "of another namespace");
    }

    #[test]
    fn a_back_off_that_is_over_holds_nothing_up() {
        let before = DecidedBefore { sizes: vec![sizes("shop", undone(OTHER))], ..Default::default() };
        let later = "2026-11-22T11:00:00Z".parse().unwrap();
        assert_eq!(gate(&rec(json!({})), Some("w-1"), &before, later), None);
    }

    #[test]
    fn what_others_and_its_own_earlier_proposal_undid_counts_too() {
        let other = |name: &str, uid: &str| {
            let mut last = rolled_back(OTHER);
            last["targetUid"] = json!(uid);
            rec(json!({"metadata": {"name": name}, "status": {"rollout": last}}))
        };
        let beside = |other| DecidedBefore { recommendations: vec![other], ..Default::default() };
        let (reason, message) = said(&rec(json!({})), &beside(other("mine", "w-1"))).unwrap();
        assert!(reason == "BackingOff" && message.contains("undone on Recommendation mine (OOMKills: 1)"), "{message}");
        assert_eq!(said(&rec(json!({})), &beside(other("mine", "w-0"))), None, "a former workload of the name");
        assert_eq!(gate(&rec(json!({})), None, &beside(other("mine", "w-1")), now()), None, "not known to be the same");
        assert_eq!(said(&rec(json!({})), &beside(other("deploy-web", "w-1"))), None, "it is not another");
        let own = rec(json!({"status": {"rollout": rolled_back(OTHER)}}));
        let (reason, message) = said(&own, &DecidedBefore::default()).unwrap();
        assert!(reason == "BackingOff" && message.contains("was undone (OOMKills: 1)"), "{message}");
    }

    #[test]
    fn only_what_may_still_be_approved_is_held_up() {
        let before = DecidedBefore { sizes: vec![sizes("shop", undone(OTHER))], ..Default::default() };
        let approval = json!({"decision": "Approved", "approver": "ada", "proposalDigest": DIGEST});
        let honoured = json!({"decision": "Approved", "by": {"kind": "Person", "name": "ada"}, "rule": "r",
            "proposalDigest": DIGEST, "since": "2026-11-21T11:58:00Z"});
        for (what, change, expected) in [
            ("undecided", json!({}), true),
            ("approved, and not seen yet", json!({"spec": {"approval": approval}}), true),
            (
                "honoured: the status lists its gates",
                json!({"spec": {"approval": approval}, "status": {"approval": honoured}}),
                false,
            ),
            ("under way", json!({"status": {"rollout": rollout(json!({}))}}), false),
            ("another is under way", json!({"status": {"rollout": rollout(json!({"proposalDigest": OTHER}))}}), false),
            ("rolled back itself", json!({"status": {"rollout": rolled_back(DIGEST)}}), false),
            ("going away", json!({"metadata": {"deletionTimestamp": "2026-11-21T11:58:00Z"}}), false),
            ("without a digest", json!({"status": null}), false),
        ] {
            assert_eq!(said(&rec(change), &before).is_some(), expected, "{what}");
        }
    }

    #[test]
    fn the_line_names_the_recommendation_the_gate_and_what_opens_it() {
        let gate = ClosedGate {
            gate: "BackOff".to_owned(),
            reason: "BackingOff".to_owned(),
            message: "another may start at 2026-11-22T11:00:00Z".to_owned(),
        };
        assert_eq!(
            note(&rec(json!({})), &gate),
            "note: once approved, shop/deploy-web is held by BackOff (BackingOff): another may start at 2026-11-22T11:00:00Z"
        );
    }
}
