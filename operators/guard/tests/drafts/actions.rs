//! What the widened guard decides about remediation actions.

use std::collections::BTreeSet;

use kube::CustomResourceExt;
use serde_json::{Value, json};
use trimtab_api::remediation::spec::RemediationAction;

use crate::{
    policy::Validating,
    requests::{ADA, BOB, COLLECTOR, EVE, MALLORY, Request, TRIMTAB, User, with},
};

pub const ACTIONS: &str = "remediationactions";
const STATUS: &str = "remediationactions/status";
pub const DIGEST: &str = "sha256:0123";
const DUE: &str = "2026-11-21T13:00:00Z";

pub fn guard() -> Validating {
    Validating::read(include_str!("../../drafts/approval.yaml"))
}

/// An action that this user asks for, as the API server has filled in its defaults.
pub fn asked_by(user: &User) -> Value {
    let step = json!({"name": "s", "action": "RaiseQuota", "target": {"apiVersion": "v1", "kind": "ResourceQuota", "name": "q"}});
    json!({"metadata": {"name": "raise", "namespace": "shop"},
        "spec": {"steps": [step], "mode": "Execute", "requester": user.info(), "priority": 0, "cancel": false,
            "undo": {"after": "1h", "now": false}, "ttlAfterFinished": "168h"}})
}

/// The same with its plan, and with more in its status.
fn planned(user: &User, status: Value) -> Value {
    let risk = json!({"level": "High", "proposalDigest": DIGEST});
    with(
        &with(&asked_by(user), &json!({"status": {"proposalDigest": DIGEST, "risk": risk}})),
        &json!({"status": status}),
    )
}

/// A change by which this user decides.
pub fn decision(user: &User, decision: &str) -> Value {
    let approval = json!({"decision": decision, "approver": user.name, "proposalDigest": DIGEST});
    json!({"spec": {"approval": approval, "approver": user.info()}})
}

fn low() -> Value {
    json!({"risk": {"level": "Low"}})
}

fn begun() -> Value {
    json!({"started": "2026-11-21T12:00:00Z"})
}

fn done() -> Value {
    json!({"started": "2026-11-21T12:00:00Z", "result": "Succeeded", "undo": {"dueAt": DUE}})
}

