//! What is reported about workloads without a Recommendation.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use trimtab_api::{OptimizationPolicy, runbooks::Runbooks};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_optimization_policy::{plan::Plan, validate::validate};
use trimtab_world::row::{Labels, NamespaceRow, Template, WorkloadRow};

use super::{Why, reported, standings, unknown};
use crate::{
    paint::Paint,
    report::{Container, Cpu, Memory, Row},
};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().copied().collect()
}

fn workload(kind: WorkloadKind) -> WorkloadRow {
    WorkloadRow {
        id: WorkloadId::new(kind, "shop", "db"),
        uid: "6f1e2d3c-0a1b-4c2d-8e9f-001122334455".into(),
        generation: 1,
        observed_generation: 1,
        created: None,
        terminating: false,
        desired: 1,
        ready: 1,
        updated: 1,
        active: 0,
        suspended: false,
        schedule: None,
        completions: None,
        finished: false,
        labels: labels(&[("app", "db")]),
        annotations: Labels::default(),
        owners: Box::default(),
        resource_managers: Box::default(),
        template_from: None,
        template_for: None,
        template: std::sync::Arc::new(Template::default()),
    }
}

fn namespace() -> NamespaceRow {
    NamespaceRow {
        name: "shop".into(),
        labels: labels(&[("team", "sales")]),
        annotations: Labels::default(),
        terminating: false,
    }
}

fn policy(name: &str, spec: Value) -> OptimizationPolicy {
    serde_json::from_value(json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy",
        "metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec}))
    .unwrap()
}

#[test]
fn each_policy_says_how_it_stands() {
    let row = workload(WorkloadKind::StatefulSet);
    let policies = [
        policy("first", json!({"targetNamespaces": ["shop"], "priority": 5})),
        policy("second", json!({"namespaceSelector": {"matchLabels": {"team": "sales"}}})),
        policy("elsewhere", json!({"targetNamespaces": ["mail"]})),
        policy("other-team", json!({"namespaceSelector": {"matchLabels": {"team": "mail"}}})),
        policy("jobs", json!({"targetNamespaces": ["shop"], "kinds": ["CronJob"]})),
        policy("web", json!({"targetNamespaces": ["shop"], "workloadSelector": {"matchLabels": {"app": "web"}}})),
        policy("wrong", json!({"targetNamespaces": []})),
    ];
    let namespace = namespace();
    let valid = policies.iter().filter_map(|p| validate(p).ok()).collect();
    let plan = Plan::new(valid, &[namespace.clone().into()], |_| vec![row.clone().into()]);
    let said = standings(&policies, &plan, Some(&namespace), &row);
    let said: Vec<(&str, &str)> = said.iter().map(|s| (s.policy.as_str(), s.how.as_str())).collect();
    assert_eq!(
        said,
        [
            ("first", "takes it"),
            ("second", "selects it too; first counts, by priority, then age, then name"),
            ("elsewhere", "does not select it: targetNamespaces does not name shop"),
            ("other-team", "does not select it: namespaceSelector does not match the labels of the namespace shop"),
            ("jobs", "does not select it: kinds does not name StatefulSet"),
            (
                "web",
                "does not select it: workloadSelector does not match the workload's own labels (those of its pods do not \
                 count)"
            ),
            (
                "wrong",
                "is invalid: targetNamespaces is empty, which selects nothing and never means everything: to select all \
                 namespaces except some, write namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, \
                 operator: NotIn, values: [kube-system]}]}"
            ),
        ]
    );
}

#[test]
fn without_usage_the_status_of_the_policy_is_told() {
    let id = WorkloadId::new(WorkloadKind::StatefulSet, "shop", "db");
    let mut one = policy("services", json!({"targetNamespaces": ["shop"]}));
    one.status = serde_json::from_value(json!({"skipped": [
        {"reason": "NoUsageData", "count": 1, "message": "no usage", "examples": ["StatefulSet shop/db"],
            "workloads": ["StatefulSet shop/db"]}]}))
    .unwrap();
    let said = reported(&[one], &id).unwrap();
    assert_eq!((said.policy.as_str(), said.reason.as_str()), ("services", "NoUsageData"));
    assert_eq!(reported(&[policy("services", json!({"targetNamespaces": ["shop"]}))], &id), None);
}

#[test]
fn the_text_has_reason_policies_and_evidence() {
    let id = WorkloadId::new(WorkloadKind::StatefulSet, "shop", "db");
    let container = Container {
        name: "postgres".to_owned(),
        cpu: Cpu {
            request: Some(500),
            p50: Some(310),
            p95: Some(402),
            p99: Some(431),
            maximum: Some(455),
            ..Cpu::default()
        },
        memory: Memory {
            request: Some(1 << 30),
            limit: Some(1 << 30),
            typical_daily_peak: Some(700 << 20),
            maximum: Some((800 << 20) + 1),
            ..Memory::default()
        },
        samples: 4032,
        days: 14,
        ..Container::default()
    };
    let why = Why {
        policies: vec![super::Selection { policy: "services".to_owned(), takes: true, how: "takes it".to_owned() }],
        decided: Some(Row {
            outcome: "RightSized".to_owned(),
            message: "it has what it needs".to_owned(),
            containers: vec![container],
            ..Row::default()
        }),
        source: Some("http://prometheus:9090".to_owned()),
        ..unknown(&id)
    };
    assert_eq!(
        why.text(&Runbooks::default(), Paint(false)),
        "\
shop/db, a StatefulSet, has no Recommendation
RightSized: it has what it needs

POLICIES
  services   takes it

EVIDENCE
  Usage from http://prometheus:9090.
  CONTAINER   RESOURCE   REQUEST   LIMIT   P50     P95    P99    MAX     SAMPLES   DAYS   OOM KILLS
  postgres    CPU        500m      -       310m    402m   431m   455m    4032      14     -
              memory     1Gi       1Gi     700Mi   -      -      801Mi                    0
  Memory is judged by the peaks of its days: P50 is that of the typical day.

WHAT WOULD CHANGE IT
  More or less usage, thresholds of the policy that let smaller changes through, or a higher maximum where one holds it.
"
    );
    let none = unknown(&id).text(&Runbooks::default(), Paint(false));
    assert!(none.contains("NotSelected: there is no OptimizationPolicy in the cluster"), "{none}");
}
