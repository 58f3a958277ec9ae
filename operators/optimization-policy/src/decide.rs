//! The decision on one workload: what its containers should ask for, and whether that is worth saying.
//!
//! In: a [`ValidatedPolicy`], what was [`Observed`], and the time. Out: an [`Outcome`]. Pure: the same arguments give the
//! same outcome, which is what makes it replayable and testable.

use jiff::Timestamp;
use trimtab_api::{mode::Mode, recommendation::Proposal};
use trimtab_sizing::{
    ContainerDecision, ContainerHistory, ContainerInput, RuntimeHint, Sizes, SizingRules, WorkloadClass, decide as size,
};
use trimtab_world::row::{ContainerKind, HpaMetric, HpaTargetValue, QosClass};

use crate::{
    annotations, bounds, ceiling, confidence, draft,
    injected::{self, Injected},
    life,
    namespace::{self, NamespaceBounds, Room},
    observed::Observed,
    outcome::{Outcome, Skip},
    quota, runtime,
    sized::{self, SizedContainer},
    validate::ValidatedPolicy,
    worth,
};

/// The most containers that a proposal can name, as the schema bounds it. Further ones are left alone.
const MAX_CONTAINERS: usize = 64;

/// A container with the decision on it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Its sizes, now and proposed.
    pub sized: SizedContainer,
    /// The decision that they come from, or why there is none.
    pub decision: Result<ContainerDecision, Left>,
}

/// Why a container is left as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Left {
    /// It is an init container: what it uses is over in seconds and hardly ever measured. It is counted, not sized.
    Init,
    /// The policy leaves containers of this name alone.
    Excluded,
    /// Nothing was ever measured of it.
    Unmeasured,
    /// It was injected into the pods at admission: the template does not have it, so its size cannot be made to last there.
    /// What it would need is advice to a person.
    Injected(Box<Injected>),
}

/// Decides on one workload. `former` is what is proposed for it today, if anything is.
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
    // What stays may be at odds with itself already, as a request above the namespace's default limit is.
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

/// What about the workload as a whole keeps it from being sized.
fn may_be_sized(observed: &Observed<'_>) -> Result<(), Skip> {
    let row = observed.workload;
    if row.terminating || observed.namespace.terminating {
        return Err(Skip::Terminating);
    }
    match bounds::mode(&row.annotations, &observed.namespace.annotations) {
        Ok(Mode::Off) => return Err(Skip::OptedOut),
        Ok(Mode::Recommend | Mode::Apply) | Err(_) => {}
    }
    if annotations::fault(row, observed.namespace, &observed.running.injected, observed.usage).is_some() {
        return Err(Skip::InvalidAnnotation);
    }
    if observed.vpas.iter().any(|vpa| vpa.writes()) {
        return Err(Skip::ManagedByVpa);
    }
    if row.template_for.is_some() {
        return Err(Skip::SizedAsRollout);
    }
    if row.template.containers.is_empty() {
        return Err(Skip::NoPodTemplate);
    }
    if row.finished {
        return Err(Skip::Finished);
    }
    if row.template.pod_resources.as_ref().is_some_and(|r| !r.is_empty()) {
        return Err(Skip::PodLevelResources);
    }
    Ok(())
}

/// What each container should have, in the order of the template.
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
    let mut decided = of_template(policy, observed, &namespace, class, former, now)?;
    let sidecars = observed.running.injected.iter().map(|c| SizedContainer::injected(c, &namespace.defaults));
    let pod: Vec<SizedContainer> = decided.iter().map(|d| d.sized.clone()).chain(sidecars).collect();
    if class == Class::Other && sized::qos(&pod, |c| c.to) == QosClass::Guaranteed {
        // What it would be is judged as what it is: else it would be sized once more as soon as it is.
        decided = of_template(policy, observed, &namespace, Class::BecomesGuaranteed, former, now)?;
    }
    let injected = injected::all(policy, observed, &namespace, &decided, |rules, runtime, sized, history| {
        let namespace = &namespace;
        Job { policy, observed, namespace, rules, runtime, class, former: None, now }.size(sized, history)
    });
    decided.extend(injected);
    Ok(decided)
}

