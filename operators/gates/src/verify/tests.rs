#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use proptest::prelude::*;
use trimtab_api::verification::Verdict::{Fail, Inconclusive, NotRun, Pass};
use trimtab_world::row::{PodPhase, PodRow, Termination};

use super::*;
use crate::testkit::{Scene, ago};

/// Three ready pods among ten ready neighbours; throttled a little; an autoscaler with room.
fn calm() -> Observed {
    Observed {
        wanted_pods: 3,
        pods: PodCounts { ready: 3, ..PodCounts::default() },
        starting: Vec::new(),
        neighbours: 10,
        ready_neighbours: 10,
        throttled_thousandths: Some(20),
        autoscaler: Some(Autoscaler { replicas: 3, max: 10 }),
        queries: vec![QueryAnswer {
            name: "errors".to_owned(),
            value: Some(2.0),
            unanswered: None,
            max_worse_percent: 10,
        }],
        has_metrics: true,
        rolling: false,
        runs_to_completion: false,
    }
}

const LATER: Progress = Progress { pods_resized: 1, restarts_per_pod: 0, stage_s: GRACE_S };
const AT_ONCE: Progress = Progress { pods_resized: 1, restarts_per_pod: 0, stage_s: GRACE_S - 1 };

/// The verdict of the check `name` after `change` to the calm observation.
fn verdict(name: &str, progress: Progress, change: impl FnOnce(&mut Baseline, &mut Observed)) -> Verdict {
    let (mut before, mut now) = (baseline(&calm()), calm());
    change(&mut before, &mut now);
    let checks = verify(&before, &now, progress);
    checks.iter().find(|c| c.name == name).expect(name).verdict
}

#[test]
fn as_before_everything_passes_in_a_stable_order() {
    let checks = verify(&baseline(&calm()), &calm(), AT_ONCE);
    let names: Vec<&str> = checks.iter().map(|c| &*c.name).collect();
    let expected =
        ["Readiness", "Restarts", "OOMKills", "Pending", "Neighbours", "Throttling", "Autoscaler", "Query/errors"];
    assert_eq!(names, expected);
    assert!(checks.iter().all(|c| c.verdict == Pass), "{checks:#?}");
    assert_eq!(checks[0].message, "3 of 3 pods are ready, 3 before");
}

#[test]
fn one_pod_and_one_replica_are_singular() {
    let mut alone = calm();
    (alone.wanted_pods, alone.pods.ready, alone.neighbours, alone.ready_neighbours) = (1, 1, 1, 1);
    alone.autoscaler = Some(Autoscaler { replicas: 1, max: 10 });
    let checks = verify(&baseline(&alone), &alone, LATER);
    let said = |name: &str| &*checks.iter().find(|c| c.name == name).unwrap().message;
    assert_eq!(said("Readiness"), "1 of 1 pod is ready, 1 before");
    assert_eq!(said("Neighbours"), "1 of 1 other pod on the same nodes is ready, 1 before");
    assert_eq!(said("Autoscaler"), "the autoscaler wants 1 replica of at most 10, 1 before");
}

#[test]
fn runs_are_not_ready_by_themselves_and_without_one_nothing_was_checked() {
    let runs = |_: &mut Baseline, now: &mut Observed| (now.runs_to_completion, now.pods.ready) = (true, 0);
    assert_eq!(verdict("Readiness", Progress { pods_resized: 0, ..LATER }, runs), NotRun);
    assert_eq!(verdict("Readiness", LATER, runs), Pass);
}

