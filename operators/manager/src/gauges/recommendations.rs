//! Recommendations, counted and summed. In: the store. Out: samples. The functions over rows and the time are pure.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use trimtab_api::conditions::{recommendation as reasons, types};
use trimtab_pricing::Money;
use trimtab_recommendation_row::{RealisedAmounts, RecommendationRow};
use trimtab_runtime::{
    Metrics,
    metrics::{GaugeFamily, Sample, gauges},
    store::Store,
};

use super::read;

/// The results that `trimtab_recommendations_total` counts.
const RESULTS: &[&str] = &["Proposed", "Withdrawn", "Applied", "RolledBack", "Superseded"];

/// Registers them.
pub fn register(metrics: &Metrics, store: &Store<RecommendationRow>) {
    metrics.expect_recommendations("RightSize", RESULTS);
    let on_scrape = |family: GaugeFamily, samples: fn(&[Arc<RecommendationRow>]) -> Vec<Sample>| {
        let store = store.clone();
        metrics.on_scrape(family, move || samples(&read(&store)));
    };
    on_scrape(gauges::RECOMMENDATIONS, counted);
    on_scrape(gauges::SAVINGS_MONTHLY, proposed);
    on_scrape(gauges::REALISED_MONTHLY, |rows| realised(rows, |saved| saved.monthly));
    on_scrape(gauges::REALISED, |rows| realised(rows, |saved| saved.total));
    on_scrape(gauges::OLDEST_PENDING, |rows| oldest_pending(rows, Timestamp::now()));
}

/// Number of Recommendations, by namespace and displayed word.
fn counted(rows: &[Arc<RecommendationRow>]) -> Vec<Sample> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in rows {
        let state = ready(&row.conditions).map_or("Unknown", |c| c.reason.as_str());
        *counts.entry((&row.namespace, state)).or_default() += 1;
    }
    let sample = |((namespace, state), n): ((&str, &str), usize)| {
        let labels = [("resource_namespace", namespace), ("type", "RightSize"), ("state", state)];
        Sample::new(&labels, n as f64)
    };
    counts.into_iter().map(sample).collect()
}

/// Proposed monthly savings, by namespace and currency.
fn proposed(rows: &[Arc<RecommendationRow>]) -> Vec<Sample> {
    let mut sums = BTreeMap::new();
    for row in rows {
        if let Some(figures) = row.figures() {
            add(&mut sums, (row.namespace.as_str(), figures.savings.currency.as_str()), figures.monthly);
        }
    }
    let sample = |((namespace, currency), sum): ((&str, &str), _)| {
        let labels = [("resource_namespace", namespace), ("state", "proposed"), ("currency", currency)];
        Some(Sample::new(&labels, number(sum)?))
    };
    sums.into_iter().filter_map(sample).collect()
}

/// Realised savings, by namespace, policy and currency; `amount` selects one of the two figures.
fn realised(rows: &[Arc<RecommendationRow>], amount: impl Fn(&RealisedAmounts) -> Money) -> Vec<Sample> {
    let mut sums = BTreeMap::new();
    for row in rows {
        if let Some(saved) = row.realised_amounts() {
            let policy = row.policy.as_deref().unwrap_or_default();
            add(&mut sums, (row.namespace.as_str(), policy, saved.currency.clone()), amount(&saved));
        }
    }
    let sample = |((namespace, policy, currency), sum): ((&str, &str, String), _)| {
        let labels = [("resource_namespace", namespace), ("policy", policy), ("currency", currency.as_str())];
        Some(Sample::new(&labels, number(sum)?))
    };
    sums.into_iter().filter_map(sample).collect()
}

/// Adds `amount` to the sum under `key`; a sum that overflows becomes `None`.
fn add<K: Ord>(sums: &mut BTreeMap<K, Option<Money>>, key: K, amount: Money) {
    let sum = sums.entry(key).or_insert(Some(Money::ZERO));
    *sum = sum.and_then(|sum| sum.checked_add(amount));
}

/// A sum as a sample value: four decimals of money as a number.
fn number(sum: Option<Money>) -> Option<f64> {
    sum?.fixed(4).parse().ok()
}

/// The longest time that a Recommendation has waited for an approval, by namespace.
fn oldest_pending(rows: &[Arc<RecommendationRow>], now: Timestamp) -> Vec<Sample> {
    let mut oldest: BTreeMap<&str, f64> = BTreeMap::new();
    for row in rows {
        let waits = ready(&row.conditions).filter(|c| c.reason == reasons::PENDING_APPROVAL);
        if let Some(since) = waits {
            let age = now.duration_since(since.last_transition_time.0).as_secs_f64().max(0.0);
            let longest = oldest.entry(&row.namespace).or_default();
            *longest = longest.max(age);
        }
    }
    oldest.into_iter().map(|(namespace, age)| Sample::new(&[("resource_namespace", namespace)], age)).collect()
}

fn ready(conditions: &[Condition]) -> Option<&Condition> {
    conditions.iter().find(|c| c.type_ == types::READY)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::gauges::testkit::{condition, rollout, row_of};

    fn rows(statuses: &[(&str, Value)]) -> Vec<Arc<RecommendationRow>> {
        statuses.iter().map(|(name, status)| row_of(name, status.clone())).collect()
    }

    fn saved(monthly: &str, total: &str, currency: &str, result: &str) -> Value {
        let mut rollout = rollout("Ended", "2026-11-21T10:00:00Z");
        rollout["result"] = json!(result);
        json!({"rollout": rollout, "realisedSavings": {"monthly": monthly, "total": total, "currency": currency,
            "pods": 1, "since": "2026-11-21T10:00:00Z", "until": "2026-11-21T10:00:00Z"}})
    }

    #[test]
    fn savings_add_up_by_currency_and_what_was_undone_saves_no_more() {
        let rows = rows(&[
            ("a", saved("10.25", "1.0001", "USD", "Applied")),
            ("b", saved("5", "0.5", "USD", "Applied")),
            ("c", saved("7", "0.25", "USD", "RolledBack")),
            ("d", saved("-2", "-0.1", "EUR", "Applied")),
            ("e", json!({})),
        ]);
        let of = |currency, value| {
            Sample::new(&[("resource_namespace", "shop"), ("policy", "p"), ("currency", currency)], value)
        };
        assert_eq!(realised(&rows, |s| s.monthly), [of("EUR", -2.0), of("USD", 15.25)]);
        assert_eq!(realised(&rows, |s| s.total), [of("EUR", -0.1), of("USD", 1.7501)]);
    }

    #[test]
    fn only_what_waits_for_an_approval_has_an_age() {
        let since = |reason: &str, at: &str| {
            let mut ready = condition("Ready", "False", reason);
            ready["lastTransitionTime"] = json!(at);
            json!({"conditions": [ready]})
        };
        let rows = rows(&[
            ("a", since("PendingApproval", "2026-11-21T10:00:00Z")),
            ("b", since("PendingApproval", "2026-11-20T10:00:00Z")),
            ("c", since("Blocked", "2026-11-01T10:00:00Z")),
        ]);
        let now = "2026-11-21T11:00:00Z".parse().unwrap();
        assert_eq!(oldest_pending(&rows, now), [Sample::new(&[("resource_namespace", "shop")], 25.0 * 3600.0)]);
        let states = counted(&rows);
        assert_eq!(states.len(), 2, "{states:?}");
    }
}
