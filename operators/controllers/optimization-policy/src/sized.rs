//! Sizes of a workload's containers, now and proposed, and a pod's total requests.
//!
//! In: the template and the verdicts of `trimtab-sizing`. Out: container sizes, the resulting pod totals, and the
//! strategic merge patch. Pure.

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

/// Maximum amount in computations, so that sums over a pod stay in range: 2⁵³ bytes are 8 PiB.
const MOST: i64 = 1 << 53;

/// The namespace's defaults for containers without their own values.
pub type Defaults = row::Resources;

/// One container with its present and proposed sizes.
#[derive(Clone, Debug)]
pub struct SizedContainer {
    /// Its name.
    pub name: Arc<str>,
    /// Its role in the pod.
    pub kind: ContainerKind,
    /// Its present sizes.
    pub from: Sizes,
    /// Its proposed sizes.
    pub to: Sizes,
}

impl SizedContainer {
    /// An unchanged container. `defaults` are those of its namespace.
    pub fn unchanged(container: &TemplateContainer, defaults: &Defaults) -> Self {
        let sizes = sizes(container, defaults);
        Self { name: container.name.clone(), kind: container.kind, from: sizes, to: sizes }
    }

    /// A container of a running pod that the template lacks. It stays unchanged.
    pub fn injected(container: &PodContainer, defaults: &Defaults) -> Self {
        let sizes = from_resources(*container.in_force(), defaults);
        Self { name: container.name.clone(), kind: container.kind, from: sizes, to: sizes }
    }

    /// Whether its limits equal its requests, as in a Guaranteed pod.
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

    /// Whether its proposed sizes are valid in a pod: no request above its limit.
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

/// The sizes of a template's container in a running pod. Unset values are filled in as the API server does: requests
/// from limits, then both from the namespace's defaults. Amounts of 0 are unset.
pub fn sizes(container: &TemplateContainer, defaults: &Defaults) -> Sizes {
    from_resources(*container.resources, defaults)
}

/// The sizes of a container in a running pod.
pub fn in_force(resources: row::Resources) -> Sizes {
    from_resources(resources, &Defaults::default())
}

/// The sizes, in a new pod, of a container with these requests and limits. `defaults` are those of its namespace.
pub fn from_resources(resources: row::Resources, defaults: &Defaults) -> Sizes {
    let own = resources.with_defaulted_requests();
    let r = Defaults {
        cpu_request: own.cpu_request.or(defaults.cpu_request),
        cpu_limit: own.cpu_limit.or(defaults.cpu_limit),
        memory_request: own.memory_request.or(defaults.memory_request),
        memory_limit: own.memory_limit.or(defaults.memory_limit),
    }
    .without_zeros();
    // Amounts beyond any machine are capped at the maximum in computations.
    let amount = |v: Option<u64>| v.map(|v| i64::try_from(v).unwrap_or(MOST).min(MOST));
    Sizes {
        cpu_request: amount(r.cpu_request),
        cpu_limit: amount(r.cpu_limit),
        memory_request: amount(r.memory_request),
        memory_limit: amount(r.memory_limit),
    }
}

/// The same sizes in the world's format.
pub fn resources(sizes: Sizes) -> row::Resources {
    let amount = |v: Option<i64>| v.map(|v| u64::try_from(v).unwrap_or(0));
    row::Resources {
        cpu_request: amount(sizes.cpu_request),
        cpu_limit: amount(sizes.cpu_limit),
        memory_request: amount(sizes.memory_request),
        memory_limit: amount(sizes.memory_limit),
    }
}

/// The total requests and limits of a pod, see [`row::pod_total`].
pub fn pod_total(containers: &[SizedContainer], side: impl Fn(&SizedContainer) -> Sizes) -> row::Resources {
    row::pod_total(containers.iter().map(|c| (c.kind, resources(side(c)))))
}

/// What the scheduler reserves for a pod, in millicores and bytes.
pub fn pod_request(containers: &[SizedContainer], side: impl Fn(&SizedContainer) -> Sizes) -> (i64, i64) {
    let total = pod_total(containers, side);
    let amount = |v: Option<u64>| i64::try_from(v.unwrap_or(0)).unwrap_or(MOST);
    (amount(total.cpu_request), amount(total.memory_request))
}

/// The QoS class of a pod.
pub fn qos(containers: &[SizedContainer], side: impl Fn(&SizedContainer) -> Sizes) -> QosClass {
    QosClass::of(containers.iter().map(|c| resources(side(c))))
}

/// Sizes in the format of objects.
pub fn written(name: &str, sizes: Sizes) -> ContainerResources {
    let cpu = |v: Option<i64>| v.map(|v| Quantity(amount::cpu(v)));
    let memory = |v: Option<i64>| v.map(|v| Quantity(amount::memory(v)));
    ContainerResources {
        name: name.to_owned(),
        requests: Resources { cpu: cpu(sizes.cpu_request), memory: memory(sizes.memory_request) },
        limits: Resources { cpu: cpu(sizes.cpu_limit), memory: memory(sizes.memory_limit) },
    }
}

/// `500m→120m`, or one figure if nothing changes, or `-` if nothing is set.
pub fn arrow(from: i64, to: i64, format: impl Fn(i64) -> String) -> String {
    let one = |v: i64| if v == 0 { "-".to_owned() } else { format(v) };
    if from == to {
        return one(to);
    }
    // Beside an arrow a dash is easily taken for a part of it.
    let side = |v: i64| if v == 0 { "unset".to_owned() } else { format(v) };
    format!("{}→{}", side(from), side(to))
}

/// The workload's strategic merge patch that sets the changes; a removed limit is `null`. For a changed resource it
/// sets everything that the template does not say already: a request that was only defaulted from its limit would
/// otherwise move with the limit.
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
