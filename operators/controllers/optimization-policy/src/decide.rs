//! The decision on one workload: what its containers should request, and whether that is worth a proposal.
//!
//! In: a [`ValidatedPolicy`], what was [`Observed`], and the time. Out: an [`Outcome`]. Pure: the same arguments give
//! the same outcome, which makes it replayable and testable.

use jiff::Timestamp;
use trimtab_api::recommendation::Proposal;
use trimtab_sizing::SizingRules;
use trimtab_world::row::{ContainerKind, QosClass};

use job::Job;

use crate::{
    bounds, ceiling, confidence,
    decided::{Decided, Left},
    draft,
    eligible::may_be_sized,
    injected,
    namespace::{self, NamespaceBounds},
    observed::Observed,
    outcome::{Outcome, Skip},
    quota, runtime,
    sized::{self, SizedContainer},
    validate::ValidatedPolicy,
    worth,
};

/// Maximum number of containers in a proposal, as bounded by the schema. Further ones are left alone.
const MAX_CONTAINERS: usize = 64;

/// Decides on one workload. `former` is the present proposal for it, if there is one.
pub fn decide(policy: &ValidatedPolicy, observed: &Observed<'_>, former: Option<&Proposal>, now: Timestamp) -> Outcome {
    match settled(policy, observed, former, now) {
        Ok(Outcome::Skip(skip)) | Err(skip) => Outcome::Skip(skip.explained_by(observed.workload)),
        Ok(outcome) => outcome,
    }
}

fn settled(
    policy: &ValidatedPolicy,
    observed: &Observed<'_>,
    former: Option<&Proposal>,
    now: Timestamp,
) -> Result<Outcome, Skip> {
    may_be_sized(observed)?;
    let decided = containers(policy, observed, former, now)?;
    if !decided.iter().any(|d| d.sized.changes()) {
        return Ok(worth::nothing_changes(&policy.thresholds, &decided, former));
    }
    let sized: Vec<SizedContainer> = decided.iter().map(|d| d.sized.clone()).collect();
    // An unchanged size may already be inconsistent, such as a request above the namespace's default limit.
    if !sized.iter().all(|c| c.to_is_consistent()) || !namespace::pod_allows(observed.limit_ranges, &sized) {
        return Err(Skip::ContradictingBounds);
    }
    if !quota::fits(&sized, observed.pods.max(observed.workload.desired), observed.quotas) {
        return Err(Skip::QuotaExceeded);
    }
    let draft = draft::draft(policy, observed, &decided, &sized, now)?;
    if worth::saves_too_little(draft.monthly, draft.savings.pods, &policy.thresholds, &sized, former.is_some()) {
        return Ok(Outcome::RightSized);
    }
    Ok(Outcome::Recommend(Box::new(draft)))
}

/// The target size of each container, in the order of the template.
///
/// # Errors
/// Why the workload as a whole cannot be sized.
pub(crate) fn containers(
    policy: &ValidatedPolicy,
    observed: &Observed<'_>,
    former: Option<&Proposal>,
    now: Timestamp,
) -> Result<Vec<Decided>, Skip> {
    let namespace = NamespaceBounds::new(observed.limit_ranges, observed.quotas);
    let class = if is_guaranteed(observed, &namespace) { Class::Guaranteed } else { Class::Other };
    let sidecars: Vec<SizedContainer> =
        observed.running.injected.iter().map(|c| SizedContainer::injected(c, &namespace.defaults)).collect();
    let of_class = |class| of_template(policy, observed, &namespace, &sidecars, class, former, now);
    let mut decided = of_class(class)?;
    let pod: Vec<SizedContainer> = decided.iter().map(|d| &d.sized).chain(&sidecars).cloned().collect();
    if class == Class::Other && sized::qos(&pod, |c| c.to) == QosClass::Guaranteed {
        // The result is judged in the class that it leads to: else it would be resized again as soon as it is applied.
        decided = of_class(Class::BecomesGuaranteed)?;
    }
    let injected = injected::all(policy, observed, &namespace, &decided, |rules, runtime, sized, history| {
        let namespace = &namespace;
        Job { policy, observed, namespace, rules, runtime, class, former: None, now }.size(sized, history)
    });
    decided.extend(injected);
    Ok(decided)
}

