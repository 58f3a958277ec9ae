//! Whether a history suffices for a decision: whether there is any, how long, how fresh, and with how many samples.
//!
//! In: the rules, the container with its history, the days in the window, and now. Out: a reason not to decide, for all
//! or for one resource, and whether nothing may be lowered. Pure.

use crate::{
    cell::DayCell,
    decision::{Evidence, RefuseReason},
    history::DAY,
    input::{ContainerInput, WorkloadClass},
    rules::SizingRules,
};

/// Runs required before anything is lowered, for a workload that runs to completion.
pub const LEAST_RUNS: u64 = 3;
/// Samples required per run, on average.
pub const LEAST_SAMPLES_A_RUN: u64 = 3;
/// Samples required for a long-running workload.
pub const LEAST_SAMPLES: u64 = 24;
/// With a restart per this many samples or fewer, most runs begin and end between two readings.
pub const SAMPLES_A_RESTART: u64 = 3;
const HOUR: i64 = 3600;
/// Hours that may be missing from the history the rules ask for: the first and the last are only partly covered.
const MISSING_HOURS: i64 = 2;

/// Whether there is too little data to lower anything.
#[must_use]
pub fn too_few(class: WorkloadClass, evidence: &Evidence) -> bool {
    let samples = evidence.cpu_samples.min(evidence.memory_samples);
    match class {
        WorkloadClass::LongRunning => {
            samples < LEAST_SAMPLES || evidence.hours < evidence.least_hours || restarts_between_readings(evidence)
        }
        // Sources that do not report runs are judged by their samples.
        WorkloadClass::RunToCompletion if evidence.runs == 0 => samples < LEAST_SAMPLES,
        WorkloadClass::RunToCompletion => {
            evidence.runs < LEAST_RUNS || samples < evidence.runs.saturating_mul(LEAST_SAMPLES_A_RUN)
        }
    }
}

/// Whether it restarts about as often as it is sampled: CPU counters reset each time, and the highest memory is missed.
#[must_use]
pub fn restarts_between_readings(evidence: &Evidence) -> bool {
    let samples = evidence.cpu_samples.min(evidence.memory_samples);
    evidence.restarts > 0 && u64::from(evidence.restarts).saturating_mul(SAMPLES_A_RESTART) >= samples
}

/// Why no decision can be made at all.
pub(super) fn unfit(
    rules: &SizingRules,
    input: &ContainerInput<'_>,
    cells: &[DayCell],
    now: i64,
) -> Option<RefuseReason> {
    let (Some(first), Some(last)) = (input.history.first_sample_time(), input.history.last_sample_time()) else {
        return Some(RefuseReason::NoSamples);
    };
    if cells.is_empty() {
        return Some(RefuseReason::NoSamples);
    }
    let runs_on = input.runs_on();
    // The history of a long-running workload is the time with samples: one reading two weeks ago is not two weeks of
    // history.
    let seen = (i64::from(cells.iter().map(DayCell::hours).sum::<u32>()) + MISSING_HOURS) * HOUR;
    if now.saturating_sub(first) < rules.minimum_history_seconds || (runs_on && seen < rules.minimum_history_seconds) {
        return Some(RefuseReason::InsufficientHistory);
    }
    (runs_on && now.saturating_sub(last) > rules.maximum_age_seconds).then_some(RefuseReason::StaleHistory)
}

/// Whether CPU, or memory, was observed for too short a time, or too long ago, while the other is well known.
pub(super) fn unfit_alone(
    rules: &SizingRules,
    input: &ContainerInput<'_>,
    cells: &[DayCell],
    now: i64,
) -> [Option<RefuseReason>; 2] {
    let kinds: [fn(&DayCell) -> &[u16; 24]; 2] = [|cell| &cell.cpu_peaks, |cell| &cell.memory_peaks];
    kinds.map(|peaks| {
        let hours: usize = cells.iter().map(|cell| peaks(cell).iter().filter(|level| **level > 0).count()).sum();
        let seen = (i64::try_from(hours).unwrap_or(i64::MAX / HOUR / 2) + MISSING_HOURS) * HOUR;
        if input.runs_on() && seen < rules.minimum_history_seconds {
            return (hours > 0).then_some(RefuseReason::InsufficientHistory);
        }
        let end = cells.iter().rev().find_map(|cell| {
            let hour = peaks(cell).iter().rposition(|level| *level > 0)?;
            Some(i64::from(cell.day) * DAY + i64::try_from(hour + 1).unwrap_or(24) * HOUR)
        })?;
        (input.runs_on() && now.saturating_sub(end) > rules.maximum_age_seconds).then_some(RefuseReason::StaleHistory)
    })
}
