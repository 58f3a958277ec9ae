//! Rollouts and their gates. In: the stores. Out: samples. The functions over rows and the time are pure.
//!
//! A rollout has series of its own only while it is under way, and few are: `limits.maxConcurrentRollouts` of its
//! policy.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use trimtab_api::{
    OptimizationPolicy,
    rollout::{RolloutStatus, Stage},
};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::{
    Metrics,
    metrics::{Sample, gauges},
    store::Store,
};

use super::read;

/// The stages of rollouts under way.
const STAGES: [(Stage, &str); 5] = [
    (Stage::Resizing, "Resizing"),
    (Stage::Watching, "Watching"),
    (Stage::Delivering, "Delivering"),
    (Stage::Verifying, "Verifying"),
    (Stage::Undoing, "Undoing"),
];

/// Registers them.
pub fn register(metrics: &Metrics, rows: &Store<RecommendationRow>, policies: &Store<OptimizationPolicy>) {
    let (seen, of) = (rows.clone(), policies.clone());
    metrics.on_scrape(gauges::ROLLOUTS, move || {
        let names = of.entries().into_iter().map(|((_, name), _)| name).collect::<Vec<_>>();
        counted(&read(&seen), &names)
    });
    let seen = rows.clone();
    metrics.on_scrape(gauges::STAGE_AGE, move || ages(&read(&seen), Timestamp::now()));
    let seen = rows.clone();
    metrics.on_scrape(gauges::GATES_CLOSED, move || gates(&read(&seen)));
}

/// Number of rollouts under way, by policy and stage. `policies` have their series even with none.
fn counted(rows: &[Arc<RecommendationRow>], policies: &[String]) -> Vec<Sample> {
    let mut counts: BTreeMap<&str, [usize; 5]> = policies.iter().map(|name| (name.as_str(), [0; 5])).collect();
    for (row, rollout) in under_way(rows) {
        let of = counts.entry(row.policy.as_deref().unwrap_or_default()).or_default();
        for (count, (stage, _)) in of.iter_mut().zip(STAGES) {
            *count += usize::from(rollout.stage == stage);
        }
    }
    let samples = |(policy, counts): (&str, [usize; 5])| {
        let sample =
            |(n, (_, stage)): (usize, (Stage, &str))| Sample::new(&[("policy", policy), ("stage", stage)], n as f64);
        counts.into_iter().zip(STAGES).map(sample).collect::<Vec<_>>()
    };
    counts.into_iter().flat_map(samples).collect()
}

/// How long each has been in its stage.
fn ages(rows: &[Arc<RecommendationRow>], now: Timestamp) -> Vec<Sample> {
    let sample = |(row, rollout): (&RecommendationRow, &RolloutStatus)| {
        let stage = STAGES.iter().find(|(stage, _)| *stage == rollout.stage).map_or("", |(_, word)| word);
        let policy = row.policy.as_deref().unwrap_or_default();
        let labels =
            [("resource_namespace", row.namespace.as_str()), ("name", &row.name), ("policy", policy), ("stage", stage)];
        Sample::new(&labels, now.duration_since(rollout.stage_since.0).as_secs_f64().max(0.0))
    };
    under_way(rows).map(sample).collect()
}

/// Number of Recommendations that each closed gate blocks.
fn gates(rows: &[Arc<RecommendationRow>]) -> Vec<Sample> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for gate in rows.iter().flat_map(|row| &row.gates) {
        *counts.entry((&gate.gate, &gate.reason)).or_default() += 1;
    }
    let sample =
        |((gate, reason), n): ((&str, &str), usize)| Sample::new(&[("gate", gate), ("reason", reason)], n as f64);
    counts.into_iter().map(sample).collect()
}

fn under_way(rows: &[Arc<RecommendationRow>]) -> impl Iterator<Item = (&RecommendationRow, &RolloutStatus)> {
    rows.iter().filter(|row| row.is_under_way()).filter_map(|row| Some((&**row, row.rollout.as_ref()?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::gauges::testkit::{rollout, row_of};

    #[test]
    fn what_is_under_way_is_counted_and_has_an_age() {
        let rows = [
            row_of("a", json!({"rollout": rollout("Resizing", "2026-11-21T10:00:00Z")})),
            row_of("b", json!({"rollout": rollout("Ended", "2026-11-21T09:00:00Z")})),
            row_of("c", json!({})),
        ];
        let counts = counted(&rows, &["idle".to_owned()]);
        assert_eq!(counts.len(), 10, "five stages of two policies: {counts:?}");
        assert!(counts.contains(&Sample::new(&[("policy", "p"), ("stage", "Resizing")], 1.0)), "{counts:?}");
        assert!(counts.contains(&Sample::new(&[("policy", "idle"), ("stage", "Undoing")], 0.0)), "{counts:?}");
        let labels = [("resource_namespace", "shop"), ("name", "a"), ("policy", "p"), ("stage", "Resizing")];
        assert_eq!(ages(&rows, "2026-11-21T10:02:00Z".parse().unwrap()), [Sample::new(&labels, 120.0)]);
    }

    #[test]
    fn a_gate_counts_whom_it_keeps() {
        let gate = |reason: &str| json!({"gate": "Window", "reason": reason, "message": "later"});
        let rows = [
            row_of(
                "a",
                json!({"gates": [gate("WindowClosed"), {"gate": "Rate", "reason": "TooManyStarts", "message": ""}]}),
            ),
            row_of("b", json!({"gates": [gate("WindowClosed")]})),
        ];
        let of = |gate, reason, n| Sample::new(&[("gate", gate), ("reason", reason)], n);
        assert_eq!(gates(&rows), [of("Rate", "TooManyStarts", 1.0), of("Window", "WindowClosed", 2.0)]);
    }
}
