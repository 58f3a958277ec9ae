//! The last look at every proposal, after all rules: nothing is raised far above the greatest use that was ever seen.
//!
//! In: a decision with the sizes that it led to. Out: the same, or a refusal. Pure. See [`trimtab_sizing::ceiling`].

use trimtab_sizing::{ContainerDecision, NodeRoom, RefuseReason, ResourceDecision, Verdict, decide::greatest_use};

use crate::sized::SizedContainer;

/// Takes back a change of a resource that raises it further than its use can justify.
pub fn refuse_far_above_use(decision: &mut ContainerDecision, sized: &mut SizedContainer, node: NodeRoom) {
    let (used, from, to) = (greatest_use(&decision.evidence), sized.from, sized.to);
    if sized.cpu_changes() && !used.admits_cpu(from, to, node) {
        (sized.to.cpu_request, sized.to.cpu_limit) = (from.cpu_request, from.cpu_limit);
        refuse(&mut decision.cpu);
    }
    if sized.memory_changes() && !used.admits_memory(from, to, node) {
        (sized.to.memory_request, sized.to.memory_limit) = (from.memory_request, from.memory_limit);
        refuse(&mut decision.memory);
    }
}

fn refuse(decision: &mut ResourceDecision) {
    let refuse = Verdict::Refuse { reason: RefuseReason::FarAboveUse };
    (decision.request, decision.limit) = (refuse, refuse);
}
