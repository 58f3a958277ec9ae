//! Pod templates.

use serde_json::{Map, Value, json};

use super::{NAME_LABEL, Target, nodes::pool_labels};
use crate::fleet::{Container, Workload};

/// Runs in place of the demo's images in an existing cluster: it starts and does nothing.
const SMALL_IMAGE: &str = "registry.k8s.io/pause:3.10";
/// The label that tells simulated nodes how to treat a pod.
const BEHAVIOUR_LABEL: &str = "e2e.trimtab.dev/behaviour";
/// How long a pod lives before it is killed.
const LIVES_FOR_ANNOTATION: &str = "e2e.trimtab.dev/lives-for";
/// The memory limit below which it is killed.
const NEEDS_MEMORY_ANNOTATION: &str = "e2e.trimtab.dev/needs-memory";
/// How long until it is restarted.
const BACK_OFF_ANNOTATION: &str = "e2e.trimtab.dev/back-off";

/// The template of a workload's pods.
pub(super) fn template(w: &Workload, target: Target) -> Value {
    let mut labels = Map::from_iter([(NAME_LABEL.to_owned(), json!(w.name))]);
    let mut spec = json!({
        "containers": w.containers.iter().map(|c| container(c, target)).collect::<Vec<_>>(),
        "terminationGracePeriodSeconds": 5,
    });
    if target == Target::OwnNodes {
        if let Some(behaviour) = w.behaviour {
            labels.insert(BEHAVIOUR_LABEL.to_owned(), json!(behaviour));
        }
        let pool: Map<String, Value> = pool_labels(w.pool).iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
        if !pool.is_empty() {
            spec["nodeSelector"] = Value::Object(pool);
        }
        // The small image has nothing that completes, so an init container would never end there.
        if let Some(init) = &w.init {
            spec["initContainers"] = json!([container(init, target)]);
        }
    }
    let mut meta = json!({"labels": labels});
    if target == Target::OwnNodes {
        if w.behaviour.is_some() {
            // No waiting for the first kill.
            meta["annotations"] = json!({LIVES_FOR_ANNOTATION: "500ms", BACK_OFF_ANNOTATION: "500ms"});
        }
        if let Some(mib) = w.needs_memory {
            meta["annotations"][NEEDS_MEMORY_ANNOTATION] = json!(format!("{mib}Mi"));
        }
    }
    json!({"metadata": meta, "spec": spec})
}

fn container(c: &Container, target: Target) -> Value {
    let amounts = |cpu: Option<u32>, memory: Option<u32>| {
        let cpu = cpu.map(|m| ("cpu".to_owned(), json!(format!("{m}m"))));
        let memory = memory.map(|m| ("memory".to_owned(), json!(format!("{m}Mi"))));
        cpu.into_iter().chain(memory).collect::<Map<String, Value>>()
    };
    let mut resources = json!({"requests": amounts(Some(c.requests.0), Some(c.requests.1))});
    let limits = amounts(c.cpu_limit, c.memory_limit);
    if !limits.is_empty() {
        resources["limits"] = Value::Object(limits);
    }
    let image = if target == Target::OwnNodes { c.image.as_str() } else { SMALL_IMAGE };
    let mut all = json!({"name": c.name, "image": image, "resources": resources});
    if !c.env.is_empty() {
        all["env"] = c.env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    }
    all
}