#[test]
fn unready_pods_are_a_transition_at_first() {
    let unready = |_: &mut Baseline, now: &mut Observed| now.pods.ready = 2;
    assert_eq!(verdict("Readiness", AT_ONCE, unready), Inconclusive);
    assert_eq!(verdict("Readiness", LATER, unready), Fail);
    let (_, said) = transient(&calm(), Progress { stage_s: 1, ..LATER });
    assert_eq!(said, format!("; it may recover in the first {GRACE_S} s of this stage, of which 1 s have passed"));
    let rolling = |_: &mut Baseline, now: &mut Observed| (now.pods.ready, now.rolling) = (2, true);
    let after = |stage_s| Progress { stage_s, ..LATER };
    assert_eq!(verdict("Readiness", after(ROLLING_GRACE_S - 1), rolling), Inconclusive);
    assert_eq!(verdict("Readiness", after(ROLLING_GRACE_S), rolling), Fail);
    // Scaled down, or as unready as before: no worse.
    assert_eq!(verdict("Readiness", LATER, |_, n| (n.pods.ready, n.wanted_pods) = (2, 2)), Pass);
    assert_eq!(verdict("Readiness", LATER, |b, n| (b.ready_pods, n.pods.ready) = (2, 2)), Pass);
    let pending = |_: &mut Baseline, now: &mut Observed| now.pods.pending = 1;
    assert_eq!(verdict("Pending", AT_ONCE, pending), Inconclusive);
    assert_eq!(verdict("Pending", LATER, pending), Fail);
    assert_eq!(verdict("Pending", LATER, |b, n| (b.pending_pods, n.pods.pending) = (1, 1)), Pass);
}

#[test]
fn restarts_and_kills_of_changed_pods_fail_at_once() {
    let restarted = |n: u32| move |_: &mut Baseline, now: &mut Observed| now.pods.new_restarts = n;
    assert_eq!(verdict("Restarts", AT_ONCE, restarted(1)), Fail);
    // Two pods with one container each that is restarted by its resizePolicy.
    let expected = Progress { pods_resized: 2, restarts_per_pod: 1, stage_s: 0 };
    assert_eq!(verdict("Restarts", expected, restarted(2)), Pass);
    assert_eq!(verdict("Restarts", expected, restarted(3)), Fail);
    assert_eq!(verdict("OOMKills", AT_ONCE, |_, n| n.pods.new_oom_kills = 1), Fail);
    // What happens in pods that are not changed yet does not count against the change.
    assert_eq!(verdict("OOMKills", LATER, |_, n| n.pods.oom_kills = 9), Pass);
    assert_eq!(verdict("Restarts", LATER, |_, n| n.pods.restarts = 9), Pass);
}

#[test]
fn neighbours_that_are_there_and_not_ready_count() {
    for (there, ready, progress, expected) in [
        (10, 9, AT_ONCE, Inconclusive),
        (10, 9, LATER, Fail),
        // Gone, not broken.
        (9, 9, LATER, Pass),
        (0, 0, LATER, Pass),
        (9, 8, LATER, Fail),
        // New ones that are starting are no worse.
        (12, 10, LATER, Pass),
    ] {
        let found = verdict("Neighbours", progress, |_, n| (n.neighbours, n.ready_neighbours) = (there, ready));
        assert_eq!(found, expected, "{ready} of {there}");
    }
}

#[test]
fn throttling_is_worse_by_ten_points_or_twice_and_more_than_five_percent() {
    for (before, now, has_metrics, expected) in [
        (Some(0), Some(50), true, Pass),
        (Some(0), Some(51), true, Fail),
        (Some(20), Some(50), true, Pass),
        (Some(25), Some(51), true, Fail),
        (Some(26), Some(52), true, Pass),
        (Some(100), Some(200), true, Pass),
        (Some(100), Some(201), true, Fail),
        (Some(300), Some(400), true, Pass),
        (Some(300), Some(401), true, Fail),
        (Some(300), Some(0), true, Pass),
        (Some(i32::MAX), Some(i32::MAX), true, Pass),
        (None, Some(100), true, Pass),
        (None, Some(101), true, Inconclusive),
        (Some(0), None, true, Inconclusive),
        (None, None, true, Inconclusive),
        (None, None, false, Pass),
    ] {
        let found = verdict("Throttling", LATER, |b, n| {
            (b.throttled_thousandths, n.throttled_thousandths, n.has_metrics) = (before, now, has_metrics);
        });
        assert_eq!(found, expected, "{before:?} {now:?}");
    }
}

