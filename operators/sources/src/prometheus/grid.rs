//! Holds one batch until its whole answer has been read, then hands it over.
//!
//! In: series as they arrive. Out: samples for a sink, sorted by key, one series per key, each time once. Pure.
//!
//! An answer is held, not passed on at once, for four reasons: a warning that data is partial stands after the data; a read that
//! breaks off is tried again; a second series of the same container (two scrape jobs, a replica of the server, a restarted
//! container's new id) may stand anywhere in it; and so may one of another cluster. Eight bytes a step are the price, bounded by
//! the ceiling of points.

use std::collections::HashMap;

use crate::counter;
use crate::origin::{Difference, Origin};
use crate::source::{Batch, Metric, Pods, RUN_STEP_S, ReadReport, Sample, SampleSink, SeriesKey};

use super::config::LabelNames;
use super::labels::Whose;
use super::merge::{clash, merge};
use super::selector::is_counter;
use super::series::{self, SeriesError};

/// How many fine steps one scrape may answer beyond its own: scrape intervals up to two minutes are usual.
const SCRAPE_STEPS: usize = 3;
/// Seconds over which the first reading of a counter is spread at most.
const BIRTH_S: i64 = 600;
/// More than any node has: a first reading above it is no use since birth.
const MOST_CORES: f64 = 256.0;

/// Why a batch can't be held.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// More than the limit of points.
    #[error("more points than the limit")]
    TooLarge,
    /// A malformed series.
    #[error(transparent)]
    Series(#[from] SeriesError),
}

/// One series: steps `first..first + values.len()` of the batch.
#[derive(Debug)]
pub(super) struct Row {
    metric: Metric,
    /// Offsets into the names: namespace, pod, container start here one after the other, the last ends at the fourth.
    names: [u32; 4],
    /// Index into the origins.
    origin: u32,
    pub(super) first: u32,
    pub(super) from: usize,
    pub(super) to: usize,
    /// The first reading of a counter; NaN where there was none.
    reading: f64,
}

/// The series of one batch.
#[derive(Debug)]
pub struct Grid<'b> {
    batch: &'b Batch,
    labels: &'b LabelNames,
    max_slots: usize,
    rows: Vec<Row>,
    names: String,
    /// The origins that were seen; the first is none.
    origins: Vec<Origin>,
    origin_of: HashMap<Origin, u32>,
    /// Values of all rows, one after the other; NaN is absent.
    slots: Vec<f64>,
    report: ReadReport,
}

impl<'b> Grid<'b> {
    /// An empty grid that holds at most `max_slots` values.
    #[must_use]
    pub fn new(batch: &'b Batch, labels: &'b LabelNames, max_slots: usize) -> Self {
        Self {
            batch,
            labels,
            max_slots,
            rows: Vec::new(),
            names: String::new(),
            origins: vec![Origin::default()],
            origin_of: HashMap::new(),
            slots: Vec::new(),
            report: ReadReport::default(),
        }
    }

    /// Takes in the bytes of one series.
    ///
    /// # Errors
    /// [`GridError`]; then the answer can't be used.
    pub fn add(&mut self, series: &[u8]) -> Result<(), GridError> {
        let (labels, points) = series::open(series, self.labels)?;
        let (metric, key) = match labels.whose(self.batch) {
            Whose::Container(metric, key) => (metric, key),
            Whose::Exported => {
                self.report.exported_series += 1;
                return Ok(());
            }
            Whose::Nobody => {
                self.report.foreign_series += 1;
                return Ok(());
            }
        };
        let from = self.slots.len();
        let first = self.fill(points)?;
        let mut reading = f64::NAN;
        if is_counter(metric) {
            reading = self.slots.get(from).copied().unwrap_or(f64::NAN);
            counter::increases(&mut self.slots[from..]);
            if metric == Metric::CpuCores {
                #[allow(clippy::cast_precision_loss)]
                let step_s = self.batch.step_s as f64;
                if self.batch.step_s <= RUN_STEP_S {
                    counter::spread(&mut self.slots[from..], SCRAPE_STEPS);
                }
                self.slots[from..].iter_mut().for_each(|seconds| *seconds /= step_s);
            }
        }
        let mut names = [0; 4];
        names[0] = offset(&self.names)?;
        for (index, name) in key.into_iter().enumerate() {
            self.names.push_str(name);
            names[index + 1] = offset(&self.names)?;
        }
        // Most series have no label that could tell a cluster, and cost nothing here.
        let origin = if labels.others.is_empty() { 0 } else { self.origin(labels.origin())? };
        self.rows.push(Row { metric, names, origin, first, from, to: self.slots.len(), reading });
        Ok(())
    }

    /// The index of an origin, of which most series share a few.
    fn origin(&mut self, origin: Origin) -> Result<u32, GridError> {
        if let Some(index) = self.origin_of.get(&origin) {
            return Ok(*index);
        }
        let index = u32::try_from(self.origins.len()).map_err(|_| GridError::TooLarge)?;
        self.origins.push(origin.clone());
        self.origin_of.insert(origin, index);
        Ok(index)
    }

