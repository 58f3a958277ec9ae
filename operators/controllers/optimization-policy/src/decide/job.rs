//! The size of one container.
//!
//! In: its history, and everything else on which its size depends. Out: a [`Decided`]. Pure.

use jiff::Timestamp;
use trimtab_api::recommendation::Proposal;
use trimtab_sizing::{
    ContainerDecision, ContainerHistory, ContainerInput, RuntimeHint, Sizes, SizingRules, WorkloadClass,
    decide as size, decide::window,
};

use super::Class;
use crate::{
    ceiling, confidence,
    decided::Decided,
    life,
    namespace::{NamespaceBounds, Room},
    observed::Observed,
    peaks,
    sized::SizedContainer,
    validate::ValidatedPolicy,
    worth,
};

/// The input for sizing one container.
pub(super) struct Job<'a> {
    pub(super) policy: &'a ValidatedPolicy,
    pub(super) observed: &'a Observed<'a>,
    pub(super) namespace: &'a NamespaceBounds,
    pub(super) rules: &'a SizingRules,
    pub(super) runtime: RuntimeHint,
    pub(super) class: Class,
    pub(super) former: Option<&'a Proposal>,
    pub(super) now: Timestamp,
}

impl Job<'_> {
    /// Sizes the container by its history.
    pub(super) fn size(&self, mut sized: SizedContainer, history: &ContainerHistory) -> Decided {
        let now_s = self.now.as_second();
        let ends = self.observed.workload.id.kind.runs_to_completion();
        let input = ContainerInput {
            history,
            current: sized.from,
            runtime: self.runtime,
            hpa_on_cpu: self.observed.is_scaled_on(&sized.name, true),
            hpa_on_memory: self.observed.is_scaled_on(&sized.name, false),
            class: if ends { WorkloadClass::RunToCompletion } else { WorkloadClass::LongRunning },
            is_init: false,
            guaranteed: match self.class {
                Class::Guaranteed => sized.is_guaranteed(),
                Class::BecomesGuaranteed => true,
                Class::Other => false,
            },
            limit_range: self.namespace.limit_range,
            node: self.observed.node,
        };
        let mut decision = size(self.rules, &input, now_s);
        let shown = self.observed.running.restarts_since(&sized.name, now_s - self.rules.window_seconds);
        decision.evidence.restarts = decision.evidence.restarts.max(shown);
        sized.to = proposed(sized.from, &decision);
        let room = Room::new(self.rules, &self.namespace.limit_range);
        life::sticky(self.former, &room, &mut sized);
        worth::keep_small_changes(&self.policy.thresholds, &decision, &mut sized);
        room.refuse_outside(&mut decision, &mut sized);
        ceiling::refuse_far_above_use(&mut decision, &mut sized, self.observed.node);
        if sized.changes() {
            decision.confidence = confidence::of_change(&decision, &sized, history, self.rules, now_s);
            // For pods with roles the history is already that of the busiest.
            let together = if self.observed.workload.id.kind.pods_have_roles() { 1 } else { self.observed.pods };
            let cells = window(self.rules, history.cells(), now_s);
            peaks::measure(&mut decision.evidence, sized.to, cells, together);
        }
        Decided { sized, decision: Ok(decision) }
    }
}

fn proposed(from: Sizes, decision: &ContainerDecision) -> Sizes {
    Sizes {
        cpu_request: decision.cpu.request.value(from.cpu_request),
        cpu_limit: decision.cpu.limit.value(from.cpu_limit),
        memory_request: decision.memory.request.value(from.memory_request),
        memory_limit: decision.memory.limit.value(from.memory_limit),
    }
}
