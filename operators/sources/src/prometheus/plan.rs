//! Cuts a read into batches, so that no query returns more points than it may.
//!
//! In: a [`ReadRequest`] and a ceiling of points. Out: [`Batch`]es. Pure.
//!
//! Namespaces are packed into a batch with their whole span as long as they fit, since each query costs the server a look-up of
//! its series; only a namespace that is too large alone is cut in time. The server's own limit of 11,000 points per series cuts a
//! span first of all.

use crate::runs::RunsByNamespace;
use crate::source::{Batch, Metric, NamespaceLoad, Pods, RUN_STEP_S, ReadKind, ReadRequest};

/// Prometheus refuses a range query with more steps than this.
pub const MAX_STEPS: i64 = 11_000;
/// Step of what is only needed coarsely, in seconds.
pub const COARSE_STEP_S: i64 = 3_600;
/// Namespaces in one query at most: a bound on the length of its selector (500 names of 63 letters are 32 kB).
pub const MAX_NAMESPACES: usize = 500;

const USAGE: [Metric; 2] = [Metric::CpuCores, Metric::MemoryWorkingSet];
const EVENTS: [Metric; 4] = [Metric::CpuPeriods, Metric::CpuThrottledPeriods, Metric::Restarts, Metric::OomKilled];
const KILLS: [Metric; 2] = [Metric::Restarts, Metric::OomKilled];
const SIZES: [Metric; 2] = [Metric::MemoryRequest, Metric::MemoryLimit];
const RECENT: [Metric; 4] =
    [Metric::CpuCores, Metric::MemoryWorkingSet, Metric::CpuPeriods, Metric::CpuThrottledPeriods];

/// The batches of `request`, each of at most `max_points` expected points, or of one step if one step of one namespace exceeds it.
#[must_use]
pub fn plan(request: &ReadRequest, max_points: u64) -> Vec<Batch> {
    let mut batches = Vec::new();
    let coarse_s = request.step_s.max(COARSE_STEP_S);
    let runs: RunsByNamespace = if request.step_s > RUN_STEP_S {
        let named = request.namespaces.iter().filter(|n| !n.runs.is_empty());
        named.map(|n| (n.name.clone(), n.runs.clone())).collect()
    } else {
        RunsByNamespace::new()
    };
    let mut cut = |metrics: &[Metric], step_s: i64, what: &What<'_>| {
        if step_s > 0 && request.step_s > 0 {
            cut(request, metrics, step_s, max_points, what, &mut batches);
        }
    };
    let all = What { runs: &runs, side: Side::Others, exported: false };
    let alone = What { side: Side::Runs, ..all };
    match request.kind {
        ReadKind::History => {
            cut(&USAGE, request.step_s, &all);
            cut(&EVENTS, coarse_s, &all);
            cut(&USAGE, RUN_STEP_S, &alone);
        }
        ReadKind::Recent => {
            cut(&RECENT, request.step_s, &all);
            cut(&USAGE, RUN_STEP_S, &alone);
        }
        ReadKind::Sizes => cut(&SIZES, coarse_s, &all),
        ReadKind::Exported => cut(&KILLS, coarse_s, &What { exported: true, ..all }),
    }
    batches
}

/// Which series of a namespace a batch asks for.
#[derive(Clone, Copy)]
struct What<'a> {
    runs: &'a RunsByNamespace,
    side: Side,
    exported: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Pods that run to completion.
    Runs,
    /// All others; where there are none of the former, all.
    Others,
}

impl What<'_> {
    /// How many containers are expected; `None` where nothing is to be read.
    fn containers(&self, load: &NamespaceLoad) -> Option<u32> {
        match self.side {
            // A namespace that is thought empty may hold something by now.
            Side::Others => Some(load.containers.max(1)),
            // One container of each that runs all the time: most run far less.
            Side::Runs => self.runs.get(&load.name).and_then(|names| u32::try_from(names.len()).ok()),
        }
    }

    fn pods(&self, namespaces: &[String]) -> Pods {
        let here: RunsByNamespace = namespaces
            .iter()
            .filter_map(|name| self.runs.get(name).map(|names| (name.clone(), names.clone())))
            .collect();
        match self.side {
            Side::Others if here.is_empty() => Pods::All,
            Side::Others => Pods::Except(here),
            Side::Runs => Pods::Only(here),
        }
    }
}

