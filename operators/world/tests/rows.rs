//! Realistic objects, parsed into rows.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{id, tables};
use serde_json::{Value, json};
use trimtab_core::WorkloadKind;
use trimtab_world::{
    Kind, RESIZER, Tables,
    row::{
        ContainerKind, Controller, ControllerKind, NodeCapacity, Owner, PodPhase, QosClass, Resources, Runtime,
        RuntimeName,
    },
};

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "web", "namespace": "shop", "uid": "6f1e2d3c-0a1b-4c2d-8e9f-001122334455", "resourceVersion": "12",
            "generation": 4, "creationTimestamp": "2026-11-01T08:00:00Z",
            "labels": {"app": "web", "argocd.argoproj.io/instance": "storefront"},
            "annotations": {
                "trimtab.dev/mode": "Recommend", "deployment.kubernetes.io/revision": "9",
                "kubectl.kubernetes.io/last-applied-configuration": "{\"secret\":1}",
                "kubectl.kubernetes.io/default-container": "app", "meta.helm.sh/release-name": "web"},
            "managedFields": [
                {"manager": "argocd-controller", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {
                    "f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:image": {}, "f:resources": {"f:limits": {"f:memory": {}}}},
                                     "k:{\"name\":\"log\"}": {".": {}, "f:image": {}}}}}}}},
                {"manager": "kubectl-patch", "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {
                    "f:containers": {"k:{\"name\":\"log\"}": {"f:resources": {}}}}}}}},
                {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}]
        },
        "spec": {
            "replicas": 3, "paused": true, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web", "tier": "front"}},
                "spec": {
                    "hostNetwork": true, "nodeSelector": {"pool": "rack"}, "priorityClassName": "high",
                    "initContainers": [
                        {"name": "migrate", "image": "shop/migrate:1"},
                        {"name": "proxy", "image": "envoy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "0.1"}}}],
                    "containers": [
                        {"name": "app", "image": "eclipse-temurin:21", "env": [{"name": "JAVA_OPTS", "value": "-Xmx1g"}, {"name": "PASSWORD", "value": "hush"}],
                         "resources": {"requests": {"cpu": "1500m", "memory": "1Gi"}, "limits": {"memory": "2Gi", "nvidia.com/gpu": "1"}},
                         "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}, {"resourceName": "memory", "restartPolicy": "RestartContainer"}]},
                        {"name": "log", "image": "fluent-bit", "resources": {}}]
                }
            }
        },
        "status": {"observedGeneration": 4, "replicas": 3, "readyReplicas": 2, "updatedReplicas": 1}
    })
}

#[test]
fn a_deployment() {
    let tables = tables(&[(Kind::Deployment, deployment())]);
    let row = tables.workload(&id(WorkloadKind::Deployment, "web")).unwrap();
    assert_eq!((row.generation, row.observed_generation), (4, 4));
    assert_eq!((row.desired, row.ready, row.updated, row.suspended), (3, 2, 1, true));
    assert_eq!(row.uid.to_string(), "6f1e2d3c-0a1b-4c2d-8e9f-001122334455");
    assert_eq!(row.created.unwrap().to_string(), "2026-11-01T08:00:00Z");
    let kept: Vec<_> = row.annotations.iter().map(|(k, _)| k).collect();
    assert_eq!(kept, ["kubectl.kubernetes.io/default-container", "meta.helm.sh/release-name", "trimtab.dev/mode"]);
    assert_eq!(*row.owners, [Owner::ArgoCd { app: Some("storefront".into()) }, Owner::Helm { release: "web".into() }]);
    let managers: Vec<_> = row.resource_managers.iter().map(|m| (&*m.container, &*m.manager)).collect();
    assert_eq!(managers, [("app", "argocd-controller"), ("log", "kubectl-patch")]);

    let template = &row.template;
    let containers: Vec<_> = template.containers.iter().map(|c| (&*c.name, c.kind)).collect();
    assert_eq!(
        containers,
        [
            ("migrate", ContainerKind::Init),
            ("proxy", ContainerKind::Sidecar),
            ("app", ContainerKind::App),
            ("log", ContainerKind::App)
        ]
    );
    let app = template.container("app").unwrap();
    assert_eq!(
        *app.resources,
        Resources {
            cpu_request: Some(1500),
            cpu_limit: None,
            memory_request: Some(1 << 30),
            memory_limit: Some(2 << 30)
        }
    );
    assert!(app.memory_resize_restarts && !app.cpu_resize_restarts);
    assert_eq!(app.runtime, Some(Runtime::Told { bytes: 1 << 30, name: RuntimeName::Jvm }));
    assert!(template.host_network && template.accelerator);
    assert_eq!(template.priority_class.as_deref(), Some("high"));
    assert_eq!(template.node_selector.get("pool"), Some("rack"));
    assert_eq!(template.labels.get("tier"), Some("front"));
    assert!(!format!("{tables:?}").contains("hush"), "values of the environment are never kept");
}

