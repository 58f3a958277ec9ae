//! Recorded series: `index.csv` (a column `series`) and `NAME.csv.gz` with `timestamp_seconds,cpu_cores,memory_bytes`.
//!
//! In: a directory, or any reader of that CSV. Out: samples in order of time.

use std::{fs::File, io::Read, path::Path};

use anyhow::{Context, ensure};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use trimtab_sizing::replay::Sample;

/// A recorded series.
pub struct Series {
    /// Its samples, in order of time.
    pub samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct IndexRow {
    series: String,
}

#[derive(Deserialize)]
struct SampleRow {
    timestamp_seconds: f64,
    cpu_cores: f64,
    memory_bytes: f64,
}

/// All series of the directory's `index.csv`.
///
/// # Errors
/// A file that is missing or no such CSV, with its name.
pub fn read_directory(directory: &Path) -> anyhow::Result<Vec<Series>> {
    let index = directory.join("index.csv");
    let file = File::open(&index).with_context(|| format!("cannot open {}", index.display()))?;
    let mut all = Vec::new();
    for row in csv::Reader::from_reader(file).deserialize() {
        let IndexRow { series: name } = row.with_context(|| format!("cannot read {}", index.display()))?;
        ensure!(!name.contains(['/', '\\']) && name != "..", "{}: {name:?} is no file name", index.display());
        let path = directory.join(format!("{name}.csv.gz"));
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let samples =
            read_samples(MultiGzDecoder::new(file)).with_context(|| format!("cannot read {}", path.display()))?;
        all.push(Series { samples });
    }
    ensure!(!all.is_empty(), "{} lists no series", index.display());
    Ok(all)
}

/// The samples of one CSV, sorted by time.
///
/// # Errors
/// A row that does not parse.
pub fn read_samples(reader: impl Read) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for row in csv::Reader::from_reader(reader).deserialize() {
        let row: SampleRow = row?;
        ensure!(row.timestamp_seconds.is_finite(), "a time is no number");
        samples.push(Sample { time: row.timestamp_seconds as i64, cores: row.cpu_cores, bytes: row.memory_bytes });
    }
    samples.sort_by_key(|sample| sample.time);
    Ok(samples)
}
