#![allow(clippy::unwrap_used)]
use serde_json::json;
use trimtab_api::approval::Decision;

use super::*;
use crate::testkit::{DIGEST, rec, rollout};

fn with(change: Value) -> Recommendation {
    rec(json!({"status": {"rollout": rollout(change)}}))
}

/// A Recommendation of this name for a Deployment, with a rollout that differs by `change`; `null` for none.
fn called(name: &str, target: &str, change: Value) -> Recommendation {
    let rollout = if change.is_null() { Value::Null } else { rollout(change) };
    rec(json!({"metadata": {"name": name}, "spec": {"targetRef": {"name": target}}, "status": {"rollout": rollout}}))
}

fn size(cpu: &str) -> Value {
    json!([{"name": "app", "requests": {"cpu": cpu, "memory": "512Mi"}, "limits": {"memory": "512Mi"}}])
}

/// The last change was undone by `result`, and an earlier one is in force.
fn earlier_size() -> Value {
    json!({"stage": "Ended", "result": "RolledBack", "ended": "2026-11-21T11:59:00Z", "former": size("300m"), "original": size("500m")})
}

#[test]
fn an_undo_needs_something_in_force() {
    let preview = |change: Value| preview(&with(change));
    for (change, expected) in [
        (json!({"stage": "Ended", "result": "RolledBack"}), "already rolled back"),
        (json!({"stage": "Ended", "result": "Superseded"}), "no longer in force"),
        (
            json!({"stage": "Undoing", "undo": {"reason": "Rejected", "message": "ada rejected it after it was applied", "since": "2026-11-21T11:58:00Z"}}),
            "already being undone (Rejected: ada rejected it after it was applied): kubectl trimtab explain",
        ),
    ] {
        let refused = preview(change).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
    }
    assert!(super::preview(&rec(json!({}))).unwrap_err().contains("kubectl trimtab reject deploy-web -n shop"));
    assert_eq!(
        preview(json!({})).unwrap(),
        "Deployment/web goes back, one pod after the other (the new size is in 4 of its pods):\n  app: requests cpu 120m→500m, \
         memory 256Mi→512Mi; limits memory 256Mi→512Mi\nThe same proposal will be applied again only if a person approves it again."
    );
    let applied = |delivery: &str| {
        preview(json!({"stage": "Ended", "result": "Applied", "delivered": true, "delivery": delivery})).unwrap()
    };
    assert!(applied("Admission").contains("\nFirst, new pods stop getting the new size"));
    assert!(applied("Template").contains("\nFirst, the workload's template is reverted, which restarts its pods"));
    // The pods of a change that has ended may be others by now, or none; at its beginning none has the new size.
    assert!(applied("Admission").starts_with("Deployment/web goes back, one pod after the other:\n"));
    let begun = preview(json!({"stage": "Resizing", "progress": "0/2"})).unwrap();
    assert!(begun.starts_with("Deployment/web goes back, one pod after the other:\n"), "{begun}");
}

#[test]
fn of_several_changes_it_is_said_what_goes_back_to_what() {
    let both = json!({"stage": "Ended", "result": "Applied", "former": size("300m"), "original": size("500m")});
    let text = preview(&with(both)).unwrap();
    assert!(
        text.contains("cpu 120m→300m") && text.contains("another undo takes it back to:\n  app: requests cpu 500m"),
        "{text}"
    );
    let text = preview(&with(earlier_size())).unwrap();
    assert!(
        text.contains(
            "of an earlier one is in force:\n  app: requests cpu 300m→500m, memory 512Mi; limits memory 512Mi"
        ),
        "{text}"
    );
    assert!(text.contains("new pods stop getting the new size"), "{text}");
}

