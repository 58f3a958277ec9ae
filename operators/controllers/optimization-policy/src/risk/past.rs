//! Risks from the history of a workload: undone changes, and a decision's notes about its usage.
//!
//! In: how many changes were undone, memory that failed, and decisions with their notes. Out: factors.

use trimtab_api::risk::RiskLevel::{self, High, Low, Medium};
use trimtab_sizing::{Note, is_told_above};

use crate::{
    amount,
    attempt::Attempt,
    decided::Decided,
    evidence, explain, held, peaks,
    sized::SizedContainer,
    text::{count, times, verb},
};

/// What failed once may fail again, whatever the figures say.
pub(super) fn about_what_was_undone(undone: u32, add: &mut impl FnMut(&str, RiskLevel, String)) {
    match undone {
        0 => {}
        1 => add("RolledBackBefore", Medium, "its last resize was rolled back".to_owned()),
        n => add("RolledBackBefore", High, format!("its last {n} resizes were rolled back")),
    }
}

/// Another proposal may request the undone size again, or less.
pub(super) fn about_failed_memory(
    attempt: Option<&Attempt>,
    sized: &[SizedContainer],
    add: &mut impl FnMut(&str, RiskLevel, String),
) {
    let failed = attempt.map(Attempt::failed_memory).unwrap_or_default();
    for c in sized.iter().filter(|c| c.memory_changes()) {
        let Some(to) = c.to.memory_limit.or(c.to.memory_request) else { continue };
        if let Some(failed) = failed.iter().find(|f| *f.container == *c.name && to <= f.bytes) {
            add(
                "OomKilledAtThisSize",
                High,
                format!(
                    "container {} would get {} of memory: it was OOM-killed with {}, and that change was rolled back",
                    c.name,
                    amount::memory(to),
                    amount::memory(failed.bytes)
                ),
            );
        }
    }
}

pub(super) fn about_its_past(decided: &[Decided], add: &mut impl FnMut(&str, RiskLevel, String)) {
    for (sized, d) in decided.iter().filter_map(|d| d.decision.as_ref().ok().map(|x| (&d.sized, x))) {
        let container = &sized.name;
        for note in &d.notes {
            match note {
                Note::OomKilled => add(
                    "OomKilled",
                    Low,
                    format!(
                        "container {container} was OOM-killed {} in the history window",
                        explain::own_kills(&d.evidence)
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
                Note::NewMemoryPeak => add(
                    "NewMemoryPeak",
                    Medium,
                    format!(
                        "container {container} used more memory within the last day than ever before in the history window, by {:.0}%: \
                         where that ends is not known",
                        d.evidence.memory_new_peak_percent.max(1.0)
                    ),
                ),
                Note::Gaps => {
                    let hours = |seconds: i64| (seconds + 1800) / 3600;
                    let (known, all) = (d.evidence.known_seconds, d.evidence.to_seconds - d.evidence.from_seconds);
                    add(
                        "GapsInHistory",
                        Medium,
                        format!(
                            "container {container} was read in {} of {} hours, and what it uses in the others is not known",
                            hours(known),
                            hours(all)
                        ),
                    );
                }
                Note::RecentChange => {
                    add(
                        "UsageChanged",
                        Medium,
                        format!(
                            "the last day of container {container} was unusual: {}",
                            explain::last_day(&d.evidence)
                        ),
                    );
                }
                Note::ShortHistory => {
                    let (n, unit) = evidence::known(&d.evidence);
                    add(
                        "ShortHistory",
                        if evidence::is_short(&d.evidence) { Medium } else { Low },
                        format!(
                            "only {} of history {} available for container {container}, {}",
                            count(n, unit),
                            verb(n, "is", "are"),
                            evidence::behind_window()
                        ),
                    );
                }
                Note::KilledByNode => add(
                    "KilledByNode",
                    Medium,
                    format!(
                        "container {container} was OOM-killed {} far below its limit: most likely its node ran out of memory",
                        times(d.evidence.oom_by_node)
                    ),
                ),
                Note::KilledUnseen => add(
                    "KilledUnseen",
                    Medium,
                    format!(
                        "container {container} was OOM-killed {} while readings show far less memory than its limit",
                        explain::at_least(d.evidence.oom_unseen, &d.evidence)
                    ),
                ),
                Note::FewSamples => add("FewSamples", Medium, held::too_little_seen(container, &d.evidence)),
                Note::ToldAboveLimit if is_told_above(sized.to.memory_limit, &d.evidence) => add(
                    "ToldAboveLimit",
                    Medium,
                    format!(
                        "container {container} is configured to use {} of memory, above its limit of {}: it will be \
                         OOM-killed as its heap, cache or volume in memory fills",
                        amount::measured_memory(d.evidence.told_bytes),
                        amount::memory(sized.to.memory_limit.unwrap_or(0)),
                    ),
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
                        "a request or limit of container {container} looks like a wrong unit, such as 400m of memory for 400Mi, or 500 of CPU for 500m"
                    ),
                ),
                Note::LimitAboveNode => add(
                    "LimitAboveNode",
                    Low,
                    format!(
                        "the memory limit of container {container} is above what any node has, so it limits nothing"
                    ),
                ),
                // A limit that is raised far enough resolves it.
                Note::ToldAboveLimit
                | Note::Throttled
                | Note::SamplesRefused
                | Note::RuntimeHeapFromLimit
                | Note::RatioNotKept => {}
            }
        }
    }
}

/// Usage far above a lowered request. Whether CPU may wait is for a person to say; memory cannot wait.
pub(super) fn about_peaks(decided: &[Decided], add: &mut impl FnMut(&str, RiskLevel, String)) {
    for (sized, d) in decided.iter().filter_map(|d| d.decision.as_ref().ok().map(|x| (&d.sized, x))) {
        let found: Vec<String> = peaks::above_request(sized, &d.evidence).into_iter().flatten().collect();
        if !found.is_empty() {
            let level = if peaks::memory_is_far_above_request(sized, &d.evidence) { High } else { Medium };
            add("PeaksAboveRequest", level, format!("container {} {}", sized.name, found.join("; it ")));
        }
    }
}

/// A confidence below this is a risk, percent.
const LOW_CONFIDENCE: u8 = 30;

/// Sizes that would have been too small on most of the past days, and for which resource. Without a day to replay there
/// is nothing to report: the history is short then, which is a separate factor.
pub(super) fn about_low_confidence(decided: &[Decided], add: &mut impl FnMut(&str, RiskLevel, String)) {
    let changed = decided.iter().filter(|d| d.sized.changes());
    let found = changed.filter_map(|d| d.decision.as_ref().ok().map(|x| (&d.sized.name, x.confidence)));
    for (container, c) in found.filter(|(_, c)| c.days_scored > 0 && c.percent < LOW_CONFIDENCE) {
        let over: Vec<String> = [("memory", c.days_memory_over), ("CPU", c.days_cpu_over)]
            .into_iter()
            .filter(|(_, days)| *days > 0)
            .map(|(resource, days)| format!("{resource} on {days}"))
            .collect();
        let days = count(c.days_scored, "past day");
        let message = if over.is_empty() {
            format!("sizes chosen the same way for container {container} would have been enough only just, over {days}")
        } else {
            format!(
                "sizes chosen the same way for container {container} would not have been enough: of {days}, {}",
                over.join(" and ")
            )
        };
        add("LowConfidence", Medium, message);
    }
}
