//! Hostile worlds: the worst of what real clusters contain. Odd units, limits of 0 and far away, unexplained kills,
//! runs of seconds, gaps, injected containers, small nodes, declared heaps, LimitRanges.
//!
//! Invariants of every proposal in any world: nothing is raised far above the highest usage, no pod above its node, no
//! limit is lowered below what was seen or declared, too little evidence lowers nothing, a Guaranteed pod stays one,
//! and an applied proposal is stable: the same evidence leads to no other proposal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use trimtab_core::WorkloadKind;
use trimtab_sizing::{
    ContainerHistory, Kill, NodeRoom, Sizes, ceiling,
    decide::{GROWS_PERCENT, LEAST_SAMPLES, NEW_PEAK_PERCENT},
};
use trimtab_world::row::{
    LimitRangeItem, LimitRangeScope, LimitRatio, QosClass, ResourceAmounts, Resources, Runtime, RuntimeName,
};

use crate::{
    outcome::Outcome,
    sized::{self, SizedContainer},
    testkit::*,
};

/// How many worlds are tried: a sample in each test run, all with `HOSTILE_WORLDS=100000`.
fn worlds() -> u32 {
    std::env::var("HOSTILE_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5_000)
}

/// Amounts as people write them, mistakes included: 0, fractions of a byte, bytes for MiB, far too much.
fn amount(unit: u64) -> impl Strategy<Value = Option<u64>> {
    prop_oneof![
        3 => Just(None),
        1 => Just(Some(0)),
        1 => Just(Some(1)),
        1 => (1u64..2000).prop_map(Some),
        8 => (1u64..8000).prop_map(move |n| Some(n * unit)),
        1 => (1u64..64).prop_map(move |n| Some((n * unit) << 12)),
    ]
}

fn resources() -> impl Strategy<Value = Resources> {
    let valid = |(request, limit): (Option<u64>, Option<u64>)| match (request, limit) {
        // The API server rejects a request above its limit.
        (Some(request), Some(limit)) if request > limit && limit > 0 => (Some(limit), Some(limit)),
        pair => pair,
    };
    let pair = move |unit| {
        prop_oneof![
            4 => (amount(unit), amount(unit)).prop_map(valid),
            1 => amount(unit).prop_map(|both| (both, both)),
        ]
    };
    (pair(1), pair(1 << 20)).prop_map(|((cpu_request, cpu_limit), (memory_request, memory_limit))| Resources {
        cpu_request,
        cpu_limit,
        memory_request,
        memory_limit,
    })
}

/// What was seen of one container.
#[derive(Clone, Debug)]
struct Seen {
    level: (f64, f64),
    peak: (f64, f64),
    samples: i64,
    every_s: i64,
    age_s: i64,
    runs: u16,
    kills: Vec<(i64, Option<i64>, Option<i64>)>,
    throttled: u32,
    seed: u64,
}

fn seen() -> impl Strategy<Value = Seen> {
    let size = prop_oneof![1 => Just(0.0f64), 2 => 0.0001f64..0.02, 6 => 0.01f64..4.0, 1 => 4.0f64..100.0];
    let mib = prop_oneof![1 => Just(0.0f64), 2 => 0.01f64..30.0, 6 => 20.0f64..8000.0, 1 => 8000.0f64..200_000.0];
    let kill = (0i64..14 * DAY, amount(1 << 20), amount(1 << 20))
        .prop_map(|(age, request, limit)| (NOW_S - age, request.map(|v| v as i64), limit.map(|v| v as i64)));
    let kills = prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(kill, 1..6)];
    let samples = prop_oneof![1 => 0i64..6, 5 => 20i64..160];
    let every = prop_oneof![1 => 30i64..400, 4 => 3600i64..9000];
    let age = prop_oneof![6 => 0i64..3000, 1 => 0i64..20 * DAY];
    ((size, mib), (1.0f64..12.0, 1.0f64..12.0), (samples, every, age), 0u16..9, kills, 0u32..60, any::<u64>()).prop_map(
        |(level, times, (samples, every_s, age_s), runs, kills, throttled, seed)| Seen {
            level,
            peak: (level.0 * times.0, level.1 * times.1),
            samples,
            every_s,
            age_s,
            runs,
            kills,
            throttled,
            seed,
        },
    )
}

