//! The confidence in a proposal: the replay of `trimtab-sizing`, restricted to what the proposal really changes.
//!
//! In: a decision with the proposed sizes, and the history behind it. Out: a [`Confidence`] in the resources that
//! change, at their proposed size. Pure.

use trimtab_sizing::{
    Bound, Confidence, ContainerDecision, ContainerHistory, ResourceDecision, SizingRules, confidence, decide::window,
    estimate,
};

use crate::sized::SizedContainer;

/// The confidence in the change of one container.
///
/// A resource that stays cannot be wrong because of this change, so its days do not count. A request that a bound holds
/// below what usage calls for is judged by its own size: otherwise a maximum would be credited with the room that it
/// takes away. That can only lower the confidence, so the upper bound from few days still holds.
pub fn of_change(
    decision: &ContainerDecision,
    sized: &SizedContainer,
    history: &ContainerHistory,
    rules: &SizingRules,
    now_s: i64,
) -> Confidence {
    let (cpu, memory) = (sized.cpu_changes(), sized.memory_changes());
    let cells = window(rules, history.cells(), now_s);
    let replayed = match (cpu, memory) {
        (true, true) | (false, false) => decision.confidence,
        (cpu, _) => {
            // An infinite request is never exceeded: that leaves only the other resource.
            let mut one = rules.clone();
            if cpu {
                one.memory.min_bytes = i64::MAX;
            } else {
                one.cpu.min_millicores = i64::MAX;
            }
            confidence::measure(cells, &one, now_s)
        }
    };
    let (cpu_held_low, memory_held_low) = (cpu && is_held_low(&decision.cpu), memory && is_held_low(&decision.memory));
    if !cpu_held_low && !memory_held_low {
        return replayed;
    }
    let (mut days, mut held, mut days_cpu_over, mut days_memory_over) = (0, 0, 0, 0);
    for cell in cells {
        let cpu_over = sized.to.cpu_request.filter(|_| cpu_held_low).is_some_and(|request| {
            estimate::percentile(&cell.cpu, 95.0).is_some_and(|used| used * 1000.0 > request as f64)
        });
        let memory_over = sized
            .to
            .memory_request
            .filter(|_| memory_held_low)
            .is_some_and(|request| cell.memory_peak().is_some_and(|peak| peak > request as f64));
        days += 1;
        held += u32::from(!cpu_over && !memory_over);
        days_cpu_over += u32::from(cpu_over);
        days_memory_over += u32::from(memory_over);
    }
    let percent = u8::try_from((held * 100).checked_div(days).unwrap_or(0)).unwrap_or(100);
    if percent >= replayed.percent {
        return replayed;
    }
    Confidence { percent, days_scored: days, days_held: held, days_near: 0, days_memory_over, days_cpu_over }
}

/// Whether a bound holds the request below what usage calls for.
pub fn is_held_low(decision: &ResourceDecision) -> bool {
    decision
        .bounds
        .iter()
        .any(|b| matches!(b, Bound::RuleMaximum | Bound::LimitRangeMaximum | Bound::CurrentLimit | Bound::NodeMaximum))
}

#[cfg(test)]
mod tests;
