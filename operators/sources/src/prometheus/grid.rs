//! Holds one batch until its whole answer has been read, then hands it over.
//!
//! In: series as they arrive. Out: samples for a sink, sorted by key, one series per key, each time once. Pure.
//!
//! An answer is held, not passed on at once, for three reasons: a warning that data is partial stands after the data; a read that
//! breaks off is tried again; and a second series of the same container (two scrape jobs, a restarted container's new id) may stand
//! anywhere in it. Eight bytes a step are the price, bounded by the ceiling of points.

use crate::counter;
use crate::source::{Batch, Metric, ReadReport, Sample, SampleSink, SeriesKey};

use super::selector::is_counter;
use super::series::{self, SeriesError};

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
struct Row {
    metric: Metric,
    /// Offsets into the names: namespace, pod, container start here one after the other, the last ends at the fourth.
    names: [u32; 4],
    first: u32,
    from: usize,
    to: usize,
}

/// The series of one batch.
#[derive(Debug)]
pub struct Grid<'b> {
    batch: &'b Batch,
    max_slots: usize,
    rows: Vec<Row>,
    names: String,
    /// Values of all rows, one after the other; NaN is absent.
    slots: Vec<f64>,
    report: ReadReport,
}

impl<'b> Grid<'b> {
    /// An empty grid that holds at most `max_slots` values.
    #[must_use]
    pub fn new(batch: &'b Batch, max_slots: usize) -> Self {
        Self {
            batch,
            max_slots,
            rows: Vec::new(),
            names: String::new(),
            slots: Vec::new(),
            report: ReadReport::default(),
        }
    }

    /// Takes in the bytes of one series.
    ///
    /// # Errors
    /// [`GridError`]; then the answer can't be used.
    pub fn add(&mut self, series: &[u8]) -> Result<(), GridError> {
        let (labels, points) = series::open(series)?;
        let Some(metric) = labels.metric(&self.batch.metrics) else {
            self.report.foreign_series += 1;
            return Ok(());
        };
        let from = self.slots.len();
        let first = self.fill(points)?;
        if is_counter(metric) {
            counter::increases(&mut self.slots[from..]);
            if metric == Metric::CpuCores {
                #[allow(clippy::cast_precision_loss)]
                let step_s = self.batch.step_s as f64;
                self.slots[from..].iter_mut().for_each(|seconds| *seconds /= step_s);
            }
        }
        let mut names = [0; 4];
        names[0] = offset(&self.names)?;
        for (index, name) in [&labels.namespace, &labels.pod, &labels.container].into_iter().enumerate() {
            self.names.push_str(name);
            names[index + 1] = offset(&self.names)?;
        }
        self.rows.push(Row { metric, names, first, from, to: self.slots.len() });
        Ok(())
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
        let names = &self.names;
        let name = |row: &Row, index: usize| -> &str {
            names.get(row.names[index] as usize..row.names[index + 1] as usize).unwrap_or_default()
        };
        let key = |row: &Row| SeriesKey {
            namespace: name(row, 0),
            pod: name(row, 1),
            container: name(row, 2),
            metric: row.metric,
        };
        let order = |row: &Row| {
            let key = key(row);
            (key.namespace, key.pod, key.container, key.metric)
        };
        self.rows.sort_by(|left, right| order(left).cmp(&order(right)));
        let mut samples = Vec::new();
        let mut merged = Vec::new();
        for rows in self.rows.chunk_by(|left, right| order(left) == order(right)) {
            samples.clear();
            let (first, values) = match rows {
                [row] => (row.first, &self.slots[row.from..row.to]),
                _ => (merge(rows, &self.slots, &mut merged, &mut self.report.duplicates), merged.as_slice()),
            };
            for (index, value) in values.iter().enumerate() {
                let step = i64::from(first) + i64::try_from(index).unwrap_or(i64::MAX);
                // Step 0 is the base of the first difference; its sample belongs to the read before.
                if step > 0 && !value.is_nan() {
                    samples.push(Sample { time_s: self.batch.start_s + step * self.batch.step_s, value: *value });
                }
            }
            if let (Some(last), Some(row)) = (samples.last(), rows.first()) {
                self.report.series += 1;
                self.report.samples += samples.len() as u64;
                self.report.newest_sample_s = self.report.newest_sample_s.max(Some(last.time_s));
                sink.series(key(row), &samples);
            }
        }
        self.report
    }
}

fn offset(names: &str) -> Result<u32, GridError> {
    u32::try_from(names.len()).map_err(|_| GridError::TooLarge)
}

/// The greater value at each step of several rows of one key; returns the first step.
fn merge(rows: &[Row], slots: &[f64], merged: &mut Vec<f64>, duplicates: &mut u64) -> u32 {
    merged.clear();
    let first = rows.iter().map(|row| row.first).min().unwrap_or(0);
    for row in rows {
        let shift = (row.first - first) as usize;
        for (index, value) in slots[row.from..row.to].iter().enumerate() {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<One>);
    type One = (String, Vec<(i64, f64)>);
    impl SampleSink for Seen {
        fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
            let samples = samples.iter().map(|sample| (sample.time_s, sample.value)).collect();
            self.0.push((format!("{:?} {}/{}/{}", key.metric, key.namespace, key.pod, key.container), samples));
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
        let batch = batch();
        let mut grid = Grid::new(&batch, 100);
        for one in all {
            grid.add(one.as_bytes()).unwrap();
        }
        let mut seen = Seen::default();
        let report = grid.hand_over(&mut seen);
        (seen.0, report)
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
        let mut grid = Grid::new(&batch, 5);
        let one = series(MEMORY, "a", "", r#"[1000,"1"],[1300,"1"]"#);
        assert_eq!(grid.add(one.as_bytes()), Ok(()));
        assert_eq!(grid.add(one.as_bytes()), Err(GridError::TooLarge));
    }
}
