//! Workloads of kinds outside Kubernetes: custom resources that Trimtab is configured to size, and Rollouts that take
//! their template from a Deployment.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;

use common::{id, object, owned, pod};
use serde_json::{Value, json};
use trimtab_core::WorkloadKind;
use trimtab_world::{Kind, Tables};

const API: &str = "apps.example.com/v1alpha1";

/// The kind `CloneSet`, for the watch and for workloads.
fn clone_set() -> (Kind, WorkloadKind) {
    let kind = WorkloadKind::named("CloneSet.v1alpha1.apps.example.com").unwrap();
    let WorkloadKind::Custom(custom) = kind else { panic!("{kind}") };
    (Kind::Custom(custom), kind)
}

fn template(memory: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
        {"name": "app", "resources": {"requests": {"memory": memory}}}]}})
}

fn with(name: &str, spec: Value, status: Value) -> Value {
    let mut object = object(name);
    (object["spec"], object["status"]) = (spec, status);
    object
}

fn names(tables: &Tables, kind: WorkloadKind) -> Vec<String> {
    tables.pods_of(&id(kind, "web")).iter().map(|p| p.name.to_string()).collect()
}

fn request(tables: &Tables, kind: WorkloadKind) -> Option<u64> {
    tables.workload(&id(kind, "web"))?.template.containers.first()?.resources.memory_request
}

#[test]
fn pods_and_replica_sets_of_a_custom_resource_are_its_own() {
    let (kind, workload) = clone_set();
    let spec = json!({"replicas": 3, "template": template("256Mi"), "updateStrategy": {"type": "InPlaceIfPossible"}});
    let status = json!({"observedGeneration": 4, "readyReplicas": 2, "updatedReplicas": 3});
    let mut tables = common::tables(&[
        (Kind::Pod, pod("web-x2x4z", (API, "CloneSet", "web"))),
        (Kind::ReplicaSet, owned("web-5d4f8c7b9d", (API, "CloneSet", "web"))),
        (Kind::Pod, pod("web-5d4f8c7b9d-b5b5b", ("apps/v1", "ReplicaSet", "web-5d4f8c7b9d"))),
        (Kind::Pod, pod("web-0", ("apps.example.org/v1", "CloneSet", "web"))),
        (Kind::Deployment, object("web")),
    ]);
    assert_eq!(tables.unowned("shop").values().sum::<u32>(), 3, "the custom resource has not come yet");
    tables.apply_json(kind, &with("web", spec, status)).unwrap();
    assert!(tables.take_dirty().workloads.contains(&id(workload, "web")));
    let row = tables.workload(&id(workload, "web")).unwrap();
    assert_eq!((row.desired, row.ready, row.updated, row.observed_generation), (3, 2, 3, 4));
    assert_eq!(request(&tables, workload), Some(256 << 20));
    assert_eq!(names(&tables, workload), ["web-5d4f8c7b9d-b5b5b", "web-x2x4z"]);
    for name in names(&tables, workload) {
        assert_eq!(tables.workload_of_pod("shop", &name), Some(id(workload, "web")));
    }
    let unowned: Vec<_> = tables.unowned("shop").into_iter().map(|(k, n)| (k.unwrap().to_string(), n)).collect();
    assert_eq!(unowned, [("CloneSet".to_owned(), 1)], "that of another group is not its own");

    assert_eq!(tables.workload_of_past_pod("shop", "web-b7b7b"), Some(id(workload, "web")));
    assert_eq!(tables.workload_of_past_pod("shop", "web-12"), Some(id(workload, "web")));
    assert_eq!(tables.workload_of_past_pod("shop", "web-7d9f8c6b5-x2x9z"), None, "it may be the Deployment's");
    tables.delete(kind, "shop", "web");
    assert_eq!(names(&tables, workload), Vec::<String>::new());
}

#[test]
fn autoscalers_of_a_custom_resource_are_found() {
    let (kind, workload) = clone_set();
    let target = json!({"apiVersion": "apps.example.com/v1beta1", "kind": "CloneSet", "name": "web"});
    let namesake = json!({"apiVersion": "apps.example.org/v1", "kind": "CloneSet", "name": "web"});
    let hpa = |name: &str, target: &Value| with(name, json!({"scaleTargetRef": target, "maxReplicas": 3}), json!({}));
    let vpa = |name: &str, target: &Value| with(name, json!({"targetRef": target}), json!({}));
    let tables = common::tables(&[
        (Kind::HorizontalPodAutoscaler, hpa("right", &target)),
        (Kind::HorizontalPodAutoscaler, hpa("wrong", &namesake)),
        (Kind::VerticalPodAutoscaler, vpa("right", &target)),
        (Kind::VerticalPodAutoscaler, vpa("wrong", &namesake)),
        (kind, object("web")),
    ]);
    let id = id(workload, "web");
    let found: Vec<_> = tables.hpas_for(&id).iter().map(|h| h.name.to_string()).collect();
    assert_eq!(found, ["right"]);
    let found: Vec<_> = tables.vpas_for(&id).iter().map(|h| h.name.to_string()).collect();
    assert_eq!(found, ["right"]);
}