#[test]
fn accelerators_are_told_from_other_extended_resources() {
    for (resources, expected) in [
        (json!({"requests": {"nvidia.com/gpu": 1}}), true),
        (json!({"limits": {"cpu": "1", "nvidia.com/mig-1g.5gb": "2"}}), true),
        (json!({"limits": {"google.com/tpu": "8"}}), true),
        (json!({"limits": {"nvidia.com/gpu": "0"}}), false),
        (json!({"limits": {"smarter-devices/fuse": "1", "hugepages-2Mi": "1Gi", "ephemeral-storage": "1Gi"}}), false),
        (json!({"requests": null, "limits": {"cpu": null}}), false),
    ] {
        let mut object = deployment();
        object["spec"]["template"]["spec"]["containers"][0]["resources"] = resources.clone();
        let row = tables(&[(Kind::Deployment, object)]).workload(&id(WorkloadKind::Deployment, "web")).unwrap();
        assert_eq!(row.template.accelerator, expected, "{resources}");
    }
}

#[test]
fn fingerprints_follow_what_they_stand_for() {
    let of = |object: &Value| {
        let tables = tables(&[(Kind::Deployment, object.clone())]);
        let row = tables.workload(&id(WorkloadKind::Deployment, "web")).unwrap();
        (row.template.fingerprint, row.template.image_fingerprint)
    };
    let base = of(&deployment());
    let container = "/spec/template/spec/containers/0";
    let changed = |pointer: &str, value: Value| {
        let mut object = deployment();
        *object.pointer_mut(pointer).unwrap() = value;
        of(&object)
    };
    assert_eq!(changed("/spec/replicas", json!(9)), base);
    assert_eq!(changed("/spec/template/metadata/labels", json!({})), base);
    let (resources, images) = changed(&format!("{container}/image"), json!("eclipse-temurin:22"));
    assert!(resources == base.0 && images != base.1);
    for (pointer, value) in [
        ("/name", json!("app2")),
        ("/resources/requests/cpu", json!("1501m")),
        ("/resources/limits", json!({})),
        ("/resizePolicy", json!([])),
        ("/env", json!([{"name": "JAVA_OPTS", "value": "-Xmx2g"}])),
    ] {
        let (resources, images) = changed(&format!("{container}{pointer}"), value);
        assert!(resources != base.0 && images == base.1, "{pointer}");
    }
}

