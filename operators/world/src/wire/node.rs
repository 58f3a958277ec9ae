//! Namespaces and nodes on the wire.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::ClusterResourceScope;
use serde::{Deserialize, de::IgnoredAny};
use trimtab_core::quantity;

use super::{
    Object, Wire,
    pairs::{All, Own, Pairs},
};
use crate::{
    kind::Kind,
    row::{NamespaceRow, NodeCapacity, NodeRow},
    tables::Tables,
};

/// `v1` Namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Namespace;

impl Wire for Namespace {
    const KIND: Kind = Kind::Namespace;
    type Scope = ClusterResourceScope;
    type Labels = Pairs<All>;
    type Annotations = Pairs<Own>;
    type ManagedFields = IgnoredAny;
    type Spec = IgnoredAny;
    type Status = IgnoredAny;

    fn store(object: Object<Self>, tables: &mut Tables) {
        let Object { head, .. } = object;
        let interner = &mut tables.interner;
        let row = NamespaceRow {
            name: interner.text(&head.name),
            labels: head.labels.row(interner),
            annotations: head.annotations.row(interner),
            terminating: head.deletion_timestamp.is_some(),
        };
        tables.put_namespace(row);
    }
}

/// `v1` Node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NodeSpec {
    #[serde(rename = "providerID")]
    provider_id: Option<String>,
    unschedulable: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NodeStatus {
    capacity: Option<Capacity>,
    allocatable: Option<Capacity>,
    conditions: Option<Vec<Condition>>,
    addresses: Option<Vec<Address>>,
}

/// An address of any type: internal, external, host name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Address {
    address: Box<str>,
}

/// A condition of any object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Condition {
    pub(crate) r#type: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) last_transition_time: Option<Timestamp>,
}

/// Whether the condition `name` is `True`.
pub(crate) fn is_true(conditions: Option<&[Condition]>, name: &str) -> bool {
    conditions.unwrap_or_default().iter().any(|c| c.r#type == name && c.status == "True")
}

/// A node's resource list with all of its names, since GPUs are named by their makers.
#[derive(Clone, Debug, Default, Deserialize)]
struct Capacity(HashMap<String, String>);

impl Capacity {
    /// An amount that does not read counts as absent: a node is never left out of the cost for an exotic resource.
    fn row(&self) -> NodeCapacity {
        let amount = |name: &str| self.0.get(name).and_then(|text| quantity::bytes(text).ok()).unwrap_or(0);
        let gpus = self.0.iter().filter(|(name, _)| name.ends_with("/gpu"));
        NodeCapacity {
            cpu: self.0.get("cpu").and_then(|text| quantity::cpu_millis(text).ok()).unwrap_or(0),
            memory: amount("memory"),
            pods: amount("pods"),
            gpus: gpus.filter_map(|(_, text)| quantity::bytes(text).ok()).fold(0, u64::saturating_add),
        }
    }
}

impl Wire for Node {
    const KIND: Kind = Kind::Node;
    type Scope = ClusterResourceScope;
    type Labels = Pairs<All>;
    type Annotations = IgnoredAny;
    type ManagedFields = IgnoredAny;
    type Spec = NodeSpec;
    type Status = NodeStatus;

    fn store(object: Object<Self>, tables: &mut Tables) {
        let Object { head, spec, status, .. } = object;
        let interner = &mut tables.interner;
        let addresses = status.addresses.unwrap_or_default().into_iter().map(|one| one.address);
        let row = NodeRow {
            name: interner.text(&head.name),
            provider_id: spec.provider_id.filter(|id| !id.is_empty()).map(Arc::from),
            addresses: addresses.filter(|address| !address.is_empty() && **address != *head.name).collect(),
            labels: head.labels.row(interner),
            capacity: status.capacity.unwrap_or_default().row(),
            allocatable: status.allocatable.unwrap_or_default().row(),
            ready: is_true(status.conditions.as_deref(), "Ready"),
            unschedulable: spec.unschedulable.unwrap_or(false),
        };
        tables.put_node(row);
    }
}
