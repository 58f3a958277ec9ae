//! History for a Prometheus: series become blocks of its data directory, tens of millions of samples in seconds.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::paths;

/// A time series: sample i is at `start_ms + i × step_ms`.
///
/// A gap is represented by two series with the same labels, which must not overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// With `__name__`.
    pub labels: BTreeMap<String, String>,
    /// Unix time of the first sample in milliseconds.
    pub start_ms: i64,
    /// Step between samples in milliseconds.
    pub step_ms: i64,
    /// Their values.
    pub samples: Samples,
}

/// The values of a series.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// One by one; NaN is written as NaN.
    Each(Vec<f64>),
    /// The same value, repeated.
    Constant(f64, usize),
}

impl Series {
    /// A series from its name and labels.
    pub fn new(name: &str, labels: &[(&str, &str)], start_ms: i64, step_ms: i64, samples: Samples) -> Self {
        let all = labels.iter().copied().chain([("__name__", name)]);
        let labels = all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Self { labels, start_ms, step_ms, samples }
    }
}

/// The series to write.
#[derive(Debug, Clone, Default)]
pub struct Backfill {
    series: Vec<Series>,
}

impl Backfill {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a series.
    #[must_use]
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Writes them as blocks of one day into the data directory `dir`, which no Prometheus may be using.
    ///
    /// # Errors
    /// When a series is malformed or overlaps itself.
    pub fn write(self, dir: &Path) -> Result<()> {
        Self::stream(dir, self.series)
    }

    /// As [`Backfill::write`], without holding all series in this process at once. Blocks until it is done.
    ///
    /// # Errors
    /// When a series is malformed or overlaps itself.
    pub fn stream(dir: &Path, series: impl IntoIterator<Item = Series>) -> Result<()> {
        let mut child = Command::new(paths::plane_bin()?)
            .args(["backfill", "--series", "-", "--dir"])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("plane backfill")?;
        let mut pipe = BufWriter::with_capacity(1 << 20, child.stdin.take().context("no pipe")?);
        // If it ends early, its message says more than the broken pipe.
        let sent = series.into_iter().try_for_each(|s| send(&mut pipe, &s)).and_then(|()| pipe.flush());
        drop(pipe);
        let out = child.wait_with_output()?;
        ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr).trim());
        Ok(sent?)
    }
}

// The framing is described in e2e/plane/backfill/stream.go.
fn send(pipe: &mut impl Write, series: &Series) -> std::io::Result<()> {
    let mut header = json!({"labels": series.labels, "start_ms": series.start_ms, "step_ms": series.step_ms});
    match &series.samples {
        Samples::Constant(value, count) => {
            header["constant"] = json!(value);
            header["count"] = json!(count);
            writeln!(pipe, "{header}")
        }
        Samples::Each(values) => {
            header["count"] = json!(values.len());
            writeln!(pipe, "{header}")?;
            values.iter().try_for_each(|value| pipe.write_all(&value.to_le_bytes()))
        }
    }
}
