//! The price book, as people wrote it and after it was checked.
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

/// What nodes cost here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceBook {
    /// Its name.
    pub name: String,
    /// The currency of every amount in it.
    pub currency: Currency,
    /// Where the prices come from, for people.
    pub source: String,
    /// The date of the prices.
    pub as_of: Date,
    /// Prices of nodes; the first entry that fits a node counts.
    pub nodes: Vec<NodeEntry>,
    /// What nodes cost that no entry names and the built-in table does not know.
    pub default: Option<UnitPrices>,
    /// Discounts on prices of the built-in table; the first that fits counts, they never add up.
    pub discounts: Vec<Discount>,
}

/// Which nodes an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeEntryMatch {
    /// Nodes with these labels.
    Selector(Selector),
    /// Nodes of this machine type, in upper or lower case.
    InstanceType(String),
}

/// The price of a node, whole or by what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRate {
    /// The node an hour.
    Hourly(Money),
    /// Its parts.
    Units(UnitPrices),
}

/// Prices of the parts of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitPrices {
    /// A core an hour.
    pub cpu_core_hourly: Money,
    /// A GiB of memory an hour.
    pub memory_gib_hourly: Money,
    /// A GPU an hour. Without it GPUs are not in the price, and the price says so.
    pub gpu_hourly: Option<Money>,
}

/// The price of some nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEntry {
    /// Its name.
    pub name: String,
    /// Which nodes.
    pub matches: NodeEntryMatch,
    /// Only in this region.
    pub region: Option<String>,
    /// Only nodes paid for like this.
    pub capacity: Option<CapacityType>,
    /// What they cost.
    pub rate: NodeRate,
    /// That a price of zero is meant.
    pub free: bool,
}

impl NodeEntry {
    /// Whether it is about this node.
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
        (&self.matches, &self.region, self.capacity) == (&other.matches, &other.region, other.capacity)
    }
}

/// A discount on prices of the built-in table.
///
/// One that names [`CapacityType::Spot`] or [`CapacityType::Reserved`] is taken off the on-demand price, which stands in
/// where the table knows no spot price; a known spot price is used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// Its name.
    pub name: String,
    /// Only nodes of this provider.
    pub provider: Option<Provider>,
    /// Only nodes paid for like this.
    pub capacity: Option<CapacityType>,
    /// Only machine types that start so, as `m5.` or `Standard_D`, in upper or lower case.
    pub instance_type_prefix: Option<String>,
    /// How much less, in percent: 0 to 99. Zero exempts nodes from later discounts.
    pub percent: u8,
}

impl Discount {
    /// Whether it is about nodes of this class.
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

/// What is wrong with a book. Entries, discounts and the default are called by their place and name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BookProblem {
    /// A price of zero that nobody confirmed.
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
    /// Free, and yet a price.
    #[error("{place}: free: true beside a price that is not zero; drop one of them")]
    FreeWithPrice {
        /// Where.
        place: String,
    },
    /// Nothing says which nodes are meant.
    #[error("{place}: selects no node; name labels or an instance type")]
    SelectsNothing {
        /// Where.
        place: String,
    },
    /// Two of the same name.
    #[error("{place}: the name is taken by an earlier one")]
    SameName {
        /// Where.
        place: String,
    },
    /// A second price for the same nodes.
    #[error("{place}: says which nodes in the same words as {first}, and would never count")]
    SameNodes {
        /// Where.
        place: String,
        /// The entry that comes first.
        first: String,
    },
    /// A discount that leaves nothing.
    #[error("{place}: {percent} % leaves no price; give 0 to 99, or an entry with free: true")]
    DiscountTooLarge {
        /// Where.
        place: String,
        /// What it says.
        percent: u8,
    },
}

/// A book without problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedBook(PriceBook);

impl CheckedBook {
    /// What was checked.
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
