//! Recorded usage series: `index.csv` (a column `series`) and `NAME.csv.gz` with the header
//! `timestamp_seconds,cpu_cores,memory_bytes`.
//!
//! In: a directory, or any reader of that CSV. Out: samples in time order, ready for replay.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use thiserror::Error;
use trimtab_sizing::replay::Sample;

/// The first bytes of every gzip file (RFC 1952, 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A recorded series.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the index.
    pub name: String,
    /// Its samples, in time order.
    pub samples: Vec<Sample>,
}

/// Why a recording cannot be read. Each names the file.
#[derive(Debug, Error)]
pub enum RecordedError {
    /// A file cannot be opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file is not such a CSV.
    #[error("cannot read {path}: {source}: a header and rows like those of a recording are expected")]
    Csv {
        /// The file.
        path: PathBuf,
        /// The parser's error.
        source: csv::Error,
    },
    /// A name in the index points outside the directory.
    #[error("{path}: {name:?} is not a file name")]
    Name {
        /// The index.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// An uncompressed series, which the decompressor would take for an empty one.
    #[error("{path} is not compressed with gzip")]
    NotGzip {
        /// The file.
        path: PathBuf,
    },
    /// A time that is not a number.
    #[error("{path}: a timestamp is not a number")]
    Time {
        /// The file.
        path: PathBuf,
    },
    /// The index is empty.
    #[error("{path} lists no series")]
    Empty {
        /// The index.
        path: PathBuf,
    },
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

/// The names of the series in a directory's `index.csv`, in its order.
///
/// # Errors
/// [`RecordedError`].
pub fn names(directory: &Path) -> Result<Vec<String>, RecordedError> {
    let path = directory.join("index.csv");
    let mut names = Vec::new();
    for row in csv::Reader::from_reader(open(&path)?).deserialize() {
        let IndexRow { series: name } = row.map_err(|source| RecordedError::Csv { path: path.clone(), source })?;
        if name.contains(['/', '\\']) || name.is_empty() || name.starts_with('.') {
            return Err(RecordedError::Name { path, name });
        }
        names.push(name);
    }
    if names.is_empty() { Err(RecordedError::Empty { path }) } else { Ok(names) }
}

/// One series of a directory.
///
/// # Errors
/// [`RecordedError`].
pub fn read(directory: &Path, name: &str) -> Result<Series, RecordedError> {
    let path = directory.join(format!("{name}.csv.gz"));
    let mut file = BufReader::new(open(&path)?);
    let begin = file.fill_buf().map_err(|source| RecordedError::Open { path: path.clone(), source })?;
    if !begin.starts_with(&GZIP_MAGIC) {
        return Err(RecordedError::NotGzip { path });
    }
    let samples = samples(MultiGzDecoder::new(file), &path)?;
    Ok(Series { name: name.to_owned(), samples })
}

/// All series of a directory.
///
/// # Errors
/// [`RecordedError`].
pub fn read_directory(directory: &Path) -> Result<Vec<Series>, RecordedError> {
    names(directory)?.iter().map(|name| read(directory, name)).collect()
}

/// The samples of one CSV, sorted by time; errors name `path`.
///
/// # Errors
/// [`RecordedError`].
pub fn samples(reader: impl Read, path: &Path) -> Result<Vec<Sample>, RecordedError> {
    let mut samples = Vec::new();
    for row in csv::Reader::from_reader(reader).deserialize() {
        let row: SampleRow = row.map_err(|source| RecordedError::Csv { path: path.to_owned(), source })?;
        if !row.timestamp_seconds.is_finite() {
            return Err(RecordedError::Time { path: path.to_owned() });
        }
        samples.push(Sample { time: row.timestamp_seconds as i64, cores: row.cpu_cores, bytes: row.memory_bytes });
    }
    samples.sort_by_key(|sample| sample.time);
    Ok(samples)
}

fn open(path: &Path) -> Result<File, RecordedError> {
    File::open(path).map_err(|source| RecordedError::Open { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn samples_come_in_order_of_time() {
        let text = "timestamp_seconds,cpu_cores,memory_bytes\n600,0.2,100\n300,0.1,50\n";
        let read = samples(text.as_bytes(), Path::new("a.csv")).unwrap();
        assert_eq!(read.iter().map(|s| s.time).collect::<Vec<_>>(), [300, 600]);
    }

    #[test]
    fn errors_name_the_file() {
        for (text, says) in [
            ("time,cpu\n1,2\n", "cannot read a.csv"),
            ("timestamp_seconds,cpu_cores,memory_bytes\n1,x,2\n", "cannot read a.csv"),
            ("timestamp_seconds,cpu_cores,memory_bytes\nNaN,1,2\n", "a.csv: a timestamp is not a number"),
        ] {
            let error = samples(text.as_bytes(), Path::new("a.csv")).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