/// What the containers of the template should have, as those of pods of this class.
fn of_template(
    policy: &ValidatedPolicy,
    observed: &Observed<'_>,
    namespace: &NamespaceBounds,
    class: Class,
    former: Option<&Proposal>,
    now: Timestamp,
) -> Result<Vec<Decided>, Skip> {
    let row = observed.workload;
    let mut decided = Vec::with_capacity(row.template.containers.len());
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
                continue;
            }
        };
        let rules = bounds::narrowed(rules, &row.annotations, &container.name).map_err(|_| Skip::InvalidAnnotation)?;
        let runtime = runtime::hint(policy, &row.annotations, container).map_err(|_| Skip::InvalidAnnotation)?;
        let rules = namespace.bound(rules).ok_or(Skip::ContradictingBounds)?;
        decided.push(match observed.history(&container.name) {
            None => Decided { sized, decision: Err(Left::Unmeasured) },
            Some(history) => {
                Job { policy, observed, namespace, rules: &rules, runtime, class, former, now }.size(sized, history)
            }
        });
    }
    if !decided.iter().any(|d| matches!(d.decision, Ok(_) | Err(Left::Unmeasured))) {
        return Err(Skip::ContainersExcluded);
    }
    Ok(decided)
}

/// What class of service the pods have as far as sizes depend on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// They are Guaranteed.
    Guaranteed,
    /// They are not, and what is proposed would make them so.
    BecomesGuaranteed,
    /// They are Burstable or BestEffort.
    Other,
}

/// Whether its pods are Guaranteed: what the API server says of those that run, else what the template comes to.
fn is_guaranteed(observed: &Observed<'_>, namespace: &NamespaceBounds) -> bool {
    let template = || {
        let containers = observed.workload.template.containers.iter();
        let all: Vec<_> = containers.map(|c| SizedContainer::unchanged(c, &namespace.defaults)).collect();
        sized::qos(&all, |c| c.from)
    };
    observed.running.qos.unwrap_or_else(template) == QosClass::Guaranteed
}

/// What the size of one container is decided with.
struct Job<'a> {
    policy: &'a ValidatedPolicy,
    observed: &'a Observed<'a>,
    namespace: &'a NamespaceBounds,
    rules: &'a SizingRules,
    runtime: RuntimeHint,
    class: Class,
    former: Option<&'a Proposal>,
    now: Timestamp,
}

impl Job<'_> {
    fn size(&self, mut sized: SizedContainer, history: &ContainerHistory) -> Decided {
        let now_s = self.now.as_second();
        let ends = self.observed.workload.id.kind.runs_to_completion();
        let input = ContainerInput {
            history,
            current: sized.from,
            runtime: self.runtime,
            hpa_on_cpu: self.is_scaled_on(&sized.name, true),
            hpa_on_memory: self.is_scaled_on(&sized.name, false),
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
        sized.to = proposed(sized.from, &decision);
        let room = Room::new(self.rules, &self.namespace.limit_range);
        life::sticky(self.former, &room, &mut sized);
        worth::keep_small_changes(&self.policy.thresholds, &decision, &mut sized);
        room.refuse_outside(&mut decision, &mut sized);
        ceiling::refuse_far_above_use(&mut decision, &mut sized, self.observed.node);
        if sized.changes() {
            decision.confidence = confidence::of_change(&decision, &sized, history, self.rules, now_s);
        }
        Decided { sized, decision: Ok(decision) }
    }

    /// Whether an autoscaler scales on the utilisation of a resource of this container: another request would then move
    /// its set point. One that looks at a single container leaves the others free.
    fn is_scaled_on(&self, container: &str, cpu: bool) -> bool {
        let counts = |of: &Option<std::sync::Arc<str>>| of.as_deref().is_none_or(|name| name == container);
        self.observed.hpas.iter().flat_map(|h| h.metrics.iter()).any(|metric| match metric {
            HpaMetric::Cpu { container, target: HpaTargetValue::Utilization(_) } => cpu && counts(container),
            HpaMetric::Memory { container, target: HpaTargetValue::Utilization(_) } => !cpu && counts(container),
            _ => false,
        })
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

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod savings_tests;
#[cfg(test)]
mod tests;
