//! Nodes: capacity, allocatable resources, and the labels by which they are priced.
//!
//! In: a Node as the API server sends it. Out: its row. A change of its capacity, labels or machine wakes the listeners
//! to nodes; heartbeats do not.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;
use trimtab_core::quantity;

use super::{Tabled, Watched, kind::Api};
use crate::{
    intern::Interner,
    row::Labels,
    tables::{Dirty, Key, Table, Tables},
    wire::{All, Condition, Head, Pairs, Parts, is_true},
    world::World,
};

pub(crate) const API: Api = Api::new("", "v1", "Node", "nodes").of_cluster();

/// Capacity or allocatable resources of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeCapacity {
    /// CPU in millicores.
    pub cpu: u64,
    /// Memory in bytes.
    pub memory: u64,
    /// Maximum number of pods.
    pub pods: u64,
    /// GPUs: the sum of extended resources whose name ends in `/gpu`, such as `nvidia.com/gpu`.
    pub gpus: u64,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name.
    pub name: Arc<str>,
    /// `spec.providerID` (`aws:///eu-central-1a/i-0abc`), where set.
    pub provider_id: Option<Arc<str>>,
    /// Its addresses and host names, by which a scrape target may name it.
    pub addresses: Box<[Box<str>]>,
    /// All of its labels: a price book may name any of them.
    pub labels: Labels,
    /// `status.capacity`.
    pub capacity: NodeCapacity,
    /// `status.allocatable`: what is left for pods after the system's reservation.
    pub allocatable: NodeCapacity,
    /// Whether its `Ready` condition is `True`.
    pub ready: bool,
    /// Whether it is cordoned.
    pub unschedulable: bool,
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

/// A node's resource list with all of its names, since GPU resources are named by their vendors.
#[derive(Clone, Debug, Default, Deserialize)]
struct Capacity(HashMap<String, String>);

impl Capacity {
    /// An unparsable amount counts as absent: a node is never left out of the cost for an exotic resource.
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

impl Watched for Node {
    type Wire = Parts<Head<Pairs<All>>, NodeSpec, NodeStatus>;
    type Store = Table<NodeRow>;
}

impl Tabled for Node {
    type Row = NodeRow;

    fn row((_, name): Key, object: Self::Wire, interner: &mut Interner) -> NodeRow {
        let Parts { head, spec, status } = object;
        let addresses = status.addresses.unwrap_or_default().into_iter().map(|one| one.address);
        NodeRow {
            provider_id: spec.provider_id.filter(|id| !id.is_empty()).map(Arc::from),
            addresses: addresses.filter(|address| !address.is_empty() && **address != *name).collect(),
            labels: head.labels.row(interner),
            capacity: status.capacity.unwrap_or_default().row(),
            allocatable: status.allocatable.unwrap_or_default().row(),
            ready: is_true(status.conditions.as_deref(), "Ready"),
            unschedulable: spec.unschedulable.unwrap_or(false),
            name,
        }
    }

    fn matters(row: &NodeRow) -> impl PartialEq {
        (&row.labels, &row.provider_id, row.capacity, row.allocatable)
    }

    fn wakes(_: &NodeRow, dirty: &mut Dirty) {
        dirty.nodes = true;
    }
}

impl Tables {
    /// All nodes.
    pub fn nodes(&self) -> Vec<Arc<NodeRow>> {
        self.stores.node.of("").cloned().collect()
    }

    /// The node `name`.
    pub fn node(&self, name: &str) -> Option<Arc<NodeRow>> {
        self.stores.node.get("", name).cloned()
    }
}

impl World {
    /// See [`Tables::nodes`].
    pub fn nodes(&self) -> Vec<Arc<NodeRow>> {
        self.read(Tables::nodes)
    }

    /// See [`Tables::node`].
    pub fn node(&self, name: &str) -> Option<Arc<NodeRow>> {
        self.read(|t| t.node(name))
    }
}
