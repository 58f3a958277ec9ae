#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use crate::testkit::*;

/// Steady CPU, and memory that is a quarter more every day.
fn restless_memory() -> Usage {
    Box::new(|time| (0.12, 50.0 * MIB * 1.25f64.powi(((time - NOW_S).div_euclid(DAY) + 14) as i32)))
}

#[test]
fn a_resource_that_stays_does_not_count() {
    let both = a_deployment().requesting("1", "4Gi").using(restless_memory(), 14).draft();
    let cpu_only = a_deployment()
        .requesting("1", "4Gi")
        .using(restless_memory(), 14)
        .under(json!({"thresholds": {"minMemory": "8Gi"}}))
        .draft();
    assert!(
        both.confidence_percent < cpu_only.confidence_percent,
        "{} {}",
        both.confidence_percent,
        cpu_only.confidence_percent
    );
    assert_eq!(cpu_only.evidence.held_days, cpu_only.evidence.replayed_days);
}

#[test]
fn a_maximum_below_usage_is_not_called_safe() {
    let free = a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 14);
    assert!(free.draft().confidence_percent >= 90);
    let capped = free.clone().under(json!({"sizing": {"cpu": {"max": "50m"}}})).draft();
    assert_eq!((capped.confidence_percent, capped.evidence.held_days), (0, 0));
    let capped = free.clone().under(json!({"sizing": {"memory": {"max": "100Mi"}}})).draft();
    assert_eq!((capped.confidence_percent, capped.evidence.held_days), (0, 0));
    // A maximum that leaves room for the usage takes nothing away.
    let roomy = free.under(json!({"sizing": {"cpu": {"max": "130m"}}})).draft();
    assert!(roomy.confidence_percent >= 90, "{}", roomy.confidence_percent);
}
