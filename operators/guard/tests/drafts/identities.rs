//! Who asks and who decides is recorded by the API server, and the guard finds nothing to refuse in it.

use serde_json::{Value, json};

use crate::{
    actions::{ACTIONS, asked_by, decision, guard},
    policy::Mutating,
    requests::{BOB, EVE, Request, TRIMTAB, User, with},
};

const DRAFT: &str = include_str!("../../drafts/identities.yaml");

fn stamped(request: Request<'_>) -> Request<'_> {
    let both = ["trimtab-action-requester", "trimtab-action-approver"].map(|name| Mutating::read(DRAFT, name));
    both.iter().fold(request, |request, policy| policy.mutated(request))
}

#[test]
fn whatever_is_written_there_the_requester_is_who_asks() {
    let guard = guard();
    for user in [EVE, BOB] {
        for forged in [
            Value::Null,
            json!({"username": "ada"}),
            json!({"username": user.name, "groups": ["system:masters"], "uid": "u-0", "extra": {"scopes": ["all"], "more": ["x"]}}),
        ] {
            let mut object = asked_by(&user);
            object["spec"]["requester"] = forged.clone();
            if forged.is_null() {
                object["spec"].as_object_mut().unwrap().remove("requester");
            }
            let request = Request::create(ACTIONS, &user, object);
            assert!(guard.refusal(&request).is_some(), "before Kubernetes 1.36: {forged}");
            let request = stamped(request);
            assert_eq!(request.object["spec"]["requester"], user.info(), "{forged}");
            assert_eq!(guard.refusal(&request), None, "{forged}");
        }
    }
}

#[test]
fn a_policys_requester_stays_and_nobody_else_gets_by_with_it() {
    let guard = guard();
    let object = with(&asked_by(&BOB), &json!({"spec": {"policyRef": {"name": "p", "generation": 1}}}));
    let request = |user: &'static User| stamped(Request::create(ACTIONS, user, object.clone()));
    let made = request(&TRIMTAB);
    assert_eq!((&made.object, guard.refusal(&made)), (&object, None));
    assert!(guard.refusal(&request(&EVE)).is_some_and(|text| text.contains("spec.policyRef")));
}

#[test]
fn the_approver_is_who_decides_and_goes_with_the_decision() {
    let guard = guard();
    let plan = json!({"status": {"proposalDigest": "sha256:0123", "risk": {"level": "High", "proposalDigest": "sha256:0123"}}});
    let old = with(&asked_by(&EVE), &plan);
    let bare = json!({"spec": {"approval": decision(&BOB, "Approved")["spec"]["approval"]}});
    let forged = with(&decision(&BOB, "Approved"), &json!({"spec": {"approver": {"groups": ["system:masters"]}}}));
    for change in [&bare, &forged] {
        let request = stamped(Request::update(ACTIONS, &BOB, old.clone(), with(&old, change)));
        assert_eq!(request.object["spec"]["approver"], BOB.info());
        assert_eq!(guard.refusal(&request), None);
    }
    let decided = with(&old, &decision(&BOB, "Approved"));
    let withdrawn = with(&decided, &json!({"spec": {"approval": null}}));
    let request = stamped(Request::update(ACTIONS, &BOB, decided.clone(), withdrawn));
    assert_eq!((&request.object["spec"].get("approver"), guard.refusal(&request)), (&None, None));
    // A write that decides nothing leaves it alone.
    let other = with(&decided, &json!({"spec": {"priority": 5}}));
    let request = stamped(Request::update(ACTIONS, &EVE, decided, other.clone()));
    assert_eq!((&request.object, guard.refusal(&request)), (&other, None));
}