#[test]
fn the_other_workload_kinds() {
    let template = json!({"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": 1}}}], "resources": {"limits": {"memory": "1Gi"}}}});
    let with = |name: &str, spec: Value, status: Value| {
        let mut o = common::object(name);
        o["spec"] = spec;
        o["status"] = status;
        o
    };
    let cron = with(
        "nightly",
        json!({"schedule": "0 3 * * *", "suspend": true, "jobTemplate": {"spec": {"parallelism": 2, "completions": 4, "template": template}}}),
        json!({"active": [{"name": "nightly-1"}, {"name": "nightly-2"}]}),
    );
    let mut tables = tables(&[
        (Kind::StatefulSet, with("db", json!({"template": template}), json!({"readyReplicas": 1}))),
        (
            Kind::DaemonSet,
            with(
                "agent",
                json!({"template": template}),
                json!({"desiredNumberScheduled": 5, "numberReady": 4, "updatedNumberScheduled": 3}),
            ),
        ),
        (Kind::CronJob, cron),
        (
            Kind::Job,
            with(
                "once",
                json!({"parallelism": 3, "template": template}),
                json!({"active": 0, "conditions": [{"type": "Complete", "status": "True"}]}),
            ),
        ),
        (Kind::Job, common::owned("nightly-1", ("batch/v1", "CronJob", "nightly"))),
        (Kind::Job, common::owned("flow-1", ("argoproj.io/v1alpha1", "Workflow", "flow"))),
    ]);
    let get = |tables: &Tables, kind, name| tables.workload(&id(kind, name)).unwrap();
    let db = get(&tables, WorkloadKind::StatefulSet, "db");
    assert_eq!((db.desired, db.ready), (1, 1));
    assert_eq!(db.template.containers[0].resources.cpu_request, Some(1000), "a number is a quantity too");
    assert_eq!(db.template.pod_resources.as_ref().unwrap().memory_limit, Some(1 << 30));
    let agent = get(&tables, WorkloadKind::DaemonSet, "agent");
    assert_eq!((agent.desired, agent.ready, agent.updated), (5, 4, 3));
    let nightly = get(&tables, WorkloadKind::CronJob, "nightly");
    assert_eq!((nightly.desired, nightly.completions, nightly.active, nightly.suspended), (2, Some(4), 2, true));
    assert_eq!((nightly.schedule.as_deref(), nightly.template.containers.len()), (Some("0 3 * * *"), 1));
    let once = get(&tables, WorkloadKind::Job, "once");
    assert!(once.finished && once.desired == 3);
    assert!(tables.workload(&id(WorkloadKind::Job, "nightly-1")).is_none(), "a run is no workload");
    let flow = get(&tables, WorkloadKind::Job, "flow-1");
    assert_eq!(flow.owner(), Some(&Owner::Controller { kind: "Workflow".into(), name: "flow".into() }));
    let jobs = |t: &Tables| t.counts().into_iter().find(|(k, _)| *k == Kind::Job).unwrap().1;
    assert_eq!(jobs(&tables), 3);
    // An orphaned run becomes a workload, an adopted Job stops being one.
    tables.apply_json(Kind::Job, &common::object("nightly-1")).unwrap();
    tables.apply_json(Kind::Job, &common::owned("once", ("batch/v1", "CronJob", "nightly"))).unwrap();
    assert!(tables.workload(&id(WorkloadKind::Job, "nightly-1")).is_some());
    assert!(tables.workload(&id(WorkloadKind::Job, "once")).is_none());
    assert_eq!(jobs(&tables), 3);
}

