#![allow(clippy::unwrap_used)]
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;
use trimtab_api::{Recommendation, remediation::spec::RemediationAction};
use trimtab_runtime::Explain;

use super::{Guard, InForce};
use crate::{GuardFault, Kind};

const CREATED: &str = "2026-11-21T11:00:00Z";
const SINCE: &str = "2026-11-21T12:00:00Z";
const GIVEN: &str = "2026-11-21T12:10:00Z";
const NOW: &str = "2026-11-21T12:20:00Z";
const DIGEST: &str = "sha256:0123";

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// A Recommendation that is older than the guard, with an approval of this time.
fn approved(given: &str) -> Recommendation {
    let fields = json!({"f:approver": {}, "f:decision": {}, "f:proposalDigest": {}});
    let approval = json!({"decision": "Approved", "approver": "bob", "proposalDigest": DIGEST});
    serde_json::from_value(json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
        "metadata": {"name": "deploy-web", "namespace": "shop", "uid": "u1", "creationTimestamp": CREATED, "managedFields": [
            {"manager": "kubectl", "operation": "Update", "apiVersion": "trimtab.dev/v1alpha1", "fieldsType": "FieldsV1",
             "time": given, "fieldsV1": {"f:spec": {"f:approval": fields}}}]},
        "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "proposal": {"containers": [{"name": "app"}]}, "approval": approval},
        "status": {"proposalDigest": DIGEST}}))
    .unwrap()
}

fn outdated(since: Option<&str>) -> InForce {
    Err(GuardFault::Outdated { release: "0.1.0", since: since.map(at) })
}

/// Whether an approval is trusted that arrived at [`GIVEN`], while the guard was `meanwhile`: then, and at [`NOW`], once
/// the guard of this release is in force, since [`SINCE`] without a gap.
fn trusted(meanwhile: InForce) -> [Result<(), GuardFault>; 2] {
    let (sender, standing) = watch::channel(meanwhile);
    let guard = Guard::following(standing);
    let key = ("shop".to_owned(), "deploy-web".to_owned());
    let given = approved(GIVEN);
    guard.note(&key, "u1", None, at(SINCE));
    guard.note(&key, "u1", Some(&given), at(GIVEN));
    let then = guard.trust(&given, at(GIVEN));
    drop(sender.send_replace(Ok(at(SINCE))));
    [then, guard.trust(&given, at(NOW))]
}

#[test]
fn what_arrives_under_the_guard_of_an_earlier_release_is_honoured_once_that_is_replaced() {
    let [then, now] = trusted(outdated(Some(SINCE)));
    assert_eq!(then.unwrap_err().reason(), "ApprovalGuardOutdated", "nothing is honoured anew before");
    assert_eq!(now, Ok(()), "and nobody has to approve it again");
}

#[test]
fn what_arrives_under_a_guard_that_may_let_something_through_is_not_proven() {
    let altered = || {
        Err(GuardFault::Altered { kind: Kind::Policy, at: "spec.validations[5].expression".to_owned(), how: "differs" })
    };
    for (what, meanwhile) in [
        ("its rules do not fit the CRDs", outdated(None)),
        ("it has not settled", outdated(Some(GIVEN))),
        ("altered", altered()),
        ("missing", Err(GuardFault::Missing(Kind::Policy))),
    ] {
        let [then, now] = trusted(meanwhile);
        assert!(then.is_err(), "{what}");
        assert_eq!(now.unwrap_err().reason(), "ApprovalNotProven", "{what}");
    }
}

#[test]
fn what_was_honoured_before_stays_honoured() {
    let (sender, standing) = watch::channel(outdated(Some(SINCE)));
    let guard = Guard::following(standing);
    let mut object = serde_json::to_value(approved(CREATED)).unwrap();
    object["status"]["approval"] = json!({"decision": "Approved", "by": {"kind": "Person", "name": "bob"}, "rule": "r",
        "proposalDigest": DIGEST, "since": CREATED});
    let honoured: Recommendation = serde_json::from_value(object).unwrap();
    assert!(guard.trust(&honoured, at(NOW)).is_err(), "it waits");
    for since in [SINCE, NOW] {
        drop(sender.send_replace(Ok(at(since))));
        assert_eq!(guard.trust(&honoured, at(NOW)), Ok(()), "whether Trimtab saw the guard before or not");
    }
}

#[test]
fn what_arrives_is_recorded_for_each_kind_by_itself_and_the_guard_is_one() {
    let (sender, standing) = watch::channel(Ok(at(SINCE)));
    let guard = Guard::following(standing);
    let actions = guard.of::<RemediationAction>();
    let (key, given) = (("shop".to_owned(), "deploy-web".to_owned()), approved(GIVEN));
    let mut object = serde_json::to_value(&given).unwrap();
    let step =
        json!({"name": "s", "action": "CordonNode", "target": {"apiVersion": "v1", "kind": "Node", "name": "n"}});
    object["kind"] = json!("RemediationAction");
    object["spec"] = json!({"steps": [step], "approval": object["spec"]["approval"]});
    let action: RemediationAction = serde_json::from_value(object).unwrap();
    // A Recommendation of that name had none, and then got one.
    guard.note(&key, "u1", None, at(GIVEN));
    guard.note(&key, "u1", Some(&given), at(GIVEN));
    actions.note(&key, "u1", Some(&action), at(GIVEN));
    assert_eq!(guard.trust(&given, at(NOW)), Ok(()));
    assert_eq!(actions.trust(&action, at(NOW)).unwrap_err().reason(), "ApprovalNotProven");
    actions.forget(&key);
    actions.note(&key, "u1", None, at(GIVEN));
    actions.note(&key, "u1", Some(&action), at(GIVEN));
    assert_eq!(actions.trust(&action, at(NOW)), Ok(()));
    drop(sender.send_replace(Err(GuardFault::Missing(Kind::Binding))));
    assert_eq!(guard.state(), actions.state());
    assert!(guard.trust(&given, at(NOW)).is_err() && actions.trust(&action, at(NOW)).is_err());
}
