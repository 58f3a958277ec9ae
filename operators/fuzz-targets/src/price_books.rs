//! What holds for every price book, and for the prices that it gives.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::civil::{Date, date};
use serde_json::Value;
use trimtab_api::{PriceBook, PriceBookSpec, manifest};
use trimtab_pricing::{
    CapacityType, CheckedBook, Money, NodeEntry, NodeEntryMatch, NodeFacts, NodePrice, NodeRate, PriceSourceKind,
    PriceTable, TableError, node::label, node_price, object,
};

use crate::{amounts::amount, assert_shown, each_text};

static TABLE: LazyLock<Result<PriceTable, TableError>> = LazyLock::new(PriceTable::built_in);

const TODAY: Date = date(2026, 11, 1);
const GIB: u64 = 1 << 30;

/// The only problem of a book that its schema does not see.
const BEYOND_THE_SCHEMA: &str = "selects the same nodes as";

/// Checks a PriceBook as JSON, and each text in it as an amount. What is no JSON is checked as amounts, one a line.
///
/// # Panics
/// Where a property does not hold.
pub fn price_books(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return each_text(data, amount) };
    each_string(&value, &mut amount);
    // What the API server stores can be used: its schema and its rules are slow to evaluate, and not needed for most.
    if !can_be_used(&value)
        && value["kind"] == "PriceBook"
        && let Ok(stored) = manifest::checked(&value)
    {
        assert!(can_be_used(&stored), "{stored}");
    }
}

fn can_be_used(manifest: &Value) -> bool {
    let spec = serde_json::from_value::<PriceBookSpec>(manifest["spec"].clone());
    spec.is_ok_and(|spec| is_usable(&PriceBook::new("contract", spec)))
}

