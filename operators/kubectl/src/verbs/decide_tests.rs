#![allow(clippy::unwrap_used)]
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use http::{Method, Request, Response};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use trimtab_api::{approval::Decision, recommendation::Recommendation, remediation::spec::RemediationAction};

use super::{Decided, Outcome, Subject, Warned, anew, are_actions, read, these, warned, write};
use crate::{
    cluster::Session,
    testkit::{DIGEST, action, rec, user},
    verbs::record::ATTEMPTS,
};

/// The answer to a write that another one preceded.
fn late() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 409, "reason": "Conflict", "message": "the object has been modified"})
}

/// A server on which the first `conflicts` writes conflict, and which then shows the object with `change`. Returns the
/// result of a decision, and how many writes were sent.
async fn decide(conflicts: u32, change: Value) -> (Result<Outcome, String>, u32) {
    let writes = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&writes);
    let answer = move |request: Request<Body>| {
        let (code, body) = if request.method() == Method::PATCH {
            let nth = counted.fetch_add(1, Ordering::SeqCst);
            if nth < conflicts { (409, late()) } else { (200, json!(rec(json!({})))) }
        } else {
            (200, json!(rec(change.clone())))
        };
        let response = Response::builder().status(code).body(Body::from(body.to_string().into_bytes())).unwrap();
        async move { Ok::<_, std::convert::Infallible>(response) }
    };
    let session = Session::with_client(Client::new(tower::service_fn(answer), "shop"));
    let decided = Decided {
        subject: Subject::Proposal,
        decision: Decision::Approved,
        user: &user("ada"),
        reason: None,
        dry_run: false,
    };
    let result = write(&session, &rec(json!({})), &decided, DIGEST).await;
    (result.map_err(|p| p.to_string()), writes.load(Ordering::SeqCst))
}

#[tokio::test]
async fn another_write_in_between_is_only_harmless_where_it_changed_nothing_that_counts() {
    let bobs = |decision: &str, digest: &str| json!({"spec": {"approval": {"decision": decision, "approver": "bob", "proposalDigest": digest}}});
    for (conflicts, change, expected, sent) in [
        (0, json!({}), "", 1),
        (2, json!({"metadata": {"resourceVersion": "8"}, "status": {"confidencePercent": 90}}), "", 3),
        (
            1,
            json!({"status": {"proposalDigest": "sha256:0000000011"}}),
            "its proposal changed from sha256:6e1bd4c0 to sha256:00000000 meanwhile",
            1,
        ),
        (1, json!({"status": null}), "to none meanwhile", 1),
        (1, bobs("Rejected", DIGEST), "was not approved: bob rejected it meanwhile", 1),
        (1, bobs("Rejected", "sha256:0000000022"), "was not approved: bob rejected sha256:00000000 meanwhile", 1),
        (1, bobs("Approved", DIGEST), "=shop/deploy-web was already approved by bob", 1),
        (1, json!({"metadata": {"uid": "u-2"}}), "deleted and recreated meanwhile", 1),
        (99, json!({}), "keeps changing", ATTEMPTS),
    ] {
        let (result, writes) = decide(conflicts, change.clone()).await;
        match (expected, expected.strip_prefix('=')) {
            ("", _) => assert_eq!(result, Ok(Outcome::Written), "{change}"),
            (_, Some(made)) => assert_eq!(result, Ok(Outcome::Made(made.to_owned())), "{change}"),
            (part, None) => assert!(result.as_ref().is_err_and(|e| e.contains(part)), "{change}: {result:?}"),
        }
        assert_eq!(writes, sent, "{change}");
    }
}

#[test]
fn what_needs_a_second_thought_is_counted() {
    for (all, lasting, risky, expected) in [
        (1, 0, 0, "1 recommendation"),
        (3, 1, 0, "3 recommendations (1 cannot be undone)"),
        (1, 0, 1, "1 recommendation (1 of High or Critical risk)"),
        (3, 1, 2, "3 recommendations (1 cannot be undone, 2 of High or Critical risk)"),
    ] {
        assert_eq!(these::<Recommendation>(all, Warned { lasting, risky }), expected);
    }
}

