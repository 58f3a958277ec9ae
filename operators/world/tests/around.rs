//! Realistic objects around workloads, parsed into rows: autoscalers, disruption budgets, quotas and limit ranges.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{id, tables};
use serde_json::{Value, json};
use trimtab_core::WorkloadKind;
use trimtab_world::{
    Kind,
    row::{HpaMetric, HpaTargetValue, Labels, LimitRangeScope, LimitRatio, ResourceAmounts, Resources},
};

#[test]
fn autoscalers_and_their_targets() {
    let hpa = |name: &str, target: Value, metrics: Value| {
        let mut o = common::object(name);
        o["spec"] = json!({"scaleTargetRef": target, "maxReplicas": 5, "metrics": metrics});
        o["status"] = json!({"currentReplicas": 2, "desiredReplicas": 3});
        (Kind::HorizontalPodAutoscaler, o)
    };
    let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let tables = tables(&[
        hpa(
            "a",
            web.clone(),
            json!([
            {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}},
            {"type": "ContainerResource", "containerResource": {"name": "memory", "container": "app", "target": {"type": "AverageValue", "averageValue": "512Mi"}}},
            {"type": "Resource", "resource": {"name": "ephemeral-storage", "target": {"averageUtilization": 70}}},
            {"type": "External", "external": {"metric": {"name": "queue"}}}]),
        ),
        hpa("b", web, Value::Null),
        hpa("namesake", json!({"apiVersion": "apps.example/v1", "kind": "Deployment", "name": "web"}), json!([])),
        hpa("rollout", json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"}), json!([])),
    ]);
    let found = tables.hpas_for(&id(WorkloadKind::Deployment, "web"));
    let names: Vec<_> = found.iter().map(|h| &*h.name).collect();
    assert_eq!(names, ["a", "b"]);
    let a = &found[0];
    assert_eq!((a.min_replicas, a.max_replicas, a.current_replicas, a.desired_replicas), (1, 5, 2, 3));
    assert_eq!(
        *a.metrics,
        [
            HpaMetric::Cpu { container: None, target: HpaTargetValue::Utilization(70) },
            HpaMetric::Memory { container: Some("app".into()), target: HpaTargetValue::AverageValue(512 << 20) },
            HpaMetric::Other("Resource".into()),
            HpaMetric::Other("External".into()),
        ]
    );
    assert!(a.scales_on_cpu_utilization() && !a.scales_on_memory_utilization());
    assert!(found[1].scales_on_cpu_utilization(), "without metrics it scales on 80 % of CPU");
    assert!(tables.hpas_for(&id(WorkloadKind::StatefulSet, "web")).is_empty());
}

#[test]
fn disruption_budgets_by_selector() {
    let pdb = |name: &str, selector: Value| {
        let mut o = common::object(name);
        o["spec"] = json!({"selector": selector, "maxUnavailable": 1});
        o["status"] = json!({"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3});
        (Kind::PodDisruptionBudget, o)
    };
    let tables = tables(&[
        pdb("by-label", json!({"matchLabels": {"app": "web"}})),
        pdb("by-expression", json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]})),
        pdb("all", json!({})),
        pdb("none", Value::Null),
        pdb(
            "both",
            json!({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}),
        ),
    ]);
    let names = |namespace: &str, pairs: &[(&str, &str)]| -> Vec<String> {
        let labels: Labels = pairs.iter().copied().collect();
        tables.pdbs_for(namespace, &labels).iter().map(|p| p.name.to_string()).collect()
    };
    assert_eq!(names("shop", &[("app", "web")]), ["all", "by-expression", "by-label"]);
    assert_eq!(names("shop", &[("app", "web"), ("tier", "")]), ["all", "both", "by-expression", "by-label"]);
    assert_eq!(names("shop", &[("app", "api")]), ["all"]);
    assert_eq!(names("elsewhere", &[("app", "web")]), [""; 0]);
    let row = &tables.pdbs_for("shop", &Labels::default())[0];
    assert_eq!((row.disruptions_allowed, row.current_healthy, row.desired_healthy, row.expected_pods), (1, 3, 2, 3));
}

