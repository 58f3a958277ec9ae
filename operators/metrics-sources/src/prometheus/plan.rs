//! Splits a read into batches, so that no query returns more points than allowed.
//!
//! In: a [`ReadRequest`] and a ceiling of points. Out: [`Batch`]es. Pure.
//!
//! Namespaces are packed into a batch with their whole span as long as they fit, since each query costs the server a
//! look-up of its series; only a namespace that is too large alone is split in time. The server's own limit of 11,000
//! points per series splits a span first of all.

use crate::runs::RunsByNamespace;
use crate::source::{Batch, Metric, NamespaceLoad, Pods, RUN_STEP_S, ReadKind, ReadRequest};

/// Prometheus refuses a range query with more steps than this.
pub const MAX_STEPS: i64 = 11_000;
/// Step of coarse metrics, in seconds.
pub const COARSE_STEP_S: i64 = 3_600;
/// Maximum number of namespaces per query: bounds the length of its selector (500 names of 63 letters are 32 kB).
pub const MAX_NAMESPACES: usize = 500;

const USAGE: [Metric; 2] = [Metric::CpuCores, Metric::MemoryWorkingSet];
const EVENTS: [Metric; 4] = [Metric::CpuPeriods, Metric::CpuThrottledPeriods, Metric::Restarts, Metric::OomKilled];
const KILLS: [Metric; 2] = [Metric::Restarts, Metric::OomKilled];
const SIZES: [Metric; 2] = [Metric::MemoryRequest, Metric::MemoryLimit];
const RECENT: [Metric; 4] =
    [Metric::CpuCores, Metric::MemoryWorkingSet, Metric::CpuPeriods, Metric::CpuThrottledPeriods];

/// The batches of `request`, each of at most `max_points` expected points; one step of one namespace may exceed it.
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

/// The series of a namespace that a batch requests.
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
    /// All others; without any of the former, all.
    Others,
}

impl What<'_> {
    /// The expected number of containers; `None` if there is nothing to read.
    fn containers(&self, load: &NamespaceLoad) -> Option<u32> {
        match self.side {
            // A namespace thought to be empty may hold something by now.
            Side::Others => Some(load.containers.max(1)),
            // One container per workload that runs all the time: most run far less.
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

    /// Points per series: one more than the steps, for the base of the first difference.
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
#[path = "plan_tests.rs"]
mod tests;