/// What was decided, on a request about an action: nothing, or part of the refusal.
type Case = (&'static str, Request<'static>, &'static str);

fn creations() -> Vec<Case> {
    let create = |user: &'static User, object: Value| Request::create(ACTIONS, user, object);
    let changed = |change: Value| create(&EVE, with(&asked_by(&EVE), &change));
    let of_policy = json!({"spec": {"policyRef": {"name": "p", "generation": 1}}});
    vec![
        ("in one's own name", create(&EVE, asked_by(&EVE)), ""),
        ("with all that is known of oneself", create(&BOB, asked_by(&BOB)), ""),
        ("in nobody's name", changed(json!({"spec": {"requester": null}})), "spec.requester has to say who asks, eve"),
        ("in another's name", create(&EVE, asked_by(&BOB)), "spec.requester has to say who asks"),
        (
            "with a forged group",
            changed(json!({"spec": {"requester": {"groups": ["system:authenticated", "system:masters"]}}})),
            "with all groups",
        ),
        ("with no group", changed(json!({"spec": {"requester": {"groups": null}}})), "with all groups"),
        ("with a forged uid", changed(json!({"spec": {"requester": {"uid": "u-bob"}}})), "with all groups"),
        (
            "with a forged scope",
            changed(json!({"spec": {"requester": {"extra": {"scopes": ["a"]}}}})),
            "with all groups",
        ),
        (
            "without one's uid",
            create(&BOB, with(&asked_by(&BOB), &json!({"spec": {"requester": {"uid": null}}}))),
            "with all groups",
        ),
        (
            "without one's scopes",
            create(&BOB, with(&asked_by(&BOB), &json!({"spec": {"requester": {"extra": null}}}))),
            "with all groups",
        ),
        (
            "approved at once",
            create(&BOB, with(&asked_by(&BOB), &decision(&BOB, "Approved"))),
            "a new remediation action cannot have an approval",
        ),
        ("as if of a policy", changed(of_policy.clone()), "only Trimtab may set spec.policyRef"),
        (
            "with a label of Trimtab's",
            changed(json!({"metadata": {"labels": {"trimtab.dev/policy": "p"}}})),
            "labels that begin with trimtab.dev/",
        ),
        (
            "with Trimtab's finalizer",
            changed(json!({"metadata": {"finalizers": ["trimtab.dev/settle"]}})),
            "finalizer trimtab.dev/settle",
        ),
        ("a name of policies' proposals", changed(json!({"metadata": {"name": "deploy-web"}})), ""),
        ("by Trimtab for itself", create(&TRIMTAB, asked_by(&TRIMTAB)), "Trimtab asks for no action of its own"),
        ("by Trimtab for a person", create(&TRIMTAB, asked_by(&EVE)), "Trimtab asks for no action of its own"),
        (
            "by Trimtab for a policy and nobody",
            create(&TRIMTAB, with(&with(&asked_by(&EVE), &of_policy), &json!({"spec": {"requester": null}}))),
            "and spec.requester who wrote it",
        ),
        (
            "by Trimtab for a policy and itself",
            create(&TRIMTAB, with(&asked_by(&TRIMTAB), &of_policy)),
            "and spec.requester who wrote it",
        ),
        ("by Trimtab for a policy", create(&TRIMTAB, with(&asked_by(&BOB), &of_policy)), ""),
    ]
}

fn decisions() -> Vec<Case> {
    let decide = |user: &'static User, old: Value, change: Value| {
        let new = with(&old, &change);
        Request::update(ACTIONS, user, old, new)
    };
    let of = |requester: &User| planned(requester, json!({}));
    let of_policy = with(&of(&EVE), &json!({"spec": {"policyRef": {"name": "p", "generation": 1}}}));
    let forged = with(&decision(&BOB, "Approved"), &json!({"spec": {"approver": {"groups": ["system:masters"]}}}));
    let approved = with(&of(&EVE), &decision(&BOB, "Approved"));
    let owned = with(&of(&EVE), &json!({"metadata": {"ownerReferences": [{"name": "x"}]}}));
    let other = json!({"status": {"proposalDigest": "sha256:other"}});
    vec![
        ("approved by another", decide(&BOB, of(&EVE), decision(&BOB, "Approved")), ""),
        ("rejected by another", decide(&BOB, of(&EVE), decision(&BOB, "Rejected")), ""),
        (
            "approved by who asked",
            decide(&BOB, of(&BOB), decision(&BOB, "Approved")),
            "the risk is High and you proposed this: somebody else must approve it",
        ),
        ("rejected by who asked", decide(&BOB, of(&BOB), decision(&BOB, "Rejected")), ""),
        ("a low risk by who asked", decide(&BOB, planned(&BOB, low()), decision(&BOB, "Approved")), ""),
        (
            "a risk of another plan by who asked",
            decide(
                &BOB,
                planned(&BOB, json!({"risk": {"level": "Low", "proposalDigest": "sha256:other"}})),
                decision(&BOB, "Approved"),
            ),
            "not assessed yet, which counts as High",
        ),
        (
            "no risk, by who asked",
            decide(&BOB, planned(&BOB, json!({"risk": null})), decision(&BOB, "Approved")),
            "not assessed yet, which counts as High",
        ),
        (
            "of nobody",
            decide(&BOB, with(&of(&EVE), &json!({"spec": {"requester": null}})), decision(&BOB, "Approved")),
            "spec.requester is missing",
        ),
        (
            "of a policy that who approves has written",
            decide(&BOB, with(&of(&BOB), &json!({"spec": {"policyRef": {"name": "p"}}})), decision(&BOB, "Approved")),
            "somebody else must approve it",
        ),
        ("of a policy", decide(&BOB, of_policy, decision(&BOB, "Approved")), ""),
        (
            "without the verb",
            decide(&EVE, of(&BOB), decision(&EVE, "Approved")),
            "eve may not approve or reject here: this requires the verb approve on remediationactions.trimtab.dev in namespace shop; ask for a RoleBinding to ClusterRole trimtab-action-approver",
        ),
        (
            "with the verb on recommendations",
            decide(&ADA, of(&EVE), decision(&ADA, "Approved")),
            "this requires the verb approve on remediationactions.trimtab.dev",
        ),
        (
            "with the verb in another namespace",
            decide(&MALLORY, of(&EVE), decision(&MALLORY, "Approved")),
            "in namespace shop",
        ),
        (
            "in another's name",
            decide(&BOB, of(&EVE), decision(&ADA, "Approved")),
            "spec.approval.approver is ada and you are bob",
        ),
        (
            "by Trimtab",
            decide(&TRIMTAB, of(&EVE), decision(&TRIMTAB, "Approved")),
            "Trimtab's own account may not write spec.approval",
        ),
        ("with a forged group", decide(&BOB, of(&EVE), forged), "spec.approver has to say who decides, bob"),
        (
            "without an approver",
            decide(&BOB, of(&EVE), with(&decision(&BOB, "Approved"), &json!({"spec": {"approver": null}}))),
            "spec.approver has to say who decides",
        ),
        (
            "with the approver of who decided before",
            decide(
                &BOB,
                approved.clone(),
                with(&decision(&BOB, "Rejected"), &json!({"spec": {"approver": EVE.info()}})),
            ),
            "spec.approver has to say who decides",
        ),
        (
            "for another digest",
            decide(&BOB, with(&of(&EVE), &other), decision(&BOB, "Approved")),
            "status.proposalDigest shows sha256:other",
        ),
        (
            "rejected for another digest, after it has begun",
            decide(&BOB, with(&planned(&EVE, begun()), &other), decision(&BOB, "Rejected")),
            "status.proposalDigest shows sha256:other",
        ),
        ("rejected after it has begun", decide(&BOB, planned(&EVE, begun()), decision(&BOB, "Rejected")), ""),
        (
            "before there is a plan",
            decide(&BOB, asked_by(&EVE), decision(&BOB, "Approved")),
            "wait until Trimtab has checked this remediation action",
        ),
        (
            "while it is deleted",
            decide(&BOB, with(&of(&EVE), &json!({"metadata": {"deletionTimestamp": DUE}})), decision(&BOB, "Approved")),
            "the remediation action is being deleted",
        ),
        (
            "rejected before Trimtab protects it",
            decide(&BOB, owned.clone(), decision(&BOB, "Rejected")),
            "this remediation action has an owner",
        ),
        (
            "rejected once Trimtab protects it",
            decide(
                &BOB,
                with(&owned, &json!({"metadata": {"finalizers": ["trimtab.dev/settle"]}})),
                decision(&BOB, "Rejected"),
            ),
            "",
        ),
        ("withdrawn", decide(&BOB, approved.clone(), json!({"spec": {"approval": null, "approver": null}})), ""),
        (
            "withdrawn without the verb",
            decide(&EVE, approved, json!({"spec": {"approval": null, "approver": null}})),
            "eve may not withdraw an approval here",
        ),
    ]
}

