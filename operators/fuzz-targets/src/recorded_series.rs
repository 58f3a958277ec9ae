//! What holds for every recorded series, and for every index of some.

use std::path::{Component, Path};

use trimtab_recorded_series::{index, samples};

use crate::assert_shown;

/// What errors have to name.
const FILE: &str = "a.csv.gz";

/// The columns of a series, and that of an index.
const COLUMNS: [&str; 3] = ["timestamp_seconds", "cpu_cores", "memory_bytes"];
const NAME: &str = "series";

/// The end of the year 9999, in seconds since 1970.
const LATEST: i64 = 253_402_300_799;

/// Checks a file as a series and as an index.
///
/// # Panics
/// Where a property does not hold.
pub fn recorded_series(data: &[u8]) {
    let plain = plain(data);
    match samples(data, Path::new(FILE)) {
        Ok(samples) => {
            assert!(samples.is_sorted_by_key(|sample| sample.time), "not in order of time");
            assert!(samples.iter().all(|sample| (0..=LATEST).contains(&sample.time)));
            if let Some(expected) = plain.as_ref().and_then(expected) {
                let read = samples.iter().map(|sample| (sample.time, sample.cores.to_bits(), sample.bytes.to_bits()));
                assert_eq!(read.collect::<Vec<_>>(), expected, "every row is a sample");
            }
        }
        Err(error) => assert_shown(&error.to_string(), FILE),
    }
    match index(data, Path::new(FILE)) {
        Ok(names) => {
            for name in &names {
                let parts: Vec<Component<'_>> = Path::new(name).components().collect();
                assert!(matches!(parts.as_slice(), [Component::Normal(part)] if *part == name.as_str()), "{name:?}");
            }
            if let Some(rows) = plain.as_ref().and_then(|plain| plain.columns([NAME])) {
                assert_eq!(rows.iter().map(|[name]| *name).collect::<Vec<_>>(), names, "every row is a name");
            }
        }
        Err(error) if error.to_string().len() < 500 => assert_shown(&error.to_string(), FILE),
        Err(error) => assert!(error.to_string().contains(FILE)),
    }
}

/// A CSV without quotes, as its lines. Blank ones are no rows.
struct Plain<'a> {
    header: Vec<&'a str>,
    rows: Vec<Vec<&'a str>>,
}

fn plain(data: &[u8]) -> Option<Plain<'_>> {
    let text = str::from_utf8(data).ok().filter(|text| !text.contains('"'))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.split(['\n', '\r']).filter(|line| !line.is_empty());
    let mut rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    if rows.is_empty() {
        return None;
    }
    Some(Plain { header: rows.remove(0), rows })
}

impl<'a> Plain<'a> {
    /// The fields of each row in these columns; `None` where one is missing.
    fn columns<const N: usize>(&self, names: [&str; N]) -> Option<Vec<[&'a str; N]>> {
        let at = |name: &str| self.header.iter().position(|field| *field == name);
        let places: Vec<usize> = names.into_iter().map(at).collect::<Option<_>>()?;
        let fields = |row: &Vec<&'a str>| -> Option<[&'a str; N]> {
            let found: Vec<&str> = places.iter().map(|place| row.get(*place).copied()).collect::<Option<_>>()?;
            found.try_into().ok()
        };
        self.rows.iter().map(fields).collect()
    }
}

/// The samples of all rows in order of time, with the bits of their values.
fn expected(plain: &Plain<'_>) -> Option<Vec<(i64, u64, u64)>> {
    let number = |text: &str| text.parse::<f64>().ok();
    let sample = |[time, cores, bytes]: [&str; 3]| {
        Some((number(time)? as i64, number(cores)?.to_bits(), number(bytes)?.to_bits()))
    };
    let mut samples: Vec<_> = plain.columns(COLUMNS)?.into_iter().map(sample).collect::<Option<_>>()?;
    samples.sort_by_key(|(time, ..)| *time);
    Some(samples)
}
