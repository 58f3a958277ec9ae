#![allow(clippy::unwrap_used)]
use std::{fs, path::Path};

use serde_json::{Value, json};

use super::*;
use crate::{
    health::Operator,
    testkit::{now, rec, rollout},
};

fn object(kind: &str, namespace: Option<&str>, name: &str) -> Object {
    let kind = kinds::KINDS.iter().find(|k| k.kind == kind).unwrap();
    Object { kind, namespace: namespace.map(str::to_owned), name: name.to_owned(), terminating: false }
}

fn applied(change: Value) -> Recommendation {
    let mut ended = json!({"stage": "Ended", "result": "Applied", "delivered": true});
    ended.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    rec(json!({"metadata": {"finalizers": [FINALIZER]}, "status": {"rollout": rollout(ended)}}))
}

/// The documents of all shipped manifests.
fn shipped() -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for dir in ["crds", "deploy", "deploy/monitoring", "policies"] {
        for path in fs::read_dir(root.join(dir)).unwrap().map(|entry| entry.unwrap().path()) {
            let text = if path.extension().is_some_and(|e| e == "yaml") {
                fs::read_to_string(path).unwrap()
            } else {
                continue;
            };
            for document in text.split("\n---\n") {
                let value: Value = serde_yaml::from_str(document).unwrap();
                // Prometheus alerting rules are not objects, nor are their tests.
                if value["kind"].is_string() {
                    found.push(value);
                }
            }
        }
    }
    found
}

#[test]
fn every_object_that_is_shipped_goes() {
    let shipped = shipped();
    assert!(shipped.len() >= 25, "{}", shipped.len());
    let mut named = BTreeSet::new();
    for manifest in &shipped {
        let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
        let of = kinds::KINDS.iter().find(|k| k.kind == kind).unwrap_or_else(|| panic!("{kind} is in no part"));
        let api = if of.group.is_empty() { of.version.to_owned() } else { format!("{}/{}", of.group, of.version) };
        assert_eq!(manifest["apiVersion"], api.as_str(), "{kind} {name}");
        assert_eq!(manifest["metadata"].get("namespace").is_some(), of.place == Place::Own, "{kind} {name}");
        let own = "trimtab-system";
        assert!(of.is_ours(name, None, own), "{kind} {name} by its name");
        if kind != "CustomResourceDefinition" && kind != "Namespace" {
            assert!(
                of.is_ours("another", manifest["metadata"]["labels"]["app.kubernetes.io/name"].as_str(), own),
                "{kind} {name} by its label"
            );
        }
        assert!(!of.is_ours("another", None, own) && !of.is_ours("another", Some("web"), own), "{kind}");
        named.insert(format!("{kind} {name}"));
    }
    // Not shipped: created by Trimtab and by `halt`.
    let made = ["Lease trimtab-controller", "ConfigMap trimtab-halt"];
    for kind in kinds::KINDS {
        for name in kind.names {
            let name = format!("{} {name}", kind.kind);
            assert!(named.contains(&name) || made.contains(&name.as_str()), "{name} is in no manifest");
        }
    }
}

#[test]
fn what_undoes_goes_after_what_is_undone_and_the_guard_before_what_it_keeps() {
    let at = |parts: [Part; 8], part: Part| parts.iter().position(|p| *p == part).unwrap();
    for leave in [false, true] {
        let order = order(leave);
        let mut all = order.to_vec();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 8, "each once");
        assert!(kinds::KINDS.iter().all(|kind| order.contains(&kind.part)));
        assert!(at(order, Part::Policies) < at(order, Part::Recommendations));
        assert!(at(order, Part::Admission) < at(order, Part::Records));
        assert!(at(order, Part::Records) < at(order, Part::Definitions));
        let stops = at(order, Part::Controller) < at(order, Part::Recommendations);
        assert_eq!(stops, leave, "Trimtab runs until all is settled, and not where sizes stay");
        assert_eq!(at(order, Part::Admission) < at(order, Part::Recommendations), leave);
    }
    let plurals: Vec<&str> = kinds::KINDS.iter().filter(|k| k.part == Part::Admission).map(|k| k.plural).collect();
    assert!(plurals[..2].iter().all(|p| p.ends_with("bindings")), "{plurals:?}");
}

#[test]
fn it_is_said_what_goes_and_what_becomes_of_sizes() {
    let objects = [
        object("CustomResourceDefinition", None, "x.trimtab.dev"),
        object("OptimizationPolicy", None, "a"),
        object("Recommendation", Some("shop"), "deploy-web"),
    ];
    assert_eq!(
        listed(&objects, false),
        "  optimizationpolicies.trimtab.dev: a\n  recommendations.trimtab.dev: shop/deploy-web\n  customresourcedefinitions.apiextensions.k8s.io: x.trimtab.dev"
    );
    assert!(sizes(&[rec(json!({}))], false).starts_with("No size is in force"));
    let two = [applied(json!({})), rec(json!({}))];
    assert_eq!(
        sizes(&two, false),
        "1 size in force or in progress will be undone first:\n  shop/deploy-web Deployment/web gets back app: requests cpu 500m, memory 512Mi; limits memory 512Mi"
    );
    let original = json!({"original": [{"name": "app", "requests": {"cpu": "1"}}]});
    assert!(sizes(&[applied(original)], false).ends_with("gets back app: requests cpu 1; limits nothing"));
    let stays = sizes(&two, true);
    assert!(
        stays.contains("1 size will stay in force")
            && stays.ends_with(
                "keeps app: requests cpu 120m, memory 256Mi; limits memory 256Mi, until its pods are recreated"
            ),
        "{stays}"
    );
    let template = sizes(&[applied(json!({"delivery": "Template"}))], true);
    assert!(template.ends_with("as its template says"), "{template}");
}

