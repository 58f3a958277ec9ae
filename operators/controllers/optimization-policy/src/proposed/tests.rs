//! The assessment of a person's proposal: each factor that only such a proposal can have, and what holds for all.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use serde_json::{Value, json};
use trimtab_api::risk::{
    Risk,
    RiskLevel::{self, Critical, High, Low, Medium},
};
use trimtab_core::WorkloadKind;
use trimtab_sizing::NodeRoom;
use trimtab_world::row::{LimitRangeItem, LimitRangeScope, Resources, VpaMode};

use super::*;
use crate::{risk::assess_proposed, testkit::*};

/// Of 200m CPU and 300Mi memory, 120m and 180Mi are used.
fn used() -> Scene {
    a_deployment().requesting("200m", "300Mi").using(steady(0.12, 180.0), 14).guarded(1)
}

/// One container: requests and limits of CPU and memory, empty for none.
fn sized(name: &str, [cpu, cpu_limit, memory, memory_limit]: [&str; 4]) -> Value {
    let half = |cpu: &str, memory: &str| {
        let pairs = [("cpu", cpu), ("memory", memory)].into_iter().filter(|(_, v)| !v.is_empty());
        Value::Object(pairs.map(|(k, v)| (k.to_owned(), json!(v))).collect())
    };
    json!({"name": name, "requests": half(cpu, memory), "limits": half(cpu_limit, memory_limit)})
}

fn proposal(containers: &[Value]) -> Proposal {
    serde_json::from_value(json!({"containers": containers})).unwrap()
}

fn weighed(scene: &Scene, proposal: &Proposal) -> Risk {
    let observed = scene.observed();
    let proposed = of(proposal, &observed, Some(&scene.policy), None, now());
    assess_proposed(&observed, &proposed, &[], now())
}

fn app(sizes: [&str; 4]) -> Proposal {
    proposal(&[sized("app", sizes)])
}

#[test]
fn a_size_that_fits_is_no_risk() {
    for sizes in [["200m", "", "300Mi", ""], ["180m", "", "250Mi", ""], ["250m", "", "320Mi", ""]] {
        let risk = weighed(&used(), &app(sizes));
        assert_eq!((risk.level, &risk.factors), (Low, &vec![]), "{sizes:?}");
    }
}

