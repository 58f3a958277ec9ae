//! Nodes and price books for tests.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use jiff::civil::{Date, date};
use trimtab_core::selector::Requirement;
use trimtab_pricing::{
    CapacityType, CheckedBook, Currency, Discount, Money, NodeEntry, NodeEntryMatch, NodeFacts, NodeRate, PriceBook,
    UnitPrices,
};

pub const TODAY: Date = date(2026, 11, 1);
pub const GIB: u64 = 1 << 30;

pub fn money(text: &str) -> Money {
    Money::parse_signed(text).unwrap()
}

/// A node of 2 cores and 8 GiB.
pub fn node(provider_id: &str, labels: &[(&str, &str)]) -> NodeFacts {
    NodeFacts {
        name: "n1".into(),
        provider_id: provider_id.into(),
        labels: labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        cpu_millis: 2000,
        memory_bytes: 8 * GIB,
        gpus: 0,
    }
}

pub fn aws(region: &str, instance_type: &str, more: &[(&str, &str)]) -> NodeFacts {
    let own = [("node.kubernetes.io/instance-type", instance_type), ("topology.kubernetes.io/region", region)];
    node(&format!("aws:///{region}a/i-0f"), &[&own, more].concat())
}

pub fn units(cpu: &str, memory: &str) -> UnitPrices {
    UnitPrices { cpu_core_hourly: money(cpu), memory_gib_hourly: money(memory), gpu_hourly: None }
}

pub fn selector(key: &str, value: &str) -> NodeEntryMatch {
    NodeEntryMatch::Selector([Requirement::exactly(key, value)].into_iter().collect())
}

pub fn entry(name: &str, matches: NodeEntryMatch, hourly: &str) -> NodeEntry {
    let rate = NodeRate::Hourly(money(hourly));
    NodeEntry { name: name.into(), matches, region: None, capacity: None, rate, free: false }
}

pub fn instance_type(name: &str) -> NodeEntryMatch {
    NodeEntryMatch::InstanceType(name.into())
}

pub fn discount(name: &str, capacity: Option<CapacityType>, prefix: Option<&str>, percent: u8) -> Discount {
    let instance_type_prefix = prefix.map(str::to_owned);
    Discount { name: name.into(), provider: None, capacity, instance_type_prefix, percent }
}

pub fn book(nodes: Vec<NodeEntry>, default: Option<UnitPrices>, discounts: Vec<Discount>) -> PriceBook {
    PriceBook {
        name: "acme".into(),
        currency: Currency::USD,
        source: "contract 7".into(),
        as_of: date(2026, 5, 1),
        nodes,
        default,
        discounts,
    }
}

pub fn checked(nodes: Vec<NodeEntry>, default: Option<UnitPrices>, discounts: Vec<Discount>) -> CheckedBook {
    book(nodes, default, discounts).check().unwrap()
}
