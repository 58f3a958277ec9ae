//! The text as people read it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use crate::testkit::*;

#[test]
fn it_reads_like_this() {
    let scene = a_deployment()
        .requesting("100m", "128Mi")
        .limited_to("100m", "128Mi")
        .using(steady(0.098, 120.0), 14)
        .oom_killed(3, 128)
        .throttled(30);
    let draft = scene.draft();
    // What sizing comes to is not what is tested here.
    let part = |c: &trimtab_api::recommendation::Resources| [c.cpu.clone(), c.memory.clone()].map(|q| q.unwrap().0);
    let after = &draft.proposal.containers[0];
    let ([cpu, memory], [cpu_limit, memory_limit]) = (part(&after.requests), part(&after.limits));
    let (cost, held, days) = (&draft.savings.monthly[1..], draft.evidence.held_days, draft.evidence.replayed_days);
    let confidence = draft.confidence_percent;
    assert_eq!(
        draft.explanation,
        format!(
            "Container app, 15 days, 4032 samples: CPU at most 99m in 100 % of its samples, peak 99m; memory peak 121Mi, \
             of the last day 121Mi.\n\
             CPU request 100m → {cpu}, CPU limit 100m → {cpu_limit}, memory request 128Mi → {memory}, memory limit 128Mi \
             → {memory_limit}.\n\
             CPU: raised because 30 % of its CPU periods were throttled: what it used is less than what it wanted.\n\
             Memory: raised above 128Mi, at which it was OOM-killed 3 times.\n\
             Costs {cost} USD a month over 3 pods, priced by built-in table, aws us-east-1 m5.large on demand, \
             2026-07-20.\n\
             Replayed over {days} past days, it would have held on {held}: {confidence} % is the lower bound.\n\
             Risk Medium: pods change from Guaranteed to Burstable, which needs new pods."
        )
    );
}

#[test]
fn it_says_why_something_stays() {
    let base = || a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 14);
    for (says, scene) in [
        ("CPU: an autoscaler scales on its utilisation", base().with_hpa_on_cpu()),
        ("Memory: close enough to what usage asks for, so it stays.", base().requesting("1", "210Mi")),
        ("Memory: not lowered, because the runtime sizes its heap from it.", base().limited_to("", "1Gi").jvm(None)),
        (
            "CPU: raised to the least that the policy or an annotation allows.",
            base().annotated(&[("trimtab.dev/min-cpu", "300m")]),
        ),
        (
            "CPU: held at the most that the policy or an annotation allows; usage asks for more.",
            base().under(json!({"sizing": {"cpu": {"max": "50m"}}})),
        ),
        ("CPU request unset → ", a_deployment().using(steady(0.12, 180.0), 14)),
        ("CPU limit 2 → unset", base().limited_to("2", "").under(json!({"sizing": {"cpu": {"limit": "Remove"}}}))),
        ("over 1 pod, priced", base().row(|r| r.desired = 1)),
        ("(estimated).", {
            let mut s = base();
            s.prices = prices(&[("0.04", "0.005", true)]);
            s
        }),
        ("Only 4 days of it are known", a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 3)),
        (
            "could not be replayed",
            base().history(|h| h.forget_before(NOW_S)).under(json!({"history": {"minimum": "1h"}})),
        ),
    ] {
        let text = scene.draft().explanation;
        assert!(text.contains(says), "{says}: {text}");
    }
}
