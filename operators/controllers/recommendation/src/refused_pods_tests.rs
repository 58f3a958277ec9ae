#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};
use trimtab_world::{Kind, Tables};

use super::*;

fn event(kind: &str, name: &str) -> RefusedPod {
    let event = json!({"metadata": {"name": "e", "namespace": "shop", "creationTimestamp": "2026-11-21T12:00:00Z"},
        "reason": "FailedCreate", "regarding": {"kind": kind, "name": name, "namespace": "shop"},
        "deprecatedLastTimestamp": "2026-11-21T12:05:00Z", "eventTime": null, "note": "Error creating: pods \"web\" is forbidden"});
    refused(&serde_json::from_value(event).unwrap()).unwrap()
}

#[test]
fn an_event_is_about_the_workload_that_wants_the_pod() {
    for (kind, name, expected) in [
        ("ReplicaSet", "web-shop-5d4c", "Deployment/web-shop Rollout/web-shop"),
        ("Job", "report-29100000", "CronJob/report"),
        ("StatefulSet", "db", "StatefulSet/db"),
        ("DaemonSet", "log", "DaemonSet/log"),
        ("Other", "x", ""),
    ] {
        let found = event(kind, name).workloads();
        let found: Vec<String> = found.iter().map(|id| format!("{}/{}", id.kind, id.name)).collect();
        assert_eq!(found.join(" "), expected, "{kind} {name}");
    }
    assert_eq!(event("StatefulSet", "db").at.to_string(), "2026-11-21T12:05:00Z", "the last time counts");
}

#[test]
fn a_quota_is_no_reason_against_a_size_that_asks_for_no_more_of_what_it_bounds() {
    let sizes = |cpu: &str| -> Vec<ContainerResources> {
        serde_json::from_value(json!([{"name": "app", "requests": {"cpu": cpu}, "limits": {"memory": "1Gi"}}])).unwrap()
    };
    let quota =
        |requested: &str| format!("exceeded quota: q, requested: {requested}, used: requests.cpu=9, limited: x");
    for (requested, former, desired, expected) in [
        ("requests.cpu=250m", "500m", "250m", false),
        ("requests.cpu=500m", "250m", "0.5", true),
        ("cpu=500m", "250m", "500m", true),
        ("pods=1", "250m", "500m", false),
        ("limits.memory=1Gi", "250m", "500m", false),
    ] {
        let found = asks_for_more(&quota(requested), &sizes(former), &sizes(desired));
        assert_eq!(found, expected, "{requested}: {former} to {desired}");
    }
}

/// Why no pod of Deployment `shop/web` can be created, given this many existing pods, `updated` of two, and one event
/// of this age in seconds. The rollout began ten minutes ago and doubles the memory.
fn found(pods: usize, updated: u32, age_s: i64, message: &str) -> Option<String> {
    let (at, now) = (|s: i64| Timestamp::from_second(s).unwrap(), 1_800_000_000);
    let mut tables = Tables::default();
    let labels = json!({"app": "web"});
    let owner = |kind: &str, name: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u", "controller": true}]);
    let containers = json!([{"name": "app", "resources": {"requests": {"memory": "128Mi"}}}]);
    let mut apply = |kind: Kind, object: Value| tables.apply_json(kind, &object).unwrap();
    let web = json!({"metadata": {"name": "web", "namespace": "shop", "uid": "u"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}},
        "status": {"replicas": 2, "updatedReplicas": updated}});
    apply(Kind::Deployment, web);
    apply(
        Kind::ReplicaSet,
        json!({"metadata": {"name": "web-5d4c", "namespace": "shop", "uid": "r", "ownerReferences": owner("Deployment", "web")}}),
    );
    for pod in 0..pods {
        let meta = json!({"name": format!("web-5d4c-{pod}"), "namespace": "shop", "uid": format!("p{pod}"), "labels": labels,
            "ownerReferences": owner("ReplicaSet", "web-5d4c")});
        apply(Kind::Pod, json!({"metadata": meta, "spec": {"containers": containers}, "status": {"phase": "Running"}}));
    }
    let id = WorkloadId::new(WorkloadKind::Deployment, "shop", "web");
    let live = tables.pods_of(&id);
    assert_eq!(live.len(), pods);
    let sizes = |memory: &str| json!([{"name": "app", "requests": {"memory": memory}}]);
    let rollout = json!({"proposalDigest": "sha256:1", "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "u",
        "template": "0", "stage": "Delivering", "step": 1, "steps": 1, "progress": "0/2", "started": at(now - 600).to_string(),
        "stageSince": at(now - 600).to_string(), "former": sizes("128Mi"), "desired": sizes("256Mi"), "delivery": "Admission",
        "baseline": {"readyPods": 2, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}});
    let event = RefusedPod { at: at(now - age_s), message: message.to_owned(), ..event("ReplicaSet", "web-5d4c") };
    let known = RefusedPods::with(Store::fixed([(("shop".to_owned(), "e".to_owned()), Ok(Arc::new(event)))]));
    known.of(&tables.workload(&id).unwrap(), &live, &serde_json::from_value(rollout).unwrap(), at(now))
}

#[test]
fn pods_are_refused_while_some_are_missing_and_a_fresh_event_says_so() {
    let denied = "pods \"web\" is forbidden: denied request: a pod has at least 512Mi";
    for (what, pods, updated, age_s, message, expected) in [
        ("one is missing", 1, 1, 5, denied, true),
        ("all are there", 2, 2, 5, denied, false),
        ("an update hangs: the former ones stand", 2, 1, 5, denied, true),
        ("the event is old: controllers would have tried again", 1, 1, 300, denied, false),
        ("the event is older than the rollout", 1, 1, 900, denied, false),
        ("another cause", 1, 1, 5, "pods \"web\" is forbidden: violates PodSecurity \"restricted\"", false),
        (
            "a quota of what is asked more of",
            1,
            1,
            5,
            "exceeded quota: q, requested: requests.memory=256Mi, used: x",
            true,
        ),
        ("a quota of something else", 1, 1, 5, "exceeded quota: q, requested: pods=1, used: pods=9", false),
    ] {
        assert_eq!(found(pods, updated, age_s, message), expected.then(|| message.to_owned()), "{what}");
    }
}
