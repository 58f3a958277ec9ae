//! What a grid hands over: differences, merged replicas, first readings; and what it leaves out.
#![allow(clippy::unwrap_used, clippy::expect_used)]
use std::{collections::BTreeSet, sync::Arc};

use proptest::prelude::*;

use super::*;
use crate::origin::Difference;
use crate::place::Nodes;
use crate::runs::RunsByNamespace;

#[derive(Default)]
struct Seen {
    samples: Vec<One>,
    strangers: Vec<(String, String, bool)>,
    cluster: Option<Cluster>,
    begun: Vec<String>,
    ambiguous: Vec<(String, Difference)>,
    at_odds: Vec<(String, Together)>,
    recorded: Vec<(String, i64, i64)>,
    born: Option<i64>,
}
type One = (String, Vec<(i64, f64)>);
impl SampleSink for Seen {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        let samples = samples.iter().map(|sample| (sample.time_s, sample.value)).collect();
        let name = format!("{:?} {}/{}/{}", key.metric, key.namespace, key.pod, key.container);
        if let Some(stranger) = key.stranger {
            self.strangers.push((key.pod.to_owned(), stranger.node.to_owned(), stranger.beside));
            return;
        }
        if key.begins {
            self.begun.push(name.clone());
        }
        self.samples.push((name, samples));
    }
    fn ambiguous(&mut self, key: SeriesKey<'_>, difference: &Difference) {
        self.ambiguous.push((key.pod.to_owned(), difference.clone()));
    }
    fn recorded(&mut self, key: SeriesKey<'_>, first_s: i64, last_s: i64) {
        self.recorded.push((key.origin.value("planet").to_owned(), first_s, last_s));
    }
    fn at_odds(&mut self, key: SeriesKey<'_>, together: Together) {
        self.at_odds.push((key.pod.to_owned(), together));
    }
    fn born(&self, _: &str, _: &str) -> Option<i64> {
        self.born
    }
    fn nodes(&mut self) -> Option<&mut dyn Nodes> {
        self.cluster.as_mut().map(|cluster| cluster as &mut dyn Nodes)
    }
}

/// A cluster of the nodes `n1` (10.0.0.1) and `n2` (10.0.0.2). All pods are on `n1` except deleted ones.
#[derive(Default)]
struct Cluster(BTreeSet<String>);
impl Nodes for Cluster {
    fn node(&self, host: &str) -> Option<Arc<str>> {
        let known = [("n1", "n1"), ("10.0.0.1", "n1"), ("n2", "n2"), ("10.0.0.2", "n2")];
        known.iter().find(|(name, _)| *name == host).map(|(_, node)| Arc::from(*node))
    }
    fn home(&self, _: &str, pod: &str) -> Option<Arc<str>> {
        (!pod.contains("gone")).then(|| Arc::from("n1"))
    }
    fn vouch(&mut self, forms: BTreeSet<String>) -> BTreeSet<String> {
        self.0.extend(forms);
        self.0.clone()
    }
}

fn batch() -> Batch {
    Batch {
        metrics: vec![Metric::CpuCores, Metric::MemoryWorkingSet],
        namespaces: vec!["shop".into()],
        start_s: 1_000,
        end_s: 1_500,
        step_s: 100,
        expected_points: 12,
        ..Batch::default()
    }
}

fn series(name: &str, pod: &str, extra: &str, values: &str) -> String {
    format!(
        r#"{{"metric":{{"__name__":"{name}","namespace":"shop","pod":"{pod}","container":"app"{extra}}},"values":[{values}]}}"#
    )
}
const CPU: &str = "container_cpu_usage_seconds_total";
const MEMORY: &str = "container_memory_working_set_bytes";

fn run(all: &[String]) -> (Vec<One>, ReadReport) {
    let (seen, report) = run_in(&batch(), all);
    (seen.samples, report)
}

fn run_in(batch: &Batch, all: &[String]) -> (Seen, ReadReport) {
    run_with(batch, all, Seen::default())
}

fn run_with(batch: &Batch, all: &[String], mut seen: Seen) -> (Seen, ReadReport) {
    let labels = LabelNames::default();
    let mut grid = Grid::new(batch, &labels, 1000);
    for one in all {
        grid.add(one.as_bytes()).unwrap();
    }
    let report = grid.hand_over(&mut seen);
    (seen, report)
}

