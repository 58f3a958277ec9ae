//! Each factor: a workload on which it is found and one on which it is not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::Timestamp;
use serde_json::json;
use trimtab_world::row::{LimitRangeScope, Resources};

use super::*;
use crate::{decide::decide, outcome::Outcome, pods::Running, testkit::*};

/// A small, harmless change of a well-guarded workload.
fn harmless() -> Scene {
    a_deployment().requesting("200m", "300Mi").using(steady(0.12, 180.0), 14)
}

fn found(scene: &Scene) -> Vec<(String, RiskLevel, String)> {
    scene.draft().risk.factors.into_iter().map(|f| (f.reason, f.level, f.message)).collect()
}

#[test]
fn a_small_change_of_a_guarded_workload_is_no_risk() {
    let risk = harmless().guarded(1).draft().risk;
    assert_eq!((risk.level, risk.factors), (Low, vec![]));
}

#[test]
fn each_factor_is_found_where_it_is_with_its_numbers() {
    let cases: Vec<(&str, RiskLevel, &str, Scene)> = vec![
        ("SystemNamespace", High, "kube-system", harmless().row(|r| r.id.namespace = "kube-system".into())),
        ("SingleReplica", Medium, "one replica", harmless().row(|r| r.desired = 1)),
        (
            "StatefulSet",
            Medium,
            "state",
            a_workload(WorkloadKind::StatefulSet).requesting("200m", "300Mi").using(steady(0.12, 180.0), 14),
        ),
        ("PdbWithoutRoom", Medium, "3 of 3 pods are healthy, and 3 must be", harmless().guarded(0)),
        ("Autoscaled", Low, "between 2 and 9 pods", harmless().with_hpa_on_cpu()),
        ("ImplausibleUse", High, "of memory under a limit of 256Mi, unless it was higher then", {
            a_deployment().requesting("200m", "100Mi").limited_to("1", "256Mi").using(steady(0.12, 900.0), 14)
        }),
        ("ImplausibleUse", High, "of CPU under a limit of 500m, unless it was higher then", {
            let glitch = |t: i64| (if t == NOW_S - 4 * DAY { 4.0 } else { 0.2 }, 300.0 * MIB);
            a_deployment().requesting("500m", "512Mi").limited_to("500m", "512Mi").using(Box::new(glitch), 14)
        }),
        ("PeaksAboveRequest", Medium, "if one does the work", {
            // One pod of twenty works for four hours a day: fewer than one in a hundred of all readings.
            let one = |t: i64| (if t.rem_euclid(2 * DAY) < 1500 { 1.5 } else { 0.05 }, 100.0 * MIB);
            Scene { pods: 20, ..a_deployment().requesting("300m", "119Mi").using(Box::new(one), 14) }
        }),
        ("NewMemoryPeak", Medium, "more memory within the last day", {
            let grown = |t: i64| (0.12, (180.0 + 10.0 * ((t - (NOW_S - 3 * DAY)).max(0) as f64 / DAY as f64)) * MIB);
            a_deployment().requesting("200m", "300Mi").limited_to("1", "600Mi").using(Box::new(grown), 14)
        }),
        (
            "OwnedByController",
            High,
            "Kafka events",
            harmless().owned_by(Owner::Controller { kind: "Kafka".into(), name: "events".into() }),
        ),
        ("GitOpsOwned", Low, "application shop", harmless().owned_by(Owner::ArgoCd { app: Some("shop".into()) })),
        (
            "GitOpsOwned",
            Low,
            "Flux Kustomization reverts",
            harmless().owned_by(Owner::Flux { kind: "Kustomization", name: None, namespace: None }),
        ),
        ("HelmOwned", Low, "release web", harmless().owned_by(Owner::Helm { release: "web".into() })),
        ("WorldIncomplete", Medium, "A, B objects", {
            let mut s = harmless();
            s.unknown_kinds = vec!["A", "B"];
            s
        }),
        ("RolledBackBefore", Medium, "last resize was", Scene { undone: 1, ..harmless() }),
        ("RolledBackBefore", High, "last 3 resizes", Scene { undone: 3, ..harmless() }),
        ("RecreatedWorkload", High, "it was created at 2024-10-04T11:50:00Z", {
            let made = Timestamp::from_second(NOW_S - 600).unwrap();
            let mut scene = Scene { pods_known_s: Some(300), ..harmless() };
            scene.row.created = Some(made);
            scene
        }),
        ("OomKilledAtThisSize", High, "it was OOM-killed with 1Gi", {
            let ended = Some("2026-01-01T01:00:00Z");
            let attempt = an_attempt("2Gi", "1Gi", ended, "worse than before: OOMKills: 1 container OOM-killed");
            Scene { attempt: Some(attempt), ..harmless().requesting("200m", "2Gi") }
        }),
        ("RestartNeeded", Medium, "container app", harmless().last(|c| c.memory_resize_restarts = true)),
        ("LargeCpuDecrease", Medium, "% less CPU", harmless().requesting("1", "300Mi")),
        ("LargeCpuDecrease", Medium, "would request 99% less CPU", harmless().requesting("20", "300Mi")),
        ("LargeMemoryDecrease", Medium, "% less memory", harmless().requesting("200m", "1Gi")),
        (
            "MemoryLimitDecrease",
            Medium,
            "nothing says how its process sizes its memory",
            harmless().limited_to("", "600Mi"),
        ),
        (
            "MemoryLimitDecrease",
            Low,
            "memory limit of container app is lowered from 600Mi to ",
            harmless().limited_to("", "600Mi").jvm(Some(64 << 20)),
        ),
        (
            "CpuLimitDecrease",
            Medium,
            "it may take 4 times as long to start",
            harmless()
                .requesting("500m", "300Mi")
                .limited_to("500m", "")
                .under(json!({"sizing": {"cpu": {"limit": "EqualRequest"}}})),
        ),
        ("PodsUnmeasured", Medium, "no usage is read for 2 of its 3 pods", {
            Scene { unmeasured_pods: 2, ..harmless() }
        }),
        ("SizesDiffer", High, "memory 3Gi (limit 3Gi), and the template says", {
            let big = Resources { memory_request: Some(3 << 30), memory_limit: Some(3 << 30), ..Resources::default() };
            Scene { running: Running { sizes: vec![("app".into(), big)], ..Running::default() }, ..harmless() }
        }),
        ("KilledUnseen", Medium, "while readings show far less", {
            harmless().requesting("500m", "300Mi").killed_at(400, 512)
        }),
        (
            "MemoryLimitDecrease",
            Medium,
            "memory limit of container app is lowered from 300Mi to ",
            harmless().limited_to("", "300Mi"),
        ),
        (
            "CpuLimitDecrease",
            Medium,
            "CPU limit of container app is lowered from 200m to ",
            harmless().limited_to("200m", "").under(json!({"sizing": {"cpu": {"limit": "EqualRequest"}}})),
        ),
        (
            "LimitRemoved",
            Low,
            "the CPU limit of container app, 2, is taken away; where pods",
            harmless().limited_to("2", "").under(json!({"sizing": {"cpu": {"limit": "Remove"}}})),
        ),
        (
            "LimitRemoved",
            Medium,
            "the memory limit of container app, 600Mi, is taken away",
            harmless().limited_to("", "600Mi").under(json!({"sizing": {"memory": {"limit": "Remove"}}})),
        ),
        ("CpuBelowUsage", Medium, "at 50m", harmless().under(json!({"sizing": {"cpu": {"max": "50m"}}}))),
        ("MemoryBelowUsage", High, "at 100Mi", harmless().under(json!({"sizing": {"memory": {"max": "100Mi"}}}))),
        (
            "MemoryBelowUsage",
            High,
            "at 128Mi",
            harmless().limit_range(trimtab_world::row::LimitRangeItem {
                max: some("", "128Mi"),
                ..an_item(LimitRangeScope::Container)
            }),
        ),
        (
            "QosClassChange",
            Medium,
            "from Guaranteed to Burstable",
            harmless().limited_to("200m", "300Mi").under(json!({"sizing": {"cpu": {"limit": "Keep"}}})),
        ),
        (
            "ToldAboveLimit",
            Medium,
            "2Gi of memory, above its limit of 300Mi",
            harmless().limited_to("", "300Mi").jvm(Some(2 << 30)),
        ),
        ("OomKilled", Low, "2 times", harmless().oom_killed(2, 128)),
        (
            "OomHeldByMaximum",
            Medium,
            "a maximum holds its memory request",
            harmless().oom_killed(2, 128).under(json!({"sizing": {"memory": {"max": "100Mi"}}})),
        ),
        (
            "MemoryGrows",
            Medium,
            "% a day",
            a_deployment()
                .requesting("200m", "300Mi")
                .using(Box::new(|t| (0.12, (100.0 + 10.0 * ((t - NOW_S + 14 * DAY) as f64 / DAY as f64)) * MIB)), 14),
        ),
        (
            "UsageChanged",
            Medium,
            "container app was unusual: memory peaked at 40",
            a_deployment()
                .requesting("500m", "900Mi")
                .using(Box::new(|t| (0.12, if t > NOW_S - DAY { 400.0 } else { 180.0 } * MIB)), 14),
        ),
        ("LowConfidence", Medium, ", memory on ", {
            let restless =
                Box::new(|t: i64| (0.12, 50.0 * MIB * 1.5f64.powi(((t - NOW_S).div_euclid(DAY) + 14) as i32)));
            a_deployment().requesting("200m", "300Mi").using(restless, 14)
        }),
        ("LowConfidence", Medium, ", CPU on ", harmless().under(json!({"sizing": {"cpu": {"max": "50m"}}}))),
        (
            "ShortHistory",
            Medium,
            "only 48 hours",
            a_deployment().requesting("200m", "300Mi").using(steady(0.12, 180.0), 2),
        ),
        ("ShortHistory", Low, "only 3 days", a_deployment().requesting("200m", "300Mi").using(steady(0.12, 180.0), 3)),
    ];
    let nothing = found(&harmless().guarded(1));
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(reason, level, says, scene)| {
            assert!(!nothing.iter().any(|(r, ..)| r == reason));
            let found = found(&scene);
            let good = found.iter().any(|(r, l, message)| r == reason && *l == level && message.contains(says));
            (!good).then(|| format!("{reason} {level:?} {says:?}: {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_no_risk_is_not_called_one() {
    for (case, reason, scene) in [
        ("more is not less", "LargeMemoryDecrease", harmless().requesting("200m", "100Mi")),
        (
            "a Job has no replicas",
            "SingleReplica",
            a_workload(WorkloadKind::CronJob)
                .requesting("200m", "300Mi")
                .using(steady(0.12, 180.0), 14)
                .row(|r| r.desired = 1),
        ),
        (
            "CPU restarts, memory changes",
            "RestartNeeded",
            harmless().requesting("140m", "300Mi").last(|c| c.cpu_resize_restarts = true),
        ),
        ("told less than its limit", "ToldAboveLimit", harmless().limited_to("", "300Mi").jvm(Some(200 << 20))),
        ("told, and no limit", "ToldAboveLimit", harmless().jvm(Some(2 << 30))),
        ("the limit stays", "CpuLimitDecrease", harmless().limited_to("2", "")),
        ("the limit is kept", "LimitRemoved", harmless().limited_to("2", "600Mi")),
        (
            "a Sunday like the last",
            "UsageChanged",
            a_deployment().requesting("500m", "900Mi").using(
                Box::new(|t| {
                    let is_free = (t.div_euclid(DAY) - NOW_S.div_euclid(DAY) + 1).rem_euclid(7) == 0;
                    if is_free { (0.06, 170.0 * MIB) } else { (0.12, 180.0 * MIB) }
                }),
                14,
            ),
        ),
        ("Burstable stays Burstable", "QosClassChange", harmless().limited_to("1", "")),
        ("a person's Recommendation sizes it", "SizesDiffer", {
            let big = Resources { memory_request: Some(3 << 30), memory_limit: Some(3 << 30), ..Resources::default() };
            let running = Running { sizes: vec![("app".into(), big)], ..Running::default() };
            Scene { running, other_attempts: vec![an_attempt("300Mi", "3Gi", None, "")], ..harmless() }
        }),
    ] {
        assert!(!found(&scene).iter().any(|(r, ..)| r == reason), "{case}: {:?}", found(&scene));
    }
}

#[test]
fn a_name_of_any_length_fits_its_message() {
    let scene = harmless().owned_by(Owner::Helm { release: "ü".repeat(5000).into() });
    let risk = scene.draft().risk;
    assert!(risk.factors.iter().all(|f| f.message.len() <= 512 && f.reason.len() <= 63));
    assert!(scene.draft().explanation.len() <= 4096);
}

/// Whether the history counts as that of an earlier workload, if this one was created so many seconds before the newest
/// sample, its pods are known for so long, and its Recommendation says so much.
fn is_recreated(kind: WorkloadKind, created_before: i64, known: Option<i64>, told: Option<bool>) -> bool {
    let scene = a_workload(kind).requesting("200m", "300Mi").using(steady(0.12, 180.0), 14);
    let newest_s = scene.usage[0].1.last_sample_time().unwrap();
    let created = Timestamp::from_second(newest_s - created_before).unwrap();
    let scene = Scene { pods_known_s: known, ..scene.row(|r| r.created = Some(created)) };
    let observed = Observed { recreated: told, ..scene.observed() };
    match decide(&scene.policy, &observed, None, now()) {
        Outcome::Recommend(draft) => draft.risk.factors.iter().any(|f| f.reason == "RecreatedWorkload"),
        other => panic!("{kind}: {other:?}"),
    }
}

#[test]
fn the_history_of_an_earlier_workload_is_found_at_once() {
    use WorkloadKind::{CronJob, DaemonSet, Deployment, Job, Rollout, StatefulSet};
    let (before, after, a_day_after) = (-60, 600, 2 * DAY);
    for kind in [Deployment, StatefulSet, DaemonSet, Rollout] {
        for (case, created, known, told, expected) in [
            ("nothing is read of it", before, None, None, true),
            ("its Recommendation is of an earlier one", after, None, Some(true), true),
            ("its Recommendation is its own", after, None, Some(false), false),
            ("whose pods were read is not known", after, None, None, false),
            ("its pods are new", after, Some(300), None, true),
            ("its pods were adopted", after, Some(2 * DAY), None, false),
            ("it has a day of its own", a_day_after, Some(300), None, false),
            ("it is older than its history", 20 * DAY, None, None, false),
        ] {
            assert_eq!(is_recreated(kind, created, known, told), expected, "{kind}: {case}");
        }
    }
    // A CronJob adopts no run, so its creation shows it: before the first one of its own, and after.
    for (created, told, expected) in [
        (before, None, true),
        (before, Some(false), true),
        (after, None, true),
        (a_day_after, None, false),
        (20 * DAY, None, false),
    ] {
        assert_eq!(is_recreated(CronJob, created, None, told), expected, "{created} {told:?}");
    }
    let custom = WorkloadKind::named("Hidden.v1.example.com").unwrap();
    for kind in [Job, custom] {
        assert!(!is_recreated(kind, before, None, Some(true)), "{kind}");
    }
}
