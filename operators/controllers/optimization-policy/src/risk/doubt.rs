//! Risks of implausible evidence: a person has to check before anything is raised because of it.
//!
//! In: decisions with the measured usage, and the capacity of the largest node. Out: factors.

use trimtab_api::risk::RiskLevel::{self, High};
use trimtab_sizing::{Evidence, NodeRoom};

use crate::{amount, decided::Decided, sized::SizedContainer, text::times};

/// Factor by which a reading may exceed what is possible: the clocks of the two sides differ a little.
const TOLERATED: f64 = 1.1;
/// The same for CPU under a limit: a burst of one period falls into a short reading.
const CPU_TOLERATED: f64 = 1.25;
/// A request that kills alone raise by more than this factor is a guess.
const MOST_BY_KILLS: i64 = 2;

pub(super) fn about_doubtful_evidence(
    decided: &[Decided],
    node: NodeRoom,
    add: &mut impl FnMut(&str, RiskLevel, String),
) {
    for (sized, d) in decided.iter().filter_map(|d| d.decision.as_ref().ok().map(|x| (&d.sized, x))) {
        let e = &d.evidence;
        let found = [memory_that_cannot_be(sized, e, node), cpu_that_cannot_be(sized, e, node)];
        for why in found.into_iter().flatten() {
            add(
                "ImplausibleUse",
                High,
                format!("container {} would be raised for readings that cannot be: {why}", sized.name),
            );
        }
        let (from, to) = (sized.from.memory_request.unwrap_or(0), sized.to.memory_request.unwrap_or(0));
        if e.memory_samples == 0 && e.oom_kills > 0 && from > 0 && to > from.saturating_mul(MOST_BY_KILLS) {
            let message = format!(
                "container {} was OOM-killed {} before its usage was ever read, so what it needs is not known",
                sized.name,
                times(e.oom_kills)
            );
            add("UnmeasuredKill", High, message);
        }
    }
}

/// Memory above the limit cannot be used: either the limit was higher then, or the reading is wrong.
fn memory_that_cannot_be(sized: &SizedContainer, e: &Evidence, node: NodeRoom) -> Option<String> {
    let rises = sized.to.memory_request > sized.from.memory_request
        || (sized.from.memory_limit.is_some() && sized.to.memory_limit > sized.from.memory_limit);
    if !rises {
        return None;
    }
    let used = amount::measured_memory(e.memory_peak);
    let above = |most: Option<i64>| most.filter(|most| *most > 0 && e.memory_peak > *most as f64 * TOLERATED);
    if let Some(most) = above(node.memory) {
        return Some(format!("{used} of memory, and the largest node has {}", amount::memory(most)));
    }
    above(sized.from.memory_limit)
        .map(|limit| format!("{used} of memory under a limit of {}, unless it was higher then", amount::memory(limit)))
}

/// No container uses more cores than its node has, nor far more than its limit allows: limits are enforced over
/// periods, so slightly more is normal.
fn cpu_that_cannot_be(sized: &SizedContainer, e: &Evidence, node: NodeRoom) -> Option<String> {
    let rises = sized.to.cpu_request > sized.from.cpu_request
        || (sized.from.cpu_limit.is_some() && sized.to.cpu_limit > sized.from.cpu_limit);
    let above = |most: Option<i64>, times: f64| {
        most.filter(|most| rises && *most > 0 && e.cpu_peak * 1000.0 > *most as f64 * times)
    };
    let used = amount::measured_cpu(e.cpu_peak);
    if let Some(most) = above(node.cpu, TOLERATED) {
        return Some(format!("{used} of CPU, and the largest node has {}", amount::cpu(most)));
    }
    above(sized.from.cpu_limit, CPU_TOLERATED)
        .map(|limit| format!("{used} of CPU under a limit of {}, unless it was higher then", amount::cpu(limit)))
}
