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
                  values of the chart; kubectl get clusterrolebindings -o wide | grep system:authenticated shows which \
                  binding to delete";
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

/// A binding of a role to a group.
fn bind(name: &str, namespace: Option<&str>, role: [&str; 2], group: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role[0], "name": role[1]},
        "subjects": [{"kind": "Group", "name": group}]})
}

/// A role that has every verb on everything.
fn all_powerful(name: &str, namespace: Option<&str>) -> Value {
    json!({"metadata": {"name": name, "namespace": namespace},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]})
}

#[test]
fn whatever_role_grants_the_verb_to_everybody_is_told() {
    let with = |role: [&str; 2], namespace: Option<&str>, group: &str| {
        let mut found = approvers();
        let roles = found.roles.as_mut().unwrap();
        for name in ["cluster-admin", "release-manager"] {
            roles.insert(name.to_owned(), serde_json::from_value(all_powerful(name, None)).unwrap());
        }
        let local = [all_powerful("own", Some("shop")), all_powerful("other", Some("tools"))];
        found.local = Ok(local.map(|role| serde_json::from_value(role).unwrap()).to_vec());
        let binding = bind("all", namespace, role, group);
        match namespace {
            Some(_) => found.bindings = Ok(vec![serde_json::from_value(binding).unwrap()]),
            None => found.cluster_bindings = Ok(vec![serde_json::from_value(binding).unwrap()]),
        }
        line(&found)
    };
    let in_shop = "can approve in namespace shop (RoleBinding all)";
    for (role, namespace, group, says) in [
        (["ClusterRole", "cluster-admin"], None, "system:unauthenticated", "can approve (ClusterRoleBinding all)"),
        (["ClusterRole", "release-manager"], None, "system:serviceaccounts", "can approve (ClusterRoleBinding all)"),
        (["ClusterRole", "release-manager"], None, "system:serviceaccounts:ci", "can approve (ClusterRoleBinding all)"),
        (["ClusterRole", "cluster-admin"], Some("shop"), "system:serviceaccounts:shop", in_shop),
        (["Role", "own"], Some("shop"), "system:authenticated", in_shop),
    ] {
        let found = with(role, namespace, group);
        assert_eq!(found.message, format!("everybody in {group} {says}"), "{role:?}");
        let (object, flag) = if namespace.is_some() { ("rolebinding", " -n shop") } else { ("clusterrolebinding", "") };
        assert_eq!(found.remedy, Some(format!("kubectl delete {object}{flag} all")), "{role:?}");
    }
    for (role, namespace, group) in [
        (["ClusterRole", "cluster-admin"], None, "system:masters"),
        (["ClusterRole", "edit"], None, "system:authenticated"),
        (["Role", "other"], Some("shop"), "system:authenticated"),
        (["Role", "cluster-admin"], Some("shop"), "system:authenticated"),
    ] {
        assert_eq!(with(role, namespace, group).status, Status::Ok, "{role:?} {group}");
    }
}

#[test]
fn a_binding_that_is_known_is_told_once_and_others_keep_what_it_gives_them() {
    let mut found = approvers();
    let mut binding = bind("all", None, ["ClusterRole", APPROVER], "system:authenticated");
    binding["subjects"].as_array_mut().unwrap().push(json!({"kind": "User", "name": "ada"}));
    found.cluster_bindings = Ok(vec![serde_json::from_value(binding).unwrap()]);
    found.groups = Ok(vec!["system:authenticated", "system:serviceaccounts"]);
    let line = line(&found);
    let says = "everybody in system:authenticated can approve (ClusterRoleBinding all); everybody in \
                system:serviceaccounts can approve";
    assert_eq!(line.message, says);
    let remedy = "kubectl edit clusterrolebinding all and remove system:authenticated; kubectl get clusterrolebindings -o \
                  wide | grep system:serviceaccounts shows which binding to delete";
    assert_eq!(line.remedy.as_deref(), Some(remedy));
}

#[test]
fn of_many_such_namespaces_the_first_are_named_and_the_others_counted() {
    let found = |most: usize| {
        let of = |n: usize| bind("all", Some(&format!("n-{n}")), ["ClusterRole", APPROVER], "system:authenticated");
        let mut found = approvers();
        found.bindings = Ok((1..=most).map(|n| serde_json::from_value(of(n)).unwrap()).collect());
        line(&found)
    };
    let said = |most: usize| found(most).message;
    assert!(said(3).ends_with("in namespace n-3 (RoleBinding all)"), "{}", said(3));
    assert!(said(4).ends_with("in namespace n-3 (RoleBinding all) and 1 more"), "{}", said(4));
    assert!(said(5_000).ends_with("in namespace n-3 (RoleBinding all) and 4997 more"), "{}", said(5_000));
    let delete = "kubectl delete rolebinding -n n-1 all; kubectl delete rolebinding -n n-2 all; kubectl delete rolebinding \
                  -n n-3 all";
    assert_eq!(found(3).remedy.as_deref(), Some(delete));
    let remedy = format!("{delete}; kubectl get rolebindings --all-namespaces -o wide shows the others");
    assert_eq!(found(4).remedy, Some(remedy));
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
    let mut found = approvers();
    found.local = Err("may not list roles in all namespaces".to_owned());
    found.cluster_bindings = Err("may not list clusterrolebindings in all namespaces".to_owned());
    let both = "may not list clusterrolebindings in all namespaces; may not list roles in all namespaces";
    assert_eq!(line(&found), Line::not_checked(CHECK, both));
}
