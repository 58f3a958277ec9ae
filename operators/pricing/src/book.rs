//! The price book, as written and after validation.
//!
//! In: a [`PriceBook`] whose amounts are already numbers. Out: a [`CheckedBook`], or every problem in it. A book with a
//! problem is refused as a whole: half a book would give prices that nobody wrote.

use std::collections::BTreeSet;

use jiff::civil::Date;
use thiserror::Error;
use trimtab_core::selector::Selector;

use crate::{
    money::{Currency, Money},
    node::{CapacityType, NodeClass, NodeFacts, Provider},
};

/// Prices of nodes in this cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceBook {
    /// Its name.
    pub name: String,
    /// The currency of every amount in it.
    pub currency: Currency,
    /// The source of the prices, for people.
    pub source: String,
    /// The date of the prices.
    pub as_of: Date,
    /// Prices of nodes; the first matching entry counts.
    pub nodes: Vec<NodeEntry>,
    /// Price of nodes that match no entry and are not in the built-in table.
    pub default: Option<UnitPrices>,
    /// Discounts on prices of the built-in table; the first match counts, they never add up.
    pub discounts: Vec<Discount>,
}

/// The nodes that an entry covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeEntryMatch {
    /// Nodes with these labels.
    Selector(Selector),
    /// Nodes of this machine type, case-insensitive.
    InstanceType(String),
}

/// The price of a node, as a whole or by its resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRate {
    /// Price of the node per hour.
    Hourly(Money),
    /// Prices of its parts.
    Units(UnitPrices),
}

/// Prices of the parts of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitPrices {
    /// Per core and hour.
    pub cpu_core_hourly: Money,
    /// Per GiB of memory and hour.
    pub memory_gib_hourly: Money,
    /// Per GPU and hour. If unset, the price excludes GPUs and says so.
    pub gpu_hourly: Option<Money>,
}

/// The price of some nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEntry {
    /// Its name.
    pub name: String,
    /// The nodes it covers.
    pub matches: NodeEntryMatch,
    /// Only in this region.
    pub region: Option<String>,
    /// Only nodes with this capacity type.
    pub capacity: Option<CapacityType>,
    /// Their price.
    pub rate: NodeRate,
    /// Confirms that a price of zero is intended.
    pub free: bool,
}

impl NodeEntry {
    /// Whether it covers this node.
    pub fn fits(&self, node: &NodeFacts, class: &NodeClass) -> bool {
        let named = match &self.matches {
            NodeEntryMatch::Selector(selector) => selector.matches(|key| node.labels.get(key).map(String::as_str)),
            NodeEntryMatch::InstanceType(name) => {
                class.instance_type.as_deref().is_some_and(|t| t.eq_ignore_ascii_case(name))
            }
        };
        named
            && self.region.as_deref().is_none_or(|r| class.region.as_deref() == Some(r))
            && self.capacity.is_none_or(|c| c == class.capacity)
    }

    fn same_nodes(&self, other: &Self) -> bool {
        let same = match (&self.matches, &other.matches) {
            (NodeEntryMatch::InstanceType(a), NodeEntryMatch::InstanceType(b)) => a.eq_ignore_ascii_case(b),
            (a, b) => a == b,
        };
        same && (&self.region, self.capacity) == (&other.region, other.capacity)
    }
}

/// A discount on prices of the built-in table.
///
/// One for [`CapacityType::Spot`] or [`CapacityType::Reserved`] is taken off the on-demand price, which is used if the
/// table has no spot price; a known spot price is used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// Its name.
    pub name: String,
    /// Only nodes of this provider.
    pub provider: Option<Provider>,
    /// Only nodes with this capacity type.
    pub capacity: Option<CapacityType>,
    /// Only machine types with this prefix, as `m5.` or `Standard_D`, case-insensitive.
    pub instance_type_prefix: Option<String>,
    /// The discount in percent: 0 to 99. Zero exempts nodes from later discounts.
    pub percent: u8,
}

