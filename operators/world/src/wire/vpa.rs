//! VerticalPodAutoscalers on the wire.

use serde::{Deserialize, de::IgnoredAny};

use super::{Object, Wire, target::TargetRef};
use crate::{
    kind::Kind,
    row::{VpaMode, VpaRow},
    tables::Tables,
};

/// `autoscaling.k8s.io/v1` VerticalPodAutoscaler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VerticalPodAutoscaler;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct VpaSpec {
    target_ref: Option<TargetRef>,
    update_policy: Option<UpdatePolicy>,
    resource_policy: Option<ResourcePolicy>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UpdatePolicy {
    update_mode: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourcePolicy {
    container_policies: Option<Vec<ContainerPolicy>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerPolicy {
    container_name: Option<String>,
    mode: Option<String>,
    controlled_resources: Option<Vec<String>>,
}

impl VpaSpec {
    /// Whether it sizes CPU, and memory, of any container.
    fn controls(&self) -> (bool, bool) {
        let policies = self.resource_policy.as_ref().and_then(|p| p.container_policies.as_deref()).unwrap_or_default();
        // A policy of the name `*` is for all containers that have none of their own; without one those are sized too.
        if !policies.iter().any(|p| p.container_name.as_deref() == Some("*")) {
            return (true, true);
        }
        let on = policies.iter().filter(|p| p.mode.as_deref() != Some("Off"));
        on.fold((false, false), |(cpu, memory), policy| {
            let named = |resource: &str| {
                policy.controlled_resources.as_ref().is_none_or(|list| list.iter().any(|r| r == resource))
            };
            (cpu || named("cpu"), memory || named("memory"))
        })
    }
}

impl Wire for VerticalPodAutoscaler {
    type Labels = IgnoredAny;
    type Annotations = IgnoredAny;
    type ManagedFields = IgnoredAny;
    type Spec = VpaSpec;
    type Status = IgnoredAny;

    fn store(_: Kind, object: Object<Self>, tables: &mut Tables) {
        let Object { head, spec, .. } = object;
        let interner = &mut tables.interner;
        let (namespace, name) = head.key(interner);
        let written = spec.update_policy.as_ref().and_then(|p| p.update_mode.as_deref()).unwrap_or("Auto");
        let (cpu, memory) = spec.controls();
        let row = VpaRow {
            target: spec.target_ref.unwrap_or_default().row(&namespace, interner),
            mode: match written {
                "Off" => VpaMode::Off,
                "Initial" => VpaMode::Initial,
                _ => VpaMode::Always,
            },
            update_mode: interner.text(written),
            cpu,
            memory,
            namespace,
            name,
        };
        tables.put_vpa(row);
    }
}