#[tokio::test]
async fn only_what_is_still_open_is_warned_about() {
    let session = Session::with_client(Client::new(
        tower::service_fn(|_: Request<Body>| async { Ok::<_, std::convert::Infallible>(Response::new(Body::empty())) }),
        "shop",
    ));
    let decided = Decided {
        subject: Subject::Proposal,
        decision: Decision::Approved,
        user: &user("ada"),
        reason: None,
        dry_run: false,
    };
    let risky = json!({"status": {"risk": {"level": "High"}}});
    let mut made = risky.clone();
    let honoured = json!({"decision": "Approved", "by": {"kind": "Person", "name": "ada"}, "rule": "r", "proposalDigest": DIGEST, "since": "2026-11-21T11:58:00Z"});
    made["spec"] = json!({"approval": {"decision": "Approved", "approver": "ada", "proposalDigest": DIGEST}});
    made["status"]["approval"] = honoured;
    let recs = [rec(json!({})), rec(risky), rec(made)];
    assert_eq!(warned(&session, &recs, &decided), Warned { lasting: 0, risky: 1 });
}

/// A decision that is not honoured, made anew on a server that keeps what is written. Returns the approvals written.
async fn written_anew(dry_run: bool, reason: Option<&str>) -> Vec<Value> {
    let writes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&writes);
    let answer = move |request: Request<Body>| {
        let seen = Arc::clone(&seen);
        async move {
            let body = request.into_body().collect_bytes().await.unwrap();
            let patch: Value = serde_json::from_slice(&body).unwrap();
            seen.lock().unwrap().push(patch["spec"]["approval"].clone());
            let bare = json!(rec(json!({"metadata": {"resourceVersion": "8"}})));
            Ok::<_, std::convert::Infallible>(Response::new(Body::from(bare.to_string().into_bytes())))
        }
    };
    let session = Session::with_client(Client::new(tower::service_fn(answer), "shop"));
    let decided =
        Decided { subject: Subject::Proposal, decision: Decision::Approved, user: &user("ada"), reason, dry_run };
    let former = json!({"decision": "Approved", "approver": "ada", "reason": "agreed", "proposalDigest": DIGEST});
    anew(&session, &rec(json!({"spec": {"approval": former}})), &decided, DIGEST).await.unwrap();
    writes.lock().unwrap().clone()
}

#[tokio::test]
async fn to_decide_anew_is_to_withdraw_first() {
    let approval =
        |reason: &str| json!({"decision": "Approved", "approver": "ada", "reason": reason, "proposalDigest": DIGEST});
    assert_eq!(written_anew(false, Some("really")).await, [Value::Null, approval("really")]);
    // One's own reason is kept.
    assert_eq!(written_anew(false, None).await, [Value::Null, approval("agreed")]);
    assert_eq!(written_anew(true, None).await, [Value::Null]);
}

#[tokio::test]
async fn what_trimtab_has_recorded_is_given_again_only_once_it_has_seen_the_withdrawal() {
    let honoured = json!({"decision": "Approved", "by": {"kind": "Person", "name": "ada"}, "rule": "r", "proposalDigest": DIGEST,
        "since": "2026-11-21T11:58:00Z", "targetUid": "w-0"});
    let requests = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let recorded = json!(rec(json!({"status": {"approval": honoured}})));
    let shown = recorded.clone();
    let answer = move |request: Request<Body>| {
        let reads = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.method().clone());
            seen.iter().filter(|method| **method == Method::GET).count()
        };
        let object = if reads < 2 { shown.clone() } else { json!(rec(json!({}))) };
        let response = Response::new(Body::from(object.to_string().into_bytes()));
        async move { Ok::<_, std::convert::Infallible>(response) }
    };
    let session = Session::with_client(Client::new(tower::service_fn(answer), "shop"));
    let decided = Decided {
        subject: Subject::Proposal,
        decision: Decision::Approved,
        user: &user("ada"),
        reason: None,
        dry_run: false,
    };
    let mut given = recorded;
    given["spec"]["approval"] = json!({"decision": "Approved", "approver": "ada", "proposalDigest": DIGEST});
    let given: Recommendation = serde_json::from_value(given).unwrap();
    anew(&session, &given, &decided, DIGEST).await.unwrap();
    assert_eq!(*requests.lock().unwrap(), [Method::PATCH, Method::GET, Method::GET, Method::PATCH]);
}

