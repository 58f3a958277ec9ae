//! Invalid policies, each with the field and the remedy. The schema rejects most of them before.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use super::*;
use crate::testkit::a_policy;

#[test]
fn a_wrong_policy_names_its_field() {
    let cases: Vec<(Value, &str)> = vec![
        (json!({"targetNamespaces": []}), "targetNamespaces is empty"),
        (json!({"targetNamespaces": null}), "exactly one of targetNamespaces and namespaceSelector"),
        (json!({"namespaceSelector": {"matchLabels": {"a": "b"}}}), "exactly one of"),
        (json!({"targetNamespaces": null, "namespaceSelector": {}}), "namespaceSelector is empty"),
        (json!({"workloadSelector": {}}), "workloadSelector is empty"),
        (json!({"kinds": []}), "kinds is empty"),
        (json!({"metrics": {"maxAge": "1s"}}), "metrics.maxAge is 1s: it must be between 1m and 24h"),
        (json!({"metrics": {"maxAge": "soon"}}), "metrics.maxAge: \"soon\" is not a duration"),
        (json!({"history": {"window": "1h"}}), "history.window is 1h"),
        (json!({"history": {"window": "9999h"}}), "history.window is 9999h"),
        (json!({"history": {"minimum": "1m"}}), "history.minimum is 1m: it must be at least 1h"),
        (json!({"history": {"window": "24h", "minimum": "48h"}}), "shorter than history.minimum"),
        (json!({"sizing": {"cpu": {"min": "2", "max": "1"}}}), "sizing.cpu.min 2 is above sizing.cpu.max 1: lower min"),
        (
            json!({"sizing": {"memory": {"min": "2Gi", "max": "1Gi"}}}),
            "sizing.memory.min 2Gi is above sizing.memory.max 1Gi",
        ),
        (json!({"sizing": {"memory": {"max": "16Mi"}}}), "sizing.memory.min 32Mi is above"),
        (json!({"sizing": {"cpu": {"percentile": 30}}}), "sizing.cpu.percentile is 30"),
        (json!({"sizing": {"cpu": {"headroomPercent": -1}}}), "sizing.cpu.headroomPercent is -1"),
        (json!({"sizing": {"cpu": {"min": "a lot"}}}), "sizing.cpu.min: \"a lot\" is not an amount of CPU"),
        (json!({"sizing": {"cpu": {"max": "512Mi"}}}), "sizing.cpu.max: \"512Mi\" is not an amount of CPU"),
        (json!({"sizing": {"memory": {"min": "512m"}}}), "sizing.memory.min: \"512m\" is not an amount of memory"),
        (
            json!({"sizing": {"cpu": {"max": "1"}, "containers": [{"name": "proxy", "cpu": {"min": "2"}}]}}),
            "sizing.containers[proxy].cpu.min 2 is above sizing.containers[proxy].cpu.max 1",
        ),
        (
            json!({"sizing": {"containers": [{"name": "proxy", "cpu": {"percentile": 20}}]}}),
            "sizing.containers[proxy]: sizing.cpu.percentile is 20",
        ),
        (json!({"thresholds": {"minMonthlySavings": "-5"}}), "thresholds.minMonthlySavings: \"-5\" is not an amount"),
        (json!({"thresholds": {"minMonthlySavings": "5 EUR"}}), "thresholds.minMonthlySavings"),
        (
            json!({"thresholds": {"minChangePercent": -5}}),
            "thresholds.minChangePercent is -5: it must be between 0 and 100",
        ),
        (json!({"thresholds": {"minCpu": "x"}}), "thresholds.minCpu: \"x\""),
        (json!({"thresholds": {"minMemory": "16m"}}), "thresholds.minMemory: \"16m\""),
    ];
    for (fields, says) in cases {
        let error = validate(&a_policy(fields.clone())).expect_err(&fields.to_string()).to_string();
        assert!(error.contains(says), "{fields}: {error}");
    }
}

