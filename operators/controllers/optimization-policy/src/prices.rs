//! Node prices for one pass: each node priced once, and the mix of nodes on which a workload's pods run.
//!
//! In: nodes, the price books, and today's date. Out: a [`PriceMix`] per workload. Pure except for the built-in table,
//! which is part of the program.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use trimtab_pricing::{CheckedBook, CostError, NodeFacts, NodePrice, PriceMix, PriceTable, node_price};
use trimtab_sizing::NodeRoom;
use trimtab_world::row::{Labels, NodeRow, PodRow};

/// The price of every node that has one.
#[derive(Debug, Default)]
pub struct NodePrices {
    by_node: BTreeMap<String, (NodePrice, Labels)>,
    /// The allocatable resources of each kind of node: its labels, CPU in millicores and memory in bytes.
    room: Vec<(Labels, NodeRoom)>,
    /// The largest of them.
    largest: NodeRoom,
    /// Nodes without a price, with the reason.
    pub unpriced: Vec<(String, String)>,
}

impl NodePrices {
    /// Prices all nodes.
    pub fn new<'a>(
        nodes: impl IntoIterator<Item = &'a NodeRow>,
        book: Option<&CheckedBook>,
        table: &PriceTable,
        today: Date,
    ) -> Self {
        let mut prices = Self::default();
        for node in nodes {
            let amount = |v: u64| i64::try_from(v).ok().filter(|v| *v > 0);
            let room = NodeRoom { cpu: amount(node.allocatable.cpu), memory: amount(node.allocatable.memory) };
            prices.largest = larger(prices.largest, room);
            prices.room.push((node.labels.clone(), room));
            match node_price(&facts(node), book, table, today) {
                Ok(price) => drop(prices.by_node.insert(node.name.to_string(), (price, node.labels.clone()))),
                Err(error) => prices.unpriced.push((node.name.to_string(), error.to_string())),
            }
        }
        prices
    }

    /// The largest node with the labels of `selector`, for each resource separately.
    pub fn largest(&self, selector: &Labels) -> NodeRoom {
        if selector.iter().next().is_none() {
            return self.largest;
        }
        let allowed = self.room.iter().filter(|(labels, _)| allows(selector, labels));
        allowed.map(|(_, room)| *room).fold(NodeRoom::default(), larger)
    }

    /// How many of these pods run on nodes with GPUs.
    pub fn on_gpu_nodes<'a>(&self, pods: impl IntoIterator<Item = &'a PodRow>) -> u32 {
        let has_gpus = |node: &str| self.by_node.get(node).is_some_and(|(price, _)| price.shape.gpus > 0);
        let found = pods.into_iter().filter_map(|p| p.node.as_deref()).filter(|node| has_gpus(node)).count();
        u32::try_from(found).unwrap_or(u32::MAX)
    }

    /// The mix of nodes on which these pods run; of the nodes that `selector` allows if none of them runs at present.
    ///
    /// # Errors
    /// If no node has a price, or prices are in different currencies.
    pub fn mix<'a>(
        &self,
        pods: impl IntoIterator<Item = &'a PodRow>,
        selector: &Labels,
    ) -> Result<PriceMix, CostError> {
        let mut count: HashMap<&str, u32> = HashMap::new();
        for node in pods.into_iter().filter_map(|p| p.node.as_deref()) {
            *count.entry(node).or_default() += 1;
        }
        let used = self.by_node.iter().filter_map(|(name, (price, _))| Some((price, *count.get(name.as_str())?)));
        match PriceMix::new(used) {
            Err(CostError::NoNode) => PriceMix::new(
                self.by_node.values().filter(|(_, labels)| allows(selector, labels)).map(|(price, _)| (price, 0)),
            ),
            mix => mix,
        }
    }
}

fn allows(selector: &Labels, labels: &Labels) -> bool {
    selector.iter().all(|(k, v)| labels.get(k) == Some(v))
}

fn larger(a: NodeRoom, b: NodeRoom) -> NodeRoom {
    NodeRoom { cpu: a.cpu.max(b.cpu), memory: a.memory.max(b.memory) }
}

fn facts(node: &NodeRow) -> NodeFacts {
    NodeFacts {
        name: node.name.to_string(),
        provider_id: node.provider_id.as_deref().unwrap_or_default().to_owned(),
        labels: node.labels.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        cpu_millis: node.capacity.cpu,
        memory_bytes: node.capacity.memory,
        gpus: u32::try_from(node.capacity.gpus).unwrap_or(u32::MAX),
    }
}
