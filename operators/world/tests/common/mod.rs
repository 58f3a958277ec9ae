//! Objects as an API server sends them, as small as each test allows.
#![allow(dead_code)]

use serde_json::{Value, json};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_world::{Kind, Tables};

/// An object of `kind` with metadata and nothing else.
pub fn object(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "resourceVersion": "7"}})
}

/// The same, controlled by `owner`: its API version, kind and name.
pub fn owned(name: &str, (api_version, kind, owner): (&str, &str, &str)) -> Value {
    let mut object = object(name);
    object["metadata"]["ownerReferences"] =
        json!([{"apiVersion": api_version, "kind": kind, "name": owner, "uid": "u", "controller": true}]);
    object
}

/// A running pod of `owner` with one container.
pub fn pod(name: &str, owner: (&str, &str, &str)) -> Value {
    let mut pod = owned(name, owner);
    pod["spec"] = json!({"nodeName": "n1", "containers": [
        {"name": "app", "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}}]});
    pod["status"] = json!({"phase": "Running", "containerStatuses": [
        {"name": "app", "ready": true, "restartCount": 0, "state": {"running": {}}}]});
    pod
}

/// The id of a workload of the namespace `shop`.
pub fn id(kind: WorkloadKind, name: &str) -> WorkloadId {
    WorkloadId::new(kind, "shop", name)
}

/// Tables with these objects.
pub fn tables(objects: &[(Kind, Value)]) -> Tables {
    let mut tables = Tables::default();
    for (kind, object) in objects {
        tables.apply_json(*kind, object).unwrap_or_else(|e| panic!("{e}"));
    }
    tables
}