/// The schema admits all of these, and no change could ever start by them.
#[test]
fn a_policy_that_rollouts_cannot_follow_is_invalid_in_their_words() {
    let window = |schedule: &str, time_zone: &str| json!({"windows": [{"kind": "Allow", "schedule": schedule, "duration": "1h", "timeZone": time_zone}]});
    assert!(validate(&a_policy(window("0 22 * * 1-5", "Europe/Berlin"))).is_ok());
    for (fields, says) in [
        (window("60 * * * *", "UTC"), "windows[0].schedule: \"60 * * * *\" is not five cron fields"),
        (window("*/0 * * * *", "UTC"), "windows[0].schedule: \"*/0 * * * *\" is not "),
        (window("0 0 L * *", "UTC"), "windows[0].schedule: \"0 0 L * *\" is not "),
        (window("0 0 1-31/0 * *", "UTC"), "windows[0].schedule: \"0 0 1-31/0 * *\" is not "),
        (window("0 0 * * 5-1", "UTC"), "windows[0].schedule: \"0 0 * * 5-1\" is not "),
        (window("60 * * * *", "Local"), "windows[0].timeZone: \"Local\" is not an IANA time zone"),
        (window("0 22 * * *", "GMT+25"), "windows[0].timeZone: \"GMT+25\" is not an IANA time zone"),
        (json!({"limits": {"cooldown": "soon"}}), "limits.cooldown: \"soon\" is not a duration"),
    ] {
        let policy = a_policy(fields.clone());
        let error = validate(&policy).expect_err(&fields.to_string());
        assert!(error.to_string().starts_with(says), "{fields}: {error}");
        // The gate `Policy` of rollouts says the same.
        assert_eq!(error, PolicyError::Rollouts(trimtab_gates::rules::rules(&policy.spec).unwrap_err()));
    }
    // Sizing comes first.
    let mut both = window("60 * * * *", "UTC");
    both["thresholds"] = json!({"minCpu": "x"});
    let error = validate(&a_policy(both)).unwrap_err().to_string();
    assert!(error.starts_with("thresholds.minCpu: "), "{error}");
}

#[test]
fn defaults_are_those_that_the_schema_states() {
    let policy = validate(&a_policy(json!({}))).unwrap();
    assert_eq!(policy.scope, Scope::Names(vec!["shop".into()]));
    // A custom kind named in another test is known to the whole process.
    let built_in = policy.kinds.iter().filter(|kind| !matches!(kind, WorkloadKind::Custom(_)));
    assert_eq!(built_in.count(), 6);
    assert_eq!(
        (policy.max_age_s, policy.rules.window_seconds, policy.rules.minimum_history_seconds),
        (1800, 1_209_600, 86_400)
    );
    assert_eq!((policy.rules.cpu.min_millicores, policy.rules.memory.min_bytes), (10, 32 << 20));
    assert_eq!(
        policy.thresholds,
        Thresholds { min_change_percent: 10, min_cpu: 10, min_memory: 16 << 20, min_savings: Money::ZERO }
    );
    assert!(!policy.suspended && policy.rules.tolerance_percent == 0.0);
}

#[test]
fn each_number_overrides_the_profile_and_an_exception_the_policy() {
    let policy = validate(&a_policy(json!({"sizing": {
        "profile": "Resilient",
        "cpu": {"percentile": 99, "headroomPercent": 20, "limit": "Remove", "max": "4"},
        "memory": {"headroomPercent": 30, "oomHeadroomPercent": 50, "limit": "EqualRequest", "min": "64Mi"},
        "containers": [{"name": "proxy", "cpu": {"max": "1"}}, {"name": "agent", "mode": "Off"}],
    }})))
    .unwrap();
    let rules = policy.rules_for("app").unwrap();
    assert_eq!((rules.profile, rules.cpu.percentile, rules.cpu.headroom_percent), (Profile::Resilient, 99.0, 20.0));
    assert_eq!((rules.cpu.limit, rules.cpu.max_millicores), (sizing::LimitMode::Remove, Some(4000)));
    assert_eq!((rules.memory.headroom_percent, rules.memory.oom_headroom_percent), (30.0, 50.0));
    assert_eq!((rules.memory.limit, rules.memory.min_bytes), (sizing::LimitMode::EqualsRequest, 64 << 20));
    let proxy = policy.rules_for("proxy").unwrap();
    assert_eq!((proxy.cpu.max_millicores, proxy.cpu.percentile), (Some(1000), 99.0));
    assert_eq!(policy.rules_for("agent"), None);
}
