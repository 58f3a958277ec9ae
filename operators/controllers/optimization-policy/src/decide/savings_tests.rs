//! What a change saves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use trimtab_core::WorkloadKind;
use trimtab_sizing::ContainerHistory;

use super::tests::over_provisioned;
use crate::testkit::*;

#[test]
fn work_that_ends_costs_only_while_it_runs() {
    // Half an hour a day.
    let run = |time: i64| time.rem_euclid(DAY) < 1800;
    let mut scene = a_workload(WorkloadKind::CronJob).requesting("1", "1Gi");
    let mut history = ContainerHistory::new();
    for time in (NOW_S - 10 * DAY - DAY / 2..NOW_S).step_by(30).filter(|t| run(*t)) {
        history.observe_cpu(time, 0.12, 1);
        history.observe_memory(time, 180.0 * MIB);
    }
    scene.usage.push(("app".into(), history));
    let draft = scene.draft();
    // It runs half an hour on 11 of ten and a half days: 5.5 of 252 hours.
    let sized = (proposed_millicores(&draft), proposed_mib(&draft));
    let always = monthly((1000, 1024), sized);
    assert!((amount_of(&draft) - always * 5.5 / 252.0).abs() < 0.01, "{always} {:?}", draft.savings);
    assert_eq!(draft.savings.pods, 1);
    let says = format!("Frees {} USD a month for 16 pod-hours", draft.savings.monthly);
    assert!(draft.explanation.contains(&says), "{}", draft.explanation);
}

/// The difference in monthly cost of one pod's requests, at the prices of the tests: 0.04 per core and 0.005 per GiB an
/// hour.
fn monthly(from: (i64, i64), to: (i64, i64)) -> f64 {
    ((from.0 - to.0) as f64 / 1000.0 * 0.04 + (from.1 - to.1) as f64 / 1024.0 * 0.005) * 730.0
}

fn amount_of(draft: &crate::outcome::Draft) -> f64 {
    draft.savings.monthly.parse().unwrap()
}

fn proposed_millicores(draft: &crate::outcome::Draft) -> i64 {
    crate::amount::millicores(&draft.proposal.containers[0].requests.cpu.as_ref().unwrap().0).unwrap()
}

fn proposed_mib(draft: &crate::outcome::Draft) -> i64 {
    crate::amount::bytes(&draft.proposal.containers[0].requests.memory.as_ref().unwrap().0).unwrap() >> 20
}

#[test]
fn savings_count_what_would_be_set_aside() {
    let one = monthly((1000, 1024), asked(0.12, 180.0));
    let is = |scene: Scene, expected: f64| {
        let found = amount_of(&scene.draft());
        assert!((found - expected).abs() < 0.01, "{found}, expected {expected}");
    };
    is(over_provisioned(), 3.0 * one);
    is(over_provisioned().row(|r| r.desired = 1), one);
    let pods = |mut scene: Scene, pods| {
        scene.pods = pods;
        scene
    };
    // Surplus pods during a rollout do not count; those that still run count if none are desired.
    is(pods(over_provisioned(), 4), 3.0 * one);
    is(over_provisioned().row(|r| r.desired = 0), 3.0 * one);
    is(pods(over_provisioned().row(|r| r.desired = 0), 0), 0.0);
    // The usage is already paid for: only the headroom costs.
    let small = a_deployment().requesting("10m", "32Mi").using(steady(0.12, 180.0), 14).draft();
    assert!((-5.0..0.0).contains(&amount_of(&small)), "{:?}", small.savings);
    assert!(small.explanation.contains("Costs ") && !small.explanation.contains("Costs -"));
}
