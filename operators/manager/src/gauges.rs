//! Gauges that are read from caches when somebody scrapes: nothing is kept for them, so nothing can be out of date.
//!
//! In: the world and the shelves. Out: families registered with the metrics.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use trimtab_api::{OptimizationPolicy, PriceBook, conditions::types};
use trimtab_optimization_policy::known::Known;
use trimtab_runtime::{
    Metrics,
    metrics::{Sample, gauges},
    shelf::Shelf,
};
use trimtab_world::World;

/// Registers all of them.
pub fn register(
    metrics: &Metrics,
    world: &Arc<World>,
    policies: &Shelf<OptimizationPolicy>,
    recommendations: &Shelf<Known>,
    books: &Shelf<PriceBook>,
) {
    let seen = world.clone();
    metrics.on_scrape(gauges::WORLD_OBJECTS.0, gauges::WORLD_OBJECTS.1, move || {
        seen.read(|tables| tables.counts())
            .into_iter()
            .map(|(kind, n)| Sample::new(&[("cluster", ""), ("kind", kind.as_str())], n as f64))
            .collect()
    });
    let seen = world.clone();
    metrics.on_scrape(gauges::WORLD_AGE.0, gauges::WORLD_AGE.1, move || {
        vec![Sample::new(&[("cluster", "")], seen.last_event_age().as_secs_f64())]
    });
    let rows = recommendations.clone();
    metrics.on_scrape(gauges::RECOMMENDATIONS.0, gauges::RECOMMENDATIONS.1, move || {
        let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
        for known in known(&rows) {
            let state = reason(&known.conditions);
            *counts.entry((known.namespace.clone(), state)).or_default() += 1;
        }
        counts
            .into_iter()
            .map(|((namespace, state), n)| {
                let labels = [
                    ("cluster", ""),
                    ("namespace", namespace.as_str()),
                    ("type", "RightSize"),
                    ("state", state.as_str()),
                ];
                Sample::new(&labels, n as f64)
            })
            .collect()
    });
    let rows = recommendations.clone();
    metrics.on_scrape(gauges::SAVINGS_MONTHLY.0, gauges::SAVINGS_MONTHLY.1, move || {
        let mut sums: BTreeMap<(String, String), i64> = BTreeMap::new();
        for known in known(&rows) {
            if let Some(figures) = &known.figures {
                *sums.entry((known.namespace.clone(), figures.currency.clone())).or_default() += figures.monthly_cents;
            }
        }
        sums.into_iter()
            .map(|((namespace, currency), cents)| {
                let labels = [
                    ("cluster", ""),
                    ("namespace", namespace.as_str()),
                    ("state", "proposed"),
                    ("currency", currency.as_str()),
                ];
                Sample::new(&labels, cents as f64 / 100.0)
            })
            .collect()
    });
    let (policies, books) = (policies.clone(), books.clone());
    metrics.on_scrape(gauges::CONDITION.0, gauges::CONDITION.1, move || {
        let mut samples = Vec::new();
        for ((_, name), entry) in policies.entries() {
            if let Ok(policy) = entry {
                let conditions = policy.status.as_ref().map_or(&[][..], |s| &s.conditions);
                states("OptimizationPolicy", &name, conditions, &mut samples);
            }
        }
        for ((_, name), entry) in books.entries() {
            if let Ok(book) = entry {
                let conditions = book.status.as_ref().map_or(&[][..], |s| &s.conditions);
                states("PriceBook", &name, conditions, &mut samples);
            }
        }
        samples
    });
}

fn known(rows: &Shelf<Known>) -> impl Iterator<Item = Arc<Known>> {
    rows.entries().into_iter().filter_map(|(_, entry)| entry.ok())
}

fn reason(conditions: &[Condition]) -> String {
    conditions.iter().find(|c| c.type_ == types::READY).map_or_else(|| "Unknown".to_owned(), |c| c.reason.clone())
}

fn states(kind: &str, name: &str, conditions: &[Condition], samples: &mut Vec<Sample>) {
    for condition in conditions {
        for status in ["True", "False", "Unknown"] {
            let labels = [
                ("kind", kind),
                ("namespace", ""),
                ("name", name),
                ("type", condition.type_.as_str()),
                ("status", status),
            ];
            samples.push(Sample::new(&labels, f64::from(u8::from(condition.status == status))));
        }
    }
}
