//! The compact binary form of a history, for keeping it inside an object.
//!
//! In: a history. Out: bytes, and back. All numbers are LEB128 varints; differences that may be negative are zigzag-coded.
//!
//! ```text
//! version (1 byte = 2) · refused cpu · refused memory · flags (1: has samples) [· first sample · last sample, zigzag]
//! · number of days · for each day:
//!   days since the one before (zigzag for the first) · cpu samples · memory samples · throttled · periods
//!   · runs · restarts
//!   · resolution · number of buckets · (distance to the bucket before, count)…
//!   · 24 CPU peaks · 24 memory peaks, each as zigzag difference to the one before
//! · number of OOM kills · for each: seconds since the one before (zigzag) · request · limit, each plus one, 0 for none
//! ```

use thiserror::Error;
use trimtab_core::{
    text,
    varint::{self, VarintError, put},
};

use crate::{
    cell::{CpuHistogram, DayCell, MAX_BUCKETS},
    history::{ContainerHistory, MAX_DAYS, Refused},
    kills::{Kill, MAX_KILLS},
    scale::CPU_LAST_BUCKET,
};

/// The version that is written.
pub const VERSION: u8 = 2;
/// The previous version. It counted OOM kills by day, without their times or the sizes in force: they are dropped.
const BEFORE: u8 = 1;
/// Resolutions beyond this would merge the whole scale into one bucket.
const MAX_RESOLUTION: u8 = 10;

/// Why bytes do not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("the bytes end too early, at {at}")]
    Truncated {
        /// Where.
        at: usize,
    },
    /// Written by another version.
    #[error("version {found} is not known")]
    UnknownVersion {
        /// The version byte.
        found: u8,
    },
    /// A number out of range for a history.
    #[error("{field} is out of range, at {at}")]
    OutOfRange {
        /// Which number.
        field: &'static str,
        /// Where it ends.
        at: usize,
    },
    /// Bytes after the end.
    #[error("{} more than a history has", text::count(*count, "byte"))]
    TrailingBytes {
        /// How many.
        count: usize,
    },
}

impl ContainerHistory {
    /// The history as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put(&mut out, u64::from(self.refused.cpu));
        put(&mut out, u64::from(self.refused.memory));
        match (self.first_sample, self.last_sample) {
            (Some(first), Some(last)) => {
                out.push(1);
                put_signed(&mut out, first);
                put_signed(&mut out, last);
            }
            _ => out.push(0),
        }
        put(&mut out, self.cells.len() as u64);
        let mut before = 0;
        for cell in &self.cells {
            put_signed(&mut out, i64::from(cell.day) - before);
            before = i64::from(cell.day);
            put_cell(&mut out, cell);
        }
        put_kills(&mut out, &self.kills);
        out
    }

    /// A history from bytes.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes were not written by [`ContainerHistory::encode`]. Never panics, and allocates no more
    /// than a small multiple of the input.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader { bytes, at: 0 };
        let version = reader.byte()?;
        if version != VERSION && version != BEFORE {
            return Err(DecodeError::UnknownVersion { found: version });
        }
        let refused =
            Refused { cpu: reader.number("refused CPU samples")?, memory: reader.number("refused memory samples")? };
        let (first_sample, last_sample) = match reader.byte()? {
            0 => (None, None),
            1 => (Some(reader.signed()?), Some(reader.signed()?)),
            _ => return Err(reader.out_of_range("flags")),
        };
        if first_sample > last_sample {
            return Err(reader.out_of_range("first sample"));
        }
        let days: u16 = reader.number("number of days")?;
        if usize::from(days) > MAX_DAYS {
            return Err(reader.out_of_range("number of days"));
        }
        let mut cells: Vec<DayCell> = Vec::with_capacity(usize::from(days).min(bytes.len()));
        for _ in 0..days {
            let step = reader.signed()?;
            let day = match cells.last() {
                None => Some(step),
                Some(_) if step <= 0 => None,
                Some(before) => i64::from(before.day).checked_add(step),
            };
            let day = day.and_then(|day| i32::try_from(day).ok()).ok_or(reader.out_of_range("day"))?;
            cells.push(reader.cell(day, version)?);
        }
        let kills = if version == BEFORE { Vec::new() } else { reader.kills()? };
        let count = bytes.len() - reader.at;
        if count > 0 {
            return Err(DecodeError::TrailingBytes { count });
        }
        Ok(Self { cells, first_sample, last_sample, refused, kills })
    }
}

fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn put_cell(out: &mut Vec<u8>, cell: &DayCell) {
    for number in [cell.cpu_samples, cell.memory_samples, cell.throttled_periods, cell.periods] {
        put(out, u64::from(number));
    }
    for number in [cell.runs, cell.restarts] {
        put(out, u64::from(number));
    }
    out.push(cell.cpu.resolution);
    put(out, cell.cpu.buckets.len() as u64);
    let mut before = 0;
    for (bucket, count) in cell.cpu.buckets.iter().zip(&cell.cpu.counts) {
        put(out, u64::from(bucket - before));
        put(out, u64::from(*count));
        before = *bucket;
    }
    for peaks in [&cell.cpu_peaks, &cell.memory_peaks] {
        let mut before = 0;
        for peak in peaks {
            put_signed(out, i64::from(*peak) - before);
            before = i64::from(*peak);
        }
    }
}