#[test]
fn an_autoscaler_at_its_ceiling_fails() {
    for (before, now, expected) in [
        (Some(3), Some((9, 10)), Pass),
        (Some(3), Some((10, 10)), Fail),
        (Some(10), Some((10, 10)), Pass),
        (Some(3), Some((3, 3)), Pass),
        (None, Some((10, 10)), Pass),
        (Some(3), None, Pass),
    ] {
        let found = verdict("Autoscaler", LATER, |b, n| {
            b.autoscaler_replicas = before;
            n.autoscaler = now.map(|(replicas, max)| Autoscaler { replicas, max });
        });
        assert_eq!(found, expected, "{before:?} {now:?}");
    }
}

#[test]
fn a_question_of_the_policy_compares_with_before() {
    for (before, now, percent, expected) in [
        (Some("2"), Some(2.2), 10, Pass),
        (Some("2"), Some(2.201), 10, Fail),
        (Some("2"), Some(2.0), 0, Pass),
        (Some("2"), Some(2.0001), 0, Fail),
        (Some("2"), Some(-7.0), 0, Pass),
        // From a negative value upwards.
        (Some("-2"), Some(-1.8), 10, Pass),
        (Some("-2"), Some(-1.7), 10, Fail),
        // From 0: 0.001 for each percent.
        (Some("0"), Some(0.01), 10, Pass),
        (Some("0"), Some(0.0101), 10, Fail),
        (None, Some(0.01), 10, Pass),
        (None, Some(0.0101), 10, Fail),
        (Some("0"), Some(0.0001), 0, Fail),
        (Some("0"), Some(0.0), 0, Pass),
        (Some("2"), None, 10, Inconclusive),
        (Some("2"), Some(f64::NAN), 10, Inconclusive),
        (Some("2"), Some(f64::INFINITY), 10, Inconclusive),
        (Some("many"), Some(2.0), 10, Inconclusive),
        (Some("NaN"), Some(2.0), 10, Inconclusive),
    ] {
        let found = verdict("Query/errors", AT_ONCE, |b, n| {
            b.queries[0].value = before.map(str::to_owned);
            (n.queries[0].value, n.queries[0].max_worse_percent) = (now, percent);
        });
        assert_eq!(found, expected, "{before:?} {now:?} {percent}");
    }
    assert_eq!(verdict("Query/errors", LATER, |b, _| b.queries.clear()), Inconclusive);
    let mut late = calm();
    (late.queries[0].value, late.queries[0].unanswered) = (None, Some("no response within 10 s".to_owned()));
    let found = verify(&baseline(&calm()), &late, LATER).pop().unwrap();
    assert_eq!((found.verdict, &*found.message), (Inconclusive, "no response within 10 s"));
}

#[test]
fn a_baseline_keeps_what_the_schema_takes() {
    let mut observed = calm();
    for (value, expected) in [
        (Some(0.25), Some("0.25")),
        (Some(1e300), Some("1e300")),
        (Some(1.0 / 3.0 * 1e-20), Some("3.333333333333333e-21")),
        (Some(f64::NAN), None),
        (Some(f64::NEG_INFINITY), None),
        (None, None),
    ] {
        observed.queries[0].value = value;
        let kept = baseline(&observed).queries[0].value.clone();
        assert_eq!(kept.as_deref(), expected);
        assert!(kept.is_none_or(|k| k.len() <= 32 && k.parse::<f64>().is_ok()));
    }
}

