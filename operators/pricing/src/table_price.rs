//! The price of a node class from the built-in table, with the book's discounts.
//!
//! In: the class of a node, the discounts. Out: a price and every assumption behind it, or nothing if the table does
//! not have the machine type.
//!
//! Assumptions, each with a note: the price in a provider's reference region for regions that the table lacks; the
//! on-demand price for spot and committed capacity without a known price, as no discount is ever invented; the Linux
//! price for a node that runs Windows.

use crate::{
    book::{CheckedBook, Discount, NodeRate},
    money::Money,
    node::{CapacityType, NodeClass, Provider},
    resolve::Found,
    source::{PriceSource, PriceSourceKind},
    table::{PriceTable, TableError},
};

/// The region whose prices are used for unknown ones.
const fn reference_region(provider: Provider) -> Option<&'static str> {
    match provider {
        Provider::Aws => Some("us-east-1"),
        Provider::Azure => Some("eastus"),
        Provider::Gcp => Some("us-central1"),
        Provider::OnPremises | Provider::Unknown => None,
    }
}

/// A list price that was found.
struct Listed {
    hourly: Money,
    region: String,
    /// Whether it is a spot price, not an on-demand price.
    spot: bool,
}

/// The table price; `None` if the table does not have the machine type or the provider.
pub(crate) fn table_price(
    class: &NodeClass,
    book: Option<&CheckedBook>,
    table: &PriceTable,
) -> Result<Option<Found>, TableError> {
    let (Some(name), Some(as_of)) = (class.instance_type.as_deref(), table.as_of(class.provider)) else {
        return Ok(None);
    };
    let Some(listed) = listed(class, name, table)? else { return Ok(None) };
    let capacity = if listed.spot { CapacityType::Spot } else { CapacityType::OnDemand };
    let mut source = PriceSource {
        kind: PriceSourceKind::BuiltInTable,
        name: "built-in table".to_owned(),
        subject: format!("{} {} {name} {capacity}", class.provider, listed.region),
        as_of,
        region_used: Some(listed.region.clone()),
        estimated: false,
        stale: false,
        discount_percent: 0,
        notes: vec![],
    };
    let mut assume = |note: String| {
        source.estimated = true;
        source.notes.push(note);
    };
    match class.region.as_deref() {
        Some(region) if region == listed.region => {}
        Some(region) => assume(format!("price of {} used for {region}", listed.region)),
        None => assume(format!("price of {} used, the node names no region", listed.region)),
    }
    if class.windows {
        assume("price for Linux used for Windows".to_owned());
    }
    // A discount for spot capacity is one on the on-demand price: a known spot price already includes it.
    let already = |d: &Discount| listed.spot && d.capacity == Some(CapacityType::Spot);
    let discount = book.and_then(|b| b.book().discounts.iter().find(|d| d.fits(class) && !already(d)));
    let priced_by_book = discount.is_some_and(|d| d.capacity == Some(class.capacity));
    if class.capacity != capacity && !priced_by_book {
        assume(format!("on-demand price used, the price of {} capacity is not known", class.capacity));
    }
    let hourly = match discount {
        None => listed.hourly,
        Some(d) => {
            source.discount_percent = d.percent;
            source.notes.push(format!("{} % off by discount {}", d.percent, d.name));
            let left = u64::from(100u8.saturating_sub(d.percent));
            // Cannot overflow: the result is not larger than the price.
            listed.hourly.checked_mul_div(left, 100).unwrap_or(listed.hourly)
        }
    };
    Ok(Some(Found { rate: NodeRate::Hourly(hourly), source }))
}

/// The first known price: in the node's own region before the reference region, and in each the spot price for a spot
/// node before the on-demand price.
fn listed(class: &NodeClass, name: &str, table: &PriceTable) -> Result<Option<Listed>, TableError> {
    let regions = [class.region.as_deref(), reference_region(class.provider)];
    for region in regions.into_iter().flatten() {
        for spot in [true, false] {
            if spot && class.capacity != CapacityType::Spot {
                continue;
            }
            if let Some(hourly) = table.hourly(class.provider, region, name, spot)? {
                return Ok(Some(Listed { hourly, region: region.to_owned(), spot }));
            }
        }
    }
    Ok(None)
}
