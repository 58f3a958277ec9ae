//! Recorded usage, replayed as if it were today's.
//!
//! In: a directory with `index.csv` (`series,provisioned_cpu_cores,provisioned_memory_bytes,…`) and `NAME.csv.gz`
//! (header `timestamp_seconds,cpu_cores,memory_bytes`). Out: [`Recording`]s, shifted so that the last sample
//! is now. After now, the last week repeats.

use std::{fs::File, io, path::Path, sync::Arc};

use serde::Deserialize;
use trimtab_recorded_series::{Sample, read};

use super::{DAY_S, Usage};

/// Why recorded series cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// A file is missing or cannot be read.
    #[error("{file}: {source}")]
    Open {
        /// Which file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A file does not have the expected form.
    #[error("{file}: {source}")]
    Malformed {
        /// Which file.
        file: String,
        /// Why.
        source: csv::Error,
    },
    /// A series cannot be read.
    #[error(transparent)]
    Series(#[from] trimtab_recorded_series::RecordedError),
    /// A series without samples.
    #[error("{0}: no samples")]
    Empty(String),
}

/// One recorded series.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Its name.
    pub name: String,
    /// Cores of the recorded machine.
    pub provisioned_cores: f64,
    /// Bytes of memory of the recorded machine.
    pub provisioned_bytes: f64,
    samples: Vec<Sample>,
    shift_s: i64,
}

#[derive(Deserialize)]
struct IndexRow {
    series: String,
    provisioned_cpu_cores: f64,
    provisioned_memory_bytes: f64,
}

impl Recording {
    /// Reads the first `most` series of a directory; the last sample of each is shifted to `now`.
    ///
    /// # Errors
    /// [`RecordedError`] that names the file.
    pub fn read_all(dir: &Path, most: usize, now: i64) -> Result<Vec<Arc<Self>>, RecordedError> {
        let index = dir.join("index.csv");
        let malformed = |source| RecordedError::Malformed { file: index.display().to_string(), source };
        csv::Reader::from_reader(open(&index)?)
            .deserialize()
            .take(most)
            .map(|row| {
                let row: IndexRow = row.map_err(malformed)?;
                let samples = read(dir, &row.series)?.samples;
                Self::new(row, samples, now).map(Arc::new)
            })
            .collect()
    }

    fn new(row: IndexRow, samples: Vec<Sample>, now: i64) -> Result<Self, RecordedError> {
        let Some(last) = samples.last() else { return Err(RecordedError::Empty(row.series)) };
        Ok(Self {
            name: row.series,
            provisioned_cores: row.provisioned_cpu_cores,
            provisioned_bytes: row.provisioned_memory_bytes,
            shift_s: now - last.time,
            samples,
        })
    }

    /// The time of the first sample, after the shift.
    pub fn begins_s(&self) -> i64 {
        self.samples.first().map_or(0, |s| s.time + self.shift_s)
    }

    /// The last sample at or before `t`; the first one for earlier times.
    pub(super) fn usage(&self, t: i64) -> Usage {
        let mut recorded = t - self.shift_s;
        if let Some(last) = self.samples.last() {
            let beyond = recorded - last.time;
            if beyond > 0 {
                recorded -= (beyond - 1).div_euclid(7 * DAY_S) * 7 * DAY_S + 7 * DAY_S;
            }
        }
        let after = self.samples.partition_point(|s| s.time <= recorded);
        let (cores, bytes) = self.samples.get(after.saturating_sub(1)).map_or((0.0, 0.0), |s| (s.cores, s.bytes));
        Usage { cpu_cores: cores.max(0.0), memory_bytes: bytes.max(0.0), throttled: 0.0, kills: 0 }
    }
}

fn open(path: &Path) -> Result<File, RecordedError> {
    File::open(path).map_err(|source| RecordedError::Open { file: path.display().to_string(), source })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn directory(rows: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let index = "series,provisioned_cpu_cores,provisioned_memory_bytes,samples\nm1,2,4096,3\n";
        std::fs::write(dir.path().join("index.csv"), index).unwrap();
        let mut gz = GzEncoder::new(File::create(dir.path().join("m1.csv.gz")).unwrap(), Compression::fast());
        gz.write_all(format!("timestamp_seconds,cpu_cores,memory_bytes\n{rows}").as_bytes()).unwrap();
        gz.finish().unwrap();
        dir
    }

    #[test]
    fn the_last_sample_is_now_and_the_last_week_comes_again() {
        let dir = directory("1000,0.1,100\n1300,0.2,200\n1600,0.3,300\n");
        let now = 1_780_272_000;
        let all = Recording::read_all(dir.path(), 20, now).unwrap();
        let (r, week) = (&all[0], 7 * DAY_S);
        assert_eq!((r.name.as_str(), r.begins_s()), ("m1", now - 600));
        for (t, cores) in [
            (now, 0.3),
            (now - 1, 0.2),
            (now - 300, 0.2),
            (now - 9_999, 0.1),
            (now + week, 0.3),
            (now + week - 300, 0.2),
        ] {
            assert!((r.usage(t).cpu_cores - cores).abs() < 1e-9, "{} s: {:?}", t - now, r.usage(t));
        }
    }

    #[test]
    fn errors_name_the_file() {
        let dir = directory("1000,zero,100\n");
        let text = |r: Result<Vec<Arc<Recording>>, RecordedError>| r.unwrap_err().to_string();
        assert!(text(Recording::read_all(dir.path(), 1, 0)).contains("m1.csv.gz"));
        assert!(text(Recording::read_all(Path::new("/nowhere"), 1, 0)).contains("/nowhere/index.csv"));
        assert_eq!(text(Recording::read_all(directory("").path(), 1, 0)), "m1: no samples");
    }
}
