//! Several rows of one key: whether they are of two clusters, and one row out of them.
//!
//! In: rows of a grid and their slots. Out: a verdict, or the greater value at each step. Pure.

use crate::origin::{Difference, Origin};
use crate::source::Batch;

use super::grid::Row;

/// Seconds within which two series may overlap of which one has ended: a server answers with the last reading for five minutes.
const LOOKBACK_S: i64 = 600;

/// By which label the rows of one key are of two clusters, if they are.
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

/// Whether two rows are there at the same time, so that one is not the other under a new label. In a batch too short for proof,
/// any overlap is taken for one.
fn clash(left: &Row, right: &Row, slots: &[f64], batch: &Batch) -> bool {
    let both = overlap(left, right, slots);
    both > lookback(batch) || (batch.steps() <= lookback(batch) + 1 && both > 0)
}

/// Whether two rows are there at the same time for longer than a server answers with a series that has ended.
pub(super) fn runs_beside(left: &Row, right: &Row, slots: &[f64], batch: &Batch) -> bool {
    overlap(left, right, slots) > lookback(batch)
}

/// Steps for which a series that has ended may still be answered with.
fn lookback(batch: &Batch) -> i64 {
    (LOOKBACK_S / batch.step_s.max(1)).max(2)
}

/// In how many steps both rows have a value.
fn overlap(left: &Row, right: &Row, slots: &[f64]) -> i64 {
    let values = |row: &Row| slots.get(row.from..row.to).unwrap_or_default();
    let first = left.first.max(right.first);
    let from = |row: &Row| values(row).get((first - row.first) as usize..).unwrap_or_default();
    let both = from(left).iter().zip(from(right)).filter(|(a, b)| !a.is_nan() && !b.is_nan()).count();
    i64::try_from(both).unwrap_or(i64::MAX)
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
