//! The final check of every proposal, after all rules: nothing is raised far above the highest usage ever seen, and no
//! pod above the largest node.
//!
//! In: decisions with their resulting sizes. Out: the same, or refusals. Pure. See [`trimtab_sizing::ceiling`].

use trimtab_sizing::{ContainerDecision, NodeRoom, RefuseReason, ResourceDecision, Verdict, decide::greatest_use};

use crate::{
    decided::Decided,
    sized::{self, SizedContainer},
};

/// Reverts a change that raises a resource further than its usage can justify.
pub fn refuse_far_above_use(decision: &mut ContainerDecision, sized: &mut SizedContainer, node: NodeRoom) {
    let (used, from, to) = (greatest_use(&decision.evidence), sized.from, sized.to);
    if sized.cpu_changes() && !used.admits_cpu(from, to, node) {
        (sized.to.cpu_request, sized.to.cpu_limit) = (from.cpu_request, from.cpu_limit);
        refuse(&mut decision.cpu, RefuseReason::FarAboveUse);
    }
    if sized.memory_changes() && !used.admits_memory(from, to, node) {
        (sized.to.memory_request, sized.to.memory_limit) = (from.memory_request, from.memory_limit);
        refuse(&mut decision.memory, RefuseReason::FarAboveUse);
    }
}

/// Reverts all raises of a resource if the pod as a whole would then request more than the largest node on which it can
/// run has: each container may fit there, and the pod would still stay pending. `beside` are containers of the pod
/// without a decision. A sum that is already too large may fall, or stay.
///
/// Out: for each container whether any change was reverted.
pub fn refuse_above_node(decided: &mut [Decided], beside: &[SizedContainer], node: NodeRoom) -> Vec<bool> {
    let pod: Vec<SizedContainer> = decided.iter().map(|d| &d.sized).chain(beside).cloned().collect();
    let (from, to) = (sized::pod_request(&pod, |c| c.from), sized::pod_request(&pod, |c| c.to));
    let is_above = |from: i64, to: i64, room: Option<i64>| to > from && room.is_some_and(|room| to > room);
    let (cpu_above, memory_above) = (is_above(from.0, to.0, node.cpu), is_above(from.1, to.1, node.memory));
    decided
        .iter_mut()
        .map(|d| {
            let Ok(decision) = &mut d.decision else { return false };
            let (from, to) = (d.sized.from, &mut d.sized.to);
            let cpu = cpu_above && to.cpu_request > from.cpu_request;
            if cpu {
                (to.cpu_request, to.cpu_limit) = (from.cpu_request, from.cpu_limit);
                refuse(&mut decision.cpu, RefuseReason::AboveNode);
            }
            let memory = memory_above && to.memory_request > from.memory_request;
            if memory {
                (to.memory_request, to.memory_limit) = (from.memory_request, from.memory_limit);
                refuse(&mut decision.memory, RefuseReason::AboveNode);
            }
            cpu || memory
        })
        .collect()
}

fn refuse(decision: &mut ResourceDecision, reason: RefuseReason) {
    let refuse = Verdict::Refuse { reason };
    (decision.request, decision.limit) = (refuse, refuse);
}

#[cfg(test)]
mod tests;