#[test]
fn counters_become_cores_and_the_base_is_not_a_sample() {
    let (seen, report) = run(&[
        series(CPU, "b", "", r#"[1000,"10"],[1100,"60"],[1200,"60"],[1300,"5"]"#),
        series(MEMORY, "a", "", r#"[1000,"7"],[1100,"8"],[1300,"9"]"#),
    ]);
    assert_eq!(
        seen,
        vec![
            ("MemoryWorkingSet shop/a/app".to_owned(), vec![(1_100, 8.0), (1_300, 9.0)]),
            ("CpuCores shop/b/app".to_owned(), vec![(1_100, 0.5), (1_200, 0.0), (1_300, 0.05)]),
        ]
    );
    assert_eq!((report.series, report.samples, report.points, report.newest_sample_s), (2, 5, 7, Some(1_300)));
}

#[test]
fn a_second_series_of_a_container_is_merged_by_the_greater_value() {
    let (seen, report) = run(&[
        series(CPU, "a", r#","job":"x""#, r#"[1000,"0"],[1100,"10"],[1200,"20"]"#),
        series(MEMORY, "a", "", r#"[1100,"5"]"#),
        series(CPU, "a", r#","job":"y""#, r#"[1100,"100"],[1200,"130"],[1300,"135"]"#),
    ]);
    assert_eq!(
        seen,
        vec![
            ("CpuCores shop/a/app".to_owned(), vec![(1_100, 0.1), (1_200, 0.3), (1_300, 0.05)]),
            ("MemoryWorkingSet shop/a/app".to_owned(), vec![(1_100, 5.0)]),
        ]
    );
    assert_eq!(report.duplicates, 1);
}

#[test]
fn what_is_no_number_is_refused_and_counted() {
    let (seen, report) = run(&[
        series(MEMORY, "a", "", r#"[1100,"NaN"],[1200,"-1"],[1300,"+Inf"],[1400,"3"],[900,"3"],[9000,"3"]"#),
        series(MEMORY, "b", "", r#"[1100,"NaN"]"#),
    ]);
    assert_eq!(seen, vec![("MemoryWorkingSet shop/a/app".to_owned(), vec![(1_400, 3.0)])]);
    assert_eq!((report.refused, report.samples), (6, 1));
}

#[test]
fn readings_that_add_up_to_more_than_a_double_holds_are_no_sample() {
    let batch = Batch { end_s: 1_180, step_s: 30, ..batch() };
    let points = r#"[1000,"0"],[1060,"1.7e308"],[1120,"1"],[1180,"1.7e308"]"#;
    let (seen, report) = run_in(&batch, &[series(CPU, "a", "", points)]);
    assert_eq!((seen.samples, report.samples), (Vec::new(), 0));
}

#[test]
fn a_nan_reading_of_a_counter_is_a_gap_and_no_reset() {
    let (seen, _) = run(&[series(CPU, "a", "", r#"[1000,"1000"],[1100,"NaN"],[1200,"1020"]"#)]);
    assert_eq!(seen, vec![("CpuCores shop/a/app".to_owned(), vec![(1_200, 0.1)])]);
}

#[test]
fn times_off_the_grid_go_to_the_nearest_step_and_foreign_series_are_passed_over() {
    let (seen, report) = run(&[
        series(MEMORY, "a", "", r#"[1099.9,"1"],[1201,"2"],[1200,"3"]"#),
        series("up", "a", "", r#"[1100,"1"]"#),
    ]);
    assert_eq!(seen, vec![("MemoryWorkingSet shop/a/app".to_owned(), vec![(1_100, 1.0), (1_200, 3.0)])]);
    assert_eq!((report.foreign_series, report.duplicates), (1, 1));
}

#[test]
fn more_than_the_limit_is_refused() {
    let batch = batch();
    let labels = LabelNames::default();
    let mut grid = Grid::new(&batch, &labels, 5);
    let one = series(MEMORY, "a", "", r#"[1000,"1"],[1300,"1"]"#);
    assert_eq!(grid.add(one.as_bytes()), Ok(()));
    assert_eq!(grid.add(one.as_bytes()), Err(GridError::TooLarge));
}

fn five(pod: &str, extra: &str, values: [u32; 5]) -> String {
    let points: Vec<String> =
        values.iter().enumerate().map(|(n, value)| format!(r#"[{},"{value}"]"#, 1_100 + n * 100)).collect();
    series(MEMORY, pod, extra, &points.join(","))
}

#[test]
fn two_clusters_on_one_key_are_both_left_out() {
    let eu = r#","cluster":"eu""#;
    for (what, label, left, right) in [
        ("two values", "cluster", eu, r#","cluster":"us""#),
        ("one without it", "cluster", "", eu),
        ("any label", "planet", r#","planet":"mars""#, r#","planet":"venus""#),
    ] {
        let all = [five("db-0", left, [1; 5]), five("db-0", right, [9; 5]), five("db-1", left, [2; 5])];
        let (seen, report) = run_in(&batch(), &all);
        assert_eq!(seen.samples.len(), 1, "{what}: {:?}", seen.samples);
        assert_eq!(seen.samples[0].0, "MemoryWorkingSet shop/db-1/app");
        assert_eq!(
            seen.ambiguous.iter().map(|(pod, d)| (pod.as_str(), d.label.as_str())).collect::<Vec<_>>(),
            [("db-0", label)]
        );
        assert_eq!((report.ambiguous_series, report.series), (2, 1), "{what}");
    }
}

#[test]
fn a_label_that_changes_with_time_is_one_cluster() {
    // A pod that moved, or a cluster that got its label: the old series is returned for a while after its end.
    let long = Batch { start_s: 0, end_s: 6_000, step_s: 300, ..batch() };
    let points = |steps: std::ops::RangeInclusive<i64>, value: i64| {
        steps.map(|step| format!(r#"[{},"{value}"]"#, step * 300)).collect::<Vec<_>>().join(",")
    };
    let old = series(MEMORY, "db-0", r#","planet":"mars""#, &points(1..=5, 1));
    let new = series(MEMORY, "db-0", r#","planet":"venus""#, &points(4..=20, 2));
    let (seen, report) = run_in(&long, &[old.clone(), new]);
    let values: Vec<f64> = seen.samples[0].1.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, [[1.0; 3].as_slice(), &[2.0; 17]].concat());
    // Each label with its own times, so that it is not taken for one that always existed.
    let spans = [("mars".to_owned(), 300, 1500), ("venus".to_owned(), 1200, 6000)];
    assert!(spans.iter().all(|span| seen.recorded.contains(span)) && seen.recorded.len() == 2, "{:?}", seen.recorded);
    assert_eq!((report.ambiguous_series, report.duplicates), (0, 2));
    let beside = series(MEMORY, "db-0", r#","planet":"venus""#, &points(2..=20, 2));
    assert!(run_in(&long, &[old, beside]).0.samples.is_empty(), "a quarter of an hour side by side is two clusters");
}

/// Memory of `db-0` at steps of five minutes, with a label.
fn recorded(label: &str, steps: std::ops::RangeInclusive<i64>, value: i64) -> String {
    let points: Vec<String> = steps.map(|step| format!(r#"[{},"{value}"]"#, step * 300)).collect();
    series(MEMORY, "db-0", &format!(",{label}"), &points.join(","))
}

#[test]
fn a_pod_has_one_node_at_a_time() {
    let long = Batch { start_s: 0, end_s: 6_000, step_s: 300, ..batch() };
    let node = |name: &str| format!(r#""node":"{name}""#);
    let instance = |name: &str| format!(r#""job":"kubelet","instance":"{name}""#);
    let other_job = r#""job":"cadvisor","instance":"10.244.3.7:8080""#.to_owned();
    type Case = (&'static str, [String; 2], Option<(&'static str, bool)>);
    let table: [Case; 9] = [
        ("a node that is not here", [node("n1"), node("x")], Some(("x", true))),
        ("by its address", [instance("10.0.0.1:10250"), instance("10.9.9.9:10250")], Some(("10.9.9.9", true))),
        ("a node of ours, and not the pod's", [node("n1"), node("n2")], Some(("n2", false))),
        ("one node by two labels", [node("n1"), instance("10.0.0.1:10250")], None),
        ("an exporter beside the kubelet proves nothing", [instance("10.0.0.1:10250"), other_job.clone()], None),
        ("a form that names none of ours proves nothing", [instance("10.1.1.1:1"), instance("10.1.1.2:1")], None),
        ("another port is another form", [instance("10.0.0.1:10250"), instance("10.9.9.9:443")], None),
        ("one of them without a label", [node("n1"), r#""a":"b""#.to_owned()], None),
        ("one address for all nodes", [instance("10.0.0.2:1"), instance("10.0.0.2:1")], None),
    ];
    for (what, [ours, theirs], expected) in table {
        let all = [recorded(&ours, 1..=20, 1), recorded(&theirs, 1..=20, 9)];
        let (seen, _) = run_with(&long, &all, Seen { cluster: Some(Cluster::default()), ..Seen::default() });
        let expected: Vec<_> =
            expected.map(|(n, beside)| ("db-0".to_owned(), n.to_owned(), beside)).into_iter().collect();
        assert_eq!(seen.strangers, expected, "{what}");
        let value = if expected.is_empty() { 9.0 } else { 1.0 };
        assert!(seen.samples[0].1.iter().all(|(_, v)| *v == value), "{what}: {:?}", seen.samples);
    }
    let seen_before = Cluster(["node  ".to_owned()].into());
    let (seen, _) =
        run_with(&long, &[recorded(&node("x"), 1..=20, 9)], Seen { cluster: Some(seen_before), ..Seen::default() });
    assert_eq!(seen.strangers, [("db-0".to_owned(), "x".to_owned(), false)], "an older span, before the pod was here");
}

#[test]
fn a_pod_that_moved_is_one_pod() {
    let long = Batch { start_s: 0, end_s: 6_000, step_s: 300, ..batch() };
    let all = [recorded(r#""node":"x""#, 1..=6, 9), recorded(r#""node":"n1""#, 5..=20, 1)];
    let (seen, _) = run_with(&long, &all, Seen { cluster: Some(Cluster::default()), ..Seen::default() });
    assert_eq!(seen.strangers, [("db-0".to_owned(), "x".to_owned(), false)], "nothing proves that there were two");
}

#[test]
fn in_a_short_batch_any_overlap_is_left_out() {
    let short = Batch { end_s: 1_100, ..batch() };
    let one = |extra: &str| series(MEMORY, "db-0", extra, r#"[1100,"1"]"#);
    let (seen, _) = run_in(&short, &[one(r#","cluster":"eu""#), one(r#","cluster":"us""#)]);
    assert!(seen.samples.is_empty());
}

#[test]
fn series_of_exported_pods_are_never_their_targets() {
    let restarts = Batch { metrics: vec![Metric::MemoryWorkingSet], ..batch() };
    let (seen, report) =
        run_in(&restarts, &[five("ksm-1", r#","exported_pod":"web-1","exported_namespace":"x""#, [1; 5])]);
    assert!(seen.samples.is_empty());
    assert_eq!((report.exported_series, report.foreign_series), (1, 0));
}

/// The same batch for pods of a CronJob alone.
fn fine() -> Batch {
    let mut runs = RunsByNamespace::new();
    runs.entry("shop".to_owned()).or_default().cron_jobs.insert("nightly".to_owned());
    Batch { pods: Pods::Only(runs), ..batch() }
}
const RUN: &str = "nightly-28374650-bcdfg";

#[test]
fn a_counter_that_was_born_inside_counts_from_zero() {
    let labels = LabelNames::default();
    let cores = |born: Option<i64>, points: &str| {
        let batch = fine();
        let mut grid = Grid::new(&batch, &labels, 100);
        grid.add(series(CPU, RUN, "", points).as_bytes()).unwrap();
        let mut seen = Seen { born, ..Seen::default() };
        let _ = grid.hand_over(&mut seen);
        seen.samples.pop().map(|(_, samples)| samples).unwrap_or_default()
    };
    let points = r#"[1200,"80"],[1300,"170"]"#;
    assert_eq!(cores(Some(1_150), points), [(1_200, 0.8), (1_300, 0.9)]);
    assert_eq!(cores(Some(1_000), points), [(1_200, 0.4), (1_300, 0.9)], "spread over all of its life");
    assert_eq!(cores(None, points), [(1_300, 0.9)], "nobody knows when it was born");
    assert_eq!(cores(Some(-100_000), points), [(1_300, 0.9)], "an old pod whose scrape began");
    assert_eq!(cores(Some(1_150), r#"[1200,"80000"],[1300,"80090"]"#), [(1_300, 0.9)], "more than any node gives");
    assert_eq!(cores(Some(900), r#"[1000,"80"],[1100,"170"]"#), [(1_100, 0.9)], "the base is of the batch before");
}

#[test]
fn pods_of_other_workloads_are_not_taken_in_by_a_fine_batch() {
    let all = [five(RUN, "", [1; 5]), five("web-7d9f8c6b5d-x2k4z", "", [9; 5])];
    let (seen, report) = run_in(&fine(), &all);
    assert_eq!(
        seen.samples.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        [format!("MemoryWorkingSet shop/{RUN}/app")]
    );
    assert_eq!(report.foreign_series, 1);
    let coarse = Batch {
        pods: match fine().pods {
            Pods::Only(runs) => Pods::Except(runs),
            other => other,
        },
        ..batch()
    };
    let (seen, _) = run_in(&coarse, &all);
    assert_eq!(
        seen.samples.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["MemoryWorkingSet shop/web-7d9f8c6b5d-x2k4z/app"]
    );
}

#[test]
fn a_series_begins_where_the_batch_began_without_it() {
    let old = series(MEMORY, "a", "", r#"[1000,"1"],[1100,"1"]"#);
    let (seen, _) = run_in(&batch(), &[old, five("b", "", [1; 5])]);
    assert_eq!(seen.begun, ["MemoryWorkingSet shop/b/app"]);
}

/// Possible readings other than the true one; `None` is absent.
fn bad() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![
        Just(None),
        Just(Some("NaN")),
        Just(Some("+Inf")),
        Just(Some("-Inf")),
        Just(Some("-5")),
        Just(Some("-1e300"))
    ]
}

proptest! {
    /// With NaN, negative or missing readings, what is left of a constant rate is that rate, and of a gauge its value.
    #[test]
    fn bad_readings_never_change_what_the_others_say(
        bad in prop::collection::vec(prop::option::weighted(0.4, bad()), 2..150),
        millis in 1u32..64_000,
        begin in 0u32..2_000_000_000,
        pieces in 1usize..5,
    ) {
        let rate = f64::from(millis) / 1000.0;
        let points = |value: &dyn Fn(usize) -> f64, from: usize, to: usize| {
            let point = |step: usize| match bad[step] {
                None => Some(format!(r#"[{},"{}"]"#, step * 300, value(step))),
                Some(Some(other)) => Some(format!(r#"[{},"{other}"]"#, step * 300)),
                Some(None) => None,
            };
            (from..=to).filter_map(point).collect::<Vec<_>>().join(",")
        };
        // One long read, or several that follow each other.
        let edges: Vec<usize> = (0..=pieces).map(|n| n * (bad.len() - 1) / pieces).collect();
        for edge in edges.windows(2) {
            let (from, to) = (edge[0], edge[1]);
            let batch = Batch { start_s: from as i64 * 300, end_s: to as i64 * 300, step_s: 300, ..batch() };
            let cpu = points(&|step| f64::from(begin) + rate * 300.0 * step as f64, from, to);
            let memory = points(&|_| f64::from(millis), from, to);
            let all: Vec<String> = [(CPU, cpu), (MEMORY, memory)]
                .into_iter()
                .filter(|(_, points)| !points.is_empty())
                .map(|(name, points)| series(name, "a", "", &points))
                .collect();
            for (name, samples) in run_in(&batch, &all).0.samples {
                let expected = if name.starts_with("Cpu") { rate } else { f64::from(millis) };
                for (time, value) in samples {
                    prop_assert!((value - expected).abs() <= 1e-6 * expected.max(1e-2), "{name} at {time}: {value}");
                }
            }
        }
    }

    /// Replicas of one server report the same: the result does not depend on their number.
    #[test]
    fn replicas_change_nothing(values in prop::collection::vec(0u32..1_000, 5), replicas in 1usize..4, order in any::<bool>()) {
        let values: [u32; 5] = values.try_into().unwrap();
        let mut counter = 0;
        let readings: Vec<String> = values.iter().enumerate().map(|(n, value)| {
            counter += value;
            format!(r#"[{},"{counter}"]"#, 1_000 + n * 100)
        }).collect();
        let all = |replicas: usize| {
            let mut all = Vec::new();
            for n in 0..replicas {
                let extra = format!(r#","prometheus_replica":"p-{n}","cluster":"eu""#);
                all.push(five("a", &extra, values));
                all.push(series(CPU, "a", &extra, &readings.join(",")));
            }
            if order { all.reverse(); }
            all
        };
        let (one, _) = run_in(&batch(), &all(1));
        let (many, report) = run_in(&batch(), &all(replicas));
        prop_assert_eq!(one.samples, many.samples);
        prop_assert_eq!(report.ambiguous_series, 0);
    }
}

#[path = "grid_together_tests.rs"]
mod together_tests;
