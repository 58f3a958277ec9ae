//! Conditions as series. In: the stores of each kind. Out: samples of one family.
//!
//! Policies and price books are few: each of their conditions has a series for each status. Recommendations may be
//! thousands, so only those that may need a person's attention have a series: at most one each, and none for those that
//! wait for an approval, are applied, or were rejected. `reason` is one of the constants of `trimtab_api`, or the
//! reason of a gate.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use trimtab_api::{
    OptimizationPolicy, PriceBook,
    conditions::{recommendation as reasons, types},
};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::{
    Metrics,
    metrics::{Sample, gauges},
    store::Store,
};

use super::read;

/// Reasons that are no trouble by themselves. Blocked Recommendations are counted by gate.
const NO_TROUBLE: &[&str] = &[reasons::BLOCKED, reasons::REJECTED, reasons::SUPERSEDED];

/// Registers those of each kind.
pub fn register(
    metrics: &Metrics,
    rows: &Store<RecommendationRow>,
    policies: &Store<OptimizationPolicy>,
    books: &Store<PriceBook>,
) {
    let seen = policies.clone();
    all(metrics, move |samples| {
        for policy in read(&seen) {
            let conditions = policy.status.as_ref().map_or(&[][..], |s| &s.conditions);
            states("OptimizationPolicy", policy.metadata.name.as_deref(), conditions, samples);
        }
    });
    let seen = books.clone();
    all(metrics, move |samples| {
        for book in read(&seen) {
            let conditions = book.status.as_ref().map_or(&[][..], |s| &s.conditions);
            states("PriceBook", book.metadata.name.as_deref(), conditions, samples);
        }
    });
    let seen = rows.clone();
    all(metrics, move |samples| troubles(&read(&seen), samples));
}

fn all(metrics: &Metrics, add: impl Fn(&mut Vec<Sample>) + Send + Sync + 'static) {
    metrics.on_scrape(gauges::CONDITION, move || {
        let mut samples = Vec::new();
        add(&mut samples);
        samples
    });
}

/// A series for each status of each condition.
fn states(kind: &str, name: Option<&str>, conditions: &[Condition], samples: &mut Vec<Sample>) {
    for condition in conditions {
        for status in ["True", "False", "Unknown"] {
            samples.push(sample(kind, ("", name.unwrap_or_default()), condition, status));
        }
    }
}

/// A series for each that is under way or ended badly.
fn troubles(rows: &[Arc<RecommendationRow>], samples: &mut Vec<Sample>) {
    for row in rows {
        let told = row.conditions.iter().filter(|c| {
            [types::RECONCILING, types::STALLED].contains(&c.type_.as_str())
                && c.status == "True"
                && !NO_TROUBLE.contains(&c.reason.as_str())
        });
        samples.extend(told.map(|c| sample("Recommendation", (&row.namespace, &row.name), c, "True")));
    }
}

fn sample(kind: &str, (namespace, name): (&str, &str), condition: &Condition, status: &str) -> Sample {
    let holds = condition.status == status;
    let labels = [
        ("kind", kind),
        ("resource_namespace", namespace),
        ("name", name),
        ("type", condition.type_.as_str()),
        ("status", status),
        ("reason", if holds { condition.reason.as_str() } else { "" }),
    ];
    Sample::new(&labels, f64::from(u8::from(holds)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::gauges::testkit::{condition, row_of};

    fn troubles_of(conditions: serde_json::Value) -> Vec<Sample> {
        let mut samples = Vec::new();
        troubles(&[row_of("web", serde_json::json!({"conditions": conditions}))], &mut samples);
        samples
    }

    #[test]
    fn the_status_that_holds_carries_the_reason() {
        let conditions = serde_json::json!([condition("Ready", "False", "InvalidSpec")]);
        let conditions: Vec<Condition> = serde_json::from_value(conditions).unwrap();
        let mut samples = Vec::new();
        states("OptimizationPolicy", Some("shop"), &conditions, &mut samples);
        let of = |status, reason, value| {
            let labels =
                [("kind", "OptimizationPolicy"), ("resource_namespace", ""), ("name", "shop"), ("type", "Ready")];
            Sample::new(&[&labels[..], &[("status", status), ("reason", reason)]].concat(), value)
        };
        assert_eq!(samples, [of("True", "", 0.0), of("False", "InvalidSpec", 1.0), of("Unknown", "", 0.0)]);
    }

    #[test]
    fn a_recommendation_has_one_series_where_somebody_may_have_to_look_and_none_else() {
        let at = |kind: &str, reason: &str| {
            serde_json::json!([
                condition("Ready", "False", reason),
                condition("Succeeded", "Unknown", reason),
                condition(kind, "True", reason)
            ])
        };
        for (kind, reason) in
            [("Reconciling", "RollingOut"), ("Stalled", "RolledBack"), ("Stalled", "SizeNotDelivered")]
        {
            let labels = [("kind", "Recommendation"), ("resource_namespace", "shop"), ("name", "web"), ("type", kind)];
            let one = Sample::new(&[&labels[..], &[("status", "True"), ("reason", reason)]].concat(), 1.0);
            assert_eq!(troubles_of(at(kind, reason)), [one]);
        }
        for (kind, reason) in [("Reconciling", "Blocked"), ("Stalled", "Rejected"), ("Stalled", "Superseded")] {
            assert_eq!(troubles_of(at(kind, reason)), [], "{reason}");
        }
        let waits = serde_json::json!([condition("Ready", "False", "PendingApproval")]);
        assert_eq!(troubles_of(waits), []);
    }

    #[test]
    fn five_thousand_recommendations_make_few_series() {
        let states = [("Reconciling", "False", "PendingApproval", 4_000), ("Stalled", "False", "Applied", 800)];
        let more = [
            ("Reconciling", "True", "Blocked", 180),
            ("Reconciling", "True", "RollingOut", 5),
            ("Stalled", "True", "RolledBack", 15),
        ];
        let mut rows = Vec::new();
        for (kind, status, reason, n) in states.into_iter().chain(more) {
            let conditions = serde_json::json!([condition("Ready", "False", reason), condition(kind, status, reason)]);
            let row = row_of("web", serde_json::json!({"conditions": conditions}));
            rows.extend(std::iter::repeat_n(row, n));
        }
        let mut samples = Vec::new();
        troubles(&rows, &mut samples);
        assert_eq!((rows.len(), samples.len()), (5_000, 20));
    }
}