#[test]
fn pods_are_counted_and_only_changed_ones_are_held_against_the_change() {
    let scene = Scene::new();
    let pod = |index: usize, change: &dyn Fn(&mut PodRow)| {
        let mut pod = (*scene.pods[index]).clone();
        change(&mut pod);
        Arc::new(pod)
    };
    let ended = |reason: &str, seconds: Option<i64>| {
        Some(Box::new(Termination {
            reason: Some(reason.into()),
            exit_code: 137,
            started_at: None,
            finished_at: seconds.map(ago),
        }))
    };
    let killed = |seconds: Option<i64>| {
        move |p: &mut PodRow| {
            p.containers[0].restart_count = 4;
            p.containers[0].last_termination = ended("OOMKilled", seconds);
        }
    };
    let since = Some(ago(600));
    let of = |pod: Arc<PodRow>, since, changed: bool| count_pods(&[pod], since, |_| changed);
    let counts = |restarts, oom_kills, new_restarts, new_oom_kills| PodCounts {
        ready: 1,
        pending: 0,
        restarts,
        oom_kills,
        new_restarts,
        new_oom_kills,
    };
    assert_eq!(of(pod(0, &|_| {}), since, true), counts(0, 0, 0, 0));
    assert_eq!(of(pod(0, &killed(Some(599))), since, true), counts(4, 1, 1, 1));
    assert_eq!(of(pod(0, &killed(Some(601))), since, true), counts(4, 1, 0, 0));
    assert_eq!(of(pod(0, &killed(None)), since, true), counts(4, 1, 1, 1), "doubt counts");
    assert_eq!(of(pod(0, &killed(Some(599))), since, false), counts(4, 1, 0, 0));
    assert_eq!(of(pod(0, &killed(Some(599))), None, true), counts(4, 1, 0, 0));
    let ended_well = |p: &mut PodRow| p.containers[0].last_termination = ended("Error", Some(10));
    assert_eq!(of(pod(0, &ended_well), since, true), counts(0, 0, 1, 0));
    for gone in [&(|p: &mut PodRow| p.terminating = true) as &dyn Fn(&mut PodRow), &|p| p.phase = PodPhase::Failed] {
        assert_eq!(of(pod(0, gone), since, true), PodCounts::default());
    }
    let waiting = |p: &mut PodRow| (p.node, p.ready) = (None, false);
    assert_eq!(of(pod(0, &waiting), since, true), PodCounts { pending: 1, ..PodCounts::default() });
}

/// Any count that a status can hold.
fn count() -> impl Strategy<Value = u32> {
    prop_oneof![0..10_u32, 0..=i32::MAX.unsigned_abs()]
}

proptest! {
    /// No observation makes it panic, and every message fits the schema.
    #[test]
    fn it_always_answers(
        wanted in count(), ready in count(), restarts in any::<u32>(), pending in count(), neighbours in count(),
        ready_neighbours in count(), throttled in any::<Option<i32>>(),
        before in any::<Option<i32>>(), hpa in proptest::option::of((count(), count())), value in any::<Option<f64>>(),
        was in any::<Option<f64>>(), percent in any::<i32>(), stage_s in any::<i64>(), resized in any::<u32>(),
        rolling: bool, has_metrics: bool,
    ) {
        let now = Observed {
            wanted_pods: wanted,
            pods: PodCounts { ready, pending, new_restarts: restarts, ..PodCounts::default() },
            starting: vec![Starting { created_s: 7, pending: true }],
            runs_to_completion: false,
            neighbours,
            ready_neighbours,
            throttled_thousandths: throttled,
            autoscaler: hpa.map(|(replicas, max)| Autoscaler { replicas, max }),
            queries: vec![QueryAnswer { name: "errors".to_owned(), value, unanswered: None, max_worse_percent: percent }],
            has_metrics,
            rolling,
        };
        let mut then = calm();
        (then.throttled_thousandths, then.queries[0].value) = (before, was);
        let checks = verify(&baseline(&then), &now, Progress { pods_resized: resized, restarts_per_pod: 3, stage_s });
        prop_assert_eq!(checks.len(), 8);
        prop_assert!(checks.iter().all(|c| c.message.chars().count() <= 512 && !c.message.is_empty()));
        // An unchanged observation passes all checks that compare.
        let same = verify(&baseline(&now), &now, Progress { pods_resized: resized, restarts_per_pod: 3, stage_s });
        for name in ["Readiness", "Pending", "Neighbours", "Autoscaler"] {
            let found = same.iter().find(|c| c.name == name).unwrap();
            prop_assert_eq!(found.verdict, Pass, "{:?}", found);
        }
    }
}
