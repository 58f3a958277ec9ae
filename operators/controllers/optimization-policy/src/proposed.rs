//! What a person proposed, in the form in which a policy's own decisions are weighed.
//!
//! In: a proposal, what was observed of its workload, and the policy that looks at it, if one does. Out: each container with what
//! it has and would have, and what its usage tells. Pure. The size is the person's; the figures beside it are those that Trimtab
//! would decide by.

use jiff::Timestamp;
use trimtab_api::recommendation::Proposal;
use trimtab_sizing::{
    Confidence, ContainerDecision, ContainerHistory, ContainerInput, Note, RuntimeHint, SizingRules, WorkloadClass,
    decide as size, decide::window,
};
use trimtab_world::row::{Labels, TemplateContainer};

use crate::{
    decided::{Decided, Left},
    namespace::NamespaceBounds,
    observed::Observed,
    peaks, runtime,
    sized::{self, SizedContainer},
    validate::ValidatedPolicy,
};

/// A person's proposal against its workload.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The containers of the template. Those that are not named are left alone; those that are named have figures, or are
    /// unmeasured.
    pub decided: Vec<Decided>,
    /// The same with what is injected into its pods.
    pub pod: Vec<SizedContainer>,
    /// Names that no container of the template has.
    pub absent: Vec<String>,
    /// Containers whose amounts cannot be read.
    pub unreadable: Vec<String>,
}

impl Proposed {
    /// The containers that the proposal is about, with their figures, where there are any.
    pub fn named(&self) -> impl Iterator<Item = (&SizedContainer, Option<&ContainerDecision>)> {
        self.decided.iter().filter_map(|d| match &d.decision {
            Ok(decision) => Some((&d.sized, Some(decision))),
            Err(Left::Unmeasured) => Some((&d.sized, None)),
            Err(_) => None,
        })
    }
}

/// Sets `proposal` against what is there. `policy` is the one that looks at the workload; usage counts as far back as
/// `window_s` seconds, which is as far as it is read.
pub fn of(
    proposal: &Proposal,
    observed: &Observed<'_>,
    policy: Option<&ValidatedPolicy>,
    window_s: Option<i64>,
    now: Timestamp,
) -> Proposed {
    let namespace = NamespaceBounds::new(observed.limit_ranges, observed.quotas);
    let template = &observed.workload.template;
    let (mut decided, mut unreadable) = (Vec::with_capacity(template.containers.len()), Vec::new());
    for container in &template.containers {
        let mut sized = SizedContainer::unchanged(container, &namespace.defaults);
        let Some(wanted) = proposal.containers.iter().find(|c| *c.name == *container.name) else {
            decided.push(Decided { sized, decision: Err(Left::Excluded) });
            continue;
        };
        match trimtab_admission_sizes::amounts::read(&wanted.requests, &wanted.limits) {
            Ok(resources) => sized.to = sized::from_resources(resources, &namespace.defaults),
            Err(_) => unreadable.push(wanted.name.clone()),
        }
        let decision = match observed.history(&container.name) {
            Some(history) => {
                let rules = rules(policy, &container.name, window_s);
                let hint = hint(policy, &observed.workload.annotations, container);
                Ok(figures(observed, &namespace, &sized, history, &rules, hint, now.as_second()))
            }
            None => Err(Left::Unmeasured),
        };
        decided.push(Decided { sized, decision });
    }
    let injected = observed.running.injected.iter().map(|c| SizedContainer::injected(c, &namespace.defaults));
    let pod = decided.iter().map(|d| d.sized.clone()).chain(injected).collect();
    let is_there = |name: &str| template.container(name).is_some();
    let absent = proposal.containers.iter().filter(|c| !is_there(&c.name)).map(|c| c.name.clone()).collect();
    Proposed { decided, pod, absent, unreadable }
}

/// The rules by which usage is read. The window is as long as that of any policy: a peak that is known counts, whoever wanted to know.
fn rules(policy: Option<&ValidatedPolicy>, container: &str, window_s: Option<i64>) -> SizingRules {
    let own = policy.map(|p| p.rules_for(container).unwrap_or(&p.rules).clone()).unwrap_or_default();
    SizingRules { window_seconds: window_s.unwrap_or(own.window_seconds).max(own.window_seconds), ..own }
}

/// What the process was told. An annotation that cannot be read is a factor of its own, so the template alone counts then.
fn hint(policy: Option<&ValidatedPolicy>, annotations: &Labels, container: &TemplateContainer) -> RuntimeHint {
    let said = policy.map_or(&[] as &[_], |p| &p.runtime_memory);
    let of = |annotations: &Labels| runtime::hint(said, annotations, container);
    of(annotations).or_else(|_| of(&Labels::default())).unwrap_or_default()
}

/// The figures of a container, for the size that is proposed for it. What the rules would make of them is left out: it is not what
/// was proposed.
fn figures(
    observed: &Observed<'_>,
    namespace: &NamespaceBounds,
    sized: &SizedContainer,
    history: &ContainerHistory,
    rules: &SizingRules,
    runtime: RuntimeHint,
    now_s: i64,
) -> ContainerDecision {
    let kind = observed.workload.id.kind;
    let input = ContainerInput {
        // Notes on a limit or a unit are about what it would have.
        current: sized.to,
        runtime,
        class: if kind.runs_to_completion() { WorkloadClass::RunToCompletion } else { WorkloadClass::LongRunning },
        limit_range: namespace.limit_range,
        node: observed.node,
        ..ContainerInput::of(history)
    };
    let mut decision = size(rules, &input, now_s);
    // These tell of the size that the rules choose, and of what held it back.
    decision.cpu.bounds.clear();
    decision.memory.bounds.clear();
    decision.confidence = Confidence::default();
    decision.notes.retain(|note| *note != Note::OomHeld);
    let together = if kind.pods_have_roles() { 1 } else { observed.pods };
    peaks::measure(&mut decision.evidence, sized.to, window(rules, history.cells(), now_s), together);
    decision
}

#[cfg(test)]
mod tests;
