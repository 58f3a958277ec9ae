//! The containers of a workload, as displayed in a preview.
//!
//! In: a policy and what was observed of a workload. Out: a row per container with its present and proposed sizes and
//! its measurements, even if nothing can be decided. Pure.

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_api::recommendation::Proposal;
use trimtab_sizing::{ContainerDecision, ContainerInput, Evidence, Sizes, WorkloadClass};
use trimtab_world::row::ContainerKind;

use crate::{
    decide::containers,
    decided::{Decided, Left},
    explain::sidecars,
    observed::Observed,
    sized::SizedContainer,
    validate::ValidatedPolicy,
};

/// One container, as seen by a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// Its name.
    pub name: Arc<str>,
    /// Its present sizes.
    pub from: Sizes,
    /// Its proposed sizes.
    pub to: Sizes,
    /// Its measurements; `None` if there are none.
    pub evidence: Option<Evidence>,
    /// The decision on it; `None` if there is none.
    pub decision: Option<ContainerDecision>,
    /// Whether it is an init container, which is counted but not sized.
    pub is_init: bool,
    /// Whether the policy excludes it.
    pub is_excluded: bool,
    /// The advice if it is injected into the pods: it is not changed here, but a person may set its size.
    pub advice: Option<String>,
}

/// The containers of a workload with their measurements, even if nothing can be decided.
pub(super) fn look(
    policy: &ValidatedPolicy,
    observed: &Observed<'_>,
    former: Option<&Proposal>,
    now: Timestamp,
) -> Vec<Looked> {
    let Ok(decided) = containers(policy, observed, former, now) else {
        return measured(policy, observed, now);
    };
    decided.into_iter().map(looked).collect()
}

fn looked(decided: Decided) -> Looked {
    let Decided { sized, decision } = decided;
    let advice = match &decision {
        Err(Left::Injected(injected)) => Some(sidecars::injected(&sized, injected).join(" ")),
        _ => None,
    };
    let SizedContainer { name, from, to, .. } = sized;
    let (is_init, is_excluded) = (decision == Err(Left::Init), decision == Err(Left::Excluded));
    let (decision, evidence) = match decision {
        Ok(decision) => (Some(decision.clone()), Some(decision.evidence)),
        Err(Left::Injected(injected)) => (None, injected.decision.map(|d| d.evidence)),
        Err(_) => (None, None),
    };
    Looked { name, from, to, evidence, decision, is_init, is_excluded, advice }
}

/// The measurements if the workload as a whole is not sized.
fn measured(policy: &ValidatedPolicy, observed: &Observed<'_>, now: Timestamp) -> Vec<Looked> {
    let ends = observed.workload.id.kind.runs_to_completion();
    let class = if ends { WorkloadClass::RunToCompletion } else { WorkloadClass::LongRunning };
    let namespace = crate::namespace::NamespaceBounds::new(observed.limit_ranges, observed.quotas);
    let one = |container| {
        let SizedContainer { name, from, .. } = SizedContainer::unchanged(container, &namespace.defaults);
        let evidence = observed.history(&name).map(|history| {
            let input = ContainerInput { current: from, class, ..ContainerInput::of(history) };
            let mut evidence = trimtab_sizing::decide(&policy.rules, &input, now.as_second()).evidence;
            evidence.restarts = evidence
                .restarts
                .max(observed.running.restarts_since(&name, now.as_second() - policy.rules.window_seconds));
            evidence
        });
        let (is_init, is_excluded) = (container.kind == ContainerKind::Init, policy.rules_for(&name).is_none());
        Looked { name, from, to: from, evidence, decision: None, is_init, is_excluded, advice: None }
    };
    observed.workload.template.containers.iter().map(one).collect()
}