/// A rejection by ada that is not honoured, made anew on a server whose object was changed by `change` before the
/// withdrawal reached it. Returns the result, and the approvals that were sent.
async fn anew_too_late(change: Value) -> (Result<Outcome, String>, Vec<Value>) {
    let sent = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    let answer = move |request: Request<Body>| {
        let (seen, shown) = (Arc::clone(&seen), json!(rec(change.clone())));
        async move {
            let (code, body) = if request.method() == Method::GET {
                (200, shown)
            } else {
                let body = request.into_body().collect_bytes().await.unwrap();
                let patch: Value = serde_json::from_slice(&body).unwrap();
                let mut seen = seen.lock().unwrap();
                seen.push(patch["spec"]["approval"].clone());
                if seen.len() == 1 { (409, late()) } else { (200, json!(rec(json!({})))) }
            };
            let response = Response::builder().status(code).body(Body::from(body.to_string().into_bytes())).unwrap();
            Ok::<_, std::convert::Infallible>(response)
        }
    };
    let session = Session::with_client(Client::new(tower::service_fn(answer), "shop"));
    let decided = Decided {
        subject: Subject::Proposal,
        decision: Decision::Rejected,
        user: &user("ada"),
        reason: None,
        dry_run: false,
    };
    let given = json!({"decision": "Rejected", "approver": "ada", "proposalDigest": DIGEST});
    let read = rec(json!({"metadata": {"generation": 2}, "spec": {"approval": given}}));
    let result = anew(&session, &read, &decided, DIGEST).await;
    let sent = sent.lock().unwrap().clone();
    (result.map_err(|p| p.to_string()), sent)
}

#[tokio::test]
async fn of_two_who_decide_the_same_at_once_the_later_one_leaves_the_decision_alone() {
    let by = |decision: &str, who: &str| json!({"metadata": {"generation": 4}, "spec": {"approval": {"decision": decision, "approver": who, "proposalDigest": DIGEST}}});
    let made = |by: &str| -> Result<Outcome, String> {
        Ok(Outcome::Made(format!("shop/deploy-web was already rejected by {by}")))
    };
    assert_eq!(anew_too_late(by("Rejected", "bob")).await, (made("bob"), vec![Value::Null]));
    // In two terminals of one person: the words are the same, and the decision is another.
    assert_eq!(anew_too_late(by("Rejected", "ada")).await, (made("you"), vec![Value::Null]));
    // Withdrawn, and not given again yet.
    let (result, sent) = anew_too_late(json!({"metadata": {"generation": 3}})).await;
    assert_eq!((result, sent.len()), (Ok(Outcome::Written), 2));
    assert_eq!(sent[1]["decision"], "Rejected");
    let (result, sent) = anew_too_late(by("Approved", "bob")).await;
    let other = "changed meanwhile: bob approved it; nothing was written";
    assert!(result.as_ref().is_err_and(|e| e.contains(other)), "{result:?}");
    assert_eq!(sent, [Value::Null]);
}

