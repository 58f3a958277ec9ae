//! The cost of a decision alone: histories of 14 days are prepared beforehand, and only deciding is measured.
//!
//! In: recorded series. Out: microseconds per decision (confidence included) and bytes per day of history.

use std::{hint::black_box, time::Instant};

use trimtab_sizing::{ContainerHistory, ContainerInput, SizingRules, decide, replay::Sample};

const DAY: i64 = 86_400;
const ROUNDS: u32 = 20;

/// Cost of decisions on 14 days of history.
pub struct Cost {
    /// Microseconds of one decision with its confidence.
    pub microseconds: f64,
    /// Bytes in memory for one day of one container.
    pub bytes_per_day: f64,
    /// Bytes encoded for one day of one container.
    pub encoded_bytes_per_day: f64,
}

/// Measures on the first 14 days of every series.
pub fn measure(series: &[Vec<Sample>]) -> Cost {
    let rules = SizingRules::default();
    let mut histories = Vec::new();
    for samples in series {
        let Some(first) = samples.first() else { continue };
        let now = first.time + 14 * DAY;
        let mut history = ContainerHistory::new();
        for sample in samples.iter().take_while(|sample| sample.time < now) {
            history.observe_cpu(sample.time, sample.cores, 1);
            history.observe_memory(sample.time, sample.bytes);
        }
        histories.push((history, now));
    }
    let start = Instant::now();
    for _ in 0..ROUNDS {
        for (history, now) in &histories {
            black_box(decide(&rules, &ContainerInput::of(black_box(history)), *now));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let days: usize = histories.iter().map(|(history, _)| history.cells().len()).sum();
    let size: usize = histories.iter().map(|(history, _)| history.size_in_memory()).sum();
    let encoded: usize = histories.iter().map(|(history, _)| history.encode().len()).sum();
    Cost {
        microseconds: seconds * 1e6 / f64::from(ROUNDS) / histories.len().max(1) as f64,
        bytes_per_day: size as f64 / days.max(1) as f64,
        encoded_bytes_per_day: encoded as f64 / days.max(1) as f64,
    }
}
