#![allow(clippy::unwrap_used, clippy::panic)]
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{cluster_role, name};
use crate::{
    action::Standing,
    choices::{ChoiceError, Choices, Resource},
    registry,
};

fn resource(group: &str, resource: &str) -> Resource {
    Resource { group: group.to_owned(), resource: resource.to_owned() }
}

/// Something for every choice there is.
fn everything() -> Choices {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    Choices {
        pull_secrets: names(&["regcred"]),
        pull_secret_sources: names(&["regcred-source"]),
        roles: names(&["deployer"]),
        cluster_roles: names(&["view", "example:reader"]),
        scalable: vec![resource("apps.kruise.io", "clonesets"), resource("argoproj.io", "rollouts")],
        custom_resources: vec![resource("postgresql.cnpg.io", "clusters")],
        finalized: vec![resource("", "pods"), resource("example.com", "widgets")],
        remediations: vec![resource("self-node-remediation.medik8s.io", "selfnoderemediations")],
        remediation_templates: vec![resource("self-node-remediation.medik8s.io", "selfnoderemediationtemplates")],
    }
}

/// Every rule of every role, with the action of it.
fn rules(choices: &Choices) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    for action in registry::all() {
        let role = cluster_role(action, choices).unwrap();
        for rule in role.iter().flat_map(|role| role["rules"].as_array().unwrap()) {
            found.push((action.name, rule.clone()));
        }
    }
    found
}

fn words<'v>(rule: &'v Value, field: &str) -> Vec<&'v str> {
    rule[field].as_array().into_iter().flatten().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn a_role_is_one_that_the_api_server_accepts_and_aggregates() {
    let action = registry::named("RollbackWorkload").unwrap();
    assert_eq!(
        cluster_role(action, &Choices::default()).unwrap().unwrap(),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {
                "name": "trimtab-action-rollback-workload",
                "labels": {"app.kubernetes.io/name": "trimtab", "rbac.trimtab.dev/aggregate-to-controller": "true"},
            },
            "rules": [
                {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets", "daemonsets"], "verbs": ["get", "patch"]},
                {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["get"]},
                {"apiGroups": ["apps"], "resources": ["controllerrevisions"], "verbs": ["get", "list"]},
                {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
            ],
        })
    );
    let names: BTreeSet<String> = registry::all().map(name).collect();
    assert_eq!(names.len(), registry::all().count());
    assert!(names.contains("trimtab-action-suspend-git-ops"), "{names:?}");
}

/// What may never stand in any role, whatever the installer chooses.
#[test]
fn no_role_has_what_must_never_be_given() {
    for (action, rule) in rules(&everything()) {
        let text = rule.to_string();
        for word in [
            "\"*\"",
            "impersonate",
            "escalate",
            "deletecollection",
            "pods/exec",
            "pods/attach",
            "pods/portforward",
            "pods/ephemeralcontainers",
            "nodes/proxy",
            "services/proxy",
            "pods/proxy",
            "serviceaccounts",
            "nonResourceURLs",
        ] {
            assert!(!text.contains(word), "{action}: {word} in {text}");
        }
        let (groups, resources, verbs, names) = (
            words(&rule, "apiGroups"),
            words(&rule, "resources"),
            words(&rule, "verbs"),
            words(&rule, "resourceNames"),
        );
        assert!(!groups.is_empty() && !resources.is_empty() && !verbs.is_empty(), "{action}: {text}");
        assert!(rule.get("resourceNames").is_none() || !names.is_empty(), "{action}: no name would mean every name");
        if resources.contains(&"secrets") {
            assert_eq!(action, "RefreshPullSecret");
            assert!(!names.is_empty() && !verbs.contains(&"list") && !verbs.contains(&"watch"), "{action}: {text}");
        }
        if verbs.contains(&"bind") {
            assert_eq!(action, "RestoreRoleBinding");
            assert!(!names.is_empty() && verbs == ["bind"], "{action}: {text}");
        }
        let writes = verbs.iter().any(|verb| !["get", "list", "bind"].contains(verb));
        for (resource, may) in [
            ("clusterroles", None),
            ("roles", None),
            ("clusterrolebindings", None),
            ("rolebindings", Some("RestoreRoleBinding")),
            ("namespaces", None),
            ("customresourcedefinitions", None),
            ("persistentvolumes", None),
            ("leases", None),
        ] {
            assert!(!writes || !resources.contains(&resource) || may == Some(action), "{action}: {text}");
        }
        let deletes = verbs.contains(&"delete");
        for resource in ["nodes", "deployments", "statefulsets", "daemonsets", "replicasets", "cronjobs"] {
            assert!(!deletes || !resources.contains(&resource), "{action}: {text}");
        }
        assert!(!verbs.contains(&"watch"), "{action}: actions add no watch: {text}");
    }
}

/// A list shows every object of a namespace or of the cluster, so each is a decision.
#[test]
fn only_these_are_listed() {
    let mut listed = BTreeSet::new();
    for (_, rule) in rules(&everything()) {
        if words(&rule, "verbs").contains(&"list") {
            listed.extend(words(&rule, "resources").into_iter().map(str::to_owned));
        }
    }
    let known = [
        "controllerrevisions",
        "endpointslices",
        "events",
        "persistentvolumes",
        "pods",
        "services",
        "volumeattachments",
        "volumesnapshotclasses",
    ];
    assert_eq!(listed, known.map(str::to_owned).into());
}