#[test]
fn the_word_before_the_name_says_what_is_decided_on() {
    for (names, actions) in [
        (vec!["web"], Some(false)),
        (vec!["deploy/web", "rec/deploy-api"], Some(false)),
        (vec!["ra/drain", "remediationactions.trimtab.dev/scale"], Some(true)),
        (vec!["ra/drain", "web"], None),
    ] {
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        assert_eq!(are_actions(&names).ok(), actions, "{names:?}");
    }
}

/// The path and the spec of each write.
type Writes = Arc<std::sync::Mutex<Vec<(String, Value)>>>;

/// A server with this action, which keeps what is written to it.
fn keeping(shown: Value) -> (Session, Writes) {
    let writes = Writes::default();
    let seen = Arc::clone(&writes);
    let answer = move |request: Request<Body>| {
        let (seen, shown) = (Arc::clone(&seen), shown.clone());
        async move {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let body = request.into_body().collect_bytes().await.unwrap();
            if method == Method::PATCH {
                let patch: Value = serde_json::from_slice(&body).unwrap();
                seen.lock().unwrap().push((path, patch["spec"].clone()));
            }
            Ok::<_, std::convert::Infallible>(Response::new(Body::from(shown.to_string().into_bytes())))
        }
    };
    (Session::with_client(Client::new(tower::service_fn(answer), "shop")), writes)
}

#[tokio::test]
async fn an_action_is_decided_on_by_the_same_steps_and_says_with_which_groups() {
    let mut ada = user("ada");
    ada.groups = vec!["ops".to_owned()];
    let decided =
        Decided { subject: Subject::Proposal, decision: Decision::Approved, user: &ada, reason: None, dry_run: false };
    let (session, writes) = keeping(json!(action(Value::Null)));
    let actions = read::<RemediationAction>(&session, &["ra/drain".to_owned()]).await.unwrap();
    assert_eq!(warned(&session, &actions, &decided), Warned { lasting: 0, risky: 1 });
    assert_eq!(these::<RemediationAction>(1, Warned::default()), "1 remediation action");
    assert_eq!(write(&session, &actions[0], &decided, DIGEST).await.unwrap(), Outcome::Written);
    let approval = json!({"decision": "Approved", "approver": "ada", "reason": null, "proposalDigest": DIGEST});
    let written = json!({"approval": approval, "approver": {"username": "ada", "groups": ["ops"]}});
    let path = "/apis/trimtab.dev/v1alpha1/namespaces/shop/remediationactions/drain";
    assert_eq!(*writes.lock().unwrap(), [(path.to_owned(), written.clone())]);
    // Given anew: both are withdrawn first.
    let given = action(json!({"spec": {"approval": approval, "approver": {"username": "ada"}}}));
    assert_eq!(anew(&session, &given, &decided, DIGEST).await.unwrap(), Outcome::Written);
    let bare = json!({"approval": null, "approver": null});
    assert_eq!(
        writes.lock().unwrap().iter().map(|(_, spec)| spec.clone()).collect::<Vec<_>>(),
        [written.clone(), bare, written]
    );
}

#[tokio::test]
async fn a_kind_that_the_cluster_does_not_have_is_said_to_be_unknown() {
    let unknown = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound",
        "message": "the server could not find the requested resource"});
    let answer = move |_: Request<Body>| {
        let body = Body::from(unknown.to_string().into_bytes());
        let response = Response::builder().status(404).body(body).unwrap();
        async move { Ok::<_, std::convert::Infallible>(response) }
    };
    let session = Session::with_client(Client::new(tower::service_fn(answer), "shop"));
    let why = read::<RemediationAction>(&session, &["ra/drain".to_owned()]).await.unwrap_err().to_string();
    assert_eq!(why, "the cluster does not know the kind RemediationAction");
    for text in ["ra/", "ra/a/b"] {
        let why = read::<RemediationAction>(&session, &[text.to_owned()]).await.unwrap_err().to_string();
        assert!(why.contains("does not name a RemediationAction"), "{why}");
    }
}
