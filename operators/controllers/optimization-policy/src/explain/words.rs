//! The sentence for each reason, bound and note of a decision.
//!
//! In: the reason with the figures of its decision. Out: text.

use trimtab_sizing::{
    Bound, ContainerDecision, Evidence, Note, RefuseReason, ResourceDecision, Verdict,
    decide::restarts_between_readings,
};

use crate::{
    amount,
    decided::Left,
    evidence, held,
    sized::SizedContainer,
    text::{count, share, times, verb},
};

pub(super) fn refusal(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::NoSamples => "there are no samples, so it is not changed",
        RefuseReason::InsufficientHistory => "there is less history than the policy requires, so it is not changed",
        RefuseReason::StaleHistory => "the newest sample is too old, so it is not changed",
        RefuseReason::HpaOnThisResource => {
            "an autoscaler scales on its utilization, so a different request would shift its target; it is not changed"
        }
        RefuseReason::ContradictingBounds => {
            "no value satisfies the bounds of both the policy and the namespace, so it is not changed"
        }
        RefuseReason::FarAboveUse => {
            "the rules lead to more than three times the greatest usage ever seen, so it is not changed"
        }
        RefuseReason::AboveNode => {
            "with what its usage calls for, the pod as a whole would request more than the largest node has that it \
             can run on, so it is not raised"
        }
    }
}

pub(super) fn bounded(bound: Bound, resource: &str, d: &ContainerDecision) -> String {
    match bound {
        Bound::RuleMinimum => "not lowered below the minimum set by the policy or an annotation".to_owned(),
        Bound::RuleMaximum => {
            "capped at the maximum set by the policy or an annotation; its usage calls for more".to_owned()
        }
        Bound::LimitRangeMinimum => "raised to the minimum of the namespace's LimitRange".to_owned(),
        Bound::LimitRangeMaximum => {
            "capped at the maximum of the namespace's LimitRange; its usage calls for more".to_owned()
        }
        Bound::LimitRangeRatio => "adjusted to keep the limit-to-request ratio that the LimitRange requires".to_owned(),
        Bound::CurrentLimit => "capped at its limit; its usage calls for more".to_owned(),
        Bound::OomKill => killed(d),
        Bound::WhileThrottled => "not lowered while its CPU is throttled".to_owned(),
        Bound::WeeklyPeak => format!(
            "not lowered under the {} of memory that it needs every week",
            amount::measured_memory(d.evidence.memory_weekly_peak)
        ),
        Bound::AfterOomKill => "not lowered, because it was OOM-killed in the history window".to_owned(),
        Bound::Throttling => format!(
            "{} because {} of its {resource} periods were throttled, so it wanted more than it could use",
            if is_raised(&d.cpu) { "raised" } else { "more than it used," },
            share(d.evidence.throttled_percent, 0)
        ),
        Bound::RuntimeHeap => {
            "not lowered further, because the runtime sizes its heap from it or is configured to use as much".to_owned()
        }
        Bound::NodeMaximum => {
            "capped at what the largest node has that the workload can run on; its usage calls for more".to_owned()
        }
        Bound::FewSamples if restarts_between_readings(&d.evidence) => {
            "not lowered, because it restarts about as often as it is read".to_owned()
        }
        Bound::FewSamples => "not lowered, because too few samples or runs were seen".to_owned(),
        Bound::WholeCores => "rounded up to whole cores, so that a Guaranteed pod keeps cores of its own".to_owned(),
    }
}

/// The effect of an OOM kill. The line after it names the maximum, if there is one.
fn killed(d: &ContainerDecision) -> String {
    let level = amount::measured_memory(d.evidence.oom_bytes);
    let times = own_kills(&d.evidence);
    if let (true, Some(target)) = (d.notes.contains(&Note::OomHeld), d.memory.target) {
        let held = amount::memory(target);
        return format!("it was OOM-killed {times} and needed at least {level}, but a maximum holds it at {held}");
    }
    let verb = if is_raised(&d.memory) { "raised" } else { "kept" };
    format!("{verb} above {level}, because it was OOM-killed {times} and needed at least that much")
}

fn is_raised(d: &ResourceDecision) -> bool {
    matches!(d.request, Verdict::Resize { from, to } if from.is_none_or(|from| to > from))
}

/// How often it was killed for lack of its own memory. Series report only a container's last termination, so kills in a
/// row count as one.
pub fn own_kills(e: &Evidence) -> String {
    at_least(e.oom_kills - e.oom_by_node - e.oom_unseen, e)
}

/// A number of kills, along with the restarts if there are more of these.
pub fn at_least(kills: u32, e: &Evidence) -> String {
    if e.restarts > e.oom_kills {
        format!("at least {} with {}", times(kills), count(e.restarts, "restart"))
    } else {
        times(kills)
    }
}