fn put_kills(out: &mut Vec<u8>, kills: &[Kill]) {
    put(out, kills.len() as u64);
    let mut before = 0i64;
    for kill in kills {
        put_signed(out, kill.time.wrapping_sub(before));
        before = kill.time;
        for amount in [kill.request, kill.limit] {
            // A negative amount is invalid, and the greatest value is reserved for none.
            put(out, amount.and_then(|amount| u64::try_from(amount).ok()).map_or(0, |amount| amount.saturating_add(1)));
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn out_of_range(&self, field: &'static str) -> DecodeError {
        DecodeError::OutOfRange { field, at: self.at }
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = *self.bytes.get(self.at).ok_or(DecodeError::Truncated { at: self.at })?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut rest = self.bytes.get(self.at..).unwrap_or_default();
        let number = varint::take(&mut rest);
        self.at = self.bytes.len() - rest.len();
        number.map_err(|error| match error {
            VarintError::Truncated => DecodeError::Truncated { at: self.at },
            VarintError::TooLarge => self.out_of_range("number"),
        })
    }

    fn number<T: TryFrom<u64>>(&mut self, field: &'static str) -> Result<T, DecodeError> {
        let value = self.varint()?;
        T::try_from(value).map_err(|_| self.out_of_range(field))
    }

    fn signed(&mut self) -> Result<i64, DecodeError> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn cell(&mut self, day: i32, version: u8) -> Result<DayCell, DecodeError> {
        let mut cell = DayCell::new(day);
        cell.cpu_samples = self.number("CPU samples")?;
        cell.memory_samples = self.number("memory samples")?;
        cell.throttled_periods = self.number("throttled periods")?;
        cell.periods = self.number("periods")?;
        if version == BEFORE {
            let _: (u32, u32) = (self.number("OOM kills")?, self.number("OOM level")?);
        } else {
            cell.runs = self.number("runs")?;
        }
        cell.restarts = self.number("restarts")?;
        cell.cpu = self.histogram()?;
        cell.cpu_peaks = self.peaks()?;
        cell.memory_peaks = self.peaks()?;
        Ok(cell)
    }

    fn histogram(&mut self) -> Result<CpuHistogram, DecodeError> {
        let resolution = self.byte()?;
        let count: u16 = self.number("buckets")?;
        if resolution > MAX_RESOLUTION || usize::from(count) > MAX_BUCKETS {
            return Err(self.out_of_range("buckets"));
        }
        let mut histogram = CpuHistogram { resolution, ..CpuHistogram::default() };
        let last = CPU_LAST_BUCKET >> resolution;
        for nth in 0..count {
            let step: u16 = self.number("bucket")?;
            let before = histogram.buckets.last().copied().unwrap_or(0);
            let bucket = before.checked_add(step).filter(|bucket| *bucket <= last && (nth == 0 || step > 0));
            let samples: u32 = self.number("samples of a bucket")?;
            let (Some(bucket), true) = (bucket, samples > 0) else { return Err(self.out_of_range("bucket")) };
            histogram.buckets.push(bucket);
            histogram.counts.push(samples);
        }
        histogram.shrink();
        Ok(histogram)
    }

    fn kills(&mut self) -> Result<Vec<Kill>, DecodeError> {
        let count: u16 = self.number("OOM kills")?;
        if usize::from(count) > MAX_KILLS {
            return Err(self.out_of_range("OOM kills"));
        }
        let mut kills: Vec<Kill> = Vec::new();
        for nth in 0..count {
            let step = self.signed()?;
            let before = kills.last().map_or(0, |kill| kill.time);
            let time = before.checked_add(step).filter(|_| nth == 0 || step > 0);
            let time = time.ok_or(self.out_of_range("time of an OOM kill"))?;
            let (request, limit) = (self.amount()?, self.amount()?);
            kills.push(Kill { time, request, limit });
        }
        Ok(kills)
    }

    /// An amount plus one; none is 0.
    fn amount(&mut self) -> Result<Option<i64>, DecodeError> {
        let value = self.varint()?;
        let amount = value.checked_sub(1).map(i64::try_from).transpose();
        amount.map_err(|_| self.out_of_range("amount"))
    }

    fn peaks(&mut self) -> Result<[u16; 24], DecodeError> {
        let mut peaks = [0; 24];
        let mut before = 0i64;
        for peak in &mut peaks {
            before = before.checked_add(self.signed()?).ok_or(self.out_of_range("peak"))?;
            *peak = u16::try_from(before).map_err(|_| self.out_of_range("peak"))?;
        }
        Ok(peaks)
    }
}

#[cfg(test)]
mod tests;
