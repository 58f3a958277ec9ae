//! Which source prices a node, how it is described, and what never happens.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use jiff::civil::date;
use proptest::prelude::*;
use trimtab_pricing::{
    CapacityType, CheckedBook, Currency, Money, NodeEntry, NodeFacts, NodePrice, NodeRate, PriceBook, PriceError,
    PriceSourceKind, PriceTable, Provider, node_price,
};

fn priced(node: &NodeFacts, book: Option<&CheckedBook>) -> NodePrice {
    node_price(node, book, &PriceTable::built_in().unwrap(), TODAY).unwrap()
}

const SPOT: (&str, &str) = ("karpenter.sh/capacity-type", "spot");

#[test]
fn the_text_of_a_price_says_all_that_was_assumed() {
    let gke = |region: &str, more: &[(&str, &str)]| {
        let own = [("node.kubernetes.io/instance-type", "e2-standard-4"), ("topology.kubernetes.io/region", region)];
        node("gce://p/asia-east1-a/n", &[&own, more].concat())
    };
    let windows = ("kubernetes.io/os", "windows");
    for (node, hourly, text) in [
        (aws("us-east-1", "m5.large", &[]), "0.096", "built-in table, aws us-east-1 m5.large on demand, 2026-07-20"),
        (
            aws("eu-central-1", "m5.large", &[]),
            "0.096",
            "built-in table, aws us-east-1 m5.large on demand, 2026-07-20 (estimated: price of us-east-1 used for eu-central-1)",
        ),
        (
            aws("us-east-1", "t3.medium", &[SPOT]),
            "0.0416",
            "built-in table, aws us-east-1 t3.medium on demand, 2026-07-20 (estimated: on-demand price used, the price of spot capacity is not known)",
        ),
        (
            aws("us-east-1", "m5.large", &[windows]),
            "0.096",
            "built-in table, aws us-east-1 m5.large on demand, 2026-07-20 (estimated: price for Linux used for Windows)",
        ),
        (gke("asia-east1", &[]), "0.155184", "built-in table, gcp asia-east1 e2-standard-4 on demand, 2026-08-03"),
        (
            gke("asia-east1", &[("cloud.google.com/gke-spot", "true")]),
            "0.081104",
            "built-in table, gcp asia-east1 e2-standard-4 spot, 2026-08-03",
        ),
        (
            node("azure:///x", &[("node.kubernetes.io/instance-type", "Standard_D2s_v3")]),
            "0.096",
            "built-in table, azure eastus Standard_D2s_v3 on demand, 2026-06-18 (estimated: price of eastus used, the node names no region)",
        ),
        // 2 × 0.031611 + 8 × 0.004237.
        (
            node("", &[]),
            "0.097118",
            "estimate, OpenCost's default prices per core and GiB, 2026-01-01 (estimated: no price is known for unknown provider without a machine type)",
        ),
        (
            aws("us-east-1", "m99.large", &[]),
            "0.097118",
            "estimate, OpenCost's default prices per core and GiB, 2026-01-01 (estimated: no price is known for aws machine type m99.large)",
        ),
    ] {
        let price = priced(&node, None);
        assert_eq!(price.source.to_string(), text);
        assert_eq!(price.source.estimated, text.contains("estimated"), "{text}");
        assert_eq!((price.hourly, price.currency), (money(hourly), Currency::USD), "{text}");
    }
}