impl Seen {
    fn history(&self) -> ContainerHistory {
        let mut history = ContainerHistory::new();
        for nth in 0..self.samples {
            let time = NOW_S - self.age_s - nth * self.every_s;
            let mixed = (nth as u64 ^ self.seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) >> 11;
            let (spike, wave) = (mixed.is_multiple_of(17), 0.8 + 0.2 * (mixed % 100) as f64 / 100.0);
            let (cores, mib) = if spike { self.peak } else { self.level };
            history.observe_cpu(time, cores * wave, 1);
            history.observe_memory(time, mib * wave * MIB);
            if nth < i64::from(self.runs) {
                history.observe_run(time);
            }
        }
        for (time, request, limit) in &self.kills {
            history.observe_kill(Kill { time: *time, request: *request, limit: *limit });
        }
        if self.samples > 0 {
            history.observe_throttling(NOW_S - self.age_s, self.throttled * 10, 1000);
        }
        history
    }
}

fn runtime() -> impl Strategy<Value = Option<Runtime>> {
    prop_oneof![
        6 => Just(None),
        1 => (1u64..8000).prop_map(|mib| Some(Runtime::Told { bytes: mib << 20, name: RuntimeName::Jvm })),
        1 => Just(Some(Runtime::FromLimit { percent_hundredths: 7500, name: RuntimeName::Jvm })),
    ]
}

fn memory_volumes() -> impl Strategy<Value = u64> {
    prop_oneof![6 => Just(0u64), 1 => (1u64..4000).prop_map(|mib| mib << 20)]
}

fn limit_range() -> impl Strategy<Value = Option<LimitRangeItem>> {
    let one = (prop::option::of(1u64..400), prop::option::of(400u64..8000), prop::option::of(1000u64..8000)).prop_map(
        |(min, max, ratio)| LimitRangeItem {
            min: ResourceAmounts { cpu: min, memory: min.map(|v| v << 20) },
            max: ResourceAmounts { cpu: max, memory: max.map(|v| v << 20) },
            max_limit_request_ratio: LimitRatio { cpu_thousandths: ratio, memory_thousandths: ratio },
            ..an_item(LimitRangeScope::Container)
        },
    );
    prop_oneof![4 => Just(None), 1 => one.prop_map(Some)]
}

prop_compose! {
    fn world()(
        kind in prop::sample::select(WorkloadKind::ALL.to_vec()),
        containers in prop::collection::vec((resources(), seen(), runtime(), memory_volumes()), 1..3),
        profile in prop::sample::select(vec!["Savings", "Balanced", "Resilient"]),
        limits in prop::option::weighted(0.3, (
            prop::sample::select(vec!["Keep", "KeepRatio", "EqualRequest", "Remove"]),
            prop::sample::select(vec!["Keep", "KeepRatio", "EqualRequest", "Remove"]),
        )),
        (min, max) in (prop::option::weighted(0.3, 1u32..4000), prop::option::weighted(0.2, 4000u32..8000)),
        (headroom, oom) in (0i32..=150, 0i32..=150),
        range in limit_range(),
        node in prop::option::weighted(0.8, (500i64..64_000, 512i64..256_000)),
        injected in prop::option::weighted(0.2, resources()),
    ) -> Scene {
        let mut spec = json!({
            "sizing": {"profile": profile, "cpu": {"headroomPercent": headroom},
                "memory": {"headroomPercent": headroom, "oomHeadroomPercent": oom}},
            "thresholds": {"minChangePercent": 0, "minCpu": "0", "minMemory": "0"},
        });
        if let Some((cpu, memory)) = limits {
            spec["sizing"]["cpu"]["limit"] = json!(cpu);
            spec["sizing"]["memory"]["limit"] = json!(memory);
        }
        if let Some(min) = min {
            spec["sizing"]["cpu"]["min"] = json!(format!("{min}m"));
            spec["sizing"]["memory"]["min"] = json!(format!("{min}Mi"));
        }
        if let Some(max) = max {
            spec["sizing"]["cpu"]["max"] = json!(format!("{max}m"));
            spec["sizing"]["memory"]["max"] = json!(format!("{max}Mi"));
        }
        let mut scene = a_workload(kind).under(spec).template(|t| t.containers = Box::default());
        for ((resources, seen, runtime, volumes), name) in containers.into_iter().zip(["app", "side"]) {
            scene = scene.container(name).last(|c| {
                c.resources = Arc::new(resources);
                c.runtime = runtime;
                c.memory_volumes = volumes;
            });
            scene.usage.push((name.into(), seen.history()));
        }
        if let Some(range) = range {
            scene = scene.limit_range(range);
        }
        scene.node = node.map_or(NodeRoom::default(), |(cpu, mib)| NodeRoom { cpu: Some(cpu), memory: Some(mib << 20) });
        if let Some(resources) = injected {
            scene = scene.injected("mesh", resources);
        }
        scene
    }
}

