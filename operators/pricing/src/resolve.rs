//! The price of a node.
//!
//! In: the node, the price book if there is one, the built-in table, today's date. Out: the price of the node and of
//! its parts, with its source and all assumptions; or an error. Never zero by default, never a guess that is not marked
//! as one. The order of sources is in the crate's description.

use std::sync::Arc;

use jiff::civil::Date;
use thiserror::Error;

use crate::{
    book::{CheckedBook, NodeEntryMatch, NodeRate, UnitPrices},
    money::{Currency, Money},
    node::{NodeClass, NodeFacts},
    node_class::classify,
    source::{PriceSource, PriceSourceKind},
    split::{REFERENCE, REFERENCE_AS_OF, Shape, Units, split},
    table::{PriceTable, TableError},
    table_price::table_price,
};

/// The price of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePrice {
    /// Per hour.
    pub hourly: Money,
    /// Per core, GiB and GPU and hour; times the shape, they give `hourly` to within 10⁻⁹.
    pub units: Units,
    /// The currency of all of these.
    pub currency: Currency,
    /// Its CPU, memory and GPUs.
    pub shape: Shape,
    /// The look-up keys of the price.
    pub class: NodeClass,
    /// Its source and date; shared with everything computed from it.
    pub source: Arc<PriceSource>,
}

/// Why a node has no price.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PriceError {
    /// Neither the node nor the built-in table has its CPU and memory.
    #[error("node {node}: its CPU and memory are not known, so its price cannot be split")]
    UnknownCapacity {
        /// The node.
        node: String,
    },
    /// The book has another currency than the built-in prices, and does not cover the node.
    #[error(
        "node {node}: price book {book} is in {currency} and does not price it; built-in prices in USD are not mixed in"
    )]
    NotInBook {
        /// The node.
        node: String,
        /// The book.
        book: String,
        /// The book's currency.
        currency: Currency,
    },
    /// A price or a size out of range.
    #[error("node {node}: its price or its size is too large to compute")]
    Overflow {
        /// The node.
        node: String,
    },
    /// The built-in table is damaged.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// A result from a source: the whole node or its parts.
pub(crate) struct Found {
    pub rate: NodeRate,
    pub source: PriceSource,
}

/// The price of a node.
///
/// # Errors
/// [`PriceError`] explains why there is none.
pub fn node_price(
    node: &NodeFacts,
    book: Option<&CheckedBook>,
    table: &PriceTable,
    today: Date,
) -> Result<NodePrice, PriceError> {
    let class = classify(node);
    let (shape, typed) = shape_of(node, &class, table)?;
    let (currency, mut found) = find(node, &class, book, table)?;
    let overflow = || PriceError::Overflow { node: node.name.clone() };
    let (hourly, units) = match found.rate {
        NodeRate::Hourly(hourly) => (hourly, split(hourly, shape).ok_or_else(overflow)?),
        NodeRate::Units(prices) => {
            if shape.gpus > 0 && prices.gpu_hourly.is_none() {
                found.source.estimated = true;
                found.source.notes.push(format!("its {} GPUs are not in the price", shape.gpus));
            }
            let units = Units {
                cpu_core_hourly: prices.cpu_core_hourly,
                memory_gib_hourly: prices.memory_gib_hourly,
                gpu_hourly: prices.gpu_hourly.unwrap_or_default(),
            };
            (units.total(shape).ok_or_else(overflow)?, units)
        }
    };
    if typed {
        found.source.notes.push("CPU and memory are those of the machine type".to_owned());
    }
    Ok(NodePrice { hourly, units, currency, shape, class, source: Arc::new(found.source.aged(today)) })
}

