//! Invariants of every decision, whatever the workload, its usage and its surroundings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use trimtab_core::WorkloadKind;
use trimtab_world::row::{LimitRangeItem, LimitRangeScope, LimitRatio, ResourceAmounts, Resources};

use crate::{
    amount, bounds,
    namespace::{NamespaceBounds, Room},
    outcome::{Draft, Outcome},
    sized,
    testkit::*,
};
use trimtab_api::resources::ContainerResources;
use trimtab_sizing::Sizes;

const NAMES: [&str; 4] = ["app", "proxy", "agent", "migrate"];

/// A level, its daily variation, and seeded noise of so many thousandths.
#[derive(Clone, Copy, Debug)]
struct Load {
    cores: f64,
    mib: f64,
    swing: f64,
    noise: f64,
    seed: u64,
}

impl Load {
    fn usage(self) -> Usage {
        Box::new(move |time| {
            let day = (time.rem_euclid(DAY)) as f64 / DAY as f64;
            let level = 1.0 + self.swing * (day * std::f64::consts::TAU).sin();
            // An arbitrary mix of bits; it only has to differ from sample to sample.
            let mixed = (time as u64 ^ self.seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
            let noise = 1.0 + self.noise * ((mixed >> 11) as f64 / (1u64 << 52) as f64 - 1.0);
            (self.cores * level * noise, self.mib * MIB * level * noise)
        })
    }
}

fn load() -> impl Strategy<Value = Load> {
    (0.0f64..3.0, 1.0f64..4000.0, 0.0f64..0.6, any::<u64>()).prop_map(|(cores, mib, swing, seed)| Load {
        cores,
        mib,
        swing,
        noise: 0.03,
        seed,
    })
}

/// Requests and limits that a template may contain: none, a request, a limit, or both with the limit above.
fn resources() -> impl Strategy<Value = Resources> {
    let pair = |unit: u64| {
        (prop::option::of(1u64..4000), prop::option::of(0u64..4000)).prop_map(move |(request, more)| {
            let limit = more.map(|more| (request.unwrap_or(1) + more) * unit);
            (request.map(|r| r * unit), limit)
        })
    };
    (pair(1), pair(1 << 20)).prop_map(|((cpu_request, cpu_limit), (memory_request, memory_limit))| Resources {
        cpu_request,
        cpu_limit,
        memory_request,
        memory_limit,
    })
}

fn limit_range() -> impl Strategy<Value = LimitRangeItem> {
    let some = || (prop::option::of(1u64..400), prop::option::of(1u64..400));
    let amounts = |(cpu, memory): (Option<u64>, Option<u64>), times: u64| ResourceAmounts {
        cpu: cpu.map(|c| c * times),
        memory: memory.map(|m| (m * times) << 20),
    };
    (some(), some(), some(), prop::option::of(1000u64..8000)).prop_map(move |(min, max, default, ratio)| {
        LimitRangeItem {
            min: amounts(min, 1),
            max: amounts(max, 20),
            default_limit: amounts(default, 10),
            default_request: amounts(default, 5),
            max_limit_request_ratio: LimitRatio { cpu_thousandths: ratio, memory_thousandths: ratio },
            ..an_item(LimitRangeScope::Container)
        }
    })
}

fn policy() -> impl Strategy<Value = Value> {
    let mode = || prop::sample::select(vec!["Keep", "KeepRatio", "EqualRequest", "Remove"]);
    let profile = prop::sample::select(vec!["Savings", "Balanced", "Resilient"]);
    (profile, mode(), mode(), prop::option::of(20u32..500), prop::option::of(500u32..3000), 0u32..30).prop_map(
        |(profile, cpu, memory, min, max, change)| {
            let mut spec = json!({
                "sizing": {"profile": profile, "cpu": {"limit": cpu}, "memory": {"limit": memory}},
                "thresholds": {"minChangePercent": change},
            });
            if let Some(min) = min {
                spec["sizing"]["cpu"]["min"] = json!(format!("{min}m"));
            }
            if let Some(max) = max {
                spec["sizing"]["memory"]["max"] = json!(format!("{max}Mi"));
            }
            spec
        },
    )
}

prop_compose! {
    fn scene()(
        kind in prop::sample::select(WorkloadKind::ALL.to_vec()),
        containers in prop::collection::vec((resources(), prop::option::weighted(0.8, load())), 1..4),
        init in resources(),
        policy in policy(),
        range in prop::option::weighted(0.3, limit_range()),
        days in 1i64..9,
        (hpa, jvm, oom, throttled) in (any::<bool>(), any::<bool>(), prop::option::weighted(0.2, 1i64..4000), 0u32..40),
        (min, max) in (prop::option::weighted(0.2, 1u32..3000), prop::option::weighted(0.2, 1u32..3000)),
        (replicas, desired) in (0u32..5, 0u32..5),
    ) -> Scene {
        let mut scene = a_workload(kind).under(policy).row(|row| {
            row.desired = desired;
            row.template = Default::default();
        });
        scene.pods = replicas;
        scene = scene.init("migrate").last(|c| c.resources = init.into());
        for ((resources, load), name) in containers.into_iter().zip(NAMES) {
            scene = if name == "proxy" { scene.sidecar(name) } else { scene.container(name) };
            scene = scene.last(|c| c.resources = resources.into());
            let Some(load) = load else { continue };
            scene = scene.sampled(load.usage(), days, 1500, 300);
            if let Some(mib) = oom {
                scene = scene.oom_killed(1, mib);
            }
            scene = scene.throttled(throttled);
            if jvm {
                scene = scene.jvm(None);
            }
        }
        if hpa {
            scene = scene.with_hpa_on_cpu();
        }
        if let Some(range) = range {
            scene = scene.limit_range(range);
        }
        let (min, max) = (min.map(|m| format!("{m}m")), max.map(|m| format!("app={m}Mi")));
        let mut notes = Vec::new();
        notes.extend(min.as_deref().map(|m| ("trimtab.dev/min-cpu", m)));
        notes.extend(max.as_deref().map(|m| ("trimtab.dev/max-memory", m)));
        scene.annotated(&notes)
    }
}

fn draft_of(outcome: Outcome) -> Option<Draft> {
    match outcome {
        Outcome::Recommend(draft) => Some(*draft),
        Outcome::RightSized | Outcome::Skip(_) => None,
    }
}

fn read(c: &ContainerResources) -> Sizes {
    let cpu = |q: &Option<trimtab_api::quantity::Quantity>| q.as_ref().map(|q| amount::millicores(&q.0).unwrap());
    let memory = |q: &Option<trimtab_api::quantity::Quantity>| q.as_ref().map(|q| amount::bytes(&q.0).unwrap());
    Sizes {
        cpu_request: cpu(&c.requests.cpu),
        cpu_limit: cpu(&c.limits.cpu),
        memory_request: memory(&c.requests.memory),
        memory_limit: memory(&c.limits.memory),
    }
}

/// The resources of a template as JSON.
fn template(scene: &Scene) -> Value {
    let list = |init: bool| -> Vec<Value> {
        let containers = scene.row.template.containers.iter();
        containers
            .filter(|c| (c.kind != trimtab_world::row::ContainerKind::App) == init)
            .map(|c| {
                let r = &c.resources;
                let mut resources = json!({});
                for (part, key, value) in [
                    ("requests", "cpu", r.cpu_request.map(|v| amount::cpu(v as i64))),
                    ("limits", "cpu", r.cpu_limit.map(|v| amount::cpu(v as i64))),
                    ("requests", "memory", r.memory_request.map(|v| amount::memory(v as i64))),
                    ("limits", "memory", r.memory_limit.map(|v| amount::memory(v as i64))),
                ] {
                    if let Some(value) = value {
                        resources[part][key] = json!(value);
                    }
                }
                json!({"name": &*c.name, "image": "i", "resources": resources})
            })
            .collect()
    };
    json!({"containers": list(false), "initContainers": list(true)})
}

/// Strategic merge as far as pod templates need it: lists of objects merge by `name`, `null` deletes.
fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    into.remove(key);
                } else {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (Value::Array(into), Value::Array(patch)) => {
            for value in patch {
                let mine = into.iter_mut().find(|v| v["name"] == value["name"]);
                merge(mine.expect("a patch names containers that exist"), value);
            }
        }
        (into, patch) => *into = patch.clone(),
    }
}

