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
            "Container app: over 14 days (4,032 samples), CPU stayed at or below 99m in 100% of samples; p50 98m, p95 98m, p99 \
             99m, peak 99m. Memory peaked at 121Mi, at 121Mi on a typical day and at 121Mi on the last day.\n\
             CPU request 100m → {cpu}, CPU limit 100m → {cpu_limit}, memory request 128Mi → {memory}, memory limit 128Mi \
             → {memory_limit}.\n\
             CPU: raised because 30% of its CPU periods were throttled, so it wanted more than it could use.\n\
             Memory: raised above 121Mi, the memory that it needed when it was OOM-killed 3 times.\n\
             Readings are 5 minutes apart: CPU is the mean between two of them and memory the value at each, so a shorter peak, as \
             at a start, may not be seen.\n\
             Costs {cost} USD a month across 3 pods, at prices from built-in table, aws us-east-1 m5.large on demand, \
             2026-07-20.\n\
             Replayed over {days} past days, sizes that the same rules choose from the days before would have been enough on \
             {held}; the lower bound of that share is \
             {confidence}%.\n\
             Risk Low: the CPU limit of container app is raised from 100m to {cpu_limit}."
        )
    );
}

#[test]
fn a_kill_under_a_maximum_is_said_as_it_is() {
    let killed = || {
        let scene = a_deployment().requesting("1", "128Mi").limited_to("", "128Mi").using(steady(0.12, 120.0), 14);
        scene.oom_killed(3, 128)
    };
    for scene in [
        killed().annotated(&[("trimtab.dev/max-memory", "128Mi")]),
        killed().under(json!({"sizing": {"memory": {"max": "100Mi"}}})),
    ] {
        let draft = scene.draft();
        let said = &draft.explanation;
        for part in
            ["it needed 121Mi when it was OOM-killed 3 times, and a maximum holds it at", "can be OOM-killed again"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("raised above"), "nothing is raised: {said}");
        assert!(draft.risk.factors.iter().any(|f| f.reason == "OomHeldByMaximum"), "{:?}", draft.risk);
    }
    let lowered = a_deployment().requesting("1", "1Gi").using(steady(0.12, 120.0), 14).oom_killed(1, 128);
    let said = lowered.draft().explanation;
    assert!(said.contains("kept above 121Mi") || !said.contains("above 121Mi"), "{said}");
}

#[test]
fn it_says_why_something_stays() {
    let base = || a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 14);
    for (says, scene) in [
        ("CPU: an autoscaler scales on its utilization", base().with_hpa_on_cpu()),
        ("Memory: already close to what its usage calls for, so it is not changed.", base().requesting("1", "210Mi")),
        (
            "Memory: not lowered further, because the runtime sizes its heap from it",
            base().limited_to("", "1Gi").jvm(None),
        ),
        (
            "CPU: not lowered below the minimum set by the policy or an annotation.",
            base().annotated(&[("trimtab.dev/min-cpu", "300m")]),
        ),
        (
            "CPU: capped at the maximum set by the policy or an annotation; its usage calls for more.",
            base().under(json!({"sizing": {"cpu": {"max": "50m"}}})),
        ),
        ("CPU request unset → ", a_deployment().using(steady(0.12, 180.0), 14)),
        ("CPU limit 2 → unset", base().limited_to("2", "").under(json!({"sizing": {"cpu": {"limit": "Remove"}}}))),
        ("across 1 pod, at prices", base().row(|r| r.desired = 1)),
        ("(estimated).", {
            let mut s = base();
            s.prices = prices(&[("0.04", "0.005", true)]);
            s
        }),
        ("Only 3 days of history are available", a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 3)),
        (
            "no past days to replay",
            base().history(|h| h.forget_before(NOW_S)).under(json!({"history": {"minimum": "1h"}})),
        ),
    ] {
        let text = scene.draft().explanation;
        assert!(text.contains(says), "{says}: {text}");
    }
}
