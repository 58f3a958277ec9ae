//! Risks of limits that are changed or taken away, and of requests that a bound holds below usage.
//!
//! In: decisions with the sizes before and after. Out: factors.

use trimtab_api::risk::RiskLevel::{self, High, Low, Medium};
use trimtab_sizing::{ContainerDecision, Note};

use crate::{amount, confidence, decided::Decided, sized::SizedContainer, text};

/// Minimum headroom of a lowered limit above the highest peak, in percent.
const ROOM_PERCENT: f64 = 15.0;

/// Lowering a CPU limit to less than this share makes a start notably longer.
const SLOWER: f64 = 0.5;
/// Lowering a memory limit to less than this share raises the question how its process sizes itself.
const SMALLER: f64 = 0.75;

/// A start needs far more CPU than what follows, within minutes that readings hardly show, and a runtime counts its
/// threads by the limit.
fn slower_start(_: &ContainerDecision, share: f64) -> Option<String> {
    (share < SLOWER).then(|| {
        format!(
            "; it may take {:.0} times as long to start, and a runtime that counts its cores has fewer",
            1.0 / share
        )
    })
}

/// A runtime that takes a share of its limit shrinks with it, and readings under the former limit do not show that.
fn unknown_runtime(d: &ContainerDecision, share: f64) -> Option<String> {
    let known = d.evidence.told_bytes > 0.0 || d.notes.contains(&Note::RuntimeHeapFromLimit);
    (share < SMALLER && !known).then(|| {
        "; nothing says how its process sizes its memory, and one that takes a share of its limit would shrink: the annotation \
         trimtab.dev/runtime-memory says what it may use, and limit: Keep leaves the limit"
            .to_owned()
    })
}

/// Lower limits, and requests below usage, compared with measurements.
pub(super) fn about_the_bounds(decided: &[Decided], add: &mut impl FnMut(&str, RiskLevel, String)) {
    let decisions = decided.iter().filter_map(|d| d.decision.as_ref().ok().map(|decision| (&d.sized, decision)));
    for (c, d) in decisions.filter(|(c, _)| c.changes()) {
        let e = &d.evidence;
        for (reason, what, from, to, peak, format, doubt) in [
            (
                "MemoryLimitDecrease",
                "memory",
                c.from.memory_limit,
                c.to.memory_limit,
                e.memory_peak,
                amount::memory as fn(i64) -> String,
                unknown_runtime as fn(&ContainerDecision, f64) -> Option<String>,
            ),
            (
                "CpuLimitDecrease",
                "CPU",
                c.from.cpu_limit,
                c.to.cpu_limit,
                e.cpu_peak * 1000.0,
                amount::cpu,
                slower_start,
            ),
        ] {
            if let (Some(from), Some(to)) = (from, to)
                && to < from
            {
                let share = to as f64 / from as f64;
                // Whatever is measured has a peak.
                let room = (peak > 0.0).then(|| (to as f64 / peak - 1.0) * 100.0);
                let (from, to, doubt) = (format(from), format(to), doubt(d, share));
                let fits = room.is_some_and(|room| room >= ROOM_PERCENT);
                let level = if fits && doubt.is_none() { Low } else { Medium };
                let message = format!(
                    "the {what} limit of container {} is lowered from {from} to {to}, {}{}",
                    c.name,
                    match room {
                        None => "and its usage was not measured".to_owned(),
                        Some(room) if room < 0.0 => format!("{} below its peak usage", text::share(-room, 0)),
                        Some(room) => format!("{} above its peak usage", text::share(room, 0)),
                    },
                    doubt.unwrap_or_default(),
                );
                add(reason, level, message);
            }
        }
        about_growing_limits(c, add);
        if c.cpu_changes() && confidence::is_held_low(&d.cpu) {
            let to = amount::cpu(c.to.cpu_request.unwrap_or(0));
            add(
                "CpuBelowUsage",
                Medium,
                format!("a bound caps the CPU of container {} at {to}, below what it needs", c.name),
            );
        }
        if c.memory_changes() && confidence::is_held_low(&d.memory) {
            let to = amount::memory(c.to.memory_request.unwrap_or(0));
            // Above its request it is among the first to be evicted; above its limit it is killed.
            add(
                "MemoryBelowUsage",
                High,
                format!("a bound caps the memory of container {} at {to}, below what it needs", c.name),
            );
        }
    }
}

/// Who proposes a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A policy, whose author said what happens to limits.
    Policy,
    /// A person, who may only have left the limit out.
    Person,
}

/// Limits that a proposal lacks and the container has. Without a memory limit a leak takes memory from others on the
/// node, and the node's own OOM killer chooses what ends.
pub(super) fn about_removed(decided: &[Decided], by: By, add: &mut impl FnMut(&str, RiskLevel, String)) {
    let format: [fn(i64) -> String; 2] = [amount::memory, amount::cpu];
    for c in decided.iter().map(|d| &d.sized) {
        for (what, from, to, format, levels) in [
            ("memory", c.from.memory_limit, c.to.memory_limit, format[0], (Medium, High)),
            ("CPU", c.from.cpu_limit, c.to.cpu_limit, format[1], (Low, Medium)),
        ] {
            let Some(from) = from.filter(|_| to.is_none()) else { continue };
            let from = format(from);
            let (level, why) = match by {
                By::Policy => (levels.0, ""),
                By::Person => (levels.1, ": the proposal names none"),
            };
            let text = format!(
                "the {what} limit of container {}, {from}, is taken away{why}; where pods are resized in place, this cannot start",
                c.name
            );
            add("LimitRemoved", level, text);
        }
    }
}

/// A limit that is raised far lets a leak take more of the node before it is stopped.
fn about_growing_limits(c: &SizedContainer, add: &mut impl FnMut(&str, RiskLevel, String)) {
    let format: [fn(i64) -> String; 2] = [amount::memory, amount::cpu];
    for (reason, what, from, to, format) in [
        ("MemoryLimitIncrease", "memory", c.from.memory_limit, c.to.memory_limit, format[0]),
        ("CpuLimitIncrease", "CPU", c.from.cpu_limit, c.to.cpu_limit, format[1]),
    ] {
        if let (Some(from), Some(to)) = (from, to)
            && to > from
        {
            let level = if to / 2 > from { Medium } else { Low };
            let text =
                format!("the {what} limit of container {} is raised from {} to {}", c.name, format(from), format(to));
            add(reason, level, text);
        }
    }
}