/// The sizes of a merged template's container in a pod, with the API server's defaults.
fn effective(container: &Value, defaults: &Resources) -> Sizes {
    let said = |part: &str, key: &str| container["resources"][part][key].as_str().map(str::to_owned);
    let cpu = |part| said(part, "cpu").map(|q| amount::millicores(&q).unwrap());
    let memory = |part| said(part, "memory").map(|q| amount::bytes(&q).unwrap());
    let or = |v: Option<i64>, default: Option<u64>| v.or(default.map(|d| d as i64));
    Sizes {
        cpu_request: or(cpu("requests").or(cpu("limits")), defaults.cpu_request),
        cpu_limit: or(cpu("limits"), defaults.cpu_limit),
        memory_request: or(memory("requests").or(memory("limits")), defaults.memory_request),
        memory_limit: or(memory("limits"), defaults.memory_limit),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn proposals_are_consistent_and_within_their_bounds(scene in scene()) {
        let outcome = scene.decide();
        prop_assert_eq!(&outcome, &scene.decide(), "the same arguments give the same outcome");
        let Some(draft) = draft_of(outcome) else { return Ok(()) };
        let containers = &scene.row.template.containers;
        let names: BTreeSet<&str> = draft.proposal.containers.iter().map(|c| c.name.as_str()).collect();
        prop_assert_eq!(names.len(), draft.proposal.containers.len(), "each name once");
        prop_assert!(!names.is_empty() && !names.contains("migrate"));
        let namespace = NamespaceBounds::new(&scene.limit_ranges, &scene.quotas);
        for c in &draft.proposal.containers {
            let written = containers.iter().find(|t| *t.name == *c.name);
            let from = sized::sizes(written.expect("only containers that exist"), &namespace.defaults);
            let to = read(c);
            prop_assert!(to != from, "only containers that change");
            for (request, limit) in [(to.cpu_request, to.cpu_limit), (to.memory_request, to.memory_limit)] {
                prop_assert!(request.is_none_or(|r| r > 0));
                prop_assert!(limit.is_none_or(|l| request.is_some_and(|r| r <= l)), "{:?}", to);
            }
            let rules = scene.policy.rules_for(&c.name).unwrap();
            let rules = bounds::narrowed(rules, &scene.row.annotations, &c.name).unwrap();
            let room = Room::new(&rules, &namespace.limit_range);
            let cpu_changes = (from.cpu_request, from.cpu_limit) != (to.cpu_request, to.cpu_limit);
            let memory_changes = (from.memory_request, from.memory_limit) != (to.memory_request, to.memory_limit);
            prop_assert!(!cpu_changes || room.admits_cpu(from.cpu_request, to.cpu_request, to.cpu_limit), "{:?} {:?}", to, room);
            prop_assert!(!memory_changes || room.admits_memory(from.memory_request, to.memory_request, to.memory_limit), "{:?} {:?}", to, room);
            prop_assert!(scene.hpas.is_empty() || !cpu_changes, "CPU under an autoscaler stays");
        }
    }

    #[test]
    fn texts_fit_and_name_numbers(scene in scene()) {
        let Some(draft) = draft_of(scene.decide()) else { return Ok(()) };
        prop_assert!(draft.explanation.len() <= 4096 && draft.explanation.contains(&draft.savings.monthly.replace('-', "")));
        for c in &draft.proposal.containers {
            prop_assert!(draft.explanation.contains(&format!("Container {}: ", c.name)), "{}", draft.explanation);
        }
        prop_assert!(draft.summary.cpu.chars().count() <= 48 && draft.summary.memory.chars().count() <= 48);
        prop_assert!((0..=100).contains(&draft.confidence_percent));
        prop_assert!(draft.evidence.held_days <= draft.evidence.replayed_days);
        let reasons: BTreeSet<&String> = draft.risk.factors.iter().map(|f| &f.reason).collect();
        prop_assert_eq!(reasons.len(), draft.risk.factors.len(), "each reason once");
        prop_assert_eq!(draft.risk.factors.iter().map(|f| f.level).max().unwrap_or(draft.risk.level), draft.risk.level);
        prop_assert!(draft.risk.factors.windows(2).all(|w| w[0].level >= w[1].level));
    }

    #[test]
    fn the_patch_gives_the_proposed_sizes_and_touches_nothing_else(scene in scene()) {
        let Some(draft) = draft_of(scene.decide()) else { return Ok(()) };
        let patch: Value = serde_json::from_str(&draft.patch).unwrap();
        let path = match scene.row.id.kind {
            WorkloadKind::CronJob => "/spec/jobTemplate/spec/template/spec",
            _ => "/spec/template/spec",
        };
        let before = template(&scene);
        let mut after = before.clone();
        merge(&mut after, patch.pointer(path).unwrap());
        let defaults = NamespaceBounds::new(&scene.limit_ranges, &scene.quotas).defaults;
        for list in ["containers", "initContainers"] {
            for (old, new) in before[list].as_array().unwrap().iter().zip(after[list].as_array().unwrap()) {
                match draft.proposal.containers.iter().find(|c| new["name"] == c.name.as_str()) {
                    Some(c) => prop_assert_eq!(effective(new, &defaults), read(c), "{}", patch),
                    None => prop_assert_eq!(old, new),
                }
            }
        }
        // The current sizes in the status are the effective ones of the template.
        for c in &draft.current {
            let lists = ["containers", "initContainers"].map(|l| before[l].as_array().unwrap().clone()).concat();
            let old = lists.iter().find(|o| o["name"] == c.name.as_str()).unwrap();
            prop_assert_eq!(effective(old, &defaults), read(c));
        }
    }

    #[test]
    fn a_proposal_that_stands_is_not_changed_by_itself(scene in scene()) {
        let Some(first) = draft_of(scene.decide()) else { return Ok(()) };
        let again = draft_of(scene.proposing(&first.proposal).decide()).expect("it still holds");
        prop_assert_eq!(&first.proposal, &again.proposal);
        prop_assert_eq!(first.digest, again.digest);
    }

    #[test]
    fn a_digest_is_one_of_a_proposal_and_its_target(a in scene(), b in scene()) {
        let (Some(x), Some(y)) = (draft_of(a.decide()), draft_of(b.decide())) else { return Ok(()) };
        let same = x.proposal == y.proposal && a.row.id == b.row.id;
        prop_assert_eq!(same, x.digest == y.digest);
        let anew = a.row(|row| row.uid = "another".into()).draft();
        prop_assert_ne!(x.digest, anew.digest);
    }

    /// Noise may carry a resource over its threshold once. After that no proposal appears, disappears or changes.
    #[test]
    fn noise_does_not_make_a_proposal_flicker(
        load in load(),
        resources in resources(),
        seeds in prop::collection::vec(any::<u64>(), 8),
    ) {
        prop_assume!(load.cores > 0.01 && load.mib > 20.0);
        let mut standing = None;
        let mut changes = 0;
        for seed in seeds {
            let load = Load { seed, ..load };
            let mut scene = a_deployment().last(|c| c.resources = resources.into()).sampled(load.usage(), 4, 1500, 300);
            scene.former.clone_from(&standing);
            let proposal = draft_of(scene.decide()).map(|draft| draft.proposal);
            prop_assert!(proposal.is_some() || standing.is_none(), "withdrawn");
            changes += usize::from(proposal != standing);
            standing = proposal;
        }
        prop_assert!(changes <= 2, "{} changes for two resources", changes);
    }
}
