//! What a price book must not contain.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use trimtab_core::selector::Selector;
use trimtab_pricing::{BookProblem, CapacityType, NodeEntry, NodeEntryMatch, NodeRate, PriceBook};

fn problems(book: PriceBook) -> Vec<String> {
    book.check().unwrap_err().iter().map(BookProblem::to_string).collect()
}

#[test]
fn a_price_of_zero_must_be_called_free() {
    let zero = entry("rack", selector("pool", "rack"), "0");
    let refused = ["entry rack: a price of zero is refused; say free: true if it is meant"];
    assert_eq!(problems(book(vec![zero.clone()], None, vec![])), refused);
    assert!(book(vec![NodeEntry { free: true, ..zero.clone() }], None, vec![]).check().is_ok());
    let priced = NodeEntry { free: true, ..entry("rack", selector("pool", "rack"), "0.1") };
    assert!(problems(book(vec![priced], None, vec![]))[0].contains("free: true beside a price"));
    let no_memory = NodeEntry { rate: NodeRate::Units(units("0.1", "0")), ..zero };
    assert_eq!(problems(book(vec![no_memory], None, vec![])), refused, "nor may a part be zero");
    let default = book(vec![], Some(units("0", "0.1")), vec![]);
    assert_eq!(problems(default), ["default: a price of zero is refused; say free: true if it is meant"]);
}

#[test]
fn all_problems_are_told_at_once_and_by_name() {
    let nodes = vec![
        entry("a", selector("pool", "rack"), "-0.1"),
        entry("b", NodeEntryMatch::Selector(Selector::default()), "0.1"),
        entry("c", instance_type(""), "0.1"),
        entry("a", selector("pool", "rack"), "0.2"),
    ];
    let discounts = vec![discount("edp", None, None, 100), discount("edp", None, None, 10)];
    assert_eq!(
        problems(book(nodes, None, discounts)),
        [
            "entry a: a price below zero",
            "entry b: selects no node; name labels or an instance type",
            "entry c: selects no node; name labels or an instance type",
            "entry a: the name is already used by an earlier one",
            "entry a: selects the same nodes as entry a, and would never apply",
            "discount edp: 100 % leaves no price; give 0 to 99, or an entry with free: true",
            "discount edp: the name is already used by an earlier one",
        ]
    );
}

#[test]
fn the_same_type_elsewhere_is_no_contradiction() {
    let everywhere = entry("any", instance_type("m5.large"), "0.2");
    let frankfurt = NodeEntry { region: Some("eu-central-1".into()), ..entry("fra", instance_type("m5.large"), "0.1") };
    let spot = NodeEntry { capacity: Some(CapacityType::Spot), ..entry("spot", instance_type("m5.large"), "0.05") };
    assert!(book(vec![frankfurt, spot, everywhere], None, vec![]).check().is_ok());
}

#[test]
fn a_type_is_the_same_in_capitals() {
    let twice = vec![entry("a", instance_type("m5.large"), "0.2"), entry("b", instance_type("M5.Large"), "0.1")];
    let refused = ["entry b: selects the same nodes as entry a, and would never apply"];
    assert_eq!(problems(book(twice, None, vec![])), refused);
}