fn each_string(value: &Value, check: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => check(text),
        Value::Array(items) => items.iter().for_each(|item| each_string(item, check)),
        Value::Object(fields) => fields.values().for_each(|field| each_string(field, check)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a book can be used, or has only a problem that its schema does not see.
fn is_usable(object: &PriceBook) -> bool {
    let written = serde_json::to_value(&object.spec).and_then(serde_json::from_value::<PriceBookSpec>);
    assert_eq!(written.ok().as_ref(), Some(&object.spec), "it comes back from JSON");
    match object::book(object) {
        Ok(book) => {
            assert_eq!(book.book().nodes.len(), object.spec.nodes.len(), "an entry is lost");
            assert_eq!(book.book().discounts.len(), object.spec.discounts.len(), "a discount is lost");
            checked(&book);
            true
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems.iter().filter(|problem| problem.len() < 500) {
                assert_shown(problem, "");
            }
            problems.iter().all(|problem| problem.contains(BEYOND_THE_SCHEMA))
        }
    }
}

/// What holds for a book without a problem.
fn checked(book: &CheckedBook) {
    let inner = book.book();
    let mut names = BTreeSet::new();
    for entry in &inner.nodes {
        assert!(names.insert(&entry.name), "two entries {}", entry.name);
        let amounts = amounts(&entry.rate);
        assert!(amounts.iter().all(|amount| !amount.is_negative()), "{entry:?}");
        assert_eq!(amounts.iter().any(|amount| amount.is_zero()), entry.free, "{entry:?}");
        assert_ne!(entry.matches, NodeEntryMatch::InstanceType(String::new()), "{entry:?}");
    }
    if let Some(units) = inner.default {
        assert!(amounts(&NodeRate::Units(units)).iter().all(|amount| *amount > Money::ZERO), "{units:?}");
    }
    assert!(inner.discounts.iter().all(|discount| discount.percent < 100), "{:?}", inner.discounts);
    let is_free = inner.nodes.iter().any(|entry| entry.free);
    for node in nodes() {
        price(&node, book, is_free);
    }
    for (entry, node) in inner.nodes.iter().filter_map(|entry| Some((entry, node_of(entry)?))) {
        let kind = price(&node, book, is_free).map(|price| price.source.kind);
        let is_own = matches!(kind, Some(PriceSourceKind::BookSelector | PriceSourceKind::BookInstanceType));
        assert!(is_own, "{entry:?} does not price {node:?}: {kind:?}");
    }
}

fn amounts(rate: &NodeRate) -> Vec<Money> {
    match rate {
        NodeRate::Hourly(hourly) => vec![*hourly],
        NodeRate::Units(units) => {
            [units.cpu_core_hourly, units.memory_gib_hourly].into_iter().chain(units.gpu_hourly).collect()
        }
    }
}

/// A price is never below zero, zero only where the book says so, and the sum of its parts.
fn price(node: &NodeFacts, book: &CheckedBook, is_free: bool) -> Option<NodePrice> {
    assert!(TABLE.is_ok(), "{:?}", TABLE.as_ref().err());
    let found = TABLE.as_ref().ok().map(|table| node_price(node, Some(book), table, TODAY))?;
    let price = match found {
        Ok(price) => price,
        Err(error) => {
            assert!(error.to_string().contains(&node.name), "{error}");
            return None;
        }
    };
    let units = price.units;
    for amount in [price.hourly, units.cpu_core_hourly, units.memory_gib_hourly, units.gpu_hourly] {
        assert!(!amount.is_negative(), "{node:?}: {price:?}");
    }
    assert!(is_free || price.hourly > Money::ZERO, "{node:?}: {price:?}");
    assert_eq!(price.currency, book.book().currency);
    let off = units.total(price.shape).and_then(|total| total.checked_sub(price.hourly)).map(Money::abs);
    let is_usual = price.shape.memory_bytes <= (1 << 16) * GIB && price.shape.cpu_millis <= 10_000_000;
    assert!(!is_usual || off.is_some_and(|off| off <= Money::from_nanos(1)), "{node:?}: {price:?}");
    Some(price)
}

fn node(name: &str, labels: &[(&str, &str)]) -> NodeFacts {
    NodeFacts {
        name: name.to_owned(),
        provider_id: String::new(),
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        cpu_millis: 2_000,
        memory_bytes: 8 * GIB,
        gpus: 0,
    }
}

/// Nodes of all kinds, whatever the book says.
fn nodes() -> [NodeFacts; 6] {
    let m5 = [(label::INSTANCE_TYPE, "m5.large"), (label::REGION, "eu-central-1"), (label::EKS_NODEGROUP, "web")];
    [
        node("aws", &m5),
        node("spot", &[m5.as_slice(), &[(label::KARPENTER_CAPACITY, "spot")]].concat()),
        NodeFacts { cpu_millis: 0, memory_bytes: 0, ..node("silent", &m5) },
        NodeFacts { gpus: 8, ..node("rack", &[(label::ZONE, "fra-rack-1")]) },
        NodeFacts { cpu_millis: 1, memory_bytes: 50_001 * GIB, ..node("lopsided", &[("pool", "a")]) },
        NodeFacts { cpu_millis: u64::MAX, memory_bytes: u64::MAX, gpus: u32::MAX, ..node("endless", &m5) },
    ]
}

/// A node that an entry by machine type covers.
fn node_of(entry: &NodeEntry) -> Option<NodeFacts> {
    let NodeEntryMatch::InstanceType(name) = &entry.matches else { return None };
    let capacity = match entry.capacity {
        Some(CapacityType::Spot) => "spot",
        Some(CapacityType::Reserved) => "reserved",
        Some(CapacityType::OnDemand) | None => "on-demand",
    };
    let mut labels = vec![(label::INSTANCE_TYPE, name.as_str()), (label::KARPENTER_CAPACITY, capacity)];
    if let Some(region) = entry.region.as_deref() {
        // No node has an empty one.
        labels.push((label::REGION, Some(region).filter(|region| !region.is_empty())?));
    }
    Some(node("named", &labels))
}