#[test]
fn the_book_comes_first_then_the_table_then_the_default() {
    let spot_entry =
        NodeEntry { capacity: Some(CapacityType::Spot), ..entry("spot", instance_type("m5.large"), "0.03") };
    let frankfurt =
        NodeEntry { region: Some("eu-central-1".into()), ..entry("fra", instance_type("M5.LARGE"), "0.08") };
    let rack =
        NodeEntry { rate: NodeRate::Units(units("0.01", "0.002")), ..entry("rack", selector("pool", "rack"), "0.3") };
    let lab = NodeEntry { free: true, ..entry("lab", selector("pool", "lab"), "0") };
    let book = checked(vec![rack, lab, spot_entry, frankfurt], Some(units("0.02", "0.003")), vec![]);
    use PriceSourceKind::{BookDefault, BookInstanceType, BookSelector, BuiltInTable};
    for (node, kind, hourly) in [
        (node("", &[("pool", "rack")]), BookSelector, "0.036"),
        (node("", &[("pool", "lab")]), BookSelector, "0"),
        (aws("us-east-1", "m5.large", &[("pool", "rack")]), BookSelector, "0.036"),
        (aws("eu-central-1", "m5.large", &[]), BookInstanceType, "0.08"),
        (aws("eu-central-1", "m5.large", &[SPOT]), BookInstanceType, "0.03"),
        (aws("us-east-1", "m5.large", &[]), BuiltInTable, "0.096"),
        (node("", &[]), BookDefault, "0.064"),
        (aws("us-east-1", "m99.large", &[]), BookDefault, "0.064"),
    ] {
        let price = priced(&node, Some(&book));
        assert_eq!((price.source.kind, price.hourly), (kind, money(hourly)), "{node:?}");
        assert!(!price.source.estimated);
    }
    let text = priced(&node("", &[("pool", "rack")]), Some(&book)).source.to_string();
    assert_eq!(text, "price book acme, entry rack (contract 7), 2026-05-01");
}

#[test]
fn the_first_discount_that_fits_counts_and_a_spot_price_is_not_discounted_twice() {
    let discounts = vec![
        discount("spot", Some(CapacityType::Spot), None, 60),
        discount("no-gpu", None, Some("p5."), 0),
        discount("m5", None, Some("M5."), 25),
        discount("all", None, None, 10),
    ];
    let book = checked(vec![], None, discounts);
    let gcp_spot = node(
        "gce://p/asia-east1-a/n",
        &[("node.kubernetes.io/instance-type", "e2-standard-4"), ("cloud.google.com/gke-spot", "true")],
    );
    for (node, hourly, percent) in [
        (aws("us-east-1", "m5.large", &[]), "0.072", 25),
        (aws("us-east-1", "m5.large", &[SPOT]), "0.0384", 60),
        (aws("us-east-1", "t3.medium", &[]), "0.03744", 10),
        (gcp_spot, "0.0729936", 10),
        (node("", &[]), "0.097118", 0),
    ] {
        let price = priced(&node, Some(&book));
        assert_eq!((price.hourly, price.source.discount_percent), (money(hourly), percent), "{}", price.source);
    }
    let spot = priced(&aws("us-east-1", "m5.large", &[SPOT]), Some(&book)).source;
    assert!(!spot.estimated, "the book says what spot capacity costs");
    assert!(spot.to_string().ends_with("(60 % off by discount spot)"), "{spot}");
    let exempt = priced(&aws("us-east-1", "p5.48xlarge", &[]), Some(&book));
    assert_eq!(exempt.hourly, priced(&aws("us-east-1", "p5.48xlarge", &[]), None).hourly);
}

#[test]
fn another_currency_is_never_mixed_with_dollars() {
    let euro = |default| {
        let nodes = vec![entry("rack", selector("pool", "rack"), "0.3")];
        let currency = "EUR".parse().unwrap();
        PriceBook { currency, ..book(nodes, default, vec![]) }.check().unwrap()
    };
    let cloud = aws("us-east-1", "m5.large", &[]);
    let table = PriceTable::built_in().unwrap();
    let refused = node_price(&cloud, Some(&euro(None)), &table, TODAY).unwrap_err();
    assert!(matches!(refused, PriceError::NotInBook { .. }));
    assert!(refused.to_string().contains("price book acme is in EUR"), "{refused}");
    let priced = node_price(&cloud, Some(&euro(Some(units("0.02", "0.003")))), &table, TODAY).unwrap();
    assert_eq!((priced.currency.as_str(), priced.hourly), ("EUR", money("0.064")));
}

#[test]
fn capacity_comes_from_the_node_or_its_type_or_is_an_error() {
    let table = PriceTable::built_in().unwrap();
    let bare = |node: NodeFacts| NodeFacts { cpu_millis: 0, memory_bytes: 0, ..node };
    let typed = node_price(&bare(aws("us-east-1", "m5.large", &[])), None, &table, TODAY).unwrap();
    assert_eq!((typed.shape.cpu_millis, typed.shape.memory_bytes), (2000, 8 * GIB));
    assert!(typed.source.to_string().contains("CPU and memory are those of the machine type"));
    let unknown = node_price(&bare(node("", &[])), None, &table, TODAY);
    assert_eq!(unknown, Err(PriceError::UnknownCapacity { node: "n1".into() }));
    let huge = NodeFacts { memory_bytes: u64::MAX, cpu_millis: u64::MAX, ..node("", &[]) };
    let _ = node_price(&huge, None, &table, TODAY);
}

