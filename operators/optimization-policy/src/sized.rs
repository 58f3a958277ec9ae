//! Sizes of a workload's containers, now and proposed, and what a pod asks for in total.
//!
//! In: the template and the verdicts of `trimtab-sizing`. Out: container sizes, pod totals by the scheduler's rule, the
//! quality-of-service class, and the strategic merge patch. Pure.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use trimtab_api::{
    quantity::Quantity,
    recommendation::{ContainerResources, Resources},
};
use trimtab_core::WorkloadKind;
use trimtab_sizing::Sizes;
use trimtab_world::row::{ContainerKind, Template, TemplateContainer};

use crate::amount;

/// One container with what it has and what it would have.
#[derive(Clone, Debug)]
pub struct SizedContainer {
    /// Its name.
    pub name: Arc<str>,
    /// Its part in the pod.
    pub kind: ContainerKind,
    /// What it has.
    pub from: Sizes,
    /// What it would have.
    pub to: Sizes,
}

impl SizedContainer {
    /// A container that stays as it is.
    pub fn unchanged(container: &TemplateContainer) -> Self {
        let sizes = sizes(container);
        Self { name: container.name.clone(), kind: container.kind, from: sizes, to: sizes }
    }

    /// Whether anything would change.
    pub fn changes(&self) -> bool {
        self.from != self.to
    }
}

/// What a container of a template has. Requests that are not set are those that the API server fills in from limits.
pub fn sizes(container: &TemplateContainer) -> Sizes {
    let r = container.resources.with_defaulted_requests();
    let amount = |v: Option<u64>| v.and_then(|v| i64::try_from(v).ok());
    Sizes {
        cpu_request: amount(r.cpu_request),
        cpu_limit: amount(r.cpu_limit),
        memory_request: amount(r.memory_request),
        memory_limit: amount(r.memory_limit),
    }
}

/// What the scheduler sets aside for a pod, in millicores and bytes: the sum over what runs together, or what the
/// hungriest init container needs beside the sidecars started before it, whichever is more.
pub fn pod_request(containers: &[SizedContainer], side: impl Fn(&SizedContainer) -> Sizes) -> (i64, i64) {
    let (mut running, mut started, mut peak) = ((0, 0), (0, 0), (0, 0));
    for c in containers {
        let sizes = side(c);
        let own = (sizes.cpu_request.unwrap_or(0), sizes.memory_request.unwrap_or(0));
        match c.kind {
            ContainerKind::App => running = (running.0 + own.0, running.1 + own.1),
            ContainerKind::Sidecar => started = (started.0 + own.0, started.1 + own.1),
            ContainerKind::Init => peak = (peak.0.max(started.0 + own.0), peak.1.max(started.1 + own.1)),
        }
    }
    ((running.0 + started.0).max(peak.0), (running.1 + started.1).max(peak.1))
}

/// The class by which the node decides whom to evict first. It cannot change while a pod lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QosClass {
    /// Every container has requests equal to limits, for both resources.
    Guaranteed,
    /// Some container has a request or a limit.
    Burstable,
    /// None has.
    BestEffort,
}

impl QosClass {
    /// The class as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guaranteed => "Guaranteed",
            Self::Burstable => "Burstable",
            Self::BestEffort => "BestEffort",
        }
    }
}

/// The quality-of-service class of a pod.
pub fn qos(containers: &[SizedContainer], side: impl Fn(&SizedContainer) -> Sizes) -> QosClass {
    let all: Vec<Sizes> = containers.iter().map(side).collect();
    let guaranteed = |s: &Sizes| {
        s.cpu_limit.is_some_and(|l| l > 0 && s.cpu_request.unwrap_or(l) == l)
            && s.memory_limit.is_some_and(|l| l > 0 && s.memory_request.unwrap_or(l) == l)
    };
    if all.iter().all(|s| *s == Sizes::default()) {
        QosClass::BestEffort
    } else if !all.is_empty() && all.iter().all(guaranteed) {
        QosClass::Guaranteed
    } else {
        QosClass::Burstable
    }
}

/// Sizes as they are written in an object.
pub fn written(name: &str, sizes: Sizes) -> ContainerResources {
    let cpu = |v: Option<i64>| v.map(|v| Quantity(amount::cpu(v)));
    let memory = |v: Option<i64>| v.map(|v| Quantity(amount::memory(v)));
    ContainerResources {
        name: name.to_owned(),
        requests: Resources { cpu: cpu(sizes.cpu_request), memory: memory(sizes.memory_request) },
        limits: Resources { cpu: cpu(sizes.cpu_limit), memory: memory(sizes.memory_limit) },
    }
}

/// `500m→120m`, or one figure where nothing changes, or `-` where nothing is set.
pub fn arrow(from: i64, to: i64, format: impl Fn(i64) -> String) -> String {
    let one = |v: i64| if v == 0 { "-".to_owned() } else { format(v) };
    if from == to { one(to) } else { format!("{}→{}", one(from), one(to)) }
}

/// The strategic merge patch of the workload that sets what would change; a limit that goes away is `null`.
pub fn patch(kind: WorkloadKind, containers: &[SizedContainer], template: &Template) -> Value {
    let (mut apps, mut inits) = (Vec::new(), Vec::new());
    for c in containers.iter().filter(|c| c.changes()) {
        let mut resources = Map::new();
        let entries = [
            ("requests", "cpu", c.from.cpu_request, c.to.cpu_request, true),
            ("requests", "memory", c.from.memory_request, c.to.memory_request, false),
            ("limits", "cpu", c.from.cpu_limit, c.to.cpu_limit, true),
            ("limits", "memory", c.from.memory_limit, c.to.memory_limit, false),
        ];
        for (part, resource, from, to, is_cpu) in entries {
            if from == to {
                continue;
            }
            let value =
                to.map_or(Value::Null, |v| Value::String(if is_cpu { amount::cpu(v) } else { amount::memory(v) }));
            if let Some(part) = resources.entry(part).or_insert_with(|| json!({})).as_object_mut() {
                part.insert(resource.to_owned(), value);
            }
        }
        let entry = json!({"name": &*c.name, "resources": resources});
        let in_init = template.container(&c.name).is_some_and(|t| t.kind != ContainerKind::App);
        if in_init { inits.push(entry) } else { apps.push(entry) }
    }
    let mut pod = Map::new();
    for (key, list) in [("containers", apps), ("initContainers", inits)] {
        if !list.is_empty() {
            pod.insert(key.to_owned(), Value::Array(list));
        }
    }
    let template = json!({"template": {"spec": pod}});
    match kind {
        WorkloadKind::CronJob => json!({"spec": {"jobTemplate": {"spec": template}}}),
        _ => json!({"spec": template}),
    }
}
