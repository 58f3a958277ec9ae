//! Risks that the past of a workload tells of: changes that were undone, and what a decision notes about its usage.
//!
//! In: how many changes were undone, and decisions with their notes. Out: factors.

use trimtab_api::policy_rollout::RiskLevel::{self, High, Low, Medium};
use trimtab_sizing::Note;

use crate::{
    amount,
    decide::Decided,
    text::{count, times},
};

/// What went wrong once may go wrong again, whatever the figures say.
pub(super) fn about_what_was_undone(undone: u32, add: &mut impl FnMut(&str, RiskLevel, String)) {
    match undone {
        0 => {}
        1 => add("RolledBackBefore", Medium, "its last resize was rolled back".to_owned()),
        n => add("RolledBackBefore", High, format!("its last {n} resizes were rolled back")),
    }
}

pub(super) fn about_its_past(decided: &[Decided], add: &mut impl FnMut(&str, RiskLevel, String)) {
    for (container, d) in decided.iter().filter_map(|d| d.decision.as_ref().ok().map(|x| (&d.sized.name, x))) {
        for note in &d.notes {
            match note {
                Note::OomKilled => add(
                    "OomKilled",
                    Low,
                    format!(
                        "container {container} was OOM-killed {} in the history window",
                        times(d.evidence.oom_kills - d.evidence.oom_by_node)
                    ),
                ),
                Note::MemoryGrows => add(
                    "MemoryGrows",
                    Medium,
                    format!(
                        "the memory usage of container {container} grows by {:.1}% a day",
                        d.evidence.memory_trend_percent_per_day
                    ),
                ),
                Note::RecentChange => {
                    add(
                        "UsageChanged",
                        Medium,
                        format!("the last day of container {container} was unlike the days before"),
                    );
                }
                Note::ShortHistory => {
                    add(
                        "ShortHistory",
                        Low,
                        format!(
                            "only {} of history are available for container {container}",
                            count(d.evidence.days, "day")
                        ),
                    );
                }
                Note::KilledByNode => add(
                    "KilledByNode",
                    Medium,
                    format!(
                        "container {container} was OOM-killed {} far below its limit: its node ran out of memory",
                        times(d.evidence.oom_by_node)
                    ),
                ),
                Note::FewSamples => add(
                    "FewSamples",
                    Medium,
                    format!("too few samples or runs of container {container} were seen to lower anything"),
                ),
                Note::OomHeld => add(
                    "OomHeldByMaximum",
                    Medium,
                    format!(
                        "container {container} needed {} when it was OOM-killed, and a maximum holds its memory request lower or next to \
                         it",
                        amount::measured_memory(d.evidence.oom_bytes)
                    ),
                ),
                Note::WrongUnit => add(
                    "WrongUnit",
                    Medium,
                    format!(
                        "a request or limit of container {container} looks like a wrong unit, such as 400m for 400Mi"
                    ),
                ),
                Note::LimitAboveNode => add(
                    "LimitAboveNode",
                    Low,
                    format!(
                        "the memory limit of container {container} is above what any node has, so it limits nothing"
                    ),
                ),
                Note::Throttled | Note::SamplesRefused | Note::RuntimeHeapFromLimit | Note::RatioNotKept => {}
            }
        }
    }
}
