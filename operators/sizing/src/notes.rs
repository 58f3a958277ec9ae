//! What a reader of a decision should know besides its figures.
//!
//! In: the rules, the container, and the evidence. Out: notes in a fixed order.

use crate::{
    bounds::MOST_RATIO,
    decide::{GROWS_PERCENT, NEW_PEAK_PERCENT, too_few},
    decision::{Evidence, Note},
    history::DAY,
    input::{ContainerInput, RuntimeHint, Sizes},
    rules::SizingRules,
};

/// By more than so many days the known history is shorter than the window where [`Note::ShortHistory`] says so.
pub const SHORT_BY_DAYS: i64 = 2;
/// No process fits into less memory than this, bytes: an amount below it is a unit mistake (`400m` is 0.4 bytes, `400`
/// is 400 bytes). The kubelet does not start a container below 4 MiB.
const LEAST_MEMORY: i64 = 1 << 20;
/// More CPU than any machine has, millicores: a memory amount written for CPU.
const MOST_CPU: i64 = 4_096_000;

/// More CPU than most machines have, millicores: above this and above every node, `500` was written for `500m`.
const MANY_CPU: i64 = 64_000;

pub(crate) fn notes(rules: &SizingRules, input: &ContainerInput<'_>, evidence: &Evidence) -> Vec<Note> {
    let mut notes = Vec::new();
    let refused = input.history.refused();
    for (holds, note) in [
        (evidence.throttled_percent > rules.cpu.throttled_percent, Note::Throttled),
        (evidence.oom_kills > evidence.oom_by_node + evidence.oom_unseen, Note::OomKilled),
        (evidence.oom_unseen > 0, Note::KilledUnseen),
        (evidence.oom_by_node > 0, Note::KilledByNode),
        (evidence.memory_trend_percent_per_day > GROWS_PERCENT, Note::MemoryGrows),
        (evidence.memory_new_peak_percent > NEW_PEAK_PERCENT, Note::NewMemoryPeak),
        (has_gaps(input, evidence), Note::Gaps),
        (evidence.cpu_changed.is_some() || evidence.memory_changed.is_some(), Note::RecentChange),
        (matches!(input.runtime, RuntimeHint::HeapFromLimit { .. }), Note::RuntimeHeapFromLimit),
        (refused.cpu > 0 || refused.memory > 0, Note::SamplesRefused),
        (evidence.known_seconds < rules.window_seconds - SHORT_BY_DAYS * DAY, Note::ShortHistory),
        (evidence.from_seconds < evidence.to_seconds && too_few(input.class, evidence), Note::FewSamples),
        (
            input.current.memory_limit.zip(input.node.memory).is_some_and(|(limit, node)| limit > node),
            Note::LimitAboveNode,
        ),
        (ratio_is_not_kept(input.current), Note::RatioNotKept),
        (is_told_above(input.current.memory_limit, evidence), Note::ToldAboveLimit),
        (is_wrong_unit(input), Note::WrongUnit),
    ] {
        if holds {
            notes.push(note);
        }
    }
    notes
}

/// Whether a long-running workload has readings in less than half of the hours, over more than two days.
fn has_gaps(input: &ContainerInput<'_>, evidence: &Evidence) -> bool {
    let span = evidence.to_seconds - evidence.from_seconds;
    input.runs_on() && span > 2 * DAY && evidence.known_seconds * 2 < span
}

/// Whether the process was configured to use more than this limit.
#[must_use]
pub fn is_told_above(memory_limit: Option<i64>, evidence: &Evidence) -> bool {
    memory_limit.is_some_and(|limit| evidence.told_bytes > limit as f64)
}

fn ratio_is_not_kept(current: Sizes) -> bool {
    current.memory_request.zip(current.memory_limit).is_some_and(|(r, l)| l as f64 > r as f64 * MOST_RATIO)
}

/// Whether an amount is implausible.
fn is_wrong_unit(input: &ContainerInput<'_>) -> bool {
    let current = input.current;
    let memory = [current.memory_request, current.memory_limit];
    let cpu = [current.cpu_request, current.cpu_limit];
    let most = input.node.cpu.map_or(MOST_CPU, |node| node.max(MANY_CPU));
    memory.into_iter().flatten().any(|bytes| bytes < LEAST_MEMORY) || cpu.into_iter().flatten().any(|m| m > most)
}
