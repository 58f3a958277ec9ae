//! The built-in table: figures that anybody can look up, and the effects of damage.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use jiff::civil::date;
use proptest::prelude::*;
use trimtab_pricing::{
    Money, PriceTable, Provider, Shape, TableError,
    table_write::{ProviderPrices, TypeShape, write_table},
};

fn table() -> PriceTable {
    PriceTable::built_in().unwrap()
}

fn shape(vcpus: u64, mib: u64) -> Option<Shape> {
    Some(Shape { cpu_millis: vcpus * 1000, memory_bytes: mib << 20, gpus: 0 })
}

#[test]
fn known_list_prices() {
    let table = table();
    for (provider, region, name, spot, price) in [
        (Provider::Aws, "us-east-1", "t3.medium", false, Some("0.0416")),
        (Provider::Aws, "us-east-1", "m5.large", false, Some("0.096")),
        (Provider::Azure, "australiaeast", "Standard_D2s_v3", false, Some("0.125")),
        (Provider::Azure, "australiaeast", "standard_d2s_v3", false, Some("0.125")),
        (Provider::Gcp, "asia-east1", "e2-standard-4", false, Some("0.155184")),
        (Provider::Gcp, "asia-east1", "e2-standard-4", true, Some("0.081104")),
        (Provider::Gcp, "africa-south1", "e2-micro", false, Some("0.00921443")),
        (Provider::Azure, "eastus", "Standard_A1", false, Some("0.06")),
        // Sold elsewhere only.
        (Provider::Azure, "swedensouth", "Standard_A1", false, None),
        // Not in the table: another region, spot of AWS, an unknown type, one with price 0 in the source, no provider.
        (Provider::Aws, "eu-central-1", "m5.large", false, None),
        (Provider::Aws, "us-east-1", "m5.large", true, None),
        (Provider::Aws, "us-east-1", "m5.larg", false, None),
        (Provider::Azure, "eastus", "Standard_M128bds_1_v4", false, None),
        (Provider::OnPremises, "us-east-1", "m5.large", false, None),
    ] {
        let found = table.hourly(provider, region, name, spot).unwrap();
        assert_eq!(found, price.map(|p| Money::parse(p).unwrap()), "{provider} {region} {name} spot {spot}");
    }
}

#[test]
fn known_shapes_and_dates() {
    let table = table();
    for (provider, name, want) in [
        (Provider::Aws, "m5.large", shape(2, 8192)),
        (Provider::Azure, "Standard_D2s_v3", shape(2, 8192)),
        (Provider::Gcp, "e2-standard-4", shape(4, 16384)),
        (Provider::Gcp, "n1-standard-1", shape(1, 3840)),
        (Provider::Gcp, "e2-medium", shape(2, 4096)),
        (Provider::Gcp, "a2-highgpu-1g", None),
        (Provider::Aws, "nothing", None),
    ] {
        assert_eq!(table.shape(provider, name).unwrap(), want, "{name}");
    }
    assert_eq!(table.as_of(Provider::Aws), Some(date(2026, 7, 20)));
    assert_eq!(table.as_of(Provider::Azure), Some(date(2026, 6, 18)));
    assert_eq!(table.as_of(Provider::Gcp), Some(date(2026, 8, 3)));
    assert_eq!(table.as_of(Provider::Unknown), None);
}

#[test]
fn every_block_is_whole_and_all_of_it_is_small() {
    let table = table();
    assert_eq!(table.unpacked_bytes(), 0, "nothing is unpacked before it is used");
    table.hourly(Provider::Gcp, "europe-west1", "e2-standard-4", false).unwrap();
    assert!(table.unpacked_bytes() < 20_000, "one region: {}", table.unpacked_bytes());
    let mut known = BTreeMap::new();
    for provider in [Provider::Aws, Provider::Azure, Provider::Gcp] {
        let types = table.instance_types(provider).unwrap();
        for region in table.regions(provider) {
            // The last type of the table comes after all others in a block.
            for (name, _) in [types[0], types[types.len() / 2], types[types.len() - 1]] {
                for spot in [false, true] {
                    table.hourly(provider, region, name, spot).unwrap();
                }
            }
        }
        known.insert(provider, (types.len(), table.regions(provider).len()));
    }
    assert_eq!(known[&Provider::Aws], (1367, 1));
    assert_eq!(known[&Provider::Azure].1, 57);
    assert_eq!(known[&Provider::Gcp], (519, 43));
    assert!(table.unpacked_bytes() < 500_000, "all regions: {}", table.unpacked_bytes());
}