fn cut(
    request: &ReadRequest,
    metrics: &[Metric],
    step_s: i64,
    max_points: u64,
    what: &What<'_>,
    batches: &mut Vec<Batch>,
) {
    // Times are multiples of the step, so that passes share one grid and a caching query front end can help. The fine grid ends
    // where the one of the request ends, so that both are read up to the same time.
    let grid_s = step_s.max(request.step_s);
    let start_s = request.start_s.div_euclid(grid_s) * grid_s;
    let end_s = request.end_s.div_euclid(grid_s) * grid_s;
    let steps = (end_s - start_s) / step_s;
    if steps <= 0 {
        return;
    }
    let pieces = (steps + MAX_STEPS - 1) / MAX_STEPS;
    for (from, to) in pieces_of(steps, pieces) {
        let span = Span { start_s: start_s + from * step_s, end_s: start_s + to * step_s, step_s };
        pack(&request.namespaces, metrics, span, max_points, what, batches);
    }
}

#[derive(Clone, Copy)]
struct Span {
    start_s: i64,
    end_s: i64,
    step_s: i64,
}

impl Span {
    fn steps(self) -> i64 {
        (self.end_s - self.start_s) / self.step_s
    }

    /// Points per series: the base of the first difference is one more than the steps.
    fn points(self) -> u64 {
        u64::try_from(self.steps() + 1).unwrap_or(0)
    }
}

fn pack(
    namespaces: &[NamespaceLoad],
    metrics: &[Metric],
    span: Span,
    max_points: u64,
    what: &What<'_>,
    batches: &mut Vec<Batch>,
) {
    let mut open: Vec<String> = Vec::new();
    let mut open_points = 0;
    let mut push = |namespaces: Vec<String>, span: Span, expected_points: u64| {
        if !namespaces.is_empty() {
            batches.push(Batch {
                metrics: metrics.to_vec(),
                pods: what.pods(&namespaces),
                namespaces,
                start_s: span.start_s,
                end_s: span.end_s,
                step_s: span.step_s,
                expected_points,
                exported: what.exported,
            });
        }
    };
    for namespace in namespaces {
        let Some(containers) = what.containers(namespace) else { continue };
        let series = u64::from(containers) * metrics.len() as u64;
        let points = series.saturating_mul(span.points());
        if points > max_points {
            let per_series = i64::try_from(max_points / series).unwrap_or(i64::MAX);
            let steps_each = (per_series - 1).max(1);
            let pieces = (span.steps() + steps_each - 1) / steps_each;
            for (from, to) in pieces_of(span.steps(), pieces) {
                let piece =
                    Span { start_s: span.start_s + from * span.step_s, end_s: span.start_s + to * span.step_s, ..span };
                push(vec![namespace.name.clone()], piece, series * piece.points());
            }
            continue;
        }
        if open_points + points > max_points || open.len() >= MAX_NAMESPACES {
            push(std::mem::take(&mut open), span, open_points);
            open_points = 0;
        }
        open.push(namespace.name.clone());
        open_points += points;
    }
    push(open, span, open_points);
}

/// `pieces` adjoining spans of nearly equal length that cover `0..steps`.
fn pieces_of(steps: i64, pieces: i64) -> impl Iterator<Item = (i64, i64)> {
    let pieces = pieces.clamp(1, steps.max(1));
    (0..pieces).map(move |piece| (piece * steps / pieces, (piece + 1) * steps / pieces))
}

#[cfg(test)]
mod tests {
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
        assert!(
            fine.iter().all(|b| matches!(&b.pods, Pods::Only(runs) if runs["ns-1"].owns("nightly-28374650-bcdfg")))
        );
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
}
