//! Cuts a read into batches, so that no query returns more points than it may.
//!
//! In: a [`ReadRequest`] and a ceiling of points. Out: [`Batch`]es. Pure.
//!
//! Namespaces are packed into a batch with their whole span as long as they fit, since each query costs the server a look-up of
//! its series; only a namespace that is too large alone is cut in time. The server's own limit of 11,000 points per series cuts a
//! span first of all.

use crate::source::{Batch, Metric, NamespaceLoad, ReadKind, ReadRequest};

/// Prometheus refuses a range query with more steps than this.
pub const MAX_STEPS: i64 = 11_000;
/// Step of what is only needed coarsely, in seconds.
pub const COARSE_STEP_S: i64 = 3_600;
/// Namespaces in one query at most: a bound on the length of its selector (500 names of 63 letters are 32 kB).
pub const MAX_NAMESPACES: usize = 500;

const USAGE: [Metric; 2] = [Metric::CpuCores, Metric::MemoryWorkingSet];
const EVENTS: [Metric; 4] = [Metric::CpuPeriods, Metric::CpuThrottledPeriods, Metric::Restarts, Metric::OomKilled];
const RECENT: [Metric; 4] =
    [Metric::CpuCores, Metric::MemoryWorkingSet, Metric::CpuPeriods, Metric::CpuThrottledPeriods];

/// The batches of `request`, each of at most `max_points` expected points, or of one step if one step of one namespace exceeds it.
#[must_use]
pub fn plan(request: &ReadRequest, max_points: u64) -> Vec<Batch> {
    let mut batches = Vec::new();
    match request.kind {
        ReadKind::History => {
            cut(request, &USAGE, request.step_s, max_points, &mut batches);
            cut(request, &EVENTS, request.step_s.max(COARSE_STEP_S), max_points, &mut batches);
        }
        ReadKind::Recent => cut(request, &RECENT, request.step_s, max_points, &mut batches),
    }
    batches
}

fn cut(request: &ReadRequest, metrics: &[Metric], step_s: i64, max_points: u64, batches: &mut Vec<Batch>) {
    if step_s <= 0 {
        return;
    }
    // Times are multiples of the step, so that passes share one grid and a caching query front end can help.
    let start_s = request.start_s.div_euclid(step_s) * step_s;
    let end_s = request.end_s.div_euclid(step_s) * step_s;
    let steps = (end_s - start_s) / step_s;
    if steps <= 0 {
        return;
    }
    let pieces = (steps + MAX_STEPS - 1) / MAX_STEPS;
    for (from, to) in pieces_of(steps, pieces) {
        let span = Span { start_s: start_s + from * step_s, end_s: start_s + to * step_s, step_s };
        pack(&request.namespaces, metrics, span, max_points, batches);
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

fn pack(namespaces: &[NamespaceLoad], metrics: &[Metric], span: Span, max_points: u64, batches: &mut Vec<Batch>) {
    let mut open: Vec<String> = Vec::new();
    let mut open_points = 0;
    let mut push = |namespaces: Vec<String>, span: Span, expected_points: u64| {
        if !namespaces.is_empty() {
            batches.push(Batch {
                metrics: metrics.to_vec(),
                namespaces,
                start_s: span.start_s,
                end_s: span.end_s,
                step_s: span.step_s,
                expected_points,
            });
        }
    };
    for namespace in namespaces {
        // A namespace that is thought empty may hold something by now.
        let series = u64::from(namespace.containers.max(1)) * metrics.len() as u64;
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
            .map(|(index, containers)| NamespaceLoad { name: format!("ns-{index}"), containers: *containers })
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