#[test]
fn it_is_the_workload_that_is_meant_whatever_the_recommendation_is_called() {
    let applied = || json!({"stage": "Ended", "result": "Applied"});
    let undone = || json!({"stage": "Ended", "result": "RolledBack"});
    let web = |name: &str, change: Value| called(name, "web", change);
    for (typed, recs, expected) in [
        ("deploy/web", vec![web("deploy-web", applied())], "deploy-web"),
        // A person's, a policy's, one under another name.
        ("deploy/web", vec![web("mine", applied())], "mine"),
        ("web", vec![web("mine", json!({}))], "mine"),
        (
            "deploy/web",
            vec![web("deploy-web", Value::Null), web("mine", applied())],
            "mine, beside deploy-web (PendingApproval)",
        ),
        (
            "deploy-web",
            vec![web("deploy-web", undone()), web("mine", applied())],
            "mine, beside deploy-web (PendingApproval)",
        ),
        ("deploy/web", vec![web("deploy-web", earlier_size())], "deploy-web"),
        // What is being undone is found, to say so; unless there is more to undo.
        (
            "deploy/web",
            vec![web("deploy-web", json!({"stage": "Undoing"})), web("mine", undone())],
            "deploy-web, beside mine (PendingApproval)",
        ),
        (
            "deploy/web",
            vec![web("deploy-web", json!({"stage": "Undoing"})), web("mine", applied())],
            "mine, beside deploy-web (PendingApproval)",
        ),
        ("deploy/web", vec![called("deploy-api", "api", applied()), web("mine", applied())], "mine"),
        // With rec/ it is that one.
        (
            "rec/deploy-web",
            vec![web("deploy-web", undone()), web("mine", applied())],
            "nothing: shop/deploy-web was already rolled back",
        ),
        ("rec/mine", vec![web("deploy-web", undone()), web("mine", applied())], "mine"),
        (
            "deploy/web",
            vec![web("a", applied()), web("b", json!({}))],
            "error: deploy/web may be rec/a (Deployment/web",
        ),
        (
            "deploy/web",
            vec![web("deploy-web", Value::Null), web("mine", undone())],
            "nothing: shop/deploy-web has never been applied",
        ),
        ("deploy/web", vec![called("deploy-api", "api", applied())], "unknown"),
        ("sts/web", vec![web("deploy-web", applied())], "unknown"),
    ] {
        let found = match find(&Wanted::parse(typed).unwrap(), &recs) {
            Ok(Found::One(rec, others)) => {
                let beside: Vec<String> = others
                    .iter()
                    .map(|o| format!(", beside {} ({})", words::name(*o), words::status_word(*o)))
                    .collect();
                assert_eq!(super::beside(rec, &others).is_some(), !others.is_empty());
                format!("{}{}", words::name(rec), beside.concat())
            }
            Ok(Found::Nothing(_, why)) => why.replace("nothing of Trimtab is in force for Deployment/web", "nothing"),
            Ok(Found::Unknown) => "unknown".to_owned(),
            Err(why) => format!("error: {why}"),
        };
        assert!(found.starts_with(expected), "{typed}: {found}");
    }
}

#[test]
fn a_second_undo_is_a_decision_of_its_own() {
    let said = |by: &str, since: &str| {
        let honoured = json!({"decision": "Rejected", "by": {"kind": "Person", "name": by}, "rule": "r", "proposalDigest": DIGEST, "since": since});
        let spec = json!({"decision": "Rejected", "approver": by, "proposalDigest": DIGEST});
        rec(json!({"spec": {"approval": spec}, "status": {"rollout": rollout(earlier_size()), "approval": honoured}}))
    };
    let (before, after) = ("2026-11-21T11:58:00Z", "2026-11-21T11:59:01Z");
    for (rec, spent, withdraw) in [
        (said("ada", before), true, true),
        // Another person's decision is already a different one.
        (said("bob", before), true, false),
        (said("ada", after), false, false),
        (with(earlier_size()), false, false),
    ] {
        assert_eq!((is_spent(&rec), withdraw_first(&rec, "ada")), (spent, withdraw), "{:?}", rec.spec.approval);
        use crate::decision::{Decidable, Subject, standing};
        let open = matches!(standing(&rec, Subject::Carried, Decision::Rejected, "ada"), Decidable::Open(_));
        assert_eq!(open, spent || rec.spec.approval.is_none());
    }
}

#[test]
fn the_template_is_told() {
    let containers =
        json!([{"name": "app", "resources": {"requests": {"cpu": 1}, "limits": {"memory": "1Gi"}}}, {"name": "log"}]);
    assert_eq!(
        of_template("Deployment", &json!({"spec": {"template": {"spec": {"containers": containers}}}})),
        "  app: requests cpu 1; limits memory 1Gi\n  log: requests nothing; limits nothing"
    );
}