    /// Appends the points as slots and returns the step of the first one.
    fn fill(&mut self, points: &[u8]) -> Result<u32, GridError> {
        let (start_ms, step_ms) = (self.batch.start_s * 1_000, self.batch.step_s * 1_000);
        let steps = self.batch.steps();
        let (slots, report, max_slots) = (&mut self.slots, &mut self.report, self.max_slots);
        let from = slots.len();
        let mut first = None;
        let mut full = false;
        series::points(points, |time_ms, value| {
            report.points += 1;
            // Some servers move times by less than a step; the nearest step is meant.
            let step = (time_ms - start_ms + step_ms / 2).div_euclid(step_ms);
            if !value.is_finite() || value < 0.0 || step < 0 || step > steps {
                report.refused += 1;
                return;
            }
            let first = *first.get_or_insert(step);
            let Ok(index) = usize::try_from(step - first) else {
                report.refused += 1;
                return;
            };
            let at = from + index;
            if at >= max_slots {
                full = true;
            } else if at < slots.len() {
                report.duplicates += 1;
                slots[at] = slots[at].max(value);
            } else {
                slots.resize(at, f64::NAN);
                slots.push(value);
            }
        })?;
        if full {
            return Err(GridError::TooLarge);
        }
        u32::try_from(first.unwrap_or(0)).map_err(|_| GridError::TooLarge)
    }

    /// Hands everything over and says what it was.
    #[must_use]
    pub fn hand_over(mut self, sink: &mut dyn SampleSink) -> ReadReport {
        let (names, origins, batch) = (&self.names, &self.origins, self.batch);
        let name = |row: &Row, index: usize| -> &str {
            names.get(row.names[index] as usize..row.names[index + 1] as usize).unwrap_or_default()
        };
        let origin = |row: &Row| origins.get(row.origin as usize).unwrap_or(Origin::none());
        let order = |row: &Row| (name(row, 0), name(row, 1), name(row, 2), row.metric);
        self.rows.sort_by(|left, right| order(left).cmp(&order(right)));
        let runs = matches!(batch.pods, Pods::Only(_));
        let mut samples = Vec::new();
        let mut merged = Vec::new();
        for rows in self.rows.chunk_by(|left, right| order(left) == order(right)) {
            samples.clear();
            let Some(row) = rows.first() else { continue };
            let key = SeriesKey {
                namespace: name(row, 0),
                pod: name(row, 1),
                container: name(row, 2),
                metric: row.metric,
                origin: origin(row),
                begins: rows.iter().all(|row| row.first > 0),
            };
            if let Some(difference) = two_clusters(rows, origin, &self.slots, batch) {
                self.report.ambiguous_series += rows.len() as u64;
                sink.ambiguous(key, &difference);
                continue;
            }
            if runs && row.metric == Metric::CpuCores {
                for row in rows {
                    if let Some(cores) = since_birth(batch, row, || sink.born(key.namespace, key.pod))
                        && let Some(slot) = self.slots.get_mut(row.from)
                    {
                        *slot = cores;
                    }
                }
            }
            let (first, values) = match rows {
                [row] => (row.first, &self.slots[row.from..row.to]),
                _ => (merge(rows, &self.slots, &mut merged, &mut self.report.duplicates), merged.as_slice()),
            };
            for (index, value) in values.iter().enumerate() {
                let step = i64::from(first) + i64::try_from(index).unwrap_or(i64::MAX);
                // Step 0 is the base of the first difference; its sample belongs to the read before.
                if step > 0 && !value.is_nan() {
                    samples.push(Sample { time_s: batch.start_s + step * batch.step_s, value: *value });
                }
            }
            if let Some(last) = samples.last() {
                self.report.series += 1;
                self.report.samples += samples.len() as u64;
                self.report.newest_sample_s = self.report.newest_sample_s.max(Some(last.time_s));
                sink.series(key, &samples);
            }
        }
        self.report
    }
}

/// By which label the rows of one key are of two clusters, if they are.
fn two_clusters<'r>(
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

/// The mean use of a container from its pod's birth to its first reading, in cores: its counter began at zero then. Where the
/// pod is older than it may be, nothing is known.
fn since_birth(batch: &Batch, row: &Row, born: impl FnOnce() -> Option<i64>) -> Option<f64> {
    if row.first == 0 || row.reading.is_nan() {
        return None;
    }
    let time_s = batch.start_s + i64::from(row.first) * batch.step_s;
    let age_s = (time_s - born()?).max(batch.step_s);
    // At most BIRTH_S, so the cast is exact.
    #[allow(clippy::cast_precision_loss)]
    let cores = row.reading / age_s as f64;
    (age_s <= BIRTH_S && cores <= MOST_CORES).then_some(cores)
}

fn offset(names: &str) -> Result<u32, GridError> {
    u32::try_from(names.len()).map_err(|_| GridError::TooLarge)
}

#[cfg(test)]
#[path = "grid_tests.rs"]
mod tests;
