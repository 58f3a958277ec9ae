//! Manifests of these tests, and the sizes of pods made from them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use trimtab_core::quantity;

/// `resources` by container.
pub type Sizes = BTreeMap<String, Value>;

/// One container of an entry.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: &'static str,
    pub sidecar: bool,
    pub from: Value,
    pub to: Value,
}

/// Requests and limits from `cpu memory / cpu memory`; `-` means not set.
pub fn amounts(text: &str) -> Value {
    let half = |half: &str| {
        let mut words = half.split_whitespace();
        let mut set = serde_json::Map::new();
        for name in ["cpu", "memory"] {
            match words.next().unwrap_or("-") {
                "-" => {}
                amount => _ = set.insert(name.to_owned(), json!(amount)),
            }
        }
        set
    };
    let (requests, limits) = text.split_once('/').unwrap_or((text, ""));
    let mut resources = serde_json::Map::new();
    for (name, set) in [("requests", half(requests)), ("limits", half(limits))] {
        if !set.is_empty() {
            resources.insert(name.to_owned(), json!(set));
        }
    }
    json!(resources)
}

/// An entry of container `app`.
pub fn of_app(from: &str, to: &str) -> Entry {
    Entry { name: "app", sidecar: false, from: amounts(from), to: amounts(to) }
}

/// The starting point of most cases.
pub fn usual() -> Entry {
    of_app("500m 512Mi / 1 512Mi", "100m 128Mi / 400m 256Mi")
}

pub fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// One workload of an AppliedSizes object.
pub fn workload(uid: &str, entries: &[Entry]) -> Value {
    let containers: Vec<Value> =
        entries.iter().map(|e| json!({"name": e.name, "sidecar": e.sidecar, "from": e.from, "to": e.to})).collect();
    json!({"uid": uid, "recommendation": "a-recommendation", "proposalDigest": "sha256:0123", "containers": containers})
}

/// An AppliedSizes object.
pub fn applied(namespace: &str, name: &str, workloads: Value) -> Value {
    json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "AppliedSizes", "metadata": {"name": name, "namespace": namespace},
        "spec": {"workloads": workloads}})
}

/// The one of a namespace, with one workload.
pub fn entry(namespace: &str, key: &str, entries: &[Entry]) -> Value {
    applied(namespace, "trimtab", json!({key: workload("some-uid", entries)}))
}

/// A container with `resources`.
pub fn container(name: &str, resources: &Value) -> Value {
    json!({"name": name, "image": "fake/app:1", "resources": resources})
}

pub fn app(resources: &Value) -> Value {
    container("app", resources)
}

pub fn sidecar(name: &str, resources: &Value) -> Value {
    json!({"name": name, "image": "fake/app:1", "restartPolicy": "Always", "resources": resources})
}

/// A workload of `apps` with this pod spec.
pub fn of_apps(kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    let mut manifest = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}});
    if kind == "StatefulSet" {
        manifest["spec"]["serviceName"] = json!(name);
    }
    manifest
}

pub fn deployment(namespace: &str, spec: &Value) -> Value {
    of_apps("Deployment", namespace, "web", spec)
}

/// A pod as the ReplicaSet of Deployment `web` would make it.
pub fn pod_of_replica_set(namespace: &str, deployment: &str, containers: &Value) -> Value {
    let hash = "5d4f8c7b9";
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": format!("{deployment}-{hash}-"), "namespace": namespace,
        "labels": {"app": deployment, "pod-template-hash": hash}, "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "name": format!("{deployment}-{hash}"), "uid": "6f1e2d3c-0a1b-4c2d-8e9f-001122334455", "controller": true}]},
        "spec": {"containers": containers}})
}

pub fn limit_range(namespace: &str, limit: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "range", "namespace": namespace}, "spec": {"limits": [limit]}})
}

pub fn quota(namespace: &str, hard: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota", "namespace": namespace}, "spec": {"hard": hard}})
}

/// The sizes of a pod's containers, without empty sets.
pub fn sizes(pod: &Pod) -> Sizes {
    let spec = pod.spec.as_ref().unwrap();
    let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    all.map(|c| {
        let mut resources = json!(c.resources);
        if let Some(sets) = resources.as_object_mut() {
            sets.retain(|_, set| !set.as_object().is_some_and(serde_json::Map::is_empty));
        } else {
            resources = json!({});
        }
        (c.name.clone(), resources)
    })
    .collect()
}

/// Whether two are equal, however their quantities are written.
pub fn same(a: &Sizes, b: &Sizes) -> bool {
    let read = |sizes: &Sizes| -> BTreeMap<String, Value> {
        let each = |(name, resources): (&String, &Value)| {
            let mut resources = resources.clone();
            for set in resources.as_object_mut().unwrap().values_mut().filter_map(Value::as_object_mut) {
                for (resource, amount) in set {
                    let text = amount.as_str().unwrap();
                    let read = if resource == "cpu" { quantity::cpu_millis(text) } else { quantity::bytes(text) };
                    // Values beyond 64 bits stay as written.
                    if let Ok(number) = read {
                        *amount = json!(number);
                    }
                }
            }
            (name.clone(), resources)
        };
        sizes.iter().map(each).collect()
    };
    read(a) == read(b)
}
