//! Memory hints derived from a container's own size: variables that hold its limit or request.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{id, tables};
use serde_json::{Value, json};
use trimtab_core::WorkloadKind;
use trimtab_world::{
    Kind,
    row::{
        Runtime::{self, FromLimit, Told},
        RuntimeName::{Go, Jvm, Other},
    },
};

fn of(resources: &Value, args: &Value, field: &Value) -> Option<Runtime> {
    let env = json!([{"name": "MEM", "valueFrom": {"resourceFieldRef": field}}]);
    let container = json!({"name": "app", "image": "team/app:1", "args": args, "env": env, "resources": resources});
    runtime(&container)
}

fn runtime(container: &Value) -> Option<Runtime> {
    let object = json!({"metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [container]}}}});
    let tables = tables(&[(Kind::Deployment, object)]);
    tables.workload(&id(WorkloadKind::Deployment, "web")).unwrap().template.container("app").unwrap().runtime
}

#[test]
fn a_value_that_follows_the_limit_is_a_share_of_it() {
    let sized = json!({"requests": {"memory": "1Gi"}, "limits": {"memory": "2Gi"}});
    let in_mebi = json!({"resource": "limits.memory", "divisor": "1Mi"});
    let all = |name| Some(FromLimit { percent_hundredths: 10_000, name });
    assert_eq!(of(&sized, &json!(["java", "-Xmx$(MEM)m"]), &in_mebi), all(Jvm));
    let requested = json!({"resource": "requests.memory", "divisor": "1Mi"});
    let half = Some(FromLimit { percent_hundredths: 5000, name: Jvm });
    assert_eq!(of(&sized, &json!(["java", "-Xmx$(MEM)m"]), &requested), half, "half of the limit");
    // A limit that the template does not have is the node's memory.
    assert_eq!(of(&json!({}), &json!(["java", "-Xmx$(MEM)m"]), &in_mebi), all(Jvm));
    let go = |field: Value| {
        runtime(&json!({"name": "app", "image": "team/app:1", "resources": sized,
            "env": [{"name": "GOMEMLIMIT", "valueFrom": {"resourceFieldRef": field}}]}))
    };
    assert_eq!(go(json!({"resource": "limits.memory"})), all(Go));
    assert_eq!(go(json!({"containerName": "app", "resource": "limits.memory", "divisor": "0"})), all(Go));
    assert_eq!(go(json!({"containerName": "other", "resource": "limits.memory"})), all(Go), "of another container");
    assert_eq!(go(json!({"resource": "limits.cpu"})), None, "another resource");
}

#[test]
fn a_value_that_does_not_follow_the_limit_stays_an_amount() {
    let sized = json!({"limits": {"memory": "2Gi"}});
    let in_mebi = json!({"resource": "limits.memory", "divisor": "1Mi"});
    let told = |mib: u64| Some(Told { bytes: mib << 20, name: Jvm });
    // The variable is there, and the heap is another amount.
    assert_eq!(of(&sized, &json!(["java", "-Xmx512m", "--cache=$(MEM)"]), &in_mebi), told(512));
    // The kubelet rounds up: the variable may exceed the limit.
    let small = json!({"limits": {"memory": "300Mi"}});
    let in_gibi = json!({"resource": "limits.memory", "divisor": "1Gi"});
    assert_eq!(of(&small, &json!(["java", "-Xmx$(MEM)g"]), &in_gibi), told(1024));
}

#[test]
fn a_process_that_is_handed_its_size_sizes_itself_by_it() {
    let sized = json!({"requests": {"memory": "1Gi"}, "limits": {"memory": "2Gi"}});
    let share = |percent_hundredths| Some(FromLimit { percent_hundredths, name: Other });
    let follows = share(10_000);
    for (resource, expected) in [("limits.memory", follows), ("requests.memory", follows)] {
        let in_mebi = json!({"resource": resource, "divisor": "1Mi"});
        assert_eq!(of(&sized, &json!(["serve"]), &in_mebi), expected, "{resource}");
    }
    // In bytes it is an amount by its name, and otherwise a share.
    let half = share(5000);
    assert_eq!(of(&sized, &json!(["serve"]), &json!({"resource": "requests.memory"})), half);
    assert_eq!(of(&sized, &json!(["serve"]), &json!({"resource": "limits.cpu"})), None);
    let by_file = |resource: &str, volume: &str, projected: bool, args: Value| {
        let items =
            json!({"items": [{"path": "memory", "resourceFieldRef": {"containerName": "app", "resource": resource}}]});
        let info = if projected {
            json!({"name": "info", "projected": {"sources": [{"downwardAPI": items}]}})
        } else {
            json!({"name": "info", "downwardAPI": items})
        };
        let app = json!({"name": "app", "image": "team/app:1", "args": args, "resources": sized,
            "volumeMounts": [{"name": volume, "mountPath": "/etc/info"}]});
        let object = json!({"metadata": {"name": "web", "namespace": "shop"},
            "spec": {"template": {"spec": {"volumes": [info], "containers": [app]}}}});
        let tables = tables(&[(Kind::Deployment, object)]);
        tables.workload(&id(WorkloadKind::Deployment, "web")).unwrap().template.container("app").unwrap().runtime
    };
    assert_eq!(by_file("limits.memory", "info", false, json!([])), follows);
    assert_eq!(by_file("limits.memory", "info", true, json!([])), follows);
    assert_eq!(by_file("requests.memory", "info", false, json!([])), follows);
    assert_eq!(by_file("limits.cpu", "info", false, json!([])), None);
    assert_eq!(by_file("limits.memory", "other", false, json!([])), None, "not mounted");
    let told = Some(Told { bytes: 512 << 20, name: Jvm });
    assert_eq!(by_file("limits.memory", "info", false, json!(["java", "-Xmx512m"])), told, "an amount stays one");
}

#[test]
fn files_in_memory_are_counted_in_each_container_that_mounts_them() {
    let row = |shm: &Value| {
        let object = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": {"spec": {
            "volumes": [
                {"name": "shm", "emptyDir": shm},
                {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
                {"name": "config", "configMap": {"name": "web"}}],
            "initContainers": [{"name": "fill", "volumeMounts": [{"name": "run", "mountPath": "/run"}]}],
            "containers": [
                {"name": "app", "args": ["java", "-Xmx1g"], "volumeMounts": [
                    {"name": "shm", "mountPath": "/dev/shm"}, {"name": "run", "mountPath": "/run", "readOnly": true},
                    {"name": "config", "mountPath": "/etc/web"}]},
                {"name": "log", "volumeMounts": null}]}}}});
        let tables = tables(&[(Kind::Deployment, object)]);
        tables.workload(&id(WorkloadKind::Deployment, "web")).unwrap().template.clone()
    };
    let sized = row(&json!({"medium": "Memory", "sizeLimit": "1536Mi"}));
    let of = |name: &str| sized.container(name).unwrap().memory_volumes >> 20;
    assert_eq!((of("fill"), of("app"), of("log")), (64, 1600, 0));
    assert_eq!(sized.container("app").unwrap().runtime, Some(Told { bytes: 1 << 30, name: Jvm }), "the process alone");
    let larger = row(&json!({"medium": "Memory", "sizeLimit": "2Gi"}));
    assert_ne!(sized.fingerprint, larger.fingerprint, "another size is another template");
    let unbounded = row(&json!({"medium": "Memory"}));
    assert_eq!(unbounded.container("app").unwrap().memory_volumes >> 20, 64);
    assert_eq!(unbounded.fingerprint, row(&json!({})).fingerprint, "without a size nothing is told");
}
