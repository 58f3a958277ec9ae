#![allow(clippy::unwrap_used, clippy::expect_used)]
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn request(containers: &[u32], days: i64, kind: ReadKind) -> ReadRequest {
    let namespaces = containers
        .iter()
        .enumerate()
        .map(|(index, containers)| NamespaceLoad {
            name: format!("ns-{index}"),
            containers: *containers,
            ..NamespaceLoad::default()
        })
        .collect();
    ReadRequest { namespaces, start_s: 0, end_s: days * 86_400, step_s: 300, kind }
}

#[test]
fn the_first_pass_over_a_thousand_deployments_is_few_queries_and_a_later_one_is_one() {
    let history = plan(&request(&[100; 20], 7, ReadKind::History), 1_000_000);
    assert_eq!(history.len(), 12);
    let mut later = request(&[100; 20], 7, ReadKind::Recent);
    later.start_s = later.end_s - 600;
    assert_eq!(plan(&later, 1_000_000).len(), 1);
}

#[test]
fn pods_that_run_to_completion_are_read_at_a_finer_step_and_only_where_there_are_any() {
    let mut history = request(&[100, 100], 14, ReadKind::History);
    history.namespaces[1].runs.cron_jobs.insert("nightly".to_owned());
    let batches = plan(&history, 1_000_000);
    let fine: Vec<&Batch> = batches.iter().filter(|b| b.step_s == RUN_STEP_S).collect();
    assert!(fine.iter().all(|b| b.namespaces == ["ns-1"] && b.metrics == USAGE), "{fine:?}");
    assert!(fine.iter().all(|b| matches!(&b.pods, Pods::Only(runs) if runs["ns-1"].owns("nightly-28374650-bcdfg"))));
    assert_eq!((fine[0].start_s, fine[fine.len() - 1].end_s), (0, 14 * 86_400));
    assert_eq!(fine.iter().map(|b| b.steps()).sum::<i64>(), 14 * 86_400 / RUN_STEP_S);
    for batch in batches.iter().filter(|b| b.step_s > RUN_STEP_S) {
        let with_runs = batch.namespaces.contains(&"ns-1".to_owned());
        assert_eq!(matches!(batch.pods, Pods::Except(_)), with_runs, "{batch:?}");
        if with_runs {
            let pod = ("ns-1", "nightly-28374650-bcdfg");
            assert!(!batch.pods.take_in(Metric::CpuCores, pod.0, pod.1), "it would count twice");
            assert!(batch.pods.take_in(Metric::Restarts, pod.0, pod.1));
            assert!(batch.pods.take_in(Metric::CpuCores, "ns-0", pod.1), "another namespace's pod of that name");
        }
    }
    let recent = ReadRequest { kind: ReadKind::Recent, start_s: 86_400, end_s: 86_700, ..history };
    let batches = plan(&recent, 1_000_000);
    assert_eq!(batches.len(), 2);
    assert_eq!((batches[1].step_s, batches[1].start_s, batches[1].end_s), (RUN_STEP_S, 86_400, 86_700));
}

#[test]
fn nothing_to_read_is_no_batch() {
    assert!(plan(&request(&[], 7, ReadKind::History), 1_000_000).is_empty());
    let mut empty = request(&[5], 7, ReadKind::History);
    empty.start_s = empty.end_s;
    assert!(plan(&empty, 1_000_000).is_empty());
    empty.end_s -= 1_000;
    assert!(plan(&empty, 1_000_000).is_empty(), "a span that runs backwards");
    empty.start_s = 0;
    empty.step_s = 0;
    assert!(plan(&ReadRequest { kind: ReadKind::Recent, ..empty }, 1_000_000).is_empty());
}

proptest! {
    #[test]
    fn batches_are_bounded_and_cover_each_namespace_metric_and_time_once(
        containers in prop::collection::vec(0u32..3_000, 1..30),
        start in 0i64..2_000_000,
        length in 0i64..6_000_000,
        step in prop_oneof![Just(60i64), Just(300), Just(900), Just(3_600)],
        max_points in 1_000u64..2_000_000,
        recent in any::<bool>(),
    ) {
        let kind = if recent { ReadKind::Recent } else { ReadKind::History };
        let request = ReadRequest { start_s: start, end_s: start + length, step_s: step, ..request(&containers, 1, kind) };
        type Spans = Vec<(i64, i64, i64)>;
        let mut covered: BTreeMap<(String, Metric), Spans> = BTreeMap::new();
        for batch in plan(&request, max_points) {
            prop_assert!(batch.steps() >= 1 && batch.steps() <= MAX_STEPS);
            prop_assert!(batch.expected_points <= max_points || (batch.steps() == 1 && batch.namespaces.len() == 1));
            prop_assert!(batch.namespaces.len() <= MAX_NAMESPACES);
            let series: u64 = batch.namespaces.iter().map(|name| {
                let index: usize = name.trim_start_matches("ns-").parse().unwrap();
                u64::from(containers[index].max(1)) * batch.metrics.len() as u64
            }).sum();
            // A query from 0 to 600 in steps of 300 returns three points a series.
            prop_assert_eq!(batch.expected_points, series * u64::try_from(batch.steps() + 1).unwrap());
            prop_assert_eq!(batch.start_s.rem_euclid(batch.step_s), 0);
            for namespace in &batch.namespaces {
                for metric in &batch.metrics {
                    let spans = covered.entry((namespace.clone(), *metric)).or_default();
                    spans.push((batch.start_s, batch.end_s, batch.step_s));
                }
            }
        }
        for (key, spans) in &covered {
            for pair in spans.windows(2) {
                prop_assert_eq!(pair[0].1, pair[1].0, "{:?} has a hole or an overlap", key);
            }
            let step = spans[0].2;
            prop_assert_eq!(spans[0].0, start.div_euclid(step) * step);
            prop_assert_eq!(spans[spans.len() - 1].1, (start + length).div_euclid(step) * step);
        }
        if start.div_euclid(step) < (start + length).div_euclid(step) {
            let fine = covered.keys().filter(|(_, metric)| *metric == Metric::CpuCores).count();
            prop_assert_eq!(fine, containers.len());
        }
    }
}
