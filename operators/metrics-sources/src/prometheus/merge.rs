//! Several rows of one key: whether they are of two clusters, and merging them into one row.
//!
//! In: rows of a grid and their slots. Out: a verdict, or the greater value at each step. Pure.

use crate::origin::{Difference, Origin};
use crate::source::{Batch, Metric, Together};

use super::grid::Row;

/// Seconds for which an ended series may overlap another: a server returns the last reading for five minutes.
const LOOKBACK_S: i64 = 600;

/// The ratio between two series at which they contradict each other.
const ODDS: f64 = 1.5;
/// Number of common steps needed for proof: an hour of usual ones.
const PROOF_STEPS: i64 = 12;
/// Insignificant differences: what an idle container allocates and frees, and the CPU for it.
const NOISE_BYTES: f64 = 4_194_304.0;
const NOISE_CORES: f64 = 0.01;

/// The label that shows the rows of one key to be of two clusters, if any.
pub(super) fn two_clusters<'r>(
    rows: &[Row],
    origin: impl Fn(&Row) -> &'r Origin,
    slots: &[f64],
    batch: &Batch,
) -> Option<Difference> {
    let (one, others) = rows.split_first()?;
    if others.iter().all(|row| row.origin == one.origin) {
        return None;
    }
    rows.iter().enumerate().find_map(|(index, left)| {
        let later = rows.iter().skip(index + 1).filter(|right| right.origin != left.origin);
        later.filter(|right| clash(left, right, slots, batch)).find_map(|right| origin(left).differs(origin(right)))
    })
}

/// Whether two rows exist at the same time, so that one is not the other under a new label. In a batch too short for
/// proof, any overlap counts as proof.
fn clash(left: &Row, right: &Row, slots: &[f64], batch: &Batch) -> bool {
    let both = overlap(left, right, slots);
    both > lookback(batch) || (batch.steps() <= lookback(batch) + 1 && both > 0)
}

/// Times of each row's first and last sample, if not all are of one origin: a cluster's label may have changed.
pub(super) fn spans_of_origins<'r>(
    rows: &'r [Row],
    slots: &[f64],
    batch: &Batch,
) -> impl Iterator<Item = (&'r Row, i64, i64)> {
    let mixed = rows.windows(2).any(|pair| matches!(pair, [left, right] if left.origin != right.origin));
    rows.iter().filter(move |_| mixed).filter_map(move |row| {
        let values = slots.get(row.from..row.to).unwrap_or_default();
        let time = |index: usize| {
            let step = i64::from(row.first) + i64::try_from(index).unwrap_or(i64::MAX);
            batch.start_s.saturating_add(step.saturating_mul(batch.step_s))
        };
        let (first, last) = (values.iter().position(|v| !v.is_nan())?, values.iter().rposition(|v| !v.is_nan())?);
        Some((row, time(first), time(last)))
    })
}

/// Whether two rows exist at the same time for longer than a server returns an ended series.
pub(super) fn runs_beside(left: &Row, right: &Row, slots: &[f64], batch: &Batch) -> bool {
    overlap(left, right, slots) > lookback(batch)
}

/// Number of steps for which an ended series may still be returned.
fn lookback(batch: &Batch) -> i64 {
    (LOOKBACK_S / batch.step_s.max(1)).max(2)
}

/// The number of steps in which both rows have a value.
fn overlap(left: &Row, right: &Row, slots: &[f64]) -> i64 {
    i64::try_from(both(left, right, slots).count()).unwrap_or(i64::MAX)
}

/// The values of the steps in which both rows have one.
fn both<'s>(left: &Row, right: &Row, slots: &'s [f64]) -> impl Iterator<Item = (f64, f64)> + use<'s> {
    let first = left.first.max(right.first);
    let from = |row: &Row| {
        let values: &[f64] = slots.get(row.from..row.to).unwrap_or_default();
        values.get((first - row.first) as usize..).unwrap_or_default()
    };
    from(left).iter().copied().zip(from(right).iter().copied()).filter(|(a, b)| !a.is_nan() && !b.is_nan())
}

/// Whether rows of one key fit together: replicas of one server report nearly the same of a container, now one a little
/// more and now the other. If one reports far more than another nearly all the time, they are two containers.
pub(super) fn together(metric: Metric, rows: &[Row], slots: &[f64], batch: &Batch) -> Together {
    let noise = match metric {
        Metric::MemoryWorkingSet => NOISE_BYTES,
        Metric::CpuCores => NOISE_CORES,
        _ => return Together::Fit,
    };
    let mut worst = Together::Fit;
    for (index, left) in rows.iter().enumerate() {
        for right in rows.iter().skip(index + 1) {
            let (mut steps, mut left_more, mut right_more) = (0, 0, 0);
            for (a, b) in both(left, right, slots) {
                steps += 1;
                left_more += i64::from(a > b * ODDS + noise);
                right_more += i64::from(b > a * ODDS + noise);
            }
            if steps == 0 || left_more.max(right_more) * 4 < steps * 3 {
                continue;
            }
            if steps >= PROOF_STEPS && steps > lookback(batch) {
                return Together::AtOdds;
            }
            worst = Together::Doubtful;
        }
    }
    worst
}

/// The greater value at each step of several rows of one key; returns the first step.
pub(super) fn merge(rows: &[Row], slots: &[f64], merged: &mut Vec<f64>, duplicates: &mut u64) -> u32 {
    merged.clear();
    let first = rows.iter().map(|row| row.first).min().unwrap_or(0);
    for row in rows {
        let shift = (row.first - first) as usize;
        for (index, value) in slots.get(row.from..row.to).unwrap_or_default().iter().enumerate() {
            let at = shift + index;
            if at >= merged.len() {
                merged.resize(at + 1, f64::NAN);
            }
            *duplicates += u64::from(!merged[at].is_nan() && !value.is_nan());
            // The other value, if one is NaN.
            merged[at] = merged[at].max(*value);
        }
    }
    first
}