fn changes() -> Vec<Case> {
    let change = |user: &'static User, old: Value, change: Value| {
        let new = with(&old, &change);
        Request::update(ACTIONS, user, old, new)
    };
    let spec = |field: &str, value: Value| json!({"spec": {field: value}});
    let owner = json!({"metadata": {"ownerReferences": [{"name": "x"}]}});
    let settle = json!({"metadata": {"finalizers": ["trimtab.dev/settle"]}});
    let leaving = with(&planned(&EVE, begun()), &with(&settle, &json!({"metadata": {"deletionTimestamp": DUE}})));
    let mine = || planned(&EVE, begun());
    let mut cases = vec![
        ("an owner before it begins", change(&EVE, planned(&EVE, json!({})), owner.clone()), ""),
        (
            "an owner after it has begun",
            change(&EVE, mine(), owner.clone()),
            "that has begun, or that is still to be undone, cannot be changed",
        ),
        ("an owner before it is undone", change(&BOB, planned(&EVE, done()), owner), "cannot be changed"),
        ("Trimtab's finalizer, by Trimtab", change(&TRIMTAB, mine(), settle.clone()), ""),
        ("Trimtab's finalizer, by another", change(&BOB, mine(), settle), "only Trimtab may set or remove finalizer"),
        (
            "its removal while it is deleted",
            change(&BOB, leaving.clone(), json!({"metadata": {"finalizers": null}})),
            "",
        ),
        (
            "its removal without the verb",
            change(&EVE, leaving, json!({"metadata": {"finalizers": null}})),
            "only Trimtab may set or remove finalizer",
        ),
        (
            "the policy",
            change(&EVE, mine(), spec("policyRef", json!({"name": "p"}))),
            "only Trimtab may change spec.policyRef",
        ),
        ("an annotation", change(&ADA, mine(), json!({"metadata": {"annotations": {"a": "b"}}})), ""),
        ("the status, by Trimtab", Request::update(STATUS, &TRIMTAB, mine(), planned(&EVE, done())), ""),
        (
            "the status, by another",
            Request::update(STATUS, &BOB, mine(), planned(&EVE, done())),
            "only Trimtab may write this status; to decide on a remediation action",
        ),
    ];
    for (field, value) in [
        ("cancel", json!(true)),
        ("undo", json!({"after": "1h", "now": true})),
        ("undo", json!({"after": "24h"})),
        ("priority", json!(9)),
        ("ttlAfterFinished", json!("1h")),
    ] {
        let to = || spec(field, value.clone());
        cases.extend([
            ("by who asked", change(&EVE, mine(), to()), ""),
            ("by an approver", change(&BOB, mine(), to()), ""),
            (
                "by another editor",
                change(&ADA, mine(), to()),
                "ada may not stop, undo or reorder this remediation action: only eve",
            ),
            ("by an approver elsewhere", change(&MALLORY, mine(), to()), "mallory may not stop, undo or reorder"),
            ("by Trimtab", change(&TRIMTAB, mine(), to()), "may not stop, undo or reorder"),
        ]);
    }
    // With the client that has approved it: its field manager holds the approval, and each of its writes has a date.
    let held = |second: &str| {
        let fields = json!({"f:spec": {"f:approval": {"f:decision": {}}, "f:cancel": {}}});
        json!({"metadata": {"managedFields": [{"manager": "kubectl", "operation": "Update", "time": second, "fieldsV1": fields}]}})
    };
    let honoured = |by: &str, decision: &str, digest: &str| {
        let by = json!({"kind": "Person", "name": by});
        json!({"status": {"approval": {"decision": decision, "by": by, "proposalDigest": digest}}})
    };
    let approved = with(&with(&mine(), &decision(&BOB, "Approved")), &held("2026-11-21T12:00:00Z"));
    let stop = with(&held("2026-11-21T12:00:09Z"), &spec("cancel", json!(true)));
    cases.extend([
        (
            "a stop of what is honoured",
            change(&EVE, with(&approved, &honoured("bob", "Approved", DIGEST)), stop.clone()),
            "",
        ),
        ("one by whoever may approve", change(&BOB, approved.clone(), stop.clone()), ""),
    ]);
    // Dated anew, what was approved without the guard would seem to be approved under it.
    for honoured in [
        json!({}),
        honoured("ada", "Approved", DIGEST),
        honoured("bob", "Rejected", DIGEST),
        honoured("bob", "Approved", "sha256:other"),
        with(&honoured("bob", "Approved", DIGEST), &json!({"status": {"approval": {"by": {"kind": "Policy"}}}})),
    ] {
        let renewed = change(&EVE, with(&approved, &honoured), stop.clone());
        cases.push(("a stop of what is not honoured", renewed, "takes over the field or renews its date"));
    }
    cases
}