#[test]
fn a_pod() {
    let pod = json!({
        "metadata": {"name": "web-5d4f8c7b9d-x2x4z", "namespace": "shop", "uid": "6f1e2d3c-0a1b-4c2d-8e9f-001122334456", "generation": 3,
            "creationTimestamp": "2026-11-01T08:00:00Z", "deletionTimestamp": "2026-11-02T08:00:00Z",
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Node", "name": "n0"},
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f8c7b9d", "controller": true}]},
        "spec": {"nodeName": "n1",
            "initContainers": [{"name": "proxy", "restartPolicy": "Always"}],
            "containers": [{"name": "app", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}, {"name": "slow"}]},
        "status": {"phase": "Running", "qosClass": "Burstable", "startTime": "2026-11-01T08:00:05Z", "conditions": [{"type": "Ready", "status": "True"}],
            "initContainerStatuses": [{"name": "proxy", "ready": true, "restartCount": 0}],
            "containerStatuses": [
                {"name": "slow", "restartCount": 0, "ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
                {"name": "app", "ready": true, "restartCount": 2, "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "768Mi"}},
                 "state": {"running": {"startedAt": "2026-11-01T08:00:05Z"}},
                 "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "startedAt": "2026-11-01T08:59:00Z",
                    "finishedAt": "2026-11-01T09:00:00Z"}}}]}
    });
    let tables = tables(&[(Kind::Pod, pod)]);
    let row = tables.pod("shop", "web-5d4f8c7b9d-x2x4z").unwrap();
    assert_eq!(
        (row.node.as_deref(), row.phase, row.ready, row.terminating),
        (Some("n1"), PodPhase::Running, true, true)
    );
    assert_eq!(row.controller, Some(Controller { kind: ControllerKind::ReplicaSet, name: "web-5d4f8c7b9d".into() }));
    assert_eq!((row.generation, row.qos), (Some(3), Some(QosClass::Burstable)));
    assert_eq!(row.started.unwrap().to_string(), "2026-11-01T08:00:05Z");
    let kinds: Vec<_> = row.containers.iter().map(|c| (&*c.name, c.kind, c.ready)).collect();
    assert_eq!(
        kinds,
        [
            ("proxy", ContainerKind::Sidecar, true),
            ("app", ContainerKind::App, true),
            ("slow", ContainerKind::App, false)
        ]
    );
    let app = row.container("app").unwrap();
    assert_eq!((app.restart_count, app.resources.cpu_request), (2, Some(1000)));
    assert_eq!((app.in_force().cpu_request, app.in_force().memory_limit), (Some(500), Some(768 << 20)));
    let end = app.last_termination.as_ref().unwrap();
    assert!(end.is_oom_kill() && end.exit_code == 137);
    let times = [end.started_at, end.finished_at].map(|t| t.unwrap().to_string());
    assert_eq!(times, ["2026-11-01T08:59:00Z", "2026-11-01T09:00:00Z"]);
    let plain = common::tables(&[(Kind::Pod, common::object("bare"))]).pod("shop", "bare").unwrap();
    assert_eq!((plain.generation, plain.qos), (None, None), "a server that says neither");
    assert_eq!(row.container("slow").unwrap().waiting_reason.as_deref(), Some("CrashLoopBackOff"));
}

#[test]
fn a_pod_shows_which_of_its_containers_trimtab_sized() {
    let sized = |annotations: Value, managers: [&str; 2]| {
        let mut pod = common::object("web");
        pod["metadata"]["annotations"] = annotations;
        let resized = |(manager, name): (&str, &str)| {
            let owned = json!({"f:resources": {".": {}, "f:requests": {".": {}, "f:cpu": {}}}});
            json!({"manager": manager, "operation": "Update", "subresource": "resize",
                "fieldsV1": {"f:spec": {"f:containers": {format!("k:{{\"name\":\"{name}\"}}"): owned}}}})
        };
        pod["metadata"]["managedFields"] = managers.into_iter().zip(["app", "log"]).map(resized).collect();
        pod["spec"] = json!({"containers": [{"name": "app"}, {"name": "log"}, {"name": "new"}]});
        let row = tables(&[(Kind::Pod, pod)]).pod("shop", "web").unwrap();
        row.containers.iter().filter(|c| c.sized_by_trimtab).map(|c| c.name.to_string()).collect::<Vec<_>>()
    };
    let admitted = || json!({"trimtab.dev/sized-by": "deploy-web"});
    assert_eq!(sized(json!({"trimtab.dev/mode": "Off", "a": "b"}), [RESIZER, "kubectl-patch"]), ["app"]);
    assert_eq!(sized(Value::Null, ["vpa-updater", RESIZER]), ["log"]);
    assert_eq!(sized(admitted(), [RESIZER, "kubectl-patch"]), ["app", "new"], "and nobody resized the last one");
}

