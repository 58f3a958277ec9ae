//! Cost of containers and savings of changes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use proptest::prelude::*;
use trimtab_pricing::{
    CostError, NodePrice, PriceBook, PriceMix, PriceTable, Resources, hourly_cost, monthly_cost, node_price, savings,
};

fn in_dollars(cpu: &str, memory: &str) -> NodePrice {
    let book = checked(vec![], Some(units(cpu, memory)), vec![]);
    node_price(&node("", &[]), Some(&book), &PriceTable::built_in().unwrap(), TODAY).unwrap()
}

fn in_euros() -> NodePrice {
    let book = PriceBook { currency: "EUR".parse().unwrap(), ..book(vec![], Some(units("0.02", "0.003")), vec![]) };
    node_price(&node("", &[]), Some(&book.check().unwrap()), &PriceTable::built_in().unwrap(), TODAY).unwrap()
}

fn amounts(cpu_millis: u64, mib: u64) -> Resources {
    Resources { cpu_millis, memory_bytes: mib << 20, gpus: 0 }
}

#[test]
fn a_container_costs_the_greater_of_request_and_usage() {
    let price = in_dollars("0.04", "0.005");
    let mix = PriceMix::new([(&price, 3)]).unwrap();
    for (requests, usage, hourly, monthly) in [
        // 0.5 × 0.04 + 1 × 0.005
        (amounts(500, 1024), amounts(100, 100), "0.025", "18.25"),
        (amounts(100, 100), amounts(500, 1024), "0.025", "18.25"),
        (amounts(500, 100), amounts(100, 1024), "0.025", "18.25"),
        (amounts(0, 0), amounts(0, 0), "0", "0"),
        (amounts(1, 0), amounts(0, 0), "0.00004", "0.0292"),
    ] {
        assert_eq!(hourly_cost(requests, usage, &mix).unwrap(), money(hourly));
        assert_eq!(monthly_cost(requests, usage, &mix).unwrap(), money(monthly));
    }
}

#[test]
fn savings_count_replicas_and_stop_at_usage() {
    let price = in_dollars("0.04", "0.005");
    let mix = PriceMix::new([(&price, 3)]).unwrap();
    for (from, to, usage, replicas, monthly) in [
        // 0.5 cores less: 0.02 per hour, 14.60 per month, for 3 replicas.
        (amounts(1000, 1024), amounts(500, 1024), amounts(100, 512), 3, "43.8"),
        // Down to 100m, but 300m are used.
        (amounts(1000, 1024), amounts(100, 1024), amounts(300, 512), 1, "20.44"),
        // More memory costs.
        (amounts(1000, 1024), amounts(1000, 2048), amounts(300, 512), 1, "-3.65"),
        (amounts(1000, 1024), amounts(500, 1024), amounts(100, 512), 0, "0"),
    ] {
        let saved = savings(from, to, usage, &mix, replicas).unwrap();
        assert_eq!(saved.monthly, money(monthly));
        assert_eq!(saved.monthly_before.checked_sub(saved.monthly_after), Some(saved.monthly));
        assert_eq!(saved.price_source, "price book acme, default per core and GiB (contract 7), 2026-05-01");
        assert_eq!(saved.currency.as_str(), "USD");
    }
}

#[test]
fn a_mix_weighs_nodes_by_their_pods() {
    let (cheap, dear) = (in_dollars("0.02", "0.002"), in_dollars("0.06", "0.006"));
    let core = |nodes: &[(&NodePrice, u32)]| PriceMix::new(nodes.iter().copied()).unwrap().units().cpu_core_hourly;
    assert_eq!(core(&[(&cheap, 3), (&dear, 1)]), money("0.03"));
    assert_eq!(core(&[(&cheap, 0), (&dear, 1)]), money("0.06"));
    assert_eq!(core(&[(&cheap, 0), (&dear, 0)]), money("0.04"), "no pod yet: all nodes alike");
    let table = PriceTable::built_in().unwrap();
    let guess = node_price(&node("", &[]), None, &table, TODAY).unwrap();
    let mix = PriceMix::new([(&guess, 1), (&cheap, 4), (&dear, 2)]).unwrap();
    assert_eq!(mix.sources().iter().map(|(_, pods)| *pods).collect::<Vec<_>>(), [6, 1], "one source for both entries");
    assert!(mix.source_text().ends_with("2026-05-01; and 1 more"), "{}", mix.source_text());
    assert!(mix.is_estimated());
    assert_eq!(mix.as_of(), Some(guess.source.as_of), "the oldest");
    assert!(!PriceMix::new([(&guess, 0), (&cheap, 1)]).unwrap().is_estimated(), "no pod there, no say");
}

#[test]
fn what_cannot_be_added_up_is_refused() {
    let (dollars, euros) = (in_dollars("0.02", "0.002"), in_euros());
    let mixed = PriceMix::new([(&dollars, 1), (&euros, 1)]).unwrap_err();
    assert_eq!(mixed.to_string(), "prices in USD and EUR cannot be added up");
    assert_eq!(PriceMix::new([]), Err(CostError::NoNode));
    let mix = PriceMix::new([(&dollars, 1)]).unwrap();
    assert_eq!(monthly_cost(amounts(u64::MAX, 0), amounts(0, 0), &mix), Err(CostError::Overflow));
}

proptest! {
    #[test]
    fn less_asked_for_never_costs_more(
        cpu in 0u64..100_000, less in 0u64..100_000, mib in 0u64..1_000_000,
        used_cpu in 0u64..100_000, used_mib in 0u64..1_000_000, replicas in 0u32..10_000,
        weights in (0u32..50, 0u32..50),
    ) {
        let (a, b) = (in_dollars("0.021", "0.0023"), in_dollars("0.067", "0.0061"));
        let mix = PriceMix::new([(&a, weights.0), (&b, weights.1)]).unwrap();
        prop_assert!(mix.units() >= a.units && mix.units() <= b.units, "a mean is between");
        let (from, to) = (amounts(cpu, mib), amounts(cpu.saturating_sub(less), mib));
        let usage = amounts(used_cpu, used_mib);
        let saved = savings(from, to, usage, &mix, replicas).unwrap();
        prop_assert!(!saved.monthly.is_negative() && !saved.monthly_after.is_negative());
        prop_assert_eq!(savings(to, from, usage, &mix, replicas).unwrap().monthly.checked_add(saved.monthly), Some(money("0")));
    }
}