#[test]
fn each_factor_is_found_where_it_is_with_its_numbers() {
    let limited = |cpu: &str, memory: &str| used().limited_to(cpu, memory);
    let unmeasured = || a_deployment().requesting("200m", "300Mi").guarded(1);
    let node = |cpu, mib: i64| NodeRoom { cpu: Some(cpu), memory: Some(mib << 20) };
    let cases: Vec<(&str, RiskLevel, &str, Scene, Proposal)> = vec![
        ("NotMeasured", High, "no usage of container app is known", unmeasured(), app(["100m", "", "300Mi", ""])),
        // Nothing changes at present, but the template may by the time of the rollout.
        ("NotMeasured", High, "no usage of container app is known", unmeasured(), app(["200m", "", "300Mi", ""])),
        (
            "NotMeasured",
            High,
            "container late",
            used().container("late"),
            proposal(&[sized("late", ["1", "", "", ""])]),
        ),
        (
            "MemoryUnderUse",
            Critical,
            "a memory limit of 170Mi, and used up to 18",
            limited("", "300Mi"),
            app(["200m", "", "170Mi", "170Mi"]),
        ),
        ("MemoryUnderUse", Critical, "OOM-killed", used(), app(["200m", "", "100Mi", "100Mi"])),
        ("MemoryUnderUse", High, "a memory request of 170Mi", used(), app(["200m", "", "170Mi", ""])),
        ("MemoryUnderUse", High, "a memory request of 0", used(), app(["200m", "", "", ""])),
        (
            "OomKilledAtThisSize",
            High,
            "a memory limit of 400Mi, and was OOM-killed with one of 512Mi",
            limited("", "1Gi").killed_at(300, 512),
            app(["200m", "", "300Mi", "400Mi"]),
        ),
        ("CpuUnderUse", High, "a CPU limit of 100m", limited("1", ""), app(["100m", "100m", "300Mi", ""])),
        (
            "CpuUnderUse",
            Medium,
            "a CPU limit of 500m",
            limited("2", "").using(Box::new(|t| (if t.rem_euclid(DAY) < 600 { 0.9 } else { 0.12 }, 180.0 * MIB)), 14),
            app(["200m", "500m", "300Mi", ""]),
        ),
        ("CpuUnderUse", Medium, "would request 50m of CPU", used(), app(["50m", "", "300Mi", ""])),
        (
            "StaleUsage",
            Medium,
            "the newest usage of container app is of 2024-10-0",
            a_deployment().requesting("200m", "300Mi").sampled(steady(0.12, 180.0), 14, 300, 3 * DAY),
            app(["180m", "", "300Mi", ""]),
        ),
        ("FarAboveUse", Medium, "far more CPU", used(), app(["8", "", "300Mi", ""])),
        ("FarAboveUse", Medium, "far more memory", used(), app(["200m", "", "8Gi", ""])),
        (
            "HpaOnSameResource",
            High,
            "the CPU of container app",
            used().with_hpa_on_cpu(),
            app(["150m", "", "300Mi", ""]),
        ),
        (
            "AboveNode",
            High,
            "2 of CPU, and the largest node",
            Scene { node: node(1000, 4096), ..used() },
            app(["2", "", "300Mi", ""]),
        ),
        ("AboveNode", High, "8Gi of memory", Scene { node: node(1000, 4096), ..used() }, app(["200m", "", "8Gi", ""])),
        (
            "QuotaExceeded",
            High,
            "ResourceQuota",
            used().quota(
                Resources { memory_request: Some(1 << 30), ..Resources::default() },
                Resources { memory_request: Some(900 << 20), ..Resources::default() },
            ),
            app(["200m", "", "400Mi", ""]),
        ),
        (
            "OutsideLimitRange",
            High,
            "of at most 1",
            used().limit_range(LimitRangeItem { max: some("1", ""), ..an_item(LimitRangeScope::Container) }),
            app(["200m", "2", "300Mi", ""]),
        ),
        (
            "OutsideLimitRange",
            High,
            "refuses new pods",
            used().limit_range(LimitRangeItem { max: some("1", ""), ..an_item(LimitRangeScope::Pod) }),
            app(["200m", "2", "300Mi", ""]),
        ),
        // The namespace gives a default limit to a container without one.
        (
            "LimitBelowRequest",
            High,
            "container app",
            used().limit_range(LimitRangeItem {
                default_limit: some("", "512Mi"),
                ..an_item(LimitRangeScope::Container)
            }),
            app(["200m", "", "1Gi", ""]),
        ),
        ("TargetNotFound", High, "no container ap", used(), proposal(&[sized("ap", ["200m", "", "", ""])])),
        ("UnreadableAmount", High, "container app", used(), app(["much", "", "300Mi", ""])),
        ("WrongUnit", Medium, "container app", used(), app(["200m", "", "400", ""])),
        (
            "ManagedByVpa",
            High,
            "VerticalPodAutoscaler writes",
            used().with_vpa(VpaMode::Always, (true, true)),
            app(["180m", "", "300Mi", ""]),
        ),
        (
            "OptedOut",
            High,
            "trimtab.dev/mode: Off",
            used().annotated(&[("trimtab.dev/mode", "Off")]),
            app(["180m", "", "300Mi", ""]),
        ),
        // Those of any proposal.
        ("SingleReplica", Medium, "one replica", used().row(|r| r.desired = 1), app(["180m", "", "300Mi", ""])),
        (
            "LargeMemoryDecrease",
            Medium,
            "% less memory",
            used().requesting("200m", "4Gi"),
            app(["200m", "", "250Mi", ""]),
        ),
        ("PeaksAboveRequest", Medium, "more than one and a half times", used(), app(["200m", "", "110Mi", ""])),
        ("RolledBackBefore", High, "last 3 resizes", Scene { undone: 3, ..used() }, app(["180m", "", "300Mi", ""])),
        ("QosClassChange", Medium, "to Guaranteed", used(), app(["200m", "200m", "300Mi", "300Mi"])),
        (
            "LimitRemoved",
            High,
            "memory limit of container app, 1Gi, is taken away: the proposal names none",
            { limited("", "1Gi") },
            app(["200m", "", "300Mi", ""]),
        ),
        ("LimitRemoved", Medium, "CPU limit of container app, 1,", limited("1", ""), app(["200m", "", "300Mi", ""])),
        (
            "LimitRemoved",
            High,
            "memory limit of container app, 1Gi,",
            { unmeasured().limited_to("", "1Gi") },
            app(["200m", "", "300Mi", ""]),
        ),
        ("MemoryLimitDecrease", Medium, "from 1Gi to 300Mi", limited("", "1Gi"), app(["200m", "", "300Mi", "300Mi"])),
        (
            "MemoryLimitDecrease",
            Medium,
            "from 1Gi to 900Mi, and its usage was not measured",
            limited("", "1Gi").using(steady(0.12, f64::NAN), 14),
            app(["200m", "", "300Mi", "900Mi"]),
        ),
    ];
    let fine = weighed(&used(), &app(["200m", "", "300Mi", ""]));
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(reason, level, says, scene, proposal)| {
            assert!(!fine.factors.iter().any(|f| f.reason == reason));
            let found = weighed(&scene, &proposal).factors;
            let good = found.iter().any(|f| f.reason == reason && f.level == level && f.message.contains(says));
            (!good).then(|| format!("{reason} {level:?} {says:?}: {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_no_risk_is_not_called_one() {
    let limited = |cpu: &str, memory: &str| used().limited_to(cpu, memory);
    for (case, reason, scene, proposal) in [
        (
            "memory stays under its use",
            "MemoryUnderUse",
            used().requesting("200m", "100Mi"),
            app(["180m", "", "100Mi", ""]),
        ),
        (
            "raised, and not far enough",
            "MemoryUnderUse",
            used().requesting("200m", "50Mi"),
            app(["200m", "", "100Mi", ""]),
        ),
        (
            "a limit that is raised",
            "MemoryUnderUse",
            used().requesting("200m", "100Mi").limited_to("", "100Mi"),
            app(["200m", "", "100Mi", "150Mi"]),
        ),
        (
            "a limit that stays",
            "CpuUnderUse",
            limited("100m", "").requesting("100m", "300Mi"),
            app(["100m", "100m", "300Mi", ""]),
        ),
        (
            "memory changes, an autoscaler scales on CPU",
            "HpaOnSameResource",
            used().with_hpa_on_cpu(),
            app(["200m", "", "280Mi", ""]),
        ),
        ("sizes that the rules would not choose", "MemoryBelowUsage", used(), app(["200m", "", "170Mi", ""])),
        (
            "a VPA that writes",
            "VpaRecommends",
            used().with_vpa(VpaMode::Always, (true, true)),
            app(["180m", "", "300Mi", ""]),
        ),
        ("another container is unmeasured", "NotMeasured", used().container("late"), app(["180m", "", "300Mi", ""])),
        (
            "a run of a while ago",
            "StaleUsage",
            a_workload(WorkloadKind::CronJob).requesting("200m", "300Mi").sampled(
                steady(0.12, 180.0),
                14,
                300,
                3 * DAY,
            ),
            app(["180m", "", "300Mi", ""]),
        ),
    ] {
        let factors = weighed(&scene, &proposal).factors;
        assert!(!factors.iter().any(|f| f.reason == reason), "{case}: {factors:?}");
    }
}

#[test]
fn a_workload_that_no_policy_selects_is_weighed_by_the_usual_rules() {
    let scene = used();
    let observed = scene.observed();
    let proposed = of(&app(["200m", "", "100Mi", "100Mi"]), &observed, None, None, now());
    let risk = assess_proposed(&observed, &proposed, &[], now());
    assert_eq!((risk.level, risk.factors[0].reason.as_str()), (Critical, "MemoryUnderUse"));
}

#[test]
fn a_peak_counts_as_far_back_as_usage_is_read() {
    let old_peak = Box::new(|t: i64| (0.12, if t < NOW_S - 10 * DAY { 290.0 } else { 180.0 } * MIB));
    let scene = used().using(old_peak, 14).under(json!({"history": {"window": "72h", "minimum": "24h"}}));
    let observed = scene.observed();
    let level = |window_s: Option<i64>| {
        let proposed = of(&app(["200m", "", "250Mi", ""]), &observed, Some(&scene.policy), window_s, now());
        assess_proposed(&observed, &proposed, &[], now()).level
    };
    assert_eq!((level(Some(14 * DAY)), level(None)), (High, Low));
}

#[test]
fn history_is_short_only_by_the_own_window() {
    let scene = used();
    let observed = scene.observed();
    for window_s in [None, Some(14 * DAY), Some(30 * DAY)] {
        let proposed = of(&app(["180m", "", "250Mi", ""]), &observed, Some(&scene.policy), window_s, now());
        let risk = assess_proposed(&observed, &proposed, &[], now());
        assert!(!risk.factors.iter().any(|f| f.reason == "ShortHistory"), "{window_s:?}: {:?}", risk.factors);
    }
}

#[test]
fn what_another_proposal_tried_counts() {
    let scene = used().limited_to("", "2Gi");
    let observed = scene.observed();
    let why = "worse than before: OOMKills: 1 container OOM-killed";
    let attempt = an_attempt("2Gi", "1Gi", Some("2026-01-01T01:00:00Z"), why);
    let proposed = of(&app(["200m", "", "300Mi", "1Gi"]), &observed, None, None, now());
    let risk = assess_proposed(&observed, &proposed, &[attempt], now());
    assert!(risk.factors.iter().any(|f| f.reason == "OomKilledAtThisSize" && f.level == High), "{risk:?}");
}

fn amount() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        1 => Just("0".to_owned()),
        1 => Just("99999999999999Ti".to_owned()),
        1 => "[0-9]{1,9}(m|k|Mi|Gi|x)?",
        4 => (1u64..4000).prop_map(|n| format!("{n}Mi")),
        4 => (1u64..4000).prop_map(|n| format!("{n}m")),
    ]
}

fn world() -> impl Strategy<Value = Scene> {
    let kind = prop_oneof![
        Just(WorkloadKind::Deployment),
        Just(WorkloadKind::StatefulSet),
        Just(WorkloadKind::DaemonSet),
        Just(WorkloadKind::CronJob)
    ];
    let sizes = (0u64..4000, 0u64..4000, 0u64..4000, 0u64..4000);
    (kind, sizes, 0.0f64..3.0, 1.0f64..3000.0, 0i64..3, any::<[bool; 5]>(), 0u32..3).prop_map(
        |(kind, (cpu, cpu_limit, memory, memory_limit), cores, mib, days, [hpa, vpa, quota, sidecar, node], pods)| {
            let text = |n: u64, unit: &str| if n < 400 { String::new() } else { format!("{n}{unit}") };
            let mut scene = a_workload(kind)
                .requesting(&text(cpu, "m"), &text(memory, "Mi"))
                .limited_to(&text(cpu_limit, "m"), &text(memory_limit, "Mi"));
            if days > 0 {
                scene = scene.sampled(steady(cores, mib), days, 1800, 600);
            }
            if sidecar {
                scene = scene.sidecar("proxy").injected("mesh", Resources::default());
            }
            if hpa {
                scene = scene.with_hpa_on_cpu();
            }
            if vpa {
                scene = scene.with_vpa(VpaMode::Always, (true, true));
            }
            if quota {
                let hard = Resources { cpu_request: Some(1), memory_limit: Some(1), ..Resources::default() };
                scene = scene.quota(hard, Resources::default());
            }
            if node {
                scene.node = NodeRoom { cpu: Some(0), memory: Some(i64::MAX) };
            }
            Scene { pods, ..scene }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_proposal_has_a_level_and_factors_that_the_schema_takes(
        scene in world(),
        sizes in prop::collection::vec((prop_oneof![Just("app"), Just("proxy"), Just("none")], [amount(), amount(), amount(), amount()]), 0..4),
    ) {
        let containers: Vec<Value> =
            sizes.iter().map(|(name, sizes)| sized(name, [&sizes[0], &sizes[1], &sizes[2], &sizes[3]])).collect();
        let risk = weighed(&scene, &proposal(&containers));
        prop_assert_eq!(risk.factors.iter().map(|f| f.level).max().unwrap_or(Low), risk.level);
        let reasons: std::collections::BTreeSet<&str> = risk.factors.iter().map(|f| f.reason.as_str()).collect();
        prop_assert!(reasons.len() == risk.factors.len() && reasons.len() <= 32, "{:?}", reasons);
        prop_assert!(risk.factors.iter().all(|f| f.message.len() <= 512));
        // What was never measured, and what does not exist, is never called harmless.
        let unknown = sizes.iter().any(|(name, _)| *name != "app") || (!sizes.is_empty() && scene.usage.is_empty());
        prop_assert!(!unknown || risk.level >= High, "{:?}", risk);
    }

    #[test]
    fn memory_that_is_lowered_under_its_peak_is_never_below_high(
        mib in 20.0f64..3000.0,
        share in 0.01f64..0.98,
        limited in any::<bool>(),
        peak_day in 0i64..13,
    ) {
        let peak = Box::new(move |t: i64| (0.1, MIB * if (NOW_S - t) / DAY == peak_day { mib } else { mib / 3.0 }));
        let (now, less) = (format!("{}Mi", (mib * 1.5).ceil()), format!("{}Ki", (mib * share * 1024.0).floor()));
        let scene = a_deployment().requesting("200m", &now).limited_to("", if limited { &now } else { "" }).using(peak, 14);
        let risk = weighed(&scene, &app(["200m", "", &less, if limited { &less } else { "" }]));
        prop_assert!(risk.level >= if limited { Critical } else { High }, "{:?}", risk);
    }
}