/// The target sizes of the template's containers in pods of this class.
fn of_template(
    policy: &ValidatedPolicy,
    observed: &Observed<'_>,
    namespace: &NamespaceBounds,
    sidecars: &[SizedContainer],
    class: Class,
    former: Option<&Proposal>,
    now: Timestamp,
) -> Result<Vec<Decided>, Skip> {
    let row = observed.workload;
    let mut decided = Vec::with_capacity(row.template.containers.len());
    let mut rules_of: Vec<Option<SizingRules>> = Vec::with_capacity(row.template.containers.len());
    for container in &row.template.containers {
        let sized = SizedContainer::unchanged(container, &namespace.defaults);
        let rules = match policy.rules_for(&container.name) {
            _ if container.kind == ContainerKind::Init => Err(Left::Init),
            Some(rules) if decided.len() < MAX_CONTAINERS => Ok(rules),
            _ => Err(Left::Excluded),
        };
        let rules = match rules {
            Ok(rules) => rules,
            Err(left) => {
                decided.push(Decided { sized, decision: Err(left) });
                rules_of.push(None);
                continue;
            }
        };
        let rules = bounds::narrowed(rules, &row.annotations, &container.name).map_err(|_| Skip::InvalidAnnotation)?;
        let runtime =
            runtime::hint(&policy.runtime_memory, &row.annotations, container).map_err(|_| Skip::InvalidAnnotation)?;
        let rules = namespace.bound(rules).ok_or(Skip::ContradictingBounds)?;
        decided.push(match observed.history(&container.name) {
            None => Decided { sized, decision: Err(Left::Unmeasured) },
            Some(history) => {
                Job { policy, observed, namespace, rules: &rules, runtime, class, former, now }.size(sized, history)
            }
        });
        rules_of.push(Some(rules));
    }
    let taken_back = ceiling::refuse_above_node(&mut decided, sidecars, observed.node);
    for ((d, rules), _) in decided.iter_mut().zip(&rules_of).zip(taken_back).filter(|(_, taken_back)| *taken_back) {
        // A resource that stays after all does not count in the confidence of the change.
        if let (Ok(decision), Some(rules), true) = (&mut d.decision, rules, d.sized.changes())
            && let Some(history) = observed.history(&d.sized.name)
        {
            decision.confidence = confidence::of_change(decision, &d.sized, history, rules, now.as_second());
        }
    }
    if !decided.iter().any(|d| matches!(d.decision, Ok(_) | Err(Left::Unmeasured))) {
        return Err(Skip::ContainersExcluded);
    }
    Ok(decided)
}

/// The QoS class of the pods, as far as sizes depend on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// They are Guaranteed.
    Guaranteed,
    /// They are not, and the proposal would make them so.
    BecomesGuaranteed,
    /// They are Burstable or BestEffort.
    Other,
}

/// Whether its pods are Guaranteed: as the API server reports for running pods, else as the template with injected
/// containers gives.
fn is_guaranteed(observed: &Observed<'_>, namespace: &NamespaceBounds) -> bool {
    let template = || {
        let containers = observed.workload.template.containers.iter();
        let own = containers.map(|c| SizedContainer::unchanged(c, &namespace.defaults));
        let injected = observed.running.injected.iter().map(|c| SizedContainer::injected(c, &namespace.defaults));
        let all: Vec<_> = own.chain(injected).collect();
        sized::qos(&all, |c| c.from)
    };
    observed.running.qos.unwrap_or_else(template) == QosClass::Guaranteed
}

mod job;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod savings_tests;
#[cfg(test)]
mod tests;