#[test]
fn a_damaged_table_is_an_error_and_never_a_price() {
    for text in
        ["", "trimtab prices 2\n\n", "trimtab prices 1\n", "trimtab prices 1\nsurprise\n\n", "trimtab prices 1\n\nmore"]
    {
        let read = PriceTable::from_bytes(text.as_bytes());
        assert!(matches!(read, Err(TableError::Header(_))), "{text:?}");
    }
    for line in [
        "types aws 2026-07-20 5 1",
        "types aws yesterday 0 0",
        "types nobody 2026-07-20 0 0",
        "prices aws us-east-1 on_demand 0 0",
        "types aws 2026-07-20 99999999999999999999 0",
    ] {
        let read = PriceTable::from_bytes(format!("trimtab prices 1\n{line}\n\n").into_bytes());
        assert!(matches!(read, Err(TableError::Header(_))), "{line}");
    }
    let lying = "trimtab prices 1\ntypes aws 2026-07-20 3 9\n\nabc";
    let read = PriceTable::from_bytes(lying.as_bytes()).unwrap().hourly(Provider::Aws, "us-east-1", "m5.large", false);
    assert_eq!(read, Err(TableError::Block("types aws".into())));
}

#[test]
fn types_that_differ_in_case_alone_are_not_written() {
    let both = [("M5.large".to_owned(), 1), ("m5.LARGE".to_owned(), 2)];
    let prices = [(("r-1".to_owned(), false), both.into())].into();
    let written = ProviderPrices { provider: Provider::Aws, as_of: date(2026, 1, 1), prices, shapes: BTreeMap::new() };
    assert!(write_table("made up", &[written]).is_err());
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        prices in prop::collection::btree_map(
            ("[a-z]{1,8}-[0-9]", any::<bool>()),
            prop::collection::btree_map("[a-z0-9.]{1,12}", 0u64..1_000_000_000_000, 0..8),
            0..6,
        ),
        vcpus in 1u64..500,
        memory_mib in 1u64..1_000_000,
    ) {
        let shapes = prices.values().flat_map(|p| p.keys().cloned());
        let shapes = shapes.map(|name| (name, TypeShape { vcpus, memory_mib, gpus: 0 })).collect();
        let provider = Provider::Azure;
        let written = ProviderPrices { provider, as_of: date(2026, 1, 1), prices: prices.clone(), shapes };
        let table = PriceTable::from_bytes(write_table("made up", &[written]).unwrap()).unwrap();
        for ((region, spot), prices) in &prices {
            for (name, nanos) in prices {
                let want = (*nanos > 0).then(|| Money::from_nanos(i64::try_from(*nanos).unwrap()));
                prop_assert_eq!(table.hourly(provider, region, name, *spot).unwrap(), want);
                if want.is_some() {
                    prop_assert_eq!(table.shape(provider, name).unwrap(), shape(vcpus, memory_mib));
                }
            }
        }
    }

    #[test]
    fn no_damage_panics(place in 0usize..3000, byte in any::<u8>()) {
        let mut bytes = write_table("made up", &[ProviderPrices {
            provider: Provider::Aws,
            as_of: date(2026, 1, 1),
            prices: [(("r-1".to_owned(), false), [("m5.large".to_owned(), 96_000_000)].into())].into(),
            shapes: BTreeMap::new(),
        }]).unwrap();
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(table) = PriceTable::from_bytes(bytes) {
            let _ = table.hourly(Provider::Aws, "r-1", "m5.large", false);
            let _ = table.instance_types(Provider::Aws);
        }
    }
}