#[test]
fn fields_that_mean_something_else_in_a_definition_are_no_fault() {
    let (kind, workload) = clone_set();
    let spec =
        json!({"replicas": "three", "paused": {}, "schedule": [1], "suspend": "no", "template": template("64Mi")});
    let status = json!({"active": "yes", "conditions": "fine", "ready": "True", "readyReplicas": {}, "replicas": 2});
    let mut tables = common::tables(&[(kind, with("web", spec, status))]);
    let row = tables.workload(&id(workload, "web")).unwrap();
    assert_eq!((row.desired, row.ready, row.updated, row.finished), (2, 0, 0, false));
    assert_eq!(request(&tables, workload), Some(64 << 20));
    // A template of the wrong type gives no size; an unreadable one is left out and reported.
    let other = json!({"template": {"image": "web:1"}});
    tables.apply_json(kind, &with("web", other, Value::Null)).unwrap();
    assert_eq!(request(&tables, workload), None);
    let broken = json!({"template": {"spec": {"containers": "app"}}});
    tables.apply_json(kind, &with("web", broken, Value::Null)).unwrap_err();
    assert!(tables.workload(&id(workload, "web")).is_none() && tables.malformed().len() == 1);
}

#[test]
fn a_list_of_a_custom_resource_removes_what_is_not_in_it() {
    let (kind, workload) = clone_set();
    let mut tables = common::tables(&[(kind, object("web")), (kind, object("old")), (Kind::Deployment, object("old"))]);
    tables.begin_list(kind, None);
    tables.apply_json(kind, &object("web")).unwrap();
    tables.finish_list(kind, None);
    let left: Vec<_> = tables.workloads().iter().map(|w| w.id.clone()).collect();
    assert_eq!(left, [id(WorkloadKind::Deployment, "old"), id(workload, "web")]);
    assert!(tables.counts().contains(&(kind, 1)));
}

fn rollout(deployment: &str) -> Value {
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment});
    with("web", json!({"replicas": 2, "workloadRef": target}), json!({}))
}

fn deployment(name: &str, memory: &str) -> Value {
    with(name, json!({"replicas": 0, "template": template(memory)}), json!({}))
}

/// Name of the Rollout that a Deployment's template is for.
fn lent(tables: &Tables, name: &str) -> Option<Arc<str>> {
    tables.workload(&id(WorkloadKind::Deployment, name)).unwrap().template_for.clone()
}

#[test]
fn a_rollout_that_refers_to_a_deployment_has_its_template_in_whatever_order_they_come() {
    let objects = [(Kind::Rollout, rollout("web")), (Kind::Deployment, deployment("web", "256Mi"))];
    let [first, second] = &objects;
    for order in [[first, second], [second, first], [second, first]] {
        let mut tables = common::tables(&order.map(Clone::clone));
        assert_eq!(request(&tables, WorkloadKind::Rollout), Some(256 << 20));
        assert_eq!(lent(&tables, "web").as_deref(), Some("web"));
        tables.take_dirty();
        // An unchanged update wakes nobody; a new template wakes both.
        for (kind, object) in &objects {
            tables.apply_json(*kind, object).unwrap();
        }
        assert!(tables.take_dirty().is_empty());
        tables.apply_json(Kind::Deployment, &deployment("web", "512Mi")).unwrap();
        assert_eq!(request(&tables, WorkloadKind::Rollout), Some(512 << 20));
        let both = [WorkloadKind::Deployment, WorkloadKind::Rollout].map(|kind| id(kind, "web"));
        assert_eq!(tables.take_dirty().workloads, both.into());
        tables.delete(Kind::Deployment, "shop", "web");
        assert_eq!(request(&tables, WorkloadKind::Rollout), None);
    }
}

#[test]
fn a_deployment_is_free_again_when_no_rollout_refers_to_it() {
    let mut tables = common::tables(&[
        (Kind::Deployment, deployment("web", "256Mi")),
        (Kind::Deployment, deployment("other", "64Mi")),
        (Kind::Rollout, rollout("web")),
    ]);
    tables.apply_json(Kind::Rollout, &rollout("other")).unwrap();
    assert_eq!((lent(&tables, "web").as_deref(), lent(&tables, "other").as_deref()), (None, Some("web")));
    assert_eq!(request(&tables, WorkloadKind::Rollout), Some(64 << 20));
    tables.delete(Kind::Rollout, "shop", "web");
    assert_eq!(lent(&tables, "other"), None);
    // A Rollout with a template of its own uses it, and takes no other.
    let own = with("web", json!({"template": template("1Gi")}), json!({}));
    tables.apply_json(Kind::Rollout, &own).unwrap();
    assert_eq!((request(&tables, WorkloadKind::Rollout), lent(&tables, "web")), (Some(1 << 30), None));
}

#[test]
fn the_past_of_a_deployment_that_became_a_rollout_is_the_rollouts() {
    let mut tables = common::tables(&[
        (Kind::Deployment, deployment("web", "256Mi")),
        (Kind::Rollout, with("web", json!({"template": template("1Gi")}), json!({}))),
    ]);
    let gone = "web-7d9f8c6b5-x2x9z";
    assert_eq!(
        tables.workload_of_past_pod("shop", gone),
        None,
        "two of one name that have nothing to do with each other"
    );
    tables.apply_json(Kind::Rollout, &rollout("web")).unwrap();
    assert_eq!(tables.workload_of_past_pod("shop", gone), Some(id(WorkloadKind::Rollout, "web")));
}
