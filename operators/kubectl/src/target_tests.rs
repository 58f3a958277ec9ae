//! What people type, against what there is.
#![allow(clippy::unwrap_used)]

use trimtab_core::{WorkloadId, WorkloadKind};

use super::{Named, Wanted};

fn workload(kind: WorkloadKind, name: &str) -> Named {
    Named::Workload(WorkloadId::new(kind, "shop", name))
}

fn recommendation(kind: &str, target: &str) -> Named {
    let name = trimtab_api::names::about_workload(kind, target, "");
    Named::Recommendation { name, kind: kind.to_owned(), target: target.to_owned() }
}

fn here() -> Vec<Named> {
    use WorkloadKind::{CronJob, DaemonSet, Deployment, StatefulSet};
    vec![
        recommendation("Deployment", "checkout"),
        workload(Deployment, "checkout"),
        workload(StatefulSet, "db"),
        workload(Deployment, "cache"),
        workload(DaemonSet, "cache"),
        workload(CronJob, "deploy-checkout"),
    ]
}

/// The result for what was typed: as typed in full, or the message.
fn found(text: &str) -> String {
    let here = here();
    let wanted = match Wanted::parse(text) {
        Ok(wanted) => wanted,
        Err(error) => return error,
    };
    match wanted.choose(&here) {
        Ok(Some(Named::Recommendation { name, .. })) => format!("Recommendation {name}"),
        Ok(Some(named)) => named.typed(),
        Ok(None) => wanted.missing("shop", &here, &[]),
        Err(error) => error,
    }
}

#[test]
fn whatever_people_type_is_understood() {
    for (text, expected) in [
        ("deploy/checkout", "Recommendation deploy-checkout"),
        ("deployment/checkout", "Recommendation deploy-checkout"),
        ("Deployments.apps/checkout", "Recommendation deploy-checkout"),
        ("rec/deploy-checkout", "Recommendation deploy-checkout"),
        ("checkout", "Recommendation deploy-checkout"),
        // A CronJob has the same name as the Recommendation: its kind tells them apart.
        ("deploy-checkout", "Recommendation deploy-checkout"),
        ("cj/deploy-checkout", "cj/deploy-checkout"),
        ("sts/db", "sts/db"),
        ("sts-db", "sts/db"),
        ("db", "sts/db"),
        ("ds/cache", "ds/cache"),
        ("cache", "cache may be deploy/cache or ds/cache: specify which"),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn a_miss_says_what_is_near() {
    for (text, expected) in [
        (
            "chekcout",
            "there is no Recommendation shop/chekcout, nor a workload of that name in namespace shop; did you mean \
             deploy/checkout?",
        ),
        ("sts/checkout", "there is no StatefulSet checkout in namespace shop; did you mean deploy/checkout?"),
        ("deploy/dbs", "there is no Deployment dbs in namespace shop; did you mean sts/db?"),
        ("deploy/zzzzzz", "there is no Deployment zzzzzz in namespace shop"),
        (
            "svc/web",
            "svc is not a workload kind that Trimtab sizes: write deploy, sts, ds, cronjob, job or rollout \
             before the /",
        ),
        ("deploy/", "\"deploy/\" is not a name: write deploy/NAME, a Recommendation's name, or NAME"),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn the_namespace_that_has_it_comes_before_names_that_are_near() {
    let there = |namespace: &str| WorkloadId::new(WorkloadKind::Deployment, namespace, "checkout");
    let wanted = Wanted::parse("checkout").unwrap();
    let said = wanted.missing("default", &here(), &[there("shop")]);
    assert!(said.ends_with("; there is a Deployment checkout in namespace shop: add -n shop"), "{said}");
    let said = wanted.missing("default", &[], &[there("shop"), there("store")]);
    assert!(said.ends_with("in namespaces shop, store: add -n shop"), "{said}");
}

#[test]
fn a_custom_resource_is_typed_by_its_kind_and_a_namesake_with_its_group() {
    let kinds = ["CloneSet.v1alpha1.apps.example.com", "StatefulSet.v1beta1.apps.example.com"];
    let [clones, sets] = kinds.map(|kind| WorkloadKind::named(kind).unwrap());
    for (text, kind) in [
        ("cloneset/web", clones),
        ("CloneSets/web", clones),
        ("clonesets.apps.example.com/web", clones),
        ("statefulset.apps.example.com/web", sets),
        ("statefulsets.apps.example.com/web", sets),
        ("statefulset/web", WorkloadKind::StatefulSet),
        ("sts/web", WorkloadKind::StatefulSet),
    ] {
        let wanted = Wanted::parse(text).unwrap();
        assert_eq!(wanted.kind, Some(kind), "{text}");
        let named = workload(kind, "web");
        assert!(wanted.is(&named), "{text}");
        assert_eq!(Wanted::parse(&named.typed()).unwrap().kind, Some(kind), "what is offered can be typed: {text}");
    }
    assert_eq!(Wanted::parse("cloneset/web").unwrap().recommendation_names(), ["cloneset-web"]);
    let group = Wanted::parse("statefulset.apps.example.com/web").unwrap();
    assert_eq!(group.recommendation_names(), ["statefulset.apps.example.com-web"]);
    assert!(!group.is(&workload(WorkloadKind::StatefulSet, "web")));
}
