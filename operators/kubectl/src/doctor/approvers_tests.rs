#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use super::*;
use crate::doctor::{Status, tests::approvers};

/// What is found with this role, of these labels and verbs.
fn with(name: &str, labels: Value, verbs: &[&str]) -> Line {
    let mut approvers = approvers();
    let role = json!({"metadata": {"name": name, "labels": labels},
        "rules": [{"apiGroups": ["trimtab.dev"], "resources": ["recommendations"], "verbs": verbs}]});
    approvers.roles.as_mut().unwrap().insert(name.to_owned(), serde_json::from_value(role).unwrap());
    line(&approvers)
}

#[test]
fn approving_is_for_those_who_were_named() {
    assert_eq!(line(&approvers()).status, Status::Ok);
    for (found, says, remedy) in [
        (
            with(APPROVER, json!({"rbac.authorization.k8s.io/aggregate-to-edit": "true"}), &["approve"]),
            "ClusterRole trimtab-approver is added to edit, so everybody with edit can approve",
            "kubectl label clusterrole trimtab-approver rbac.authorization.k8s.io/aggregate-to-edit-",
        ),
        (with(APPROVER, json!({}), &["patch"]), "does not grant approve", "-f policies/roles.yaml"),
        (with("trimtab-editor", json!({}), &["*"]), "ClusterRole trimtab-editor grants approve", "policies/roles.yaml"),
        (with("admin", json!({}), &["approve"]), "ClusterRole admin grants approve", "aggregate-to-admin=true"),
    ] {
        assert_eq!(found.status, Status::Warning, "{found:?}");
        assert!(found.message.contains(says), "{found:?}");
        assert!(found.remedy.as_deref().unwrap().contains(remedy), "{found:?}");
    }
    let off = json!({"rbac.authorization.k8s.io/aggregate-to-edit": "false"});
    assert_eq!(with(APPROVER, off, &["approve"]).status, Status::Ok);
    assert_eq!(with("edit", json!({}), &["patch"]).status, Status::Ok);
}

#[test]
fn a_built_in_role_is_not_told_beside_what_was_added_to_it() {
    let mut approvers = approvers();
    let roles = approvers.roles.as_mut().unwrap();
    let rules = roles[APPROVER].rules.clone();
    for sum in BUILT_IN {
        roles.insert(sum.to_owned(), ClusterRole { rules: rules.clone(), ..ClusterRole::default() });
    }
    let label = (format!("{AGGREGATE}edit"), "true".to_owned());
    roles.get_mut(APPROVER).unwrap().metadata.labels = Some([label].into());
    let found = line(&approvers);
    assert!(!found.message.contains("admin") && !found.message.contains(';'), "{found:?}");
}

#[test]
fn a_role_that_is_missing_and_a_group_of_everybody_are_told() {
    let mut found = approvers();
    found.roles.as_mut().unwrap().remove(APPROVER);
    found.groups = Ok(vec!["system:authenticated"]);
    let found = line(&found);
    let says = "ClusterRole trimtab-approver is missing, so nobody can be made an approver by it; everybody in \
                system:authenticated can approve";
    assert_eq!((found.status, found.message.as_str()), (Status::Warning, says));
    let remedy = "kubectl apply --server-side --force-conflicts -f policies/roles.yaml, or policies.roles: true in the \
                  values of the chart";
    assert_eq!(found.remedy.as_deref(), Some(remedy));
}

#[test]
fn a_namespace_in_which_everybody_can_approve_is_told() {
    let binding = |role: &str, kind: &str, subject: &str| -> RoleBinding {
        serde_json::from_value(json!({"metadata": {"name": "all", "namespace": "shop"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": kind, "name": subject}]}))
        .unwrap()
    };
    let mut found = approvers();
    found.bindings = Ok(vec![
        binding(APPROVER, "Group", "shop-leads"),
        binding(APPROVER, "User", "system:authenticated"),
        binding("edit", "Group", "system:authenticated"),
    ]);
    assert_eq!(line(&found).status, Status::Ok);
    found.bindings = Ok(vec![binding(APPROVER, "Group", "system:authenticated")]);
    let line = line(&found);
    let says = "everybody in system:authenticated can approve in namespace shop (RoleBinding all)";
    assert_eq!((line.status, line.message.as_str()), (Status::Warning, says));
    assert_eq!(line.remedy.as_deref(), Some("kubectl delete rolebinding -n shop all"));
}

#[test]
fn of_many_such_namespaces_the_first_are_named_and_the_others_counted() {
    let binding = |n: usize| -> RoleBinding {
        serde_json::from_value(json!({"metadata": {"name": "all", "namespace": format!("n-{n}")},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": APPROVER},
            "subjects": [{"kind": "Group", "name": "system:authenticated"}]}))
        .unwrap()
    };
    let said = |most: usize| {
        let mut found = approvers();
        found.bindings = Ok((1..=most).map(binding).collect());
        line(&found).message
    };
    assert!(said(3).ends_with("in namespace n-3 (RoleBinding all)"), "{}", said(3));
    assert!(said(4).ends_with("in namespace n-3 (RoleBinding all); 1 more RoleBinding does the same"), "{}", said(4));
    assert!(said(5_000).ends_with("; 4997 more RoleBindings do the same"), "{}", said(5_000));
}

#[test]
fn what_may_not_be_read_hides_no_fault_of_the_rest() {
    let mut found = approvers();
    found.groups = Err("needs create on x".to_owned());
    assert_eq!(line(&found), Line::not_checked(CHECK, "needs create on x"));
    found.roles = Err("no permission".to_owned());
    assert_eq!(line(&found), Line::not_checked(CHECK, "no permission; needs create on x"));
    found.groups = Ok(vec!["system:unauthenticated"]);
    assert_eq!(line(&found).status, Status::Warning);
}
