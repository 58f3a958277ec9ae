//! Recorded usage series: `index.csv` (a column `series`) and `NAME.csv.gz` with the header
//! `timestamp_seconds,cpu_cores,memory_bytes`.
//!
//! In: a directory, or any reader of that CSV. Out: samples in time order, ready for replay. Every row becomes a sample, or the
//! whole is refused.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use thiserror::Error;

pub use trimtab_sizing::replay::Sample;

/// The first bytes of every gzip file (RFC 1952, 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The columns of a series; others are passed over.
const COLUMNS: [&str; 3] = ["timestamp_seconds", "cpu_cores", "memory_bytes"];

/// The end of the year 9999: a later time is in another unit, and what is computed from it might not fit.
const LATEST: f64 = 253_402_300_799.0;

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
    /// A file has no header, or one that lacks a column: without rows, nothing else would tell.
    #[error("cannot read {path}: its header has no column {column}")]
    Header {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
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
    /// A time that is not a number of seconds.
    #[error("{path}: the timestamp {time:e} is not a number of seconds since 1970")]
    Time {
        /// The file.
        path: PathBuf,
        /// The time.
        time: f64,
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
    index(open(&path)?, &path)
}

/// The names in an index, in its order; never none. Errors name `path`.
///
/// # Errors
/// [`RecordedError`].
pub fn index(reader: impl Read, path: &Path) -> Result<Vec<String>, RecordedError> {
    let mut names = Vec::new();
    for row in csv::Reader::from_reader(reader).deserialize() {
        let IndexRow { series: name } = row.map_err(|source| RecordedError::Csv { path: path.to_owned(), source })?;
        if name.contains(['/', '\\']) || name.is_empty() || name.starts_with('.') {
            return Err(RecordedError::Name { path: path.to_owned(), name });
        }
        names.push(name);
    }
    if names.is_empty() { Err(RecordedError::Empty { path: path.to_owned() }) } else { Ok(names) }
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
    let unreadable = |source| RecordedError::Csv { path: path.to_owned(), source };
    let mut reader = csv::Reader::from_reader(reader);
    let header = reader.headers().map_err(unreadable)?;
    if let Some(column) = COLUMNS.into_iter().find(|column| !header.iter().any(|name| name == *column)) {
        return Err(RecordedError::Header { path: path.to_owned(), column });
    }
    let mut samples = Vec::new();
    for row in reader.deserialize() {
        let row: SampleRow = row.map_err(unreadable)?;
        let time = row.timestamp_seconds;
        if !(0.0..=LATEST).contains(&time) {
            return Err(RecordedError::Time { path: path.to_owned(), time });
        }
        samples.push(Sample { time: time as i64, cores: row.cpu_cores, bytes: row.memory_bytes });
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
        let header = "timestamp_seconds,cpu_cores,memory_bytes";
        for (text, says) in [
            ("time,cpu\n1,2\n".to_owned(), "cannot read a.csv: its header has no column timestamp_seconds"),
            (String::new(), "cannot read a.csv: its header has no column timestamp_seconds"),
            ("timestamp_seconds,cpu_cores\n".to_owned(), "cannot read a.csv: its header has no column memory_bytes"),
            (format!("{header}\n1,x,2\n"), "cannot read a.csv"),
            (format!("{header}\n1,2,3\n4,5\n"), "cannot read a.csv"),
            (format!("{header}\nNaN,1,2\n"), "a.csv: the timestamp NaN is not a number of seconds"),
            (format!("{header}\n-1,1,2\n"), "a.csv: the timestamp -1e0 is not a number of seconds"),
            (format!("{header}\n1e300,1,2\n"), "a.csv: the timestamp 1e300 is not a number of seconds"),
            (format!("{header}\n1785542400000,1,2\n"), "a.csv: the timestamp 1.7855424e12 is not a"),
        ] {
            let error = samples(text.as_bytes(), Path::new("a.csv")).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn what_other_programs_write_around_the_rows_is_no_row() {
        let text = "\u{feff}zone,timestamp_seconds,cpu_cores,memory_bytes\r\n\r\na,1,0.5,10\r\nb,2.9,\"0.25\",20";
        let read = samples(text.as_bytes(), Path::new("a.csv")).unwrap();
        let sample = |time, cores, bytes| Sample { time, cores, bytes };
        assert_eq!(read, [sample(1, 0.5, 10.0), sample(2, 0.25, 20.0)]);
    }

    #[test]
    fn names_in_an_index_stay_in_its_directory() {
        let read = |text: &str| index(text.as_bytes(), Path::new("index.csv"));
        assert_eq!(read("series,samples\na,1\nb c,2\n").unwrap(), ["a", "b c"]);
        for (text, says) in [
            ("series\n../a\n", "index.csv: \"../a\" is not a file name"),
            ("series\n..\n", "index.csv: \"..\" is not a file name"),
            ("series\na\\b\n", "is not a file name"),
            ("series,samples\n,1\n", "index.csv: \"\" is not a file name"),
            ("series\n", "index.csv lists no series"),
            ("", "index.csv lists no series"),
            ("name\na\n", "cannot read index.csv"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
