//! Converting a PriceBook object into a [`CheckedBook`].
//!
//! In: the object from the API server. Out: numbers, or every problem as text, on one line whatever its name is. Pure.

use jiff::civil::Date;
use trimtab_api::{
    money::Amount,
    price_book::{self as api, PriceBook},
};
use trimtab_core::text::printable;

use crate::{
    book::{self, CheckedBook, Discount, NodeEntry, NodeEntryMatch, NodeRate, UnitPrices},
    money::{Currency, Money},
    node::{CapacityType, Provider},
};

/// Parses and checks a book.
///
/// # Errors
/// Every problem in it, as text; never an empty list.
pub fn book(object: &PriceBook) -> Result<CheckedBook, Vec<String>> {
    checked(object).map_err(|problems| problems.iter().map(|problem| printable(problem).into_owned()).collect())
}

fn checked(object: &PriceBook) -> Result<CheckedBook, Vec<String>> {
    let mut problems = Vec::new();
    let spec = &object.spec;
    let currency: Option<Currency> = spec.currency.0.parse().ok();
    if currency.is_none() {
        problems.push(format!("currency: {:?} is not a currency code such as EUR", spec.currency.0));
    }
    let as_of: Option<Date> = spec.as_of.parse().ok();
    if as_of.is_none() {
        problems.push(format!("asOf: {:?} is not a date such as 2026-07-20", spec.as_of));
    }
    let nodes = spec.nodes.iter().filter_map(|e| kept(entry(e), &mut problems)).collect();
    let default = spec
        .default
        .as_ref()
        .and_then(|d| kept(units("default", &d.cpu_core_hourly, &d.memory_gib_hourly), &mut problems));
    let discounts = spec.discounts.iter().filter_map(|d| kept(discount(d), &mut problems)).collect();
    for storage in &spec.storage {
        let place = format!("storage {}", storage.storage_class);
        kept(amount(&place, &storage.gib_monthly), &mut problems);
    }
    let (Some(currency), Some(as_of), true) = (currency, as_of, problems.is_empty()) else { return Err(problems) };
    let name = object.metadata.name.clone().unwrap_or_default();
    book::PriceBook { name, currency, source: spec.source.clone(), as_of, nodes, default, discounts }
        .check()
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn kept<T>(result: Result<T, String>, problems: &mut Vec<String>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}

fn amount(place: &str, amount: &Amount) -> Result<Money, String> {
    Money::parse(&amount.0).map_err(|error| format!("{place}: {:?}: {error}", amount.0))
}

fn units(place: &str, cpu: &Amount, memory: &Amount) -> Result<UnitPrices, String> {
    Ok(UnitPrices { cpu_core_hourly: amount(place, cpu)?, memory_gib_hourly: amount(place, memory)?, gpu_hourly: None })
}

fn entry(e: &api::NodePriceEntry) -> Result<NodeEntry, String> {
    let place = format!("entry {}", e.name);
    let matches = match (&e.node_selector, &e.instance_type) {
        (Some(selector), None) => NodeEntryMatch::Selector(selector.into()),
        (None, Some(name)) => NodeEntryMatch::InstanceType(name.clone()),
        _ => return Err(format!("{place}: exactly one of nodeSelector and instanceType must be set")),
    };
    let rate = match (&e.hourly, &e.cpu_core_hourly, &e.memory_gib_hourly) {
        (Some(hourly), None, None) => NodeRate::Hourly(amount(&place, hourly)?),
        (None, Some(cpu), Some(memory)) => NodeRate::Units(units(&place, cpu, memory)?),
        _ => return Err(format!("{place}: give either hourly, or both cpuCoreHourly and memoryGibHourly")),
    };
    Ok(NodeEntry {
        name: e.name.clone(),
        matches,
        region: e.region.clone(),
        capacity: e.capacity_type.map(capacity),
        rate,
        free: e.free,
    })
}

fn discount(d: &api::Discount) -> Result<Discount, String> {
    let percent =
        u8::try_from(d.percent).map_err(|_| format!("discount {}: {} is not a percentage", d.name, d.percent))?;
    Ok(Discount {
        name: d.name.clone(),
        provider: d.provider.map(provider),
        capacity: d.capacity_type.map(capacity),
        instance_type_prefix: d.instance_type_prefix.clone(),
        percent,
    })
}

fn provider(p: api::Provider) -> Provider {
    match p {
        api::Provider::Aws => Provider::Aws,
        api::Provider::Gcp => Provider::Gcp,
        api::Provider::Azure => Provider::Azure,
        api::Provider::OnPremises => Provider::OnPremises,
    }
}

fn capacity(c: api::CapacityType) -> CapacityType {
    match c {
        api::CapacityType::OnDemand => CapacityType::OnDemand,
        api::CapacityType::Spot => CapacityType::Spot,
        api::CapacityType::Reserved => CapacityType::Reserved,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::json;

    use super::*;

    fn read(spec: serde_json::Value) -> Result<CheckedBook, Vec<String>> {
        let object =
            json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "PriceBook", "metadata": {"name": "b"}, "spec": spec});
        book(&serde_json::from_value(object).unwrap())
    }

    #[test]
    fn a_book_becomes_numbers() {
        let checked = read(json!({
            "currency": "EUR", "source": "invoice", "asOf": "2026-07-01",
            "nodes": [
                {"name": "rack", "nodeSelector": {"matchLabels": {"rack": "a"}}, "cpuCoreHourly": "0.01", "memoryGibHourly": "0.002"},
                {"name": "big", "instanceType": "m5.xlarge", "region": "eu-west-1", "capacityType": "Spot", "hourly": "0.07"}
            ],
            "discounts": [{"name": "plan", "provider": "Aws", "percent": 28}]
        }))
        .unwrap();
        assert_eq!((checked.book().nodes.len(), checked.book().currency.as_str()), (2, "EUR"));
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let problems = read(json!({
            "source": "s", "asOf": "2026-13-01",
            "nodes": [{"name": "odd", "instanceType": "a", "hourly": "1e5"}, {"name": "both", "hourly": "1"}]
        }))
        .unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].contains("asOf") && problems[1].contains("odd") && problems[2].contains("both"));
    }

    #[test]
    fn a_problem_is_one_line_whatever_the_name_is() {
        let said = |entry: serde_json::Value| {
            read(json!({"source": "s", "asOf": "2026-01-01", "nodes": [entry]})).unwrap_err().join("; ")
        };
        let unpriced = said(json!({"name": "a\n\u{1b}[2K", "instanceType": "m5.large"}));
        assert!(unpriced.starts_with("entry a\\u{a}\\u{1b}[2K: give either hourly"), "{unpriced}");
        let zero = said(json!({"name": "b\r", "instanceType": "m5.large", "hourly": "0"}));
        assert!(zero.starts_with("entry b\\u{d}: a price of zero"), "{zero}");
    }

    #[test]
    fn a_price_of_zero_must_be_meant() {
        let zero = |free: bool| {
            read(
                json!({"source": "s", "asOf": "2026-01-01", "nodes": [{"name": "n", "instanceType": "a", "hourly": "0", "free": free}]}),
            )
        };
        assert!(zero(false).unwrap_err()[0].contains("zero"));
        assert!(zero(true).is_ok());
    }
}
