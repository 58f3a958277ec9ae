//! The text as people read it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use trimtab_sizing::Note;

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
    // The result of sizing is not what is tested here.
    let part = |c: &trimtab_api::resources::Resources| [c.cpu.clone(), c.memory.clone()].map(|q| q.unwrap().0);
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
             Memory: raised above 121Mi, because it was OOM-killed 3 times and needed at least that much.\n\
             Readings are 5 minutes apart: CPU is the mean between two of them and memory the value at each, so a shorter peak, as \
             at a start, may not be seen.\n\
             Costs {cost} USD a month across 3 pods, at prices from built-in table, aws us-east-1 m5.large on demand, \
             2026-07-20.\n\
             Replayed over {days} past days, sizes that the same rules choose from the days before would have been enough on \
             {held}; the lower bound of that share, in which recent days count for more, is \
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
        for part in [
            "it was OOM-killed 3 times and needed at least 121Mi, but a maximum holds it at",
            "can be OOM-killed again",
        ] {
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
            "is configured to use 2Gi of memory, above its limit of 512Mi: it will be OOM-killed",
            base().requesting("1", "512Mi").limited_to("", "512Mi").jvm(Some(2 << 30)),
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

#[test]
fn days_that_held_only_just_are_named() {
    use crate::explain::sureness;
    let scene = a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 14);
    let mut decided = crate::decide::containers(&scene.policy, &scene.observed(), None, now()).unwrap();
    let confidence = &mut decided[0].decision.as_mut().unwrap().confidence;
    (confidence.days_scored, confidence.days_held, confidence.days_near, confidence.percent) = (14, 14, 5, 60);
    assert_eq!(
        sureness(&decided),
        "Replayed over 14 past days, sizes that the same rules choose from the days before would have been enough on 14, on 5 of them \
         only just; the lower bound of that share, in which such days count for less and recent ones for more, is 60%."
    );
}

#[test]
fn less_than_three_days_are_told_in_hours() {
    let hours = |hours: i64| {
        let text = a_deployment()
            .requesting("1", "1Gi")
            .using(
                Box::new(move |t| if t < NOW_S - hours * 3600 { (f64::NAN, f64::NAN) } else { (0.12, 180.0 * MIB) }),
                4,
            )
            .draft();
        (text.explanation, text.risk)
    };
    for (known, says) in [(26, "26 hours"), (71, "71 hours"), (72, "3 days")] {
        let (text, risk) = hours(known);
        assert!(text.contains(&format!("over {says} (")), "{text}");
        assert!(text.contains(&format!("Only {says} of history are available")), "{text}");
        let short = risk.factors.iter().find(|f| f.reason == "ShortHistory").unwrap();
        assert!(short.message.starts_with(&format!("only {says} of history are available")), "{short:?}");
        assert_eq!(short.level == trimtab_api::risk::RiskLevel::Medium, known < 72, "{short:?}");
    }
}

#[test]
fn one_is_singular() {
    let scene = a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 14);
    let mut decided = crate::decide::containers(&scene.policy, &scene.observed(), None, now()).unwrap();
    let sized = decided[0].sized.clone();
    let d = decided[0].decision.as_mut().unwrap();
    for (runs, samples, hours, few, short) in [
        (1, 2, 1, "only 1 run with 2 samples was seen", "Only 1 hour of history is available"),
        (2, 1, 30, "only 2 runs with 1 sample were seen", "Only 30 hours of history are available"),
        (0, 1, 1, "only 1 sample in 1 hour was seen", "Only 1 hour of history is available"),
        (0, 2, 1, "only 2 samples in 1 hour were seen", "Only 1 hour of history is available"),
    ] {
        (d.evidence.runs, d.evidence.cpu_samples, d.evidence.memory_samples) = (runs, samples, samples);
        (d.evidence.known_seconds, d.evidence.hours) = (hours * 3600, u32::try_from(hours).unwrap());
        let said = |note| super::noted(note, &sized, d).unwrap();
        assert_eq!(said(Note::FewSamples), format!("Nothing is lowered: {few}"));
        assert!(said(Note::ShortHistory).starts_with(short), "{}", said(Note::ShortHistory));
    }
}

#[test]
fn a_resource_that_was_not_measured_is_not_said_to_be_unused() {
    for (cores, mib, says, never) in [
        (f64::NAN, 180.0, "over 14 days (4,032 samples), CPU usage was not measured. Memory peaked at ", "of samples"),
        (0.12, f64::NAN, " Memory usage was not measured.\n", "Memory peaked"),
    ] {
        let text = a_deployment().requesting("50m", "100Mi").using(steady(cores, mib), 14).draft().explanation;
        assert!(text.contains(says) && !text.contains(never), "{text}");
    }
}
