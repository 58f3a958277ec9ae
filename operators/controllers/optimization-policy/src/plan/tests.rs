//! Which policy takes which workload.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use trimtab_core::WorkloadKind;

use super::*;
use crate::{testkit::*, validate::validate};

fn policy(name: &str, priority: i32, created: Option<i64>, fields: Value) -> ValidatedPolicy {
    let mut policy = validate(&a_policy(fields)).unwrap();
    policy.name = name.to_owned();
    policy.priority = priority;
    policy.created = created.map(|s| Timestamp::from_second(s).unwrap());
    policy
}

fn namespace(name: &str, team: &str) -> Arc<NamespaceRow> {
    let labels = [("team", team)].into_iter().collect();
    Arc::new(NamespaceRow { name: name.into(), labels, annotations: Default::default(), terminating: false })
}

fn workload(namespace: &str, kind: WorkloadKind, name: &str, tier: &str) -> Arc<WorkloadRow> {
    let scene = a_workload(kind).row(|row| {
        row.id = WorkloadId::new(kind, namespace, name);
        row.labels = [("tier", tier)].into_iter().collect();
    });
    Arc::new(scene.row)
}

fn plan(policies: Vec<ValidatedPolicy>) -> Plan {
    let workloads = [
        workload("shop", WorkloadKind::Deployment, "web", "front"),
        workload("shop", WorkloadKind::StatefulSet, "db", "back"),
        workload("shop", WorkloadKind::CronJob, "report", "back"),
        workload("batch", WorkloadKind::Job, "once", "back"),
    ];
    Plan::new(policies, &[namespace("shop", "a"), namespace("batch", "b"), namespace("empty", "b")], |n| {
        workloads.iter().filter(|w| &*w.id.namespace == n).cloned().collect()
    })
}

/// The policy that takes the workload of that name.
fn taker<'p>(plan: &'p Plan, name: &str) -> Option<&'p str> {
    let (_, index) = plan.assigned.iter().find(|(id, _)| &*id.name == name)?;
    Some(&plan.policies[*index].name)
}

#[test]
fn what_a_policy_selects() {
    let cases = [
        ("by name", json!({}), vec!["db", "report", "web"]),
        (
            "by namespace label",
            json!({"targetNamespaces": null, "namespaceSelector": {"matchLabels": {"team": "b"}}}),
            vec!["once"],
        ),
        ("by workload label", json!({"workloadSelector": {"matchLabels": {"tier": "back"}}}), vec!["db", "report"]),
        ("by kind", json!({"kinds": ["Deployment", "Job"]}), vec!["web"]),
        ("nothing", json!({"workloadSelector": {"matchLabels": {"tier": "none"}}}), vec![]),
    ];
    for (case, fields, expected) in cases {
        let plan = plan(vec![policy("p", 0, None, fields)]);
        let mut names: Vec<&str> = plan.assigned.keys().map(|id| &*id.name).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{case}");
    }
}

#[test]
fn greater_priority_then_older_then_first_in_the_alphabet() {
    let of = |a: (i32, Option<i64>), b: (i32, Option<i64>)| {
        let plan = plan(vec![policy("a", a.0, a.1, json!({})), policy("b", b.0, b.1, json!({}))]);
        taker(&plan, "web").unwrap().to_owned()
    };
    assert_eq!(of((0, Some(5)), (1, Some(9))), "b");
    assert_eq!(of((-1, Some(5)), (0, Some(9))), "b");
    assert_eq!(of((0, Some(5)), (0, Some(4))), "b");
    assert_eq!(of((0, Some(5)), (0, Some(5))), "a");
    assert_eq!(of((0, None), (0, Some(5))), "b", "what is not stored yet is the youngest");
}

#[test]
fn a_suspended_policy_keeps_what_it_took() {
    let plan = plan(vec![policy("a", 1, None, json!({"suspend": true})), policy("b", 0, None, json!({}))]);
    assert_eq!(taker(&plan, "web"), Some("a"));
    assert_eq!(plan.lost_to[1], BTreeMap::from([("a".to_owned(), 3)]));
}

#[test]
fn namespaces_that_do_not_exist_are_named() {
    let plan = plan(vec![policy("a", 0, None, json!({"targetNamespaces": ["shop", "gone", "empty"]}))]);
    assert_eq!(plan.missing_namespaces, [vec!["gone".to_owned()]]);
    assert_eq!(plan.assigned.len(), 3, "the others are still looked at");
}

prop_compose! {
    fn policies()(
        each in prop::collection::vec((-1i32..2, prop::option::of(0i64..3), 0usize..4), 0..6),
    ) -> Vec<ValidatedPolicy> {
        let scopes = [
            json!({}),
            json!({"targetNamespaces": ["batch"]}),
            json!({"targetNamespaces": ["batch", "shop"], "kinds": ["StatefulSet", "Job"]}),
            json!({"workloadSelector": {"matchLabels": {"tier": "back"}}}),
        ];
        each.into_iter().enumerate()
            .map(|(n, (priority, created, scope))| policy(&format!("p{n}"), priority, created, scopes[scope].clone()))
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_policies_does_not_matter(policies in policies().prop_shuffle(), rotate in 0usize..6) {
        let mut other = policies.clone();
        if !other.is_empty() {
            let by = rotate % other.len();
            other.rotate_left(by);
        }
        let (a, b) = (plan(policies), plan(other));
        prop_assert_eq!(&a.assigned, &b.assigned);
        prop_assert_eq!((&a.lost_to, &a.won_from, &a.missing_namespaces), (&b.lost_to, &b.won_from, &b.missing_namespaces));
        let names = |p: &Plan| p.policies.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
        prop_assert_eq!(names(&a), names(&b));
    }

    #[test]
    fn overlaps_are_counted_alike_from_both_sides(policies in policies()) {
        let made = plan(policies);
        let index = |name: &str| made.policies.iter().position(|p| p.name == name).unwrap();
        for (loser, lost) in made.lost_to.iter().enumerate() {
            for (winner, count) in lost {
                prop_assert!(index(winner) < loser, "who takes comes first");
                prop_assert_eq!(made.won_from[index(winner)].get(&made.policies[loser].name), Some(count));
            }
        }
        let count = |side: &[BTreeMap<String, usize>]| side.iter().flat_map(|m| m.values()).sum::<usize>();
        prop_assert_eq!(count(&made.lost_to), count(&made.won_from));
        // A policy selects exactly those that it takes and those that it loses.
        for (n, p) in made.policies.iter().enumerate() {
            let alone = plan(vec![p.clone()]).assigned.len();
            let taken = made.assigned.values().filter(|i| **i == n).count();
            prop_assert_eq!(alone, taken + made.lost_to[n].values().sum::<usize>());
        }
    }
}
