//! What a reader of a decision should know beside its figures.
//!
//! In: the rules, the container, and the evidence. Out: notes in a fixed order.

use crate::{
    bounds::MOST_RATIO,
    cell::DayCell,
    decide::too_few,
    decision::{Evidence, Note},
    estimate,
    history::DAY,
    input::{ContainerInput, RuntimeHint, Sizes},
    rules::SizingRules,
};

/// Usage of the last day so many times above or below the usual is a change that a reader should know of.
const CHANGE_FACTOR: f64 = 1.5;
/// Below this many cores a change says nothing.
const CHANGE_LEAST_CORES: f64 = 0.01;
/// No process fits into less memory than this, bytes: an amount below it is a slip of the unit (`400m` is 0.4 bytes, `400` is
/// 400 bytes). The kubelet does not start a container under 4 MiB.
const LEAST_MEMORY: i64 = 1 << 20;
/// More CPU than any machine has, millicores: an amount of memory that was written for CPU.
const MOST_CPU: i64 = 4_096_000;

/// Whether the last day differs much from what is usual in the window.
fn recent_change(cells: &[DayCell], evidence: &Evidence) -> bool {
    let Some(median) = cells.last().and_then(|cell| estimate::percentile(&cell.cpu, 50.0)) else { return false };
    let differs = |now: f64, usual: f64| now > usual * CHANGE_FACTOR || now * CHANGE_FACTOR < usual;
    differs(median.max(CHANGE_LEAST_CORES), evidence.cpu_p50.max(CHANGE_LEAST_CORES))
        || differs(evidence.memory_recent_peak, evidence.memory_typical_peak)
}

pub(crate) fn notes(
    rules: &SizingRules,
    input: &ContainerInput<'_>,
    cells: &[DayCell],
    evidence: &Evidence,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let refused = input.history.refused();
    for (holds, note) in [
        (evidence.throttled_percent > rules.cpu.throttled_percent, Note::Throttled),
        (evidence.oom_kills > evidence.oom_by_node, Note::OomKilled),
        (evidence.oom_by_node > 0, Note::KilledByNode),
        (evidence.memory_trend_percent_per_day > 1.0, Note::MemoryGrows),
        (recent_change(cells, evidence), Note::RecentChange),
        (matches!(input.runtime, RuntimeHint::HeapFromLimit { .. }), Note::RuntimeHeapFromLimit),
        (refused.cpu > 0 || refused.memory > 0, Note::SamplesRefused),
        (evidence.to_seconds - evidence.from_seconds < rules.window_seconds - 2 * DAY, Note::ShortHistory),
        (evidence.from_seconds < evidence.to_seconds && too_few(input.class, evidence), Note::FewSamples),
        (
            input.current.memory_limit.zip(input.node.memory).is_some_and(|(limit, node)| limit > node),
            Note::LimitAboveNode,
        ),
        (ratio_is_not_kept(input.current), Note::RatioNotKept),
        (is_told_above(input.current.memory_limit, evidence), Note::ToldAboveLimit),
        (is_wrong_unit(input.current), Note::WrongUnit),
    ] {
        if holds {
            notes.push(note);
        }
    }
    notes
}

/// Whether the process was told that it may use more than this limit.
#[must_use]
pub fn is_told_above(memory_limit: Option<i64>, evidence: &Evidence) -> bool {
    memory_limit.is_some_and(|limit| evidence.told_bytes > limit as f64)
}

fn ratio_is_not_kept(current: Sizes) -> bool {
    current.memory_request.zip(current.memory_limit).is_some_and(|(r, l)| l as f64 > r as f64 * MOST_RATIO)
}

/// Whether an amount can hardly be meant.
fn is_wrong_unit(current: Sizes) -> bool {
    let memory = [current.memory_request, current.memory_limit];
    let cpu = [current.cpu_request, current.cpu_limit];
    memory.into_iter().flatten().any(|bytes| bytes < LEAST_MEMORY) || cpu.into_iter().flatten().any(|m| m > MOST_CPU)
}
