//! Holds one batch until its whole response has been read, then hands it over.
//!
//! In: series as they arrive. Out: samples for a sink, sorted by key, one series per key, each time once. Pure.
//!
//! A response is held, not passed on at once, for four reasons: a warning that data is partial comes after the data; a
//! read that breaks off is retried; a second series of the same container (two scrape jobs, a replica of the server, a
//! restarted container's new id) may come anywhere in it; and so may one of another cluster. The cost is eight bytes a
//! step, bounded by the ceiling of points.

use std::collections::HashMap;

use crate::counter;
use crate::origin::Origin;
use crate::source::{Batch, Metric, Pods, RUN_STEP_S, ReadReport, Sample, SampleSink, SeriesKey, Together};
use crate::spread::spread;

use super::apart::{Places, Whereabouts, is_measured_on_the_node};
use super::birth::since_birth;
use super::config::LabelNames;
use super::labels::Whose;
use super::merge::{merge, spans_of_origins, together, two_clusters};
use super::selector::is_counter;
use super::series::{self, SeriesError};

/// How many fine steps beyond its own one scrape may answer: scrape intervals up to two minutes are usual.
const SCRAPE_STEPS: usize = 3;
/// Why a batch cannot be held.
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
    pub(super) metric: Metric,
    /// Offsets into the names: namespace, pod, container start here one after the other, the last ends at the fourth.
    names: [u32; 4],
    /// Index into the origins.
    pub(super) origin: u32,
    /// Number of the place where it was recorded.
    pub(super) place: u32,
    /// Rows of one key and one part are one series; 0 is the pod's own.
    pub(super) part: u32,
    pub(super) first: u32,
    /// Whether it has nothing at the start of the batch, not even a NaN.
    pub(super) begins: bool,
    pub(super) from: usize,
    pub(super) to: usize,
    /// The first reading of a counter; NaN where there was none.
    pub(super) reading: f64,
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
    places: Places,
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
            places: Places::default(),
            slots: Vec::new(),
            report: ReadReport::default(),
        }
    }

    /// Parses the bytes of one series.
    ///
    /// # Errors
    /// [`GridError`]; then the response is unusable.
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
        let (first, begins) = self.fill(points)?;
        let mut reading = f64::NAN;
        if is_counter(metric) {
            reading = self.slots.get(from).copied().unwrap_or(f64::NAN);
            let fine = metric == Metric::CpuCores && self.batch.step_s <= RUN_STEP_S;
            let readings = if fine { self.slots[from..].to_vec() } else { Vec::new() };
            counter::increases(&mut self.slots[from..]);
            if fine {
                spread(&readings, &mut self.slots[from..], SCRAPE_STEPS, begins);
            }
            if metric == Metric::CpuCores {
                #[allow(clippy::cast_precision_loss)]
                let step_s = self.batch.step_s as f64;
                self.slots[from..].iter_mut().for_each(|seconds| *seconds /= step_s);
            }
        }
        let mut names = [0; 4];
        names[0] = offset(&self.names)?;
        for (index, name) in key.into_iter().enumerate() {
            self.names.push_str(name);
            names[index + 1] = offset(&self.names)?;
        }
        // Most series have no label that could identify a cluster, and cost nothing here.
        let origin = if labels.others.is_empty() { 0 } else { self.origin(labels.origin())? };
        let (label, node) = &labels.node;
        let named = !node.is_empty() && is_measured_on_the_node(metric);
        let place = if named { self.places.number((label, node), &labels.job) } else { 0 };
        self.rows.push(Row {
            metric,
            names,
            origin,
            place,
            part: 0,
            first,
            begins,
            from,
            to: self.slots.len(),
            reading,
        });
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

    /// Appends the points as slots. Returns the step of the first one, and whether the series begins with it.
    fn fill(&mut self, points: &[u8]) -> Result<(u32, bool), GridError> {
        let (start_ms, step_ms) = (self.batch.start_s * 1_000, self.batch.step_s * 1_000);
        let steps = self.batch.steps();
        let (slots, report, max_slots) = (&mut self.slots, &mut self.report, self.max_slots);
        let from = slots.len();
        let mut first = None;
        let (mut begins, mut full) = (true, false);
        series::points(points, |time_ms, value| {
            report.points += 1;
            // Some servers shift times by less than a step; the nearest step is meant.
            let step = (time_ms - start_ms + step_ms / 2).div_euclid(step_ms);
            let refused = !value.is_finite() || value < 0.0;
            // Even a refused reading shows that the series existed.
            begins &= first.is_some() || (step > 0 && !refused);
            if refused || step < 0 || step > steps {
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
        let first = u32::try_from(first.unwrap_or(0)).map_err(|_| GridError::TooLarge)?;
        Ok((first, begins))
    }

    /// Hands everything over and returns its report.
    #[must_use]
    pub fn hand_over(mut self, sink: &mut dyn SampleSink) -> ReadReport {
        let (names, origins, batch) = (&self.names, &self.origins, self.batch);
        let name = |row: &Row, index: usize| -> &str {
            names.get(row.names[index] as usize..row.names[index + 1] as usize).unwrap_or_default()
        };
        let origin = |row: &Row| origins.get(row.origin as usize).unwrap_or(Origin::none());
        let key = |row: &Row| [name(row, 0), name(row, 1), name(row, 2)];
        let order = |row: &Row| (key(row), row.metric);
        self.rows.sort_by(|left, right| order(left).cmp(&order(right)));
        let places = &self.places;
        let whereabouts = match sink.nodes() {
            Some(nodes) => Whereabouts::set_apart(&mut self.rows, places, key, nodes),
            None => Whereabouts::default(),
        };
        let runs = matches!(batch.pods, Pods::Only(_));
        let mut samples = Vec::new();
        let mut merged = Vec::new();
        let all = self.rows.chunk_by(|left, right| order(left) == order(right));
        let parts =
            all.flat_map(|all| all.chunk_by(|left, right| left.part == right.part).map(move |rows| (all, rows)));
        for (all, rows) in parts {
            samples.clear();
            let Some(row) = rows.first() else { continue };
            let key = SeriesKey {
                namespace: name(row, 0),
                pod: name(row, 1),
                container: name(row, 2),
                metric: row.metric,
                origin: origin(row),
                begins: rows.iter().all(|row| row.begins),
                stranger: whereabouts.stranger(rows, all, places, &self.slots, batch),
            };
            if let Some(difference) = two_clusters(rows, origin, &self.slots, batch) {
                self.report.ambiguous_series += rows.len() as u64;
                sink.ambiguous(key, &difference);
                continue;
            }
            if rows.len() > 1 {
                match together(row.metric, rows, &self.slots, batch) {
                    Together::Fit => {}
                    together => sink.at_odds(key, together),
                }
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
                // Step 0 is the base of the first difference; its sample belongs to the read before. Readings near the end of
                // what a double can hold may add up to more.
                if step > 0 && value.is_finite() {
                    samples.push(Sample { time_s: batch.start_s + step * batch.step_s, value: *value });
                }
            }
            if let Some(last) = samples.last() {
                self.report.series += 1;
                self.report.samples += samples.len() as u64;
                self.report.newest_sample_s = self.report.newest_sample_s.max(Some(last.time_s));
                for (row, first_s, last_s) in spans_of_origins(rows, &self.slots, batch) {
                    sink.recorded(SeriesKey { origin: origin(row), ..key }, first_s, last_s);
                }
                sink.series(key, &samples);
            }
        }
        self.report
    }
}

fn offset(names: &str) -> Result<u32, GridError> {
    u32::try_from(names.len()).map_err(|_| GridError::TooLarge)
}

#[cfg(test)]
#[path = "grid_tests.rs"]
mod tests;