#[test]
fn a_namespace_and_a_node() {
    let tables = tables(&[
        (
            Kind::Namespace,
            json!({"metadata": {"name": "shop", "labels": {"team": "a"}, "deletionTimestamp": "2026-11-02T08:00:00Z",
                "annotations": {"trimtab.dev/mode": "Off", "other.example/x": "y"}}}),
        ),
        (
            Kind::Node,
            json!({"metadata": {"name": "n1", "labels": {"node.kubernetes.io/instance-type": "m7i.large", "rack": "r1"}},
                "spec": {"providerID": "aws:///eu-central-1a/i-0abc", "unschedulable": true},
                "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "Hostname", "address": "n1"}],
                    "capacity": {"cpu": "2", "memory": "8030084Ki", "pods": "29", "nvidia.com/gpu": "1", "amd.com/gpu": "2", "hugepages-1Gi": "what"},
                    "allocatable": {"cpu": "1930m", "memory": "7291Mi", "pods": "29"},
                    "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}]}}),
        ),
        (Kind::Node, json!({"metadata": {"name": "bare"}})),
    ]);
    let shop = tables.namespace("shop").unwrap();
    assert_eq!((shop.terminating, shop.labels.get("team"), shop.annotations.len()), (true, Some("a"), 1));
    let node = tables.node("n1").unwrap();
    assert_eq!(node.capacity, NodeCapacity { cpu: 2000, memory: 8_030_084 << 10, pods: 29, gpus: 3 });
    assert_eq!(node.allocatable, NodeCapacity { cpu: 1930, memory: 7291 << 20, pods: 29, gpus: 0 });
    assert!(node.ready && node.unschedulable);
    assert_eq!(node.provider_id.as_deref(), Some("aws:///eu-central-1a/i-0abc"));
    assert_eq!(node.labels.get("rack"), Some("r1"));
    assert_eq!(node.addresses.iter().map(|a| &**a).collect::<Vec<_>>(), ["10.0.0.1"], "its own name is not kept twice");
    let bare = tables.node("bare").unwrap();
    assert!(!bare.ready && bare.labels.is_empty() && bare.capacity == NodeCapacity::default());
}

#[test]
fn what_a_process_was_told_is_kept_as_a_number_and_nothing_else() {
    let of = |container: Value| {
        let mut object = deployment();
        object["spec"]["template"]["spec"]["containers"] = json!([container]);
        let tables = tables(&[(Kind::Deployment, object)]);
        assert!(!format!("{tables:?}").contains("hush"));
        tables.workload(&id(WorkloadKind::Deployment, "web")).unwrap().template.container("app").unwrap().runtime
    };
    let told = |mib: u64, name| Some(Runtime::Told { bytes: mib << 20, name });
    let kafka = json!({"name": "app", "image": "registry.example/broker:1", "env": [
        {"name": "PASSWORD", "value": "hush"}, {"name": "HEAP", "value": "2g"},
        {"name": "KAFKA_HEAP_OPTS", "value": "-Xms$(HEAP) -Xmx$(HEAP)"}]});
    assert_eq!(of(kafka), told(2048, RuntimeName::Jvm));
    let cache = json!({"name": "app", "image": "redis:8", "command": ["redis-server"], "args": ["--maxmemory", "512mb", "--requirepass", "hush"]});
    assert_eq!(of(cache), told(512, RuntimeName::Redis));
    let plain = json!({"name": "app", "image": "apache/kafka:3.8.0", "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]});
    assert_eq!(of(plain.clone()), told(1024, RuntimeName::Jvm), "its own default");
    let from_limit = Some(Runtime::FromLimit { percent_hundredths: 2500, name: RuntimeName::Jvm });
    for (field, value) in [
        ("envFrom", json!([{"configMapRef": {"name": "settings"}}])),
        ("env", json!([{"name": "ANY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}])),
        ("args", json!(["run"])),
    ] {
        let mut container = plain.clone();
        container[field] = value;
        assert_eq!(of(container), from_limit, "{field}: what it was told cannot be seen");
    }
}
