//! A container's usage before the first reading of its counter.
//!
//! In: a row of a grid, and when its pod was created. Out: cores, if certain. Pure.

use crate::source::Batch;

use super::grid::Row;

/// Maximum number of seconds over which the first reading of a counter is spread.
const BIRTH_S: i64 = 600;
/// More cores than any node has: a first reading above this is not usage since the pod's start.
const MOST_CORES: f64 = 256.0;

/// The mean usage of a container from its pod's start to its first reading, in cores: its counter began at zero then.
/// Unknown if the pod is older than `BIRTH_S`.
pub(super) fn since_birth(batch: &Batch, row: &Row, born: impl FnOnce() -> Option<i64>) -> Option<f64> {
    if !row.begins || row.reading.is_nan() {
        return None;
    }
    let time_s = batch.start_s + i64::from(row.first) * batch.step_s;
    let age_s = (time_s - born()?).max(batch.step_s);
    // At most BIRTH_S, so the cast is exact.
    #[allow(clippy::cast_precision_loss)]
    let cores = row.reading / age_s as f64;
    (age_s <= BIRTH_S && cores <= MOST_CORES).then_some(cores)
}
