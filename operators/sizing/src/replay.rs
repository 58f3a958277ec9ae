//! What the rules would have done on recorded history.
//!
//! In: samples in time order, the day to start at, the interval. Out: decisions, each made by [`crate::decide()`] with
//! only the past visible, and a summary of their results.

use crate::{
    decide::decide,
    history::{ContainerHistory, DAY},
    input::ContainerInput,
    rules::SizingRules,
};

/// One sample of a recorded series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Unix seconds.
    pub time: i64,
    /// CPU in use, cores.
    pub cores: f64,
    /// Memory in use, bytes.
    pub bytes: f64,
}

/// When a replay decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The first decision, days after the first sample.
    pub from_day: u32,
    /// Seconds from one decision to the next; at least 1.
    pub every_seconds: i64,
}

/// One decision of a replay, and its result on the following day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplayDecision {
    /// When it was made, unix seconds.
    pub time: i64,
    /// The CPU request, cores.
    pub cores: f64,
    /// The memory request, bytes.
    pub bytes: f64,
    /// Stated confidence.
    pub confidence_percent: u8,
    /// CPU samples of the day after.
    pub cpu_samples: u32,
    /// Of these, over the request.
    pub cpu_over: u32,
    /// Sum of the CPU samples of the day after, cores.
    pub cpu_used: f64,
    /// Memory samples of the day after.
    pub memory_samples: u32,
    /// Of these, over the request.
    pub memory_over: u32,
    /// Sum of the memory samples of the day after, bytes.
    pub memory_used: f64,
}

impl ReplayDecision {
    /// Whether it held: no memory sample over the request, and at most 5 % of CPU samples.
    #[must_use]
    pub fn held(&self) -> bool {
        self.memory_over == 0 && f64::from(self.cpu_over) <= 0.05 * f64::from(self.cpu_samples)
    }
}

/// Replays one series. Decisions that the rules refuse are omitted, as are those without a later sample.
#[must_use]
pub fn replay(rules: &SizingRules, samples: &[Sample], schedule: Schedule) -> Vec<ReplayDecision> {
    let mut decisions = Vec::new();
    let Some(first) = samples.first() else { return decisions };
    let mut history = ContainerHistory::new();
    let mut next = first.time + i64::from(schedule.from_day) * DAY;
    for (at, sample) in samples.iter().enumerate() {
        while sample.time >= next {
            let decision = decide(rules, &ContainerInput::of(&history), next);
            if let (Some(cpu), Some(memory)) = (decision.cpu.target, decision.memory.target) {
                let rest = samples.get(at..).unwrap_or_default();
                let (cores, bytes) = (cpu as f64 / 1000.0, memory as f64);
                decisions.push(fare(next, cores, bytes, decision.confidence.percent, rest));
            }
            next += schedule.every_seconds.max(1);
        }
        history.observe_cpu(sample.time, sample.cores, 1);
        history.observe_memory(sample.time, sample.bytes);
    }
    decisions
}

/// The result of a decision at `time` in the next 24 hours; `rest` are the samples from then on, in time order.
#[must_use]
pub fn fare(time: i64, cores: f64, bytes: f64, confidence_percent: u8, rest: &[Sample]) -> ReplayDecision {
    let mut decision = ReplayDecision {
        time,
        cores,
        bytes,
        confidence_percent,
        cpu_samples: 0,
        cpu_over: 0,
        cpu_used: 0.0,
        memory_samples: 0,
        memory_over: 0,
        memory_used: 0.0,
    };
    let end = decision.time + DAY;
    for sample in rest.iter().take_while(|sample| sample.time < end) {
        if sample.cores.is_finite() && sample.cores >= 0.0 {
            decision.cpu_samples += 1;
            decision.cpu_over += u32::from(sample.cores > decision.cores);
            decision.cpu_used += sample.cores;
        }
        if sample.bytes.is_finite() && sample.bytes >= 0.0 {
            decision.memory_samples += 1;
            decision.memory_over += u32::from(sample.bytes > decision.bytes);
            decision.memory_used += sample.bytes;
        }
    }
    decision
}

/// One row of the calibration: decisions within a range of stated confidence, and how many of them held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalibrationRow {
    /// Least stated confidence of the row, percent.
    pub from_percent: u8,
    /// Greatest stated confidence of the row, percent.
    pub to_percent: u8,
    /// Decisions.
    pub decisions: u32,
    /// Of these, held on the day after.
    pub held: u32,
}

/// The results of the decisions of one or many series.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Decisions with samples after them.
    pub decisions: u32,
    /// Average CPU request, cores, over all samples: each decision is weighted by the samples of the day after it.
    pub average_cores: f64,
    /// Average memory request, bytes, over all samples likewise.
    pub average_bytes: f64,
    /// Share of CPU samples over the request, percent.
    pub cpu_over_percent: f64,
    /// Share of days with a memory sample over the request, percent.
    pub memory_days_over_percent: f64,
    /// CPU requested and not used, percent of what was requested.
    pub cpu_slack_percent: f64,
    /// Memory requested and not used, percent of what was requested.
    pub memory_slack_percent: f64,
    /// Decisions that held, percent.
    pub held_percent: f64,
    /// Stated confidence against what held.
    pub calibration: Vec<CalibrationRow>,
}

/// Sums up decisions, of any number of series. Days without samples do not count.
#[must_use]
pub fn summary<'a>(decisions: impl IntoIterator<Item = &'a ReplayDecision>) -> Summary {
    let mut rows: Vec<CalibrationRow> = [(0, 49), (50, 69), (70, 79), (80, 89), (90, 94), (95, 100)]
        .map(|(from_percent, to_percent)| CalibrationRow { from_percent, to_percent, decisions: 0, held: 0 })
        .to_vec();
    let (mut count, mut held, mut memory_days_over) = (0u32, 0u32, 0u32);
    let (mut samples, mut over, mut memory_samples) = (0.0, 0.0, 0.0);
    let (mut cpu_asked, mut cpu_used, mut memory_asked, mut memory_used) = (0.0, 0.0, 0.0, 0.0);
    for made in decisions.into_iter().filter(|made| made.cpu_samples > 0 || made.memory_samples > 0) {
        count += 1;
        held += u32::from(made.held());
        memory_days_over += u32::from(made.memory_over > 0);
        samples += f64::from(made.cpu_samples);
        over += f64::from(made.cpu_over);
        memory_samples += f64::from(made.memory_samples);
        cpu_asked += made.cores * f64::from(made.cpu_samples);
        cpu_used += made.cpu_used;
        memory_asked += made.bytes * f64::from(made.memory_samples);
        memory_used += made.memory_used;
        let stated = made.confidence_percent.min(100);
        if let Some(row) = rows.iter_mut().find(|row| (row.from_percent..=row.to_percent).contains(&stated)) {
            row.decisions += 1;
            row.held += u32::from(made.held());
        }
    }
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    Summary {
        decisions: count,
        average_cores: share(cpu_asked, samples),
        average_bytes: share(memory_asked, memory_samples),
        cpu_over_percent: share(over, samples) * 100.0,
        memory_days_over_percent: share(f64::from(memory_days_over), f64::from(count)) * 100.0,
        cpu_slack_percent: share(cpu_asked - cpu_used, cpu_asked) * 100.0,
        memory_slack_percent: share(memory_asked - memory_used, memory_asked) * 100.0,
        held_percent: share(f64::from(held), f64::from(count)) * 100.0,
        calibration: rows,
    }
}