#[test]
fn gpus_bear_their_part_or_are_said_to_be_missing() {
    let gpu = |node: NodeFacts| NodeFacts { gpus: 1, ..node };
    // 0.097118 + 0.95.
    assert_eq!(priced(&gpu(node("", &[])), None).hourly, money("1.047118"));
    let book = checked(vec![], Some(units("0.02", "0.003")), vec![]);
    let price = priced(&gpu(node("", &[])), Some(&book));
    assert!(price.source.estimated && price.source.to_string().contains("its 1 GPUs are not in the price"));
    // A GPU that no device plugin has announced yet: the machine type shows that it exists.
    let g4 = priced(&aws("us-east-1", "g4dn.xlarge", &[]), None);
    assert_eq!(g4.shape.gpus, 1);
    assert!(!g4.units.gpu_hourly.is_zero());
}

#[test]
fn old_prices_are_said_to_be_old() {
    let table = PriceTable::built_in().unwrap();
    let node = aws("us-east-1", "m5.large", &[]);
    for (today, stale) in [(date(2027, 7, 20), false), (date(2027, 7, 21), true)] {
        let source = node_price(&node, None, &table, today).unwrap().source;
        assert_eq!((source.stale, source.to_string().contains("more than a year old")), (stale, stale));
    }
}

fn any_node() -> impl Strategy<Value = NodeFacts> {
    let types =
        prop::sample::select(vec!["m5.large", "t3.medium", "e2-standard-4", "Standard_D2s_v3", "m99.none", "k3s", ""]);
    let regions = prop::sample::select(vec!["us-east-1", "eu-central-1", "asia-east1", "westeurope", "mars-1", ""]);
    let ids =
        prop::sample::select(vec!["aws:///x/i", "gce://p/x/n", "azure:///s", "kind://k", "hcloud://1", "", "://"]);
    let ways = prop::sample::select(vec!["spot", "on-demand", "reserved", ""]);
    (types, regions, ids, ways, 1u64..500_000, 1u64..30_000, 0u32..9).prop_map(
        |(name, region, id, way, cpu, mib, gpus)| {
            let labels = [
                ("node.kubernetes.io/instance-type", name),
                ("topology.kubernetes.io/region", region),
                ("karpenter.sh/capacity-type", way),
            ];
            NodeFacts { cpu_millis: cpu, memory_bytes: mib << 20, gpus, ..node(id, &labels) }
        },
    )
}

proptest! {
    #[test]
    fn every_node_has_a_price_above_zero_that_its_parts_add_up_to(
        node in any_node(),
        percents in prop::collection::vec((0u8..=99, any::<bool>()), 0..4),
    ) {
        let table = PriceTable::built_in().unwrap();
        let discounts = percents.iter().enumerate().map(|(i, (percent, spot))| {
            discount(&format!("d{i}"), spot.then_some(CapacityType::Spot), None, *percent)
        });
        let book = checked(vec![], None, discounts.collect());
        let list = node_price(&node, None, &table, TODAY).unwrap();
        let price = node_price(&node, Some(&book), &table, TODAY).unwrap();
        prop_assert!(price.hourly > Money::ZERO && price.hourly <= list.hourly);
        prop_assert_eq!(&price, &node_price(&node, Some(&book), &table, TODAY).unwrap(), "the same again");
        let off = price.units.total(price.shape).unwrap().checked_sub(price.hourly).unwrap();
        prop_assert!(off.rounded(9).is_zero(), "off by {}", off);
        let known = price.source.kind == PriceSourceKind::BuiltInTable;
        prop_assert_eq!(known, table.as_of(price.class.provider).is_some() && list.source.region_used.is_some());
        if !known || price.class.provider == Provider::Unknown {
            prop_assert!(price.source.estimated && price.source.kind == PriceSourceKind::Estimate);
        }
    }
}