impl Discount {
    /// Whether it covers nodes of this class.
    pub fn fits(&self, class: &NodeClass) -> bool {
        let starts = |prefix: &str| {
            let head = class.instance_type.as_deref().and_then(|t| t.get(..prefix.len()));
            head.is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        };
        self.provider.is_none_or(|p| p == class.provider)
            && self.capacity.is_none_or(|c| c == class.capacity)
            && self.instance_type_prefix.as_deref().is_none_or(starts)
    }
}

/// A problem in a book. Entries, discounts and the default are identified by their position and name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BookProblem {
    /// An unconfirmed price of zero.
    #[error("{place}: a price of zero is refused; say free: true if it is meant")]
    Zero {
        /// Where.
        place: String,
    },
    /// A price below zero.
    #[error("{place}: a price below zero")]
    Negative {
        /// Where.
        place: String,
    },
    /// Free, but with a price.
    #[error("{place}: free: true beside a price that is not zero; drop one of them")]
    FreeWithPrice {
        /// Where.
        place: String,
    },
    /// No selection of nodes.
    #[error("{place}: selects no node; name labels or an instance type")]
    SelectsNothing {
        /// Where.
        place: String,
    },
    /// A duplicate name.
    #[error("{place}: the name is already used by an earlier one")]
    SameName {
        /// Where.
        place: String,
    },
    /// A second price for the same nodes.
    #[error("{place}: selects the same nodes as {first}, and would never apply")]
    SameNodes {
        /// Where.
        place: String,
        /// The earlier entry.
        first: String,
    },
    /// A discount of the whole price.
    #[error("{place}: {percent} % leaves no price; give 0 to 99, or an entry with free: true")]
    DiscountTooLarge {
        /// Where.
        place: String,
        /// Its value.
        percent: u8,
    },
}

/// A valid book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedBook(PriceBook);

impl CheckedBook {
    /// The checked book.
    pub fn book(&self) -> &PriceBook {
        &self.0
    }
}

impl PriceBook {
    /// Checks every part of the book.
    ///
    /// # Errors
    /// All problems, in the order of the book; never an empty list.
    pub fn check(self) -> Result<CheckedBook, Vec<BookProblem>> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for (index, entry) in self.nodes.iter().enumerate() {
            let place = format!("entry {}", entry.name);
            if !names.insert(entry.name.as_str()) {
                problems.push(BookProblem::SameName { place: place.clone() });
            }
            let nothing = match &entry.matches {
                NodeEntryMatch::Selector(selector) => selector.is_empty(),
                NodeEntryMatch::InstanceType(name) => name.is_empty(),
            };
            if nothing {
                problems.push(BookProblem::SelectsNothing { place: place.clone() });
            } else if let Some(first) = self.nodes[..index].iter().find(|e| e.same_nodes(entry)) {
                let first = format!("entry {}", first.name);
                problems.push(BookProblem::SameNodes { place: place.clone(), first });
            }
            check_rate(place, entry.rate, entry.free, &mut problems);
        }
        if let Some(units) = self.default {
            check_rate("default".to_owned(), NodeRate::Units(units), false, &mut problems);
        }
        let mut names = BTreeSet::new();
        for discount in &self.discounts {
            let place = format!("discount {}", discount.name);
            if !names.insert(discount.name.as_str()) {
                problems.push(BookProblem::SameName { place: place.clone() });
            }
            if discount.percent > 99 {
                problems.push(BookProblem::DiscountTooLarge { place, percent: discount.percent });
            }
        }
        if problems.is_empty() { Ok(CheckedBook(self)) } else { Err(problems) }
    }
}

fn check_rate(place: String, rate: NodeRate, free: bool, problems: &mut Vec<BookProblem>) {
    let amounts: Vec<Money> = match rate {
        NodeRate::Hourly(amount) => vec![amount],
        NodeRate::Units(u) => [u.cpu_core_hourly, u.memory_gib_hourly].into_iter().chain(u.gpu_hourly).collect(),
    };
    let any_zero = amounts.iter().any(|a| a.is_zero());
    if amounts.iter().any(|a| a.is_negative()) {
        problems.push(BookProblem::Negative { place });
    } else if any_zero && !free {
        problems.push(BookProblem::Zero { place });
    } else if free && !any_zero {
        problems.push(BookProblem::FreeWithPrice { place });
    }
}
