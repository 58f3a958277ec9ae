//! Cost of containers, and savings from changing their requests.
//!
//! In: requests, usage, and the prices of the nodes that a workload's pods run on. Out: cost per hour or month, with
//! the sources of the prices. A container costs the greater of its request and its usage, times the unit prices of its
//! node. A month is 730 hours, as in the price lists of the providers.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use thiserror::Error;

use crate::{
    money::{Currency, Money},
    resolve::NodePrice,
    source::PriceSource,
    split::{GIB, Shape, Units},
};

/// Hours per month: the 8,760 hours of a year over twelve.
pub const HOURS_PER_MONTH: u64 = 730;

/// CPU, memory and GPUs that a container requests or uses on average.
pub type Resources = Shape;

/// Why there is no cost.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CostError {
    /// No node with a price.
    #[error("no node with a price")]
    NoNode,
    /// Prices in different currencies.
    #[error("prices in {0} and {1} cannot be added up")]
    MixedCurrencies(Currency, Currency),
    /// An overflow.
    #[error("the cost is too large to compute")]
    Overflow,
}

/// The mean price of the nodes that pods run on, each weighted by its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceMix {
    units: Units,
    currency: Currency,
    /// Each source with the number of pods it prices: most first, then by text.
    sources: Vec<(Arc<PriceSource>, u64)>,
}

impl PriceMix {
    /// The mix of these nodes, each with the number of pods on it. Nodes without pods do not count; if none has pods,
    /// as before a workload's first pod, all have equal weight.
    ///
    /// # Errors
    /// [`CostError::NoNode`] for no node, and [`CostError::MixedCurrencies`].
    pub fn new<'a>(nodes: impl IntoIterator<Item = (&'a NodePrice, u32)>) -> Result<Self, CostError> {
        let nodes: Vec<_> = nodes.into_iter().collect();
        let currency = nodes.first().ok_or(CostError::NoNode)?.0.currency;
        if let Some((other, _)) = nodes.iter().find(|(n, _)| n.currency != currency) {
            return Err(CostError::MixedCurrencies(currency, other.currency));
        }
        let empty = nodes.iter().all(|(_, pods)| *pods == 0);
        let weight = |pods: u32| if empty { 1 } else { u64::from(pods) };
        let total: u64 = nodes.iter().map(|(_, pods)| weight(*pods)).sum();
        let mean = |part: fn(&Units) -> Money| {
            let weighted = nodes.iter().try_fold(Money::ZERO, |sum, (node, pods)| {
                sum.checked_add(part(&node.units).checked_mul_div(weight(*pods), 1)?)
            });
            weighted.and_then(|sum| sum.checked_mul_div(1, total)).ok_or(CostError::Overflow)
        };
        let units = Units {
            cpu_core_hourly: mean(|u| u.cpu_core_hourly)?,
            memory_gib_hourly: mean(|u| u.memory_gib_hourly)?,
            gpu_hourly: mean(|u| u.gpu_hourly)?,
        };
        let mut by_source: BTreeMap<&Arc<PriceSource>, u64> = BTreeMap::new();
        for (node, pods) in nodes.iter().filter(|(_, pods)| weight(*pods) > 0) {
            *by_source.entry(&node.source).or_default() += weight(*pods);
        }
        let mut sources: Vec<_> = by_source.into_iter().map(|(s, pods)| (Arc::clone(s), pods)).collect();
        // A stable sort, so that equals stay in the order of the map.
        sources.sort_by_key(|(_, pods)| Reverse(*pods));
        Ok(Self { units, currency, sources })
    }

    /// The mean price per hour of a core, a GiB and a GPU.
    pub fn units(&self) -> Units {
        self.units
    }

    /// The currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The price sources and the number of pods each prices (nodes, if there were no pods), most first; never empty.
    pub fn sources(&self) -> &[(Arc<PriceSource>, u64)] {
        &self.sources
    }

    /// Whether any of the prices is based on an assumption.
    pub fn is_estimated(&self) -> bool {
        self.sources.iter().any(|(s, _)| s.estimated)
    }

    /// The date of the oldest price.
    pub fn as_of(&self) -> Option<jiff::civil::Date> {
        self.sources.iter().map(|(s, _)| s.as_of).min()
    }

    /// The sources in one line: the one that prices most pods, and the number of others.
    pub fn source_text(&self) -> String {
        match self.sources.as_slice() {
            [] => String::new(),
            [(only, _)] => only.to_string(),
            [(first, _), others @ ..] => format!("{first}; and {} more", others.len()),
        }
    }
}

/// Cost of a container per hour.
///
/// # Errors
/// [`CostError::Overflow`].
pub fn hourly_cost(requests: Resources, usage: Resources, mix: &PriceMix) -> Result<Money, CostError> {
    hours_cost(requests, usage, mix, 1)
}

/// Cost of a container per month of 730 hours.
///
/// # Errors
/// [`CostError::Overflow`].
pub fn monthly_cost(requests: Resources, usage: Resources, mix: &PriceMix) -> Result<Money, CostError> {
    hours_cost(requests, usage, mix, HOURS_PER_MONTH)
}

fn hours_cost(requests: Resources, usage: Resources, mix: &PriceMix, hours: u64) -> Result<Money, CostError> {
    let cost = |unit: Money, requested: u64, used: u64, per: u64| {
        requested.max(used).checked_mul(hours).and_then(|amount| unit.checked_mul_div(amount, per))
    };
    let units = mix.units;
    let cpu = cost(units.cpu_core_hourly, requests.cpu_millis, usage.cpu_millis, 1000);
    let memory = cost(units.memory_gib_hourly, requests.memory_bytes, usage.memory_bytes, GIB);
    let gpus = cost(units.gpu_hourly, u64::from(requests.gpus), u64::from(usage.gpus), 1);
    let sum = |a: Option<Money>, b: Option<Money>| a?.checked_add(b?);
    sum(sum(cpu, memory), gpus).ok_or(CostError::Overflow)
}

/// Savings from other requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Savings {
    /// Per month, over all replicas; negative if the new requests cost more.
    pub monthly: Money,
    /// Present cost of the replicas per month.
    pub monthly_before: Money,
    /// Their cost with the new requests.
    pub monthly_after: Money,
    /// The currency of all of these.
    pub currency: Currency,
    /// The sources of the prices, in one line.
    pub price_source: String,
    /// The date of the oldest price.
    pub as_of: Option<jiff::civil::Date>,
    /// Whether any price is based on an assumption.
    pub estimated: bool,
}

/// Savings from requesting `to` instead of `from`, for a container that uses `usage` on average and runs in this many
/// replicas. Requests below the usage save nothing more: then the usage determines the cost.
///
/// # Errors
/// [`CostError::Overflow`].
pub fn savings(
    from: Resources,
    to: Resources,
    usage: Resources,
    mix: &PriceMix,
    replicas: u32,
) -> Result<Savings, CostError> {
    let of_all = |requests| {
        let one = monthly_cost(requests, usage, mix)?;
        one.checked_mul_div(u64::from(replicas), 1).ok_or(CostError::Overflow)
    };
    let (monthly_before, monthly_after) = (of_all(from)?, of_all(to)?);
    let monthly = monthly_before.checked_sub(monthly_after).ok_or(CostError::Overflow)?;
    Ok(Savings {
        monthly,
        monthly_before,
        monthly_after,
        currency: mix.currency,
        price_source: mix.source_text(),
        as_of: mix.as_of(),
        estimated: mix.is_estimated(),
    })
}
