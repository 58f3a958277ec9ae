//! Injected containers: what they would need, and how a person configures that in their injector.
//!
//! In: the containers that pods have beyond their template, their usage, and the decisions on the others. Out: for each
//! the decision by the same rules, and the annotations that set it, or why there are none. Pure.
//!
//! A template cannot hold the size of such a container, so nothing is proposed for it: its present size counts in the
//! pod's sums, its QoS class, savings and risk.

use trimtab_sizing::{
    ContainerDecision, ContainerHistory, LimitMode, RefuseReason, RuntimeHint, Sizes, SizingRules, Verdict,
};

use crate::{
    bounds,
    decided::{Decided, Fit, Injected, Left, NoFit},
    injectors::INJECTORS,
    namespace::{self, NamespaceBounds},
    observed::Observed,
    quota, runtime,
    sized::SizedContainer,
    validate::ValidatedPolicy,
};

/// Decides on all injected containers. `size` decides on any container, under these rules.
pub fn all(
    policy: &ValidatedPolicy,
    observed: &Observed<'_>,
    namespace: &NamespaceBounds,
    decided: &[Decided],
    size: impl Fn(&SizingRules, RuntimeHint, SizedContainer, &ContainerHistory) -> Decided,
) -> Vec<Decided> {
    let containers = observed.running.injected.iter().map(|c| SizedContainer::injected(c, &namespace.defaults));
    let mut found: Vec<(SizedContainer, Injected)> = containers
        .map(|sized| {
            let injected = one(policy, observed, namespace, &sized, &size);
            (sized, injected)
        })
        .collect();
    if !have_room(observed, decided, &found) {
        for (_, injected) in found.iter_mut().filter(|(_, injected)| injected.fit.is_ok()) {
            injected.fit = Err(NoFit::NoRoom);
        }
    }
    let left = |(sized, injected)| Decided { sized, decision: Err(Left::Injected(Box::new(injected))) };
    found.into_iter().map(left).collect()
}

fn one(
    policy: &ValidatedPolicy,
    observed: &Observed<'_>,
    namespace: &NamespaceBounds,
    sized: &SizedContainer,
    size: impl Fn(&SizingRules, RuntimeHint, SizedContainer, &ContainerHistory) -> Decided,
) -> Injected {
    let none = |why| Injected { decision: None, fit: Err(why) };
    let annotations = &observed.workload.annotations;
    let Some(rules) = policy.rules_for(&sized.name) else { return none(NoFit::Excluded) };
    let Some(history) = observed.history(&sized.name) else { return none(NoFit::Unmeasured) };
    let contradicts = || none(NoFit::Refused(RefuseReason::ContradictingBounds));
    let Ok(mut rules) = bounds::narrowed(rules, annotations, &sized.name) else { return contradicts() };
    let Ok(runtime) = runtime::hint_for(&policy.runtime_memory, annotations, &sized.name, None, 0) else {
        return contradicts();
    };
    for mode in [&mut rules.cpu.limit, &mut rules.memory.limit] {
        // No injector documents how to remove a limit.
        if *mode == LimitMode::Remove {
            *mode = LimitMode::Keep;
        }
    }
    let Some(rules) = namespace.bound(rules) else { return contradicts() };
    let Decided { sized: proposed, decision } = size(&rules, runtime, sized.clone(), history);
    let Ok(decision) = decision else { return none(NoFit::Unmeasured) };
    let fit = match INJECTORS.iter().find(|injector| *injector.container == *sized.name) {
        None => Err(NoFit::UnknownInjector),
        Some(injector) if proposed.changes() && proposed.to_is_consistent() => Ok(Fit { injector, to: proposed.to }),
        Some(_) => Err(refusal(&decision).map_or(NoFit::Fits, NoFit::Refused)),
    };
    Injected { decision: Some(decision), fit }
}

fn refusal(decision: &ContainerDecision) -> Option<RefuseReason> {
    [&decision.cpu, &decision.memory].into_iter().find_map(|resource| match resource.request {
        Verdict::Refuse { reason } => Some(reason),
        _ => None,
    })
}

/// Whether the namespace admits pods with these sizes, whether or not the proposal for the other containers is applied.
fn have_room(observed: &Observed<'_>, decided: &[Decided], found: &[(SizedContainer, Injected)]) -> bool {
    let pods = observed.pods.max(observed.workload.desired);
    let with = |side: fn(&SizedContainer) -> Sizes| -> Vec<SizedContainer> {
        let others = decided.iter().map(|d| SizedContainer { to: side(&d.sized), ..d.sized.clone() });
        let injected = found.iter().map(|(sized, injected)| {
            let to = injected.fit.as_ref().map_or(sized.to, |fit| fit.to);
            SizedContainer { to, ..sized.clone() }
        });
        others.chain(injected).collect()
    };
    [with(|c| c.from), with(|c| c.to)].iter().all(|containers| {
        namespace::pod_allows(observed.limit_ranges, containers) && quota::fits(containers, pods, observed.quotas)
    })
}

#[cfg(test)]
mod tests;
