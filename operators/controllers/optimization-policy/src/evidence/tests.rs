#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use trimtab_core::WorkloadKind;
use trimtab_sizing::ContainerHistory;

use super::*;
use crate::testkit::*;

fn of(scene: &Scene) -> ContainerEvidence {
    scene.draft().evidence.containers.remove(0)
}

/// Millicores of a figure that is there.
fn milli(figure: &Option<Quantity>) -> i64 {
    amount::millicores(&figure.as_ref().unwrap().0).unwrap()
}

#[test]
fn what_was_not_measured_has_no_figure() {
    let figures = |scene: Scene| {
        let evidence = serde_json::to_value(of(&scene)).unwrap();
        let names = ["cpuPercentile", "cpuUsage", "cpuP95", "cpuPeak", "memoryTypicalPeak", "memoryPeak"];
        names.into_iter().filter(|name| evidence.get(*name).is_some()).collect::<Vec<_>>()
    };
    let used = |cores, mib| a_deployment().requesting("50m", "100Mi").using(steady(cores, mib), 14);
    assert_eq!(figures(used(f64::NAN, 180.0)), ["memoryTypicalPeak", "memoryPeak"]);
    assert_eq!(figures(used(0.12, f64::NAN)), ["cpuPercentile", "cpuUsage", "cpuP95", "cpuPeak"]);
    // What was measured and is next to nothing has its figure.
    let idle = of(&used(0.0, 180.0));
    assert!(milli(&idle.cpu_peak) <= 1, "{idle:?}");
    let throttled = |scene: Scene| of(&scene).throttled_percent;
    assert_eq!(throttled(used(0.12, 180.0)), None);
    assert_eq!([0, 30].map(|percent| throttled(used(0.12, 180.0).throttled(percent))), [Some(0), Some(30)]);
    assert_eq!([0.0, 0.2, 0.6, 1.4, 100.0].map(super::throttled), [0, 1, 1, 1, 100]);
}

#[test]
fn one_word_says_what_decided() {
    let base = || a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 14);
    for (cpu, memory, scene) in [
        ("Usage", "Usage", base()),
        ("HpaOnThisResource", "Usage", base().with_hpa_on_cpu()),
        ("Usage", "RuntimeHeap", base().limited_to("", "1Gi").jvm(None)),
        ("Usage", "OomKill", base().using(steady(0.12, 180.0), 14).oom_killed(1, 190)),
        ("Throttling", "Usage", base().throttled(20)),
        ("Usage", "WithinTolerance", base().requesting("1", "210Mi")),
        ("RuleMinimum", "Usage", base().annotated(&[("trimtab.dev/min-cpu", "300m")])),
    ] {
        let evidence = of(&scene);
        assert_eq!((evidence.cpu_reason.as_str(), evidence.memory_reason.as_str()), (cpu, memory));
    }
}

#[test]
fn the_percentile_is_that_of_the_amount_beside_it() {
    // 0.1 cores in nine hours of ten, 2 in the tenth: the price of an overrun determines the coverage, not the 90 %.
    let spiky: Usage = Box::new(|t| (if t.rem_euclid(36_000) < 3600 { 2.0 } else { 0.1 }, 180.0 * MIB));
    let evidence = of(&a_deployment().requesting("4", "1Gi").using(spiky, 14));
    let [usage, peak] = [&evidence.cpu_usage, &evidence.cpu_peak].map(milli);
    assert_eq!(usage >= 1900, evidence.cpu_percentile.unwrap() >= 99, "{evidence:?}");
    assert!(usage <= peak, "{evidence:?}");
    assert_eq!([99.7, 100.0, 99.999_999_9, -1.0, f64::NAN].map(whole_percent), [99, 100, 100, 0, 0]);
}

#[test]
fn percentiles_stand_beside_the_peak() {
    // A hundred levels in turn, and memory that peaks at 200 MiB on one day only.
    let ramp: Usage = Box::new(|t| {
        let level = (t / 300).rem_euclid(100) as f64;
        (0.01 + level / 100.0, if t < NOW_S - 13 * DAY { 200.0 } else { 100.0 } * MIB)
    });
    let evidence = of(&a_deployment().requesting("4", "1Gi").using(ramp, 14));
    let [p50, p95, p99] = [&evidence.cpu_p50, &evidence.cpu_p95, &evidence.cpu_p99].map(milli);
    assert!((490..=560).contains(&p50) && (940..=1000).contains(&p95) && (980..=1000).contains(&p99), "{evidence:?}");
    // Peaks are stored in steps of about half a percent.
    let mib = |q: &Option<Quantity>| amount::bytes(&q.as_ref().unwrap().0).unwrap() >> 20;
    assert!((1000..=1005).contains(&milli(&evidence.cpu_peak)), "{evidence:?}");
    assert!((200..=201).contains(&mib(&evidence.memory_peak)), "{evidence:?}");
    assert!((100..=101).contains(&mib(&evidence.memory_typical_peak)), "{evidence:?}");
}

#[test]
fn pods_that_run_at_times_are_counted_by_their_samples() {
    let scene = |source| {
        let mut scene = a_workload(WorkloadKind::CronJob).requesting("1", "1Gi");
        scene.source = source;
        let mut history = ContainerHistory::new();
        // Ten minutes once, a week ago.
        for step in 0..20 {
            let time = NOW_S - 7 * DAY + step * 30;
            history.observe_cpu(time, 0.5, 1);
            history.observe_memory(time, 180.0 * MIB);
            if step % 5 == 0 {
                history.observe_run(time);
            }
        }
        scene.usage.push(("app".into(), history));
        scene
    };
    let (often, seldom) = (scene("Prometheus"), scene("MetricsServer"));
    // 600 s of 604,800 s, at about half a core and part of a GiB less: cents.
    let monthly: f64 = often.draft().savings.monthly.parse().unwrap();
    assert!((0.01..=0.03).contains(&monthly), "{monthly}");
    assert_eq!(often.draft().savings.pods, 1);
    // metrics-server is sampled every minute and runs are read every 30 seconds, so a sample stands for more time.
    assert!(seldom.draft().monthly > often.draft().monthly);
    let pods = AveragePods { pod_seconds: 600, seconds: 604_800, runs_at_times: true };
    assert_eq!((pods.whole(), pods.hours_a_month()), (1, 1));
    assert_eq!(AveragePods { pod_seconds: 0, ..pods }.whole(), 0);
}

#[test]
fn restarts_that_pods_show_count_where_no_series_tells_of_them() {
    let mut scene = a_deployment().requesting("4", "1Gi").using(steady(0.12, 180.0), 14);
    scene.running.restarts = vec![("app".into(), NOW_S - DAY, 2), ("app".into(), NOW_S - 100 * DAY, 7)];
    assert_eq!(of(&scene).restarts, 2);
}