/// The node's own shape, or else that of its machine type; and whether it was the latter.
fn shape_of(node: &NodeFacts, class: &NodeClass, table: &PriceTable) -> Result<(Shape, bool), PriceError> {
    let said = Shape { cpu_millis: node.cpu_millis, memory_bytes: node.memory_bytes, gpus: node.gpus };
    let typed = match class.instance_type.as_deref() {
        // GPUs that no device plugin has announced yet cost as much as others.
        Some(name) if !said.is_known() || said.gpus == 0 => table.shape(class.provider, name)?,
        _ => None,
    };
    match typed {
        _ if said.is_known() => {
            let gpus = if said.gpus > 0 { said.gpus } else { typed.map_or(0, |t| t.gpus) };
            Ok((Shape { gpus, ..said }, false))
        }
        Some(typed) => Ok((typed, true)),
        None => Err(PriceError::UnknownCapacity { node: node.name.clone() }),
    }
}

fn find(
    node: &NodeFacts,
    class: &NodeClass,
    book: Option<&CheckedBook>,
    table: &PriceTable,
) -> Result<(Currency, Found), PriceError> {
    let currency = book.map_or(Currency::USD, |b| b.book().currency);
    if let Some(found) = book.and_then(|b| book_entry(node, class, b)) {
        return Ok((currency, found));
    }
    let in_usd = currency == Currency::USD;
    if let Some(found) = if in_usd { table_price(class, book, table)? } else { None } {
        return Ok((currency, found));
    }
    match book {
        Some(book) => match book.book().default {
            Some(units) => Ok((currency, book_default(book, units))),
            None if in_usd => Ok((currency, estimate(class))),
            None => {
                let book = book.book().name.clone();
                Err(PriceError::NotInBook { node: node.name.clone(), book, currency })
            }
        },
        None => Ok((currency, estimate(class))),
    }
}

/// The first matching entry of the book.
fn book_entry(node: &NodeFacts, class: &NodeClass, book: &CheckedBook) -> Option<Found> {
    let entry = book.book().nodes.iter().find(|e| e.fits(node, class))?;
    let kind = match entry.matches {
        NodeEntryMatch::Selector(_) => PriceSourceKind::BookSelector,
        NodeEntryMatch::InstanceType(_) => PriceSourceKind::BookInstanceType,
    };
    let mut source = book_source(book, kind, format!("entry {}", entry.name));
    source.region_used.clone_from(&entry.region);
    Some(Found { rate: entry.rate, source })
}

fn book_default(book: &CheckedBook, units: UnitPrices) -> Found {
    let subject = "default per core and GiB".to_owned();
    Found { rate: NodeRate::Units(units), source: book_source(book, PriceSourceKind::BookDefault, subject) }
}

fn book_source(book: &CheckedBook, kind: PriceSourceKind, subject: String) -> PriceSource {
    let book = book.book();
    PriceSource {
        kind,
        name: format!("price book {}", book.name),
        subject: format!("{subject} ({})", book.source),
        as_of: book.as_of,
        region_used: None,
        estimated: false,
        stale: false,
        discount_percent: 0,
        notes: vec![],
    }
}

/// The assumed price of a node that nothing else covers: the reference prices per core, GiB and GPU.
fn estimate(class: &NodeClass) -> Found {
    let node = match &class.instance_type {
        Some(name) => format!("{} machine type {name}", class.provider),
        None => format!("{} without a machine type", class.provider),
    };
    let units = UnitPrices {
        cpu_core_hourly: REFERENCE.cpu_core_hourly,
        memory_gib_hourly: REFERENCE.memory_gib_hourly,
        gpu_hourly: Some(REFERENCE.gpu_hourly),
    };
    let source = PriceSource {
        kind: PriceSourceKind::Estimate,
        name: "estimate".to_owned(),
        subject: "OpenCost's default prices per core and GiB".to_owned(),
        as_of: REFERENCE_AS_OF,
        region_used: None,
        estimated: true,
        stale: false,
        discount_percent: 0,
        notes: vec![format!("no price is known for {node}")],
    };
    Found { rate: NodeRate::Units(units), source }
}
