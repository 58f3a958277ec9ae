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

/// The most that is computed with, so that sums over a pod stay in range: 2⁵³ bytes are 8 PiB.
const MOST: i64 = 1 << 53;

/// What a namespace gives to containers that say nothing.
pub type Defaults = trimtab_world::row::Resources;

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
    /// A container that stays as it is. `defaults` are what its namespace gives to containers that say nothing.
    pub fn unchanged(container: &TemplateContainer, defaults: &Defaults) -> Self {
        let sizes = sizes(container, defaults);
        Self { name: container.name.clone(), kind: container.kind, from: sizes, to: sizes }
    }

    /// Whether anything would change.
    pub fn changes(&self) -> bool {
        self.from != self.to
    }

    /// Whether a pod may have what it would have: no request above its limit.
    pub fn to_is_consistent(&self) -> bool {
        let fits = |request: Option<i64>, limit: Option<i64>| request.zip(limit).is_none_or(|(r, l)| r <= l);
        fits(self.to.cpu_request, self.to.cpu_limit) && fits(self.to.memory_request, self.to.memory_limit)
    }

    /// Whether its CPU request or limit would change.
    pub fn cpu_changes(&self) -> bool {
        (self.from.cpu_request, self.from.cpu_limit) != (self.to.cpu_request, self.to.cpu_limit)
    }

    /// Whether its memory request or limit would change.
    pub fn memory_changes(&self) -> bool {
        (self.from.memory_request, self.from.memory_limit) != (self.to.memory_request, self.to.memory_limit)
    }
}

/// What a container of a template has in a running pod. What it does not say is filled in as the API server does: requests
/// from limits, then both from the namespace's defaults.
pub fn sizes(container: &TemplateContainer, defaults: &Defaults) -> Sizes {
    let r = container.resources.with_defaulted_requests();
    // Beyond what a machine can have, the most that can be computed with will do.
    let amount =
        |own: Option<u64>, default: Option<u64>| own.or(default).map(|v| i64::try_from(v).unwrap_or(MOST).min(MOST));
    Sizes {
        cpu_request: amount(r.cpu_request, defaults.cpu_request),
        cpu_limit: amount(r.cpu_limit, defaults.cpu_limit),
        memory_request: amount(r.memory_request, defaults.memory_request),
        memory_limit: amount(r.memory_limit, defaults.memory_limit),
    }
}

/// What the scheduler sets aside for a pod, in millicores and bytes: the sum over what runs together, or what the
/// hungriest init container needs beside the sidecars started before it, whichever is more.
pub fn pod_request(containers: &[SizedContainer], side: impl Fn(&SizedContainer) -> Sizes) -> (i64, i64) {
    pod_total(containers, |c| (side(c).cpu_request, side(c).memory_request))
}

/// What a pod may use at most as far as limits are set, by the same rule.
pub fn pod_limit(containers: &[SizedContainer], side: impl Fn(&SizedContainer) -> Sizes) -> (i64, i64) {
    pod_total(containers, |c| (side(c).cpu_limit, side(c).memory_limit))
}

fn pod_total(
    containers: &[SizedContainer],
    amounts: impl Fn(&SizedContainer) -> (Option<i64>, Option<i64>),
) -> (i64, i64) {
    let (mut running, mut started, mut peak) = ((0, 0), (0, 0), (0, 0));
    for c in containers {
        let (cpu, memory) = amounts(c);
        let own: (i64, i64) = (cpu.unwrap_or(0), memory.unwrap_or(0));
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
    // An amount of nothing counts as none.
    let set = |v: Option<i64>| v.is_some_and(|v| v > 0);
    let says = |s: &Sizes| set(s.cpu_request) || set(s.cpu_limit) || set(s.memory_request) || set(s.memory_limit);
    if !all.iter().any(says) {
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

/// The strategic merge patch of the workload that sets what would change; a limit that goes away is `null`. Of a resource
/// that changes, everything is set that the template does not say already: a request that was only filled in from its
/// limit would else move with the limit.
pub fn patch(kind: WorkloadKind, containers: &[SizedContainer], template: &Template) -> Value {
    let (mut apps, mut inits) = (Vec::new(), Vec::new());
    for c in containers.iter().filter(|c| c.changes()) {
        let Some(written) = template.container(&c.name) else { continue };
        let said = |v: Option<u64>| v.and_then(|v| i64::try_from(v).ok());
        let (r, to) = (&written.resources, c.to);
        let (cpu, memory) = (c.cpu_changes(), c.memory_changes());
        let entries = [
            ("requests", "cpu", cpu, said(r.cpu_request), to.cpu_request),
            ("requests", "memory", memory, said(r.memory_request), to.memory_request),
            ("limits", "cpu", cpu, said(r.cpu_limit), to.cpu_limit),
            ("limits", "memory", memory, said(r.memory_limit), to.memory_limit),
        ];
        let mut resources = Map::new();
        for (part, resource, changes, said, to) in entries {
            if !changes || said == to {
                continue;
            }
            let format = if resource == "cpu" { amount::cpu } else { amount::memory };
            let value = to.map_or(Value::Null, |v| Value::String(format(v)));
            if let Some(part) = resources.entry(part).or_insert_with(|| json!({})).as_object_mut() {
                part.insert(resource.to_owned(), value);
            }
        }
        let entry = json!({"name": &*c.name, "resources": resources});
        if written.kind == ContainerKind::App { apps.push(entry) } else { inits.push(entry) }
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

#[cfg(test)]
mod tests;
