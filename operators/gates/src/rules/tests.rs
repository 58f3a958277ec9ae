#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};

use super::*;
use crate::{START, testkit::Scene};
use trimtab_engine::{gate::closed_gates, input::Policy};

fn spec(fields: Value) -> OptimizationPolicySpec {
    let mut spec = json!({"targetNamespaces": ["shop"]});
    for (key, value) in fields.as_object().unwrap() {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).unwrap()
}

#[test]
fn without_a_policy_the_rules_are_those_of_a_policy_that_says_nothing() {
    let (own, of_policy) = (Rules::default(), rules(&spec(json!({}))).unwrap());
    assert_eq!(format!("{own:?}"), format!("{of_policy:?}"));
    let percent = |share, pause_s| StepSetting { share: Share::Percent(share), pause_s };
    assert_eq!(own.steps, [percent(20, 300), percent(50, 600), percent(100, 0)]);
    assert_eq!((own.limits.max_concurrent, own.limits.max_per_hour, own.limits.cooldown_s), (5, 60, 86_400));
    assert_eq!((own.deferred_timeout_s, own.verification_window_s, own.max_data_age_s), (600, 900, 1800));
    assert_eq!(
        (own.delivery, own.if_infeasible, own.limits.suspended),
        (DeliveryMode::Auto, IfInfeasible::Undo, false)
    );
    assert!(own.auto_approve.is_none() && own.limits.windows.is_empty() && own.queries.is_empty());
}

#[test]
fn a_policy_in_numbers() {
    let rules = rules(&spec(json!({
        "suspend": true,
        "autoApprove": {"minConfidencePercent": 90, "maxRiskLevel": "Low"},
        "rolloutStrategy": {
            "steps": [{"replicas": 1, "pause": "90s"}, {"replicas": "100%"}],
            "ifInfeasible": "Evict",
            "deferredTimeout": "1h30m",
        },
        "verification": {"window": "1h", "queries": [{"name": "errors", "promql": "x", "maxWorsePercent": 5}]},
        "windows": [{"kind": "Allow", "schedule": "0 22 * * *", "duration": "4h"}],
        "limits": {"maxConcurrentRollouts": 2, "maxRolloutsPerHour": 7, "cooldown": "2h"},
        "metrics": {"maxAge": "5m"},
        "delivery": {"mode": "Template"},
    })))
    .unwrap();
    assert!(rules.limits.suspended && rules.auto_approve.is_some() && !rules.limits.windows.is_empty());
    assert_eq!((rules.limits.max_concurrent, rules.limits.max_per_hour), (2, 7));
    assert_eq!((rules.limits.cooldown_s, rules.max_data_age_s), (7200, 300));
    assert_eq!(rules.queries[0].max_worse_percent, 5);
    let settings = rules.rollout_settings(DeliveryMode::Admission, false);
    assert_eq!(
        settings,
        Settings {
            steps: vec![
                StepSetting { share: Share::Count(1), pause_s: 90 },
                StepSetting { share: Share::Percent(100), pause_s: 0 },
            ],
            if_infeasible: IfInfeasible::Evict,
            deferred_timeout_s: 5400,
            verification_window_s: 3600,
            delivery: DeliveryMode::Admission,
            in_place: false,
        }
    );
}

#[test]
fn all_at_once_is_one_step_whatever_the_steps_say() {
    let all = json!({"rolloutStrategy": {"type": "AllAtOnce", "steps": [{"replicas": 1, "pause": "5m"}]}});
    assert_eq!(rules(&spec(all)).unwrap().steps, [StepSetting { share: Share::Percent(100), pause_s: 0 }]);
}

#[test]
fn what_has_no_meaning_is_named() {
    let window = |key: &str, value: &str| {
        let mut window = json!({"kind": "Deny", "schedule": "0 22 * * *", "duration": "4h"});
        window[key] = value.into();
        json!({"windows": [window]})
    };
    let steps = |steps: Value| json!({"rolloutStrategy": {"steps": steps}});
    for (fields, field) in [
        (json!({"limits": {"cooldown": "soon"}}), "limits.cooldown"),
        (json!({"limits": {"maxConcurrentRollouts": 0}}), "limits.maxConcurrentRollouts"),
        (json!({"limits": {"maxRolloutsPerHour": -1}}), "limits.maxRolloutsPerHour"),
        (json!({"verification": {"window": ""}}), "verification.window"),
        (json!({"metrics": {"maxAge": "1w"}}), "metrics.maxAge"),
        (json!({"rolloutStrategy": {"deferredTimeout": "x"}}), "rolloutStrategy.deferredTimeout"),
        (steps(json!([])), "the last of rolloutStrategy.steps"),
        (steps(json!([{"replicas": "50%"}])), "the last of rolloutStrategy.steps"),
        (steps(json!([{"replicas": 100}])), "the last of rolloutStrategy.steps"),
        (steps(json!([{"replicas": "0%"}, {"replicas": "100%"}])), "rolloutStrategy.steps[0].replicas"),
        (steps(json!([{"replicas": "101%"}])), "rolloutStrategy.steps[0].replicas"),
        (steps(json!([{"replicas": 1, "pause": "?"}, {"replicas": "100%"}])), "rolloutStrategy.steps[0].pause"),
        (window("schedule", "0 22 * *"), "windows[0].schedule"),
        (window("schedule", "0 25 * * *"), "windows[0].schedule"),
        (window("duration", "0s"), "windows[0].duration"),
        (window("timeZone", "Europe/Atlantis"), "windows[0].timeZone"),
    ] {
        let fault = rules(&spec(fields.clone())).expect_err(&fields.to_string());
        assert_eq!(fault.field, field, "{fault}");
        let mut scene = Scene::new();
        scene.policy = Policy::Invalid("services", &fault);
        let gates = scene.with(|input| closed_gates(START, input));
        let gate = gates.first().expect("it closes a gate");
        assert_eq!((&*gate.gate, &*gate.reason), ("Policy", "PolicyInvalid"));
        assert!(gate.message.contains("OptimizationPolicy services") && gate.message.contains(field), "{gate:?}");
    }
}