pub(super) fn noted(note: Note, sized: &SizedContainer, d: &ContainerDecision) -> Option<String> {
    let e = &d.evidence;
    match note {
        Note::Throttled if d.cpu.bounds.contains(&Bound::Throttling) => None,
        Note::Throttled => Some(format!("It was throttled in {} of its CPU periods", share(e.throttled_percent, 0))),
        Note::MemoryGrows => {
            Some(format!("Its memory usage grows by {:.1}% a day; check for a leak", e.memory_trend_percent_per_day))
        }
        Note::NewMemoryPeak => Some(format!(
            "It used more memory within the last day than ever before in the history window, by {:.0}%; where that ends is not known, so \
             its memory limit is not lowered",
            e.memory_new_peak_percent.max(1.0)
        )),
        Note::Gaps => Some("Most hours of its history have no samples; what it uses in them is not known".to_owned()),
        Note::RecentChange => Some(format!("The last day was unusual: {}", last_day(e))),
        Note::ShortHistory => {
            let (n, unit) = evidence::known(e);
            let are = verb(n, "is", "are");
            Some(format!(
                "Only {} of history {are} available, {}; more would raise the confidence",
                count(n, unit),
                evidence::behind_window()
            ))
        }
        Note::SamplesRefused => Some("Some samples were not valid numbers and were ignored".to_owned()),
        Note::OomKilled if d.memory.bounds.contains(&Bound::OomKill) => None,
        Note::OomKilled => Some(format!(
            "It was OOM-killed {}, using {}",
            own_kills(e),
            amount::measured_memory(e.oom_bytes)
        )),
        Note::KilledByNode => Some(format!(
            "It was OOM-killed {} while readings show {} of a limit of {} and more than its request: most likely its node ran out of \
             memory, which is no reason to raise its own",
            times(e.oom_by_node),
            amount::measured_memory(e.oom_used),
            amount::measured_memory(e.oom_limit),
        )),
        Note::KilledUnseen => Some(format!(
            "It was OOM-killed {} while readings show {} of a limit of {}: it grew between two of them, or its node ran out of memory; \
             readings cannot tell, so its memory is not lowered",
            at_least(e.oom_unseen, e),
            amount::measured_memory(e.oom_used),
            amount::measured_memory(e.oom_limit),
        )),
        Note::FewSamples => Some(format!("Nothing is lowered: {}", held::what_was_seen(e))),
        Note::LimitAboveNode => {
            Some("Its memory limit is above what any node has that it can run on, so it limits nothing".to_owned())
        }
        Note::RatioNotKept => Some(
            "Its memory limit is more than four times its request; a ratio that large is not kept, so the limit stays unless it must grow"
                .to_owned(),
        ),
        Note::ToldAboveLimit => Some(format!(
            "Its process is configured to use {} of memory, above its limit of {}: it will be OOM-killed as its heap, \
             cache or volume in memory fills, so its memory is not lowered; raise the limit, or configure less",
            amount::measured_memory(e.told_bytes),
            amount::memory(sized.from.memory_limit.unwrap_or(0)),
        )),
        Note::WrongUnit => Some(
            "A request or limit of it is under 1Mi of memory, or above the CPU of any node, which looks like a wrong unit: in memory, \
             the suffix m means a thousandth of a byte, and Mi was probably meant; in CPU, 500 means 500 cores".to_owned(),
        ),
        Note::OomHeld => Some(
            "It can be OOM-killed again, because a maximum holds its memory request: raise the maximum, or lower what it uses"
                .to_owned(),
        ),
        Note::RuntimeHeapFromLimit => None,
    }
}

/// What was unusual about the last day.
pub(crate) fn last_day(e: &Evidence) -> String {
    let memory = e.memory_changed.map(|peak| {
        format!(
            "memory peaked at {}, compared with {} on a typical day",
            amount::measured_memory(peak),
            amount::measured_memory(e.memory_typical_peak),
        )
    });
    let cpu = e.cpu_changed.map(|level| {
        format!(
            "the median of CPU was {}, compared with {} over all days",
            amount::measured_cpu(level),
            amount::measured_cpu(e.cpu_p50),
        )
    });
    memory.into_iter().chain(cpu).collect::<Vec<_>>().join("; ")
}

pub(super) fn left_because(left: &Left) -> &'static str {
    match left {
        Left::Init => "init containers count towards the pod's request but are not sized",
        Left::Excluded => "the policy excludes it",
        Left::Unmeasured => "there is no usage data for it",
        Left::Injected(_) => "it is injected into the pods at admission",
    }
}