/// The workload after the proposal was applied; everything else is as it was.
fn applied(scene: &Scene, sized: &[SizedContainer]) -> Scene {
    scene.clone().template(|t| {
        for c in t.containers.iter_mut() {
            let to = sized.iter().find(|s| s.name == c.name).unwrap().to;
            let amount = |v: Option<i64>| v.map(|v| v as u64);
            c.resources = Arc::new(Resources {
                cpu_request: amount(to.cpu_request),
                cpu_limit: amount(to.cpu_limit),
                memory_request: amount(to.memory_request),
                memory_limit: amount(to.memory_limit),
            });
        }
    })
}

fn lowered(from: Option<i64>, to: Option<i64>) -> bool {
    from.zip(to).is_some_and(|(from, to)| to < from)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: worlds(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_world_leads_to_a_proposal_that_breaks_a_promise(scene in world()) {
        let outcome = scene.decide();
        prop_assert_eq!(&outcome, &scene.decide(), "the same arguments give the same outcome");
        if !matches!(outcome, Outcome::Recommend(_)) {
            return Ok(());
        }
        let decided = super::containers(&scene.policy, &scene.observed(), None, now()).unwrap();
        let all: Vec<SizedContainer> = decided.iter().map(|d| d.sized.clone()).collect();
        for d in &decided {
            let Ok(decision) = &d.decision else {
                prop_assert!(!d.sized.changes());
                continue;
            };
            let (from, to, e) = (d.sized.from, d.sized.to, &decision.evidence);
            let proved = ceiling::Use { cores: e.cpu_peak, bytes: e.memory_peak.max(e.oom_bytes) };
            prop_assert!(to.cpu_request <= from.cpu_request.max(Some(proved.most_cpu())), "CPU far above use: {:?} {:?}", d.sized, e);
            prop_assert!(
                to.memory_request <= from.memory_request.max(Some(proved.most_memory())),
                "memory far above use: {:?} {:?}", d.sized, e
            );
            for (from, to, request, node) in [
                (from.cpu_limit, to.cpu_limit, to.cpu_request, scene.node.cpu),
                (from.memory_limit, to.memory_limit, to.memory_request, scene.node.memory),
            ] {
                if let (Some(from), Some(to)) = (from, to) && to > from {
                    prop_assert!(node.is_none_or(|node| to <= node.max(request.unwrap_or(0))), "a limit above the node");
                }
            }
            if d.sized.memory_changes() {
                let range_max = scene.limit_ranges.iter().flat_map(|r| &r.items).filter_map(|i| i.max.memory).min();
                let least = (e.memory_peak as i64).min(range_max.map_or(i64::MAX, |v| v as i64));
                prop_assert!(
                    !lowered(from.memory_limit, to.memory_limit) || to.memory_limit.unwrap() >= least,
                    "a limit under the peak: {:?} {:?}", d.sized, e
                );
            }
            if e.cpu_samples < LEAST_SAMPLES.min(9) && scene.limit_ranges.is_empty() {
                prop_assert!(!lowered(from.memory_request, to.memory_request) && !lowered(from.memory_limit, to.memory_limit));
                prop_assert!(!lowered(from.cpu_request, to.cpu_request) && !lowered(from.cpu_limit, to.cpu_limit));
            }
            // Harm and growth are no reasons to lower; only a LimitRange, or a maximum of the policy, is.
            let memory = &scene.policy.rules.memory;
            if scene.limit_ranges.is_empty() {
                let grows = e.memory_trend_percent_per_day > GROWS_PERCENT;
                let kept = e.oom_kills > 0 || grows || e.memory_new_peak_percent > NEW_PEAK_PERCENT;
                prop_assert!(!kept || !lowered(from.memory_limit, to.memory_limit), "a limit after a kill: {:?} {:?}", d.sized, e);
                let throttled = e.throttled_percent > scene.policy.rules.cpu.throttled_percent;
                prop_assert!(!throttled || !lowered(from.cpu_limit, to.cpu_limit), "a limit that throttles: {:?} {:?}", d.sized, e);
                let free = scene.policy.rules.cpu.max_millicores.is_none();
                prop_assert!(!throttled || !free || !lowered(from.cpu_request, to.cpu_request), "while throttled: {:?} {:?}", d.sized, e);
                if e.oom_kills > 0 && memory.max_bytes.is_none() && lowered(from.memory_request, to.memory_request) {
                    prop_assert!(!e.oom_sizeless && to.memory_request >= Some(e.oom_request as i64), "{:?} {:?}", d.sized, e);
                }
            }
            let told = scene.row.template.container(&d.sized.name).map_or(0, |c| match c.runtime {
                Some(Runtime::Told { bytes, .. }) => bytes + c.memory_volumes,
                Some(Runtime::FromLimit { .. }) => 0,
                None => c.memory_volumes,
            });
            if lowered(from.memory_limit, to.memory_limit) {
                prop_assert!(to.memory_limit.unwrap() >= told as i64, "under what it was told: {:?}", d.sized);
            }
        }
        let (from, to) = (sized::pod_request(&all, |c| c.from), sized::pod_request(&all, |c| c.to));
        for (from, to, node) in [(from.0, to.0, scene.node.cpu), (from.1, to.1, scene.node.memory)] {
            prop_assert!(to <= from || node.is_none_or(|node| to <= node), "a pod above its node: {:?}", all);
        }
        let explicit = scene.policy.rules.cpu.limit_explicit || scene.policy.rules.memory.limit_explicit;
        let class = |side: fn(&SizedContainer) -> Sizes| sized::qos(&all, side);
        if !explicit && scene.limit_ranges.is_empty() && class(|c| c.from) == QosClass::Guaranteed {
            prop_assert_eq!(class(|c| c.to), QosClass::Guaranteed, "{:?}", all);
        }
    }

    #[test]
    fn what_was_applied_is_settled(scene in world()) {
        let Outcome::Recommend(draft) = scene.decide() else { return Ok(()) };
        let decided = super::containers(&scene.policy, &scene.observed(), None, now()).unwrap();
        let sized: Vec<SizedContainer> = decided.iter().map(|d| d.sized.clone()).collect();
        let after = applied(&scene, &sized);
        // With and without the memory of the proposal: a restart, or another name, must not matter.
        for scene in [after.clone(), after.proposing(&draft.proposal)] {
            let again = scene.decide();
            let sizes = super::containers(&scene.policy, &scene.observed(), scene.former.as_ref(), now()).unwrap();
            prop_assert!(
                !matches!(again, Outcome::Recommend(_)),
                "applied {:?}, and then {:?}",
                sized,
                sizes.iter().map(|d| (&d.sized, d.decision.as_ref().map(|d| (&d.cpu.bounds, &d.memory.bounds)))).collect::<Vec<_>>()
            );
        }
    }
}