#[test]
fn what_is_off_is_in_no_default_role() {
    let of = |is_off: bool| {
        let all = registry::all().filter(move |action| matches!(action.standing, Standing::Off(_)) == is_off);
        all.filter_map(|action| cluster_role(action, &everything()).unwrap()).collect::<Vec<_>>()
    };
    let (off, on) = (of(true), of(false));
    assert_eq!((off.len(), on.len()), (9, 43));
    let on: Vec<Value> = on.iter().flat_map(|role| role["rules"].as_array().unwrap().clone()).collect();
    for rule in &on {
        for resource in
            ["secrets", "rolebindings", "roles", "clusterroles", "validatingwebhookconfigurations", "machines"]
        {
            assert!(!words(rule, "resources").contains(&resource), "on by default: {rule}");
        }
        let deletes_claims =
            words(rule, "resources").contains(&"persistentvolumeclaims") && words(rule, "verbs").contains(&"delete");
        assert!(!deletes_claims, "on by default: {rule}");
    }
}

#[test]
fn every_default_action_has_a_role_without_any_choice() {
    for action in registry::on_by_default() {
        assert!(cluster_role(action, &Choices::default()).unwrap().is_some(), "{}", action.name);
    }
}

/// RBAC reads a rule without names as a rule for all of them.
#[test]
fn where_nothing_is_chosen_there_is_no_right() {
    let role = |name: &str, choices: &Choices| cluster_role(registry::named(name).unwrap(), choices).unwrap();
    for name in ["RefreshPullSecret", "RestoreRoleBinding", "RemoveFinalizer", "PatchCustomResource"] {
        assert_eq!(role(name, &Choices::default()), None, "{name}");
        assert!(role(name, &everything()).is_some(), "{name}");
    }
    let one = Choices { cluster_roles: vec!["view".to_owned()], ..Choices::default() };
    let rules = role("RestoreRoleBinding", &one).unwrap()["rules"].clone();
    let binds: Vec<&Value> = rules.as_array().unwrap().iter().filter(|rule| rule["verbs"] == json!(["bind"])).collect();
    assert_eq!(
        binds,
        [&json!({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "verbs": ["bind"],
            "resourceNames": ["view"]})]
    );
    let scale = role("ScaleWorkload", &everything()).unwrap()["rules"].clone();
    assert_eq!(scale[1]["resources"], json!(["clonesets/scale"]));
    assert_eq!(scale[2]["apiGroups"], json!(["argoproj.io"]));
}

#[test]
fn a_choice_cannot_give_more_than_it_seems_to() {
    type Refused = fn(&ChoiceError) -> bool;
    let is_name: Refused = |error| matches!(error, ChoiceError::Name(_));
    let is_resource: Refused = |error| matches!(error, ChoiceError::Resource(_));
    let is_protected: Refused = |error| matches!(error, ChoiceError::Protected(_));
    let is_built_in: Refused = |error| matches!(error, ChoiceError::NotCustom(_));
    let is_role: Refused = |error| matches!(error, ChoiceError::Role(_));
    let secrets = |name: &str| Choices { pull_secrets: vec![name.to_owned()], ..Choices::default() };
    let roles = |name: &str| Choices { cluster_roles: vec![name.to_owned()], ..Choices::default() };
    let custom =
        |group: &str, name: &str| Choices { custom_resources: vec![resource(group, name)], ..Choices::default() };
    let finalized = |group: &str, name: &str| Choices { finalized: vec![resource(group, name)], ..Choices::default() };
    let scalable = |group: &str, name: &str| Choices { scalable: vec![resource(group, name)], ..Choices::default() };
    for (action, choices, refused) in [
        ("RefreshPullSecret", secrets("*"), is_name),
        ("RefreshPullSecret", secrets(""), is_name),
        ("RefreshPullSecret", secrets("a b"), is_name),
        ("RefreshPullSecret", secrets("Regcred"), is_name),
        ("RefreshPullSecret", secrets(&"a".repeat(254)), is_name),
        ("RestoreRoleBinding", roles("cluster-admin"), is_role),
        ("RestoreRoleBinding", roles("system:masters"), is_role),
        ("RestoreRoleBinding", roles("*"), is_name),
        ("PatchCustomResource", custom("*", "widgets"), is_resource),
        ("PatchCustomResource", custom("example.com", "*"), is_resource),
        ("PatchCustomResource", custom("example.com", "widgets/status"), is_resource),
        ("PatchCustomResource", custom("example.com", ""), is_resource),
        ("PatchCustomResource", custom("rbac.authorization.k8s.io", "roles"), is_protected),
        ("PatchCustomResource", custom("trimtab.dev", "recommendations"), is_protected),
        ("PatchCustomResource", custom("", "secrets"), is_protected),
        ("PatchCustomResource", custom("", "configmaps"), is_built_in),
        ("PatchCustomResource", custom("apps", "deployments"), is_built_in),
        ("PatchCustomResource", custom("networking.k8s.io", "ingresses"), is_built_in),
        ("RemoveFinalizer", finalized("", "namespaces"), is_protected),
        ("RemoveFinalizer", finalized("", "persistentvolumes"), is_protected),
        ("RemoveFinalizer", finalized("apiextensions.k8s.io", "customresourcedefinitions"), is_protected),
        ("ScaleWorkload", scalable("apps.kruise.io", "clonesets/scale"), is_resource),
    ] {
        let error = cluster_role(registry::named(action).unwrap(), &choices);
        assert!(error.as_ref().is_err_and(refused), "{action} with {choices:?}: {error:?}");
    }
}
