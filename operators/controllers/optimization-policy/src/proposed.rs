//! A person's proposal in the form in which a policy's own decisions are assessed.
//!
//! In: a proposal, what was observed of its workload, and the policy that applies to it, if any. Out: each container
//! with its present and proposed sizes, and the figures of its usage. Pure. The size is the person's; the figures are
//! those by which Trimtab would decide.

use jiff::Timestamp;
use trimtab_api::recommendation::Proposal;
use trimtab_sizing::{
    Confidence, ContainerDecision, ContainerHistory, ContainerInput, Note, RuntimeHint, SHORT_BY_DAYS, SizingRules,
    WorkloadClass, decide as size, decide::window,
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

/// A person's proposal compared with its workload.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The containers of the template. Those not named are left alone; those named have figures, or are unmeasured.
    pub decided: Vec<Decided>,
    /// The same including containers injected into its pods.
    pub pod: Vec<SizedContainer>,
    /// Names without a container in the template.
    pub absent: Vec<String>,
    /// Containers whose amounts do not parse.
    pub unreadable: Vec<String>,
}

impl Proposed {
    /// The containers that the proposal names, with their figures, if any.
    pub fn named(&self) -> impl Iterator<Item = (&SizedContainer, Option<&ContainerDecision>)> {
        self.decided.iter().filter_map(|d| match &d.decision {
            Ok(decision) => Some((&d.sized, Some(decision))),
            Err(Left::Unmeasured) => Some((&d.sized, None)),
            Err(_) => None,
        })
    }
}

/// Compares `proposal` with the present state. `policy` is the one that applies to the workload; usage counts as far
/// back as `window_s` seconds, which is as far as it is read.
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
                let mut figures = figures(observed, &namespace, &sized, history, &rules, hint, now.as_second());
                // Peaks count as far back as any policy reads; history is short only by the workload's own rules.
                let least_s = self::rules(policy, &container.name, None).window_seconds - SHORT_BY_DAYS * 86_400;
                if figures.evidence.known_seconds >= least_s {
                    figures.notes.retain(|note| *note != Note::ShortHistory);
                }
                Ok(figures)
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

/// The rules for reading usage. The window is the longest of any policy: a known peak counts, whoever needed it.
fn rules(policy: Option<&ValidatedPolicy>, container: &str, window_s: Option<i64>) -> SizingRules {
    let own = policy.map(|p| p.rules_for(container).unwrap_or(&p.rules).clone()).unwrap_or_default();
    SizingRules { window_seconds: window_s.unwrap_or(own.window_seconds).max(own.window_seconds), ..own }
}

/// The memory declared to the process. An unreadable annotation is a separate factor, so only the template counts then.
fn hint(policy: Option<&ValidatedPolicy>, annotations: &Labels, container: &TemplateContainer) -> RuntimeHint {
    let said = policy.map_or(&[] as &[_], |p| &p.runtime_memory);
    let of = |annotations: &Labels| runtime::hint(said, annotations, container);
    of(annotations).or_else(|_| of(&Labels::default())).unwrap_or_default()
}

/// The figures of a container for its proposed size. The size that the rules would choose is left out: it was not
/// proposed.
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
        // Notes on a limit or a unit concern the proposed size.
        current: sized.to,
        runtime,
        class: if kind.runs_to_completion() { WorkloadClass::RunToCompletion } else { WorkloadClass::LongRunning },
        limit_range: namespace.limit_range,
        node: observed.node,
        ..ContainerInput::of(history)
    };
    let mut decision = size(rules, &input, now_s);
    // These concern the size that the rules choose, and what held it back.
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