#[test]
fn quotas_and_limit_ranges() {
    let mut quota = common::object("q");
    quota["spec"] = json!({"hard": {"cpu": "4", "requests.cpu": "3", "limits.cpu": "8", "requests.memory": "4Gi", "pods": "10", "services": "5"}});
    quota["status"] =
        json!({"hard": {"cpu": "9"}, "used": {"requests.cpu": "2500m", "limits.memory": "1Gi", "pods": "4"}});
    let mut scoped = common::object("scoped");
    scoped["spec"] = json!({"hard": {"limits.memory": "1Gi"}, "scopes": ["BestEffort"]});
    let mut range = common::object("r");
    range["spec"] = json!({"limits": [
        {"type": "Container", "min": {"cpu": "10m"}, "max": {"memory": "1Gi"}, "default": {"cpu": "1"}, "defaultRequest": {"memory": "64Mi"}, "maxLimitRequestRatio": {"cpu": "1.5", "memory": "2"}},
        {"type": "Pod", "max": {"cpu": "4"}},
        {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}]});
    let tables = tables(&[(Kind::ResourceQuota, quota), (Kind::ResourceQuota, scoped), (Kind::LimitRange, range)]);
    let quotas = tables.quotas("shop");
    let (hard, used) = (quotas[0].hard, quotas[0].used);
    assert_eq!(
        hard.resources,
        Resources { cpu_request: Some(3000), cpu_limit: Some(8000), memory_request: Some(4 << 30), memory_limit: None }
    );
    assert_eq!((hard.pods, used.pods, used.resources.cpu_request), (Some(10), Some(4), Some(2500)));
    assert!(!quotas[0].scoped && quotas[1].scoped);
    let ranges = tables.limit_ranges("shop");
    let items = &ranges[0].items;
    assert_eq!(items.iter().map(|i| i.scope).collect::<Vec<_>>(), [LimitRangeScope::Container, LimitRangeScope::Pod]);
    assert_eq!(items[0].min, ResourceAmounts { cpu: Some(10), memory: None });
    assert_eq!(items[0].max.memory, Some(1 << 30));
    assert_eq!((items[0].default_limit.cpu, items[0].default_request.memory), (Some(1000), Some(64 << 20)));
    assert_eq!(
        items[0].max_limit_request_ratio,
        LimitRatio { cpu_thousandths: Some(1500), memory_thousandths: Some(2000) }
    );
}

#[test]
fn an_amount_of_zero_in_a_pod_is_unset_and_one_in_a_quota_is_real() {
    let resources = json!({"requests": {"cpu": "0", "memory": "0"}, "limits": {"cpu": "1", "memory": 0}});
    let mut pod = common::object("web-0");
    pod["spec"] =
        json!({"containers": [{"name": "app", "resources": resources}], "resources": {"limits": {"cpu": "0"}}});
    pod["status"] =
        json!({"containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "resources": resources}]});
    let mut quota = common::object("none");
    quota["spec"] = json!({"hard": {"limits.memory": "0"}});
    let tables = tables(&[(Kind::Pod, pod), (Kind::ResourceQuota, quota)]);
    let pod = tables.pod("shop", "web-0").unwrap();
    let expected = Resources { cpu_request: Some(0), cpu_limit: Some(1000), ..Resources::default() };
    assert_eq!((*pod.containers[0].resources, *pod.containers[0].in_force()), (expected, expected));
    assert_eq!(pod.pod_resources, None);
    assert_eq!(tables.quotas("shop")[0].hard.resources.memory_limit, Some(0));
}

#[test]
fn vertical_autoscalers_and_what_they_write() {
    use trimtab_world::row::VpaMode;
    let vpa = |name: &str, kind: &str, mode: Value, policies: Value| {
        let mut o = common::object(name);
        o["spec"] = json!({"targetRef": {"apiVersion": "apps/v1", "kind": kind, "name": "web"},
            "updatePolicy": mode, "resourcePolicy": {"containerPolicies": policies}});
        (Kind::VerticalPodAutoscaler, o)
    };
    let all_off = json!([{"containerName": "*", "mode": "Off"}]);
    let some_off = json!([{"containerName": "proxy", "mode": "Off"}]);
    let cpu = json!([{"containerName": "*", "controlledResources": ["cpu"]}]);
    let mut tables = tables(&[
        vpa("a-plain", "Deployment", Value::Null, Value::Null),
        vpa("b-off", "Deployment", json!({"updateMode": "Off"}), Value::Null),
        vpa("c-initial", "Deployment", json!({"updateMode": "Initial"}), cpu),
        vpa("d-none", "Deployment", json!({"updateMode": "Recreate"}), all_off),
        vpa("e-some", "Deployment", json!({"updateMode": "InPlaceOrRecreate"}), some_off),
        vpa("f-other", "StatefulSet", Value::Null, Value::Null),
    ]);
    let web = id(WorkloadKind::Deployment, "web");
    let found: Vec<_> =
        tables.vpas_for(&web).iter().map(|v| (v.name.to_string(), v.mode, v.cpu, v.memory, v.writes())).collect();
    let row = |name: &str, mode, cpu, memory, writes| (name.to_owned(), mode, cpu, memory, writes);
    assert_eq!(
        found,
        [
            row("a-plain", VpaMode::Always, true, true, true),
            row("b-off", VpaMode::Off, true, true, false),
            row("c-initial", VpaMode::Initial, true, false, true),
            row("d-none", VpaMode::Always, false, false, false),
            row("e-some", VpaMode::Always, true, true, true),
        ]
    );
    tables.take_dirty();
    tables.delete(Kind::VerticalPodAutoscaler, "shop", "a-plain");
    assert_eq!(tables.take_dirty().workloads, [web].into(), "the workload is looked at again");
}
