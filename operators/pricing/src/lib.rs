//! Prices of nodes and the cost of their workloads.
//!
//! In: node data ([`NodeFacts`]), a checked price book ([`CheckedBook`]) and today's date. Out: a [`NodePrice`] with
//! its source, its date and its assumptions; and from prices the cost of containers ([`PriceMix`], [`monthly_cost`],
//! [`savings`]). Nothing here reads a clock, a file or a network; the built-in table is compiled in.
//!
//! The order of sources; the first that knows the node counts:
//! 1. the entries of the price book, in their order,
//! 2. the built-in table of list prices (USD),
//! 3. the default unit prices of the book,
//! 4. an explicit estimate per core, GiB and GPU (USD).
//!
//! No step ever returns zero, unless a book explicitly says `free`.

pub mod book;
mod codec;
pub mod cost;
pub mod money;
pub mod node;
pub mod node_class;
pub mod object;
pub mod resolve;
pub mod source;
pub mod split;
pub mod table;
mod table_price;
pub mod table_write;

pub use book::{BookProblem, CheckedBook, Discount, NodeEntry, NodeEntryMatch, NodeRate, PriceBook, UnitPrices};
pub use cost::{CostError, PriceMix, Resources, Savings, hourly_cost, monthly_cost, savings};
pub use money::{Currency, Money, MoneyError};
pub use node::{CapacityType, NodeClass, NodeFacts, Provider};
pub use node_class::classify;
pub use resolve::{NodePrice, PriceError, node_price};
pub use source::{PriceSource, PriceSourceKind};
pub use split::{Shape, Units};
pub use table::{PriceTable, TableError};
