//! Whether the demo's expectations for each workload follow from its usage: by Trimtab's own decision code, on several
//! days, so that the demo does not depend on when it is run.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use trimtab_sizing::{
    ContainerHistory, ContainerInput, LimitMode, Profile, RuntimeHint, Sizes, SizingRules, Verdict, WorkloadClass,
    decide,
};

use super::{
    history::{Series, of_container},
    tracks::{LivePod, Track, former, running},
};
use crate::{
    fleet::{Change, Container, Expect, Kind, Workload, simulated},
    model::DAY_S,
};

const MIB: i64 = 1 << 20;
/// Changes below this share are not worth a recommendation.
const LEAST_PERCENT: i64 = 10;

/// The rules of the example policies.
fn rules(w: &Workload) -> SizingRules {
    let mut rules = match w.namespace {
        "data" => SizingRules::of(Profile::Resilient),
        "batch" => SizingRules::of(Profile::Savings),
        _ => SizingRules::of(Profile::Balanced),
    };
    match w.namespace {
        "data" => {
            rules.memory.headroom_percent = 30.0;
            (rules.cpu.limit, rules.memory.limit) = (LimitMode::Remove, LimitMode::EqualsRequest);
        }
        "batch" => {
            (rules.cpu.percentile, rules.cpu.headroom_percent) = (75.0, 0.0);
            rules.minimum_history_seconds = 2 * DAY_S;
            rules.window_seconds = 60 * DAY_S;
        }
        _ => {}
    }
    rules
}

fn pods(w: &Workload, now: i64) -> Vec<LivePod> {
    let count = match w.kind {
        Kind::Deployment(n) | Kind::StatefulSet(n) => n,
        Kind::DaemonSet => 8,
        Kind::CronJob(_) => 0,
    };
    let pod = |i| LivePod {
        namespace: w.namespace.to_owned(),
        workload: w.name.clone(),
        name: format!("{}-{i}", w.name),
        node: "n".to_owned(),
        created_s: now,
    };
    (0..count).map(pod).collect()
}

/// The history as it is read from Prometheus: one sample every five minutes.
fn history(tracks: &[Track<'_>], c: &Container, now: i64) -> ContainerHistory {
    let mut history = ContainerHistory::new();
    for track in tracks {
        let (series, _) = of_container(track, c, now);
        let get = |name: &str| series.iter().find(|s| s.name == name);
        // A difference over one step, with both ends known.
        let steps = |s: &Series, each: &mut dyn FnMut(i64, f64)| {
            for i in 5..s.values.len() {
                let t = s.start_s + 60 * i64::try_from(i).unwrap();
                if t % 300 == 0 {
                    let (before, now) = (s.values[i - 5], s.values[i]);
                    each(t, if now >= before { now - before } else { now });
                }
            }
        };
        steps(get("container_cpu_usage_seconds_total").unwrap(), &mut |t, d| history.observe_cpu(t, d / 300.0, 1));
        let memory = get("container_memory_working_set_bytes").unwrap();
        for (t, v) in (0_i64..).map(|i| memory.start_s + i * 60).zip(&memory.values).filter(|(t, _)| t % 300 == 0) {
            history.observe_memory(t, *v);
        }
        if let (Some(all), Some(hit)) =
            (get("container_cpu_cfs_periods_total"), get("container_cpu_cfs_throttled_periods_total"))
        {
            let mut throttled = Vec::new();
            steps(hit, &mut |_, d| throttled.push(d as u32));
            let mut hits = throttled.into_iter();
            steps(all, &mut |t, d| history.observe_throttling(t, hits.next().unwrap(), d as u32));
        }
    }
    history
}

fn input<'a>(w: &Workload, c: &Container, history: &'a ContainerHistory) -> ContainerInput<'a> {
    let mib = |m: u32| i64::from(m) * MIB;
    let current = Sizes {
        cpu_request: Some(i64::from(c.requests.0)),
        cpu_limit: c.cpu_limit.map(i64::from),
        memory_request: Some(mib(c.requests.1)),
        memory_limit: c.memory_limit.map(mib),
    };
    let jvm = c.env.iter().any(|(name, _)| *name == "JAVA_TOOL_OPTIONS");
    ContainerInput {
        current,
        runtime: if jvm { RuntimeHint::HeapFromLimit { percent: 75 } } else { RuntimeHint::None },
        hpa_on_cpu: w.autoscaler.is_some(),
        class: if matches!(w.kind, Kind::CronJob(_)) {
            WorkloadClass::RunToCompletion
        } else {
            WorkloadClass::LongRunning
        },
        ..ContainerInput::of(history)
    }
}

/// The direction of a request, if significant.
fn change(verdict: &Verdict, current: i64) -> Change {
    match *verdict {
        Verdict::Resize { to, .. } if (to - current) * 100 >= LEAST_PERCENT * current => Change::Up,
        Verdict::Resize { to, .. } if (current - to) * 100 >= LEAST_PERCENT * current => Change::Down,
        _ => Change::Keep,
    }
}

#[test]
fn what_is_expected_of_each_workload_is_what_its_usage_says_on_any_day() {
    let fleet = simulated();
    // Monday, 2026-06-01; then other weekdays and hours.
    for now in [0, 2, 5, 6].map(|d| 1_780_272_000 + d * DAY_S + d * 5 * 3_600) {
        for w in &fleet {
            let all = running(&fleet, &pods(w, now), now).into_iter().chain(former(&fleet, now));
            let tracks: Vec<_> = all.filter(|t| t.workload.name == w.name).collect();
            let c = &w.containers[0];
            let history = history(&tracks, c, now);
            let decision = decide(&rules(w), &input(w, c, &history), now);
            let found = (
                change(&decision.cpu.request, i64::from(c.requests.0)),
                change(&decision.memory.request, i64::from(c.requests.1) * MIB),
            );
            let seen = format!(
                "{} on day {}: {:?} {:?} sure {:?}",
                w.id(),
                now / DAY_S,
                decision.cpu.request,
                decision.memory.request,
                decision.confidence
            );
            println!("{seen}");
            let fits = |expected: Change, found: Change| expected == Change::Any || expected == found;
            match w.expect {
                Expect::Recommended { cpu, memory } => {
                    assert!(fits(cpu, found.0) && fits(memory, found.1), "{seen}");
                }
                Expect::RightSized => assert_eq!(found, (Change::Keep, Change::Keep), "{seen}"),
                Expect::Skipped("InsufficientHistory") => {
                    assert!(matches!(decision.cpu.request, Verdict::Refuse { .. }), "{seen}");
                }
                _ => {}
            }
        }
    }
}