fn deletions() -> Vec<Case> {
    let delete = |user: &'static User, status: Value| Request::delete(ACTIONS, user, planned(&EVE, status));
    let ended = json!({"started": "2026-11-21T12:00:00Z", "result": "Undone", "undo": {"dueAt": DUE, "ended": DUE}});
    let mut cases =
        vec![("before it begins", delete(&EVE, json!({})), ""), ("by Trimtab", delete(&TRIMTAB, done()), "")];
    cases.extend([&EVE, &BOB, &ADA].map(|user| ("once it is over", delete(user, ended.clone()), "")));
    cases.extend([&EVE, &BOB].map(|user| {
        (
            "while it is under way",
            delete(user, begun()),
            "this remediation action has begun, and without it nobody knows what to restore: set spec.cancel to true",
        )
    }));
    cases.extend(
        [&EVE, &BOB].map(|user| {
            ("before it is undone", delete(user, done()), "is still to be undone, at 2026-11-21T13:00:00Z")
        }),
    );
    // With its namespace or its owner. Trimtab's finalizer keeps it until it is undone.
    cases.extend([begun(), done()].map(|status| ("by the garbage collector", delete(&COLLECTOR, status), "")));
    cases
}

#[test]
fn what_is_let_through_and_what_is_refused() {
    let guard = guard();
    let (mut refused, mut words) = (0, BTreeSet::new());
    for (group, cases) in
        [("created", creations()), ("decided", decisions()), ("changed", changes()), ("deleted", deletions())]
    {
        for (what, request, says) in cases {
            match (guard.refusal(&request), says) {
                (None, "") => {}
                (Some(text), says) if !says.is_empty() && text.contains(says) => {
                    refused += 1;
                    words.insert(text);
                }
                (found, _) => panic!("{group}: {what}: {found:?}\n{request:?}"),
            }
        }
    }
    assert!(refused >= 50, "{refused} refusals, {} words", words.len());
    let wrong: Vec<_> = words.iter().filter(|text| text.contains("recommendation")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The schema says which fields can be changed. A rule of the guard is about each of them, before and after.
#[test]
fn every_field_that_can_change_is_decided_about() {
    let crd = serde_json::to_value(RemediationAction::crd()).unwrap();
    let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let rules = spec["x-kubernetes-validations"].as_array().unwrap();
    let mut messages = rules.iter().filter_map(|rule| rule["message"].as_str());
    let named = messages.find_map(|text| text.strip_prefix("only ")?.split_once(" can be changed")).unwrap().0;
    let fields: Vec<&str> = named.split([',', ' ']).filter(|word| !["", "and"].contains(word)).collect();
    assert_eq!(fields.len(), 6, "{fields:?}");
    let text = include_str!("../../drafts/approval.yaml");
    for field in fields {
        assert!(spec["properties"][field].is_object(), "{field}");
        assert!(text.contains(&format!("variables.now.spec.{field}")), "{field}");
        // The approver goes with the approval, which the schema sees to.
        assert!(field == "approver" || text.contains(&format!("variables.old.spec.{field}")), "{field}");
    }
}