#[test]
fn it_is_refused_where_nobody_could_undo() {
    let held = |at: &str| {
        let at = at.parse().unwrap();
        Lead::Held(Operator { holder: "trimtab-1".to_owned(), renewed: at, expires: at })
    };
    let (lives, dead) = (held("2026-11-21T12:00:00Z"), held("2026-11-21T11:00:00Z"));
    let emergency_stop = EmergencyStop { by: Some("ada".to_owned()), ..EmergencyStop::default() };
    let rejected = rec(json!({"metadata": {"finalizers": [FINALIZER]}}));
    for (recs, lead, emergency_stop, expected) in [
        (vec![applied(json!({}))], &lives, None, None),
        (
            vec![applied(json!({}))],
            &dead,
            None,
            Some("no running Trimtab can settle 1 Recommendation (shop/deploy-web): trimtab-1 has not renewed"),
        ),
        (vec![applied(json!({}))], &Lead::Absent, None, Some("there is no Lease trimtab-system/trimtab-controller")),
        (vec![rejected.clone()], &Lead::Released, None, Some("trimtab-system/trimtab-controller is released")),
        (vec![applied(json!({}))], &lives, Some(&emergency_stop), Some("the emergency stop is on, by ada")),
        (vec![rejected], &lives, Some(&emergency_stop), None),
        (vec![rec(json!({}))], &Lead::Absent, Some(&emergency_stop), None),
        (vec![], &Lead::Absent, None, None),
    ] {
        let found = refusal(&recs, lead, emergency_stop, "trimtab-system/trimtab-controller", now());
        match expected {
            None => assert_eq!(found, None),
            Some(part) => assert!(found.as_ref().is_some_and(|f| f.contains(part)), "{found:?}"),
        }
    }
}

#[test]
fn of_many_that_nobody_could_undo_the_first_are_named_and_the_others_counted() {
    let many = vec![applied(json!({})); NAMES + 2];
    let found = refusal(&many, &Lead::Absent, None, "trimtab-system/trimtab-controller", now()).unwrap();
    assert!(found.starts_with("no running Trimtab can settle 14 Recommendations (shop/deploy-web, "), "{found}");
    assert!(found.contains("shop/deploy-web and 2 more): there is no Lease"), "{found}");
}

#[test]
fn it_takes_the_rights_for_what_is_there() {
    let objects = [object("Recommendation", Some("shop"), "deploy-web"), object("Deployment", Some("t"), "trimtab")];
    let text = |recs: &[Recommendation], leave| {
        rights(&objects, recs, leave).iter().map(|r| r.text("t")).collect::<Vec<_>>().join("; ")
    };
    let deletes = "delete deployments.apps in namespace t; delete recommendations.trimtab.dev";
    assert_eq!(text(&[rec(json!({}))], false), deletes);
    assert_eq!(text(&[applied(json!({}))], false), format!("approve recommendations.trimtab.dev; {deletes}"));
    assert_eq!(text(&[applied(json!({}))], true), format!("{deletes}; patch recommendations.trimtab.dev"));
}

#[test]
fn it_is_said_what_each_waits_for() {
    let undoing = json!({"stage": "Undoing", "undo": {"reason": "Deleted", "message": "it went", "since": "2026-11-21T11:58:00Z"}});
    let others = json!({"metadata": {"finalizers": ["example.com/keep"]}});
    for (rec, refused, expected) in [
        (applied(json!({})), None, "shop/deploy-web: waiting for Trimtab to start the undo"),
        (
            rec(json!({"status": {"rollout": rollout(undoing)}})),
            None,
            "shop/deploy-web: undoing, pods 4/10 still have the new size; Deleted: it went; PendingApproval: it waits",
        ),
        (rec(others), None, "shop/deploy-web: somebody else's finalizer keeps it: example.com/keep"),
        (
            rec(json!({"metadata": {"finalizers": [FINALIZER]}})),
            None,
            "shop/deploy-web: waiting for Trimtab to release it",
        ),
        (applied(json!({})), Some("no"), "shop/deploy-web: it could not be deleted yet: no"),
    ] {
        let found = waits(&rec, refused);
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn what_trimtab_may_not_undo_is_named_beforehand() {
    let missing = |resource: &str| {
        let all = crate::doctor::needed().into_iter();
        all.filter(|needed| needed.verb == "patch" && needed.resource == resource).collect::<Vec<_>>()
    };
    let admitted = [applied(json!({"delivery": "Admission"}))];
    let patched = applied(json!({"delivery": "Template"}));
    let said = cannot_undo(&admitted, &missing("pods/resize")).unwrap();
    assert!(said.starts_with("Trimtab's account may not patch pods/resize, so it cannot undo 1 size ("), "{said}");
    assert_eq!(cannot_undo(&admitted, &missing("deployments")), None, "no template was patched");
    let said = cannot_undo(&[patched], &missing("deployments")).unwrap();
    assert!(said.contains("may not patch deployments"), "{said}");
    for other in ["recommendations/status", "statefulsets"] {
        assert_eq!(cannot_undo(&admitted, &missing(other)), None, "{other}");
    }
    assert_eq!(cannot_undo(&admitted, &[]), None);
    assert_eq!(cannot_undo(&[], &missing("pods/resize")), None);
}
