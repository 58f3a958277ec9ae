//! Sizes of a workload's containers, now and proposed, and what a pod asks for in total.
//!
//! In: the template and the verdicts of `trimtab-sizing`. Out: container sizes, what a pod makes of them, and the strategic
//! merge patch. Pure.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use trimtab_api::{
    quantity::Quantity,
    resources::{ContainerResources, Resources},
};
use trimtab_core::WorkloadKind;
use trimtab_sizing::Sizes;
use trimtab_world::row::{self, ContainerKind, PodContainer, QosClass, Template, TemplateContainer};

use crate::amount;

/// The most that is computed with, so that sums over a pod stay in range: 2⁵³ bytes are 8 PiB.
const MOST: i64 = 1 << 53;

/// What a namespace gives to containers that say nothing.
pub type Defaults = row::Resources;

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

    /// A container of a running pod that the template does not have. It stays as it is.
    pub fn injected(container: &PodContainer, defaults: &Defaults) -> Self {
        let sizes = from_resources(*container.in_force(), defaults);
        Self { name: container.name.clone(), kind: container.kind, from: sizes, to: sizes }
    }

    /// Whether its limits are its requests, as those of a Guaranteed pod.
    pub fn is_guaranteed(&self) -> bool {
        let s = self.from;
        s.cpu_limit.is_some()
            && s.memory_limit.is_some()
            && s.cpu_request == s.cpu_limit
            && s.memory_request == s.memory_limit
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
/// from limits, then both from the namespace's defaults. Amounts of 0 are unset.
pub fn sizes(container: &TemplateContainer, defaults: &Defaults) -> Sizes {
    from_resources(*container.resources, defaults)
}

/// What a container of a running pod has.
pub fn in_force(resources: row::Resources) -> Sizes {
    from_resources(resources, &Defaults::default())
}

/// What a container with these requests and limits has in a new pod. `defaults` are those of its namespace.
pub fn from_resources(resources: row::Resources, defaults: &Defaults) -> Sizes {
    let own = resources.with_defaulted_requests();
    let r = Defaults {
        cpu_request: own.cpu_request.or(defaults.cpu_request),
        cpu_limit: own.cpu_limit.or(defaults.cpu_limit),
        memory_request: own.memory_request.or(defaults.memory_request),
        memory_limit: own.memory_limit.or(defaults.memory_limit),
    }
    .without_zeros();
    // Beyond what a machine can have, the most that can be computed with will do.
    let amount = |v: Option<u64>| v.map(|v| i64::try_from(v).unwrap_or(MOST).min(MOST));
    Sizes {
        cpu_request: amount(r.cpu_request),
        cpu_limit: amount(r.cpu_limit),
        memory_request: amount(r.memory_request),
        memory_limit: amount(r.memory_limit),
    }
}

/// The same sizes as the world has them.
pub fn resources(sizes: Sizes) -> row::Resources {
    let amount = |v: Option<i64>| v.map(|v| u64::try_from(v).unwrap_or(0));
    row::Resources {
        cpu_request: amount(sizes.cpu_request),
        cpu_limit: amount(sizes.cpu_limit),
        memory_request: amount(sizes.memory_request),
        memory_limit: amount(sizes.memory_limit),
    }
}

/// What a pod asks for and may use, see [`row::pod_total`].
pub fn pod_total(containers: &[SizedContainer], side: impl Fn(&SizedContainer) -> Sizes) -> row::Resources {
    row::pod_total(containers.iter().map(|c| (c.kind, resources(side(c)))))
}

/// What the scheduler sets aside for a pod, in millicores and bytes.
pub fn pod_request(containers: &[SizedContainer], side: impl Fn(&SizedContainer) -> Sizes) -> (i64, i64) {
    let total = pod_total(containers, side);
    let amount = |v: Option<u64>| i64::try_from(v.unwrap_or(0)).unwrap_or(MOST);
    (amount(total.cpu_request), amount(total.memory_request))
}

/// The quality-of-service class of a pod.
pub fn qos(containers: &[SizedContainer], side: impl Fn(&SizedContainer) -> Sizes) -> QosClass {
    QosClass::of(containers.iter().map(|c| resources(side(c))))
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
