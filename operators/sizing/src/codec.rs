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

use crate::{
    cell::{CpuHistogram, DayCell, MAX_BUCKETS},
    history::{ContainerHistory, MAX_DAYS, Refused},
    kills::{Kill, MAX_KILLS},
    scale::CPU_LAST_BUCKET,
};

/// The version that is written.
pub const VERSION: u8 = 2;
/// Resolutions beyond this would merge the whole scale into one bucket.
const MAX_RESOLUTION: u8 = 10;

/// Why bytes are no history.
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
    /// A number that no history can hold.
    #[error("{field} is out of range, at {at}")]
    OutOfRange {
        /// Which number.
        field: &'static str,
        /// Where it ends.
        at: usize,
    },
    /// Bytes after the end.
    #[error("{count} bytes follow the end")]
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
        if version != VERSION {
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
            cells.push(reader.cell(day)?);
        }
        let kills = reader.kills()?;
        let count = bytes.len() - reader.at;
        if count > 0 {
            return Err(DecodeError::TrailingBytes { count });
        }
        Ok(Self { cells, first_sample, last_sample, refused, kills })
    }
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
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
            // What is below zero is no amount, and the greatest one is left to mean none.
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
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(self.out_of_range("number"));
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.out_of_range("number"))
    }

    fn number<T: TryFrom<u64>>(&mut self, field: &'static str) -> Result<T, DecodeError> {
        let value = self.varint()?;
        T::try_from(value).map_err(|_| self.out_of_range(field))
    }

    fn signed(&mut self) -> Result<i64, DecodeError> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn cell(&mut self, day: i32) -> Result<DayCell, DecodeError> {
        let mut cell = DayCell::new(day);
        cell.cpu_samples = self.number("CPU samples")?;
        cell.memory_samples = self.number("memory samples")?;
        cell.throttled_periods = self.number("throttled periods")?;
        cell.periods = self.number("periods")?;
        cell.runs = self.number("runs")?;
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
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    fn history(samples: &[(i64, f64, f64)]) -> ContainerHistory {
        let mut history = ContainerHistory::new();
        for (nth, (time, cores, bytes)) in samples.iter().enumerate() {
            history.observe_cpu(*time, *cores, 1);
            history.observe_memory(*time, *bytes);
            if nth % 7 == 0 {
                history.observe_run(*time);
                let limit = (nth % 2 == 0).then_some(*bytes as i64);
                history.observe_kill(Kill { time: *time, request: None, limit });
            }
        }
        history
    }

    #[test]
    fn ninety_busy_days_fit_into_32_kib() {
        let mut history = ContainerHistory::new();
        for minute in 0..90 * 1440i64 {
            // Values spread over two decades by a fixed recurrence: the worst case for a sparse histogram.
            let noise = (minute.wrapping_mul(2_654_435_761) % 10_007) as f64 / 10_007.0;
            history.observe_cpu(minute * 60, 0.02 * 100f64.powf(noise), 3);
            history.observe_memory(minute * 60, 1e9 * (1.0 + noise));
        }
        let bytes = history.encode();
        assert!(bytes.len() < 32 << 10, "{}", bytes.len());
        assert_eq!(ContainerHistory::decode(&bytes).unwrap(), history);
        assert!(history.size_in_memory() / 90 <= 800, "{}", history.size_in_memory() / 90);
    }

    #[test]
    fn malformed_bytes_have_typed_errors() {
        let good = history(&[(100, 0.1, 1e6)]).encode();
        assert_eq!(ContainerHistory::decode(&[]), Err(DecodeError::Truncated { at: 0 }));
        assert_eq!(ContainerHistory::decode(&[9]), Err(DecodeError::UnknownVersion { found: 9 }));
        let mut longer = good.clone();
        longer.push(0);
        assert_eq!(ContainerHistory::decode(&longer), Err(DecodeError::TrailingBytes { count: 1 }));
        for length in 0..good.len() {
            assert!(matches!(ContainerHistory::decode(&good[..length]), Err(DecodeError::Truncated { .. })));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(samples in prop::collection::vec((-1_000_000i64..20_000_000, 0.0f64..2000.0, 0.0f64..1e13), 0..300)) {
            let history = history(&samples);
            prop_assert_eq!(ContainerHistory::decode(&history.encode()).unwrap(), history);
        }

        #[test]
        fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = ContainerHistory::decode(&bytes);
            if let Some(first) = bytes.first_mut() {
                *first = VERSION;
            }
            if let Ok(history) = ContainerHistory::decode(&bytes) {
                let _ = crate::decide(&crate::SizingRules::of(crate::Profile::Balanced), &crate::ContainerInput::of(&history), 0);
            }
        }

        #[test]
        fn damaged_bytes_never_panic(at in 0usize..2000, value in any::<u8>()) {
            let samples: Vec<_> = (0..500).map(|i| (i * 3600, 0.001 * (i % 37) as f64, 1e8 + 1e6 * (i % 53) as f64)).collect();
            let mut bytes = history(&samples).encode();
            let at = at % bytes.len();
            bytes[at] = value;
            if let Ok(history) = ContainerHistory::decode(&bytes) {
                let now = history.last_sample_time().unwrap_or(0);
                let _ = crate::decide(&crate::SizingRules::of(crate::Profile::Balanced), &crate::ContainerInput::of(&history), now);
            }
        }
    }
}
