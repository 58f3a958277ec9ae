//! Injected containers: what they would need, and how a person says so to what injects them.
//!
//! In: the containers that pods have beyond their template, their usage, and the decisions on the others. Out: for each the
//! decision of the same rules, and the annotations that bring it about, or why there are none. Pure.
//!
//! A template cannot hold the size of such a container, so nothing is proposed for it: it counts as it is in the pod's sums,
//! in its class of service, in savings and in risk.

use trimtab_sizing::{
    ContainerDecision, ContainerHistory, LimitMode, RefuseReason, RuntimeHint, Sizes, SizingRules, Verdict,
};

use crate::{
    amount, bounds,
    decide::{Decided, Left},
    namespace::{self, NamespaceBounds},
    observed::Observed,
    quota, runtime,
    sized::SizedContainer,
    validate::ValidatedPolicy,
};

/// What adds a container to pods and lets the pod's annotations say how large it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Injector {
    /// How people call it.
    pub name: &'static str,
    /// The name of the container that it adds.
    pub container: &'static str,
    /// The annotations for CPU request, CPU limit, memory request and memory limit.
    pub keys: [&'static str; 4],
    /// Whether all of its defaults are void as soon as one annotation is set.
    pub all_or_none: bool,
}

/// Injectors that document such annotations.
pub static INJECTORS: [Injector; 5] = [
    // <https://istio.io/latest/docs/reference/config/annotations/>. Its injection template takes `global.proxy.resources` only
    // where none of the four is set.
    Injector {
        name: "Istio",
        container: "istio-proxy",
        keys: [
            "sidecar.istio.io/proxyCPU",
            "sidecar.istio.io/proxyCPULimit",
            "sidecar.istio.io/proxyMemory",
            "sidecar.istio.io/proxyMemoryLimit",
        ],
        all_or_none: true,
    },
    // <https://linkerd.io/2/reference/proxy-configuration/>
    Injector {
        name: "Linkerd",
        container: "linkerd-proxy",
        keys: [
            "config.linkerd.io/proxy-cpu-request",
            "config.linkerd.io/proxy-cpu-limit",
            "config.linkerd.io/proxy-memory-request",
            "config.linkerd.io/proxy-memory-limit",
        ],
        all_or_none: false,
    },
    // <https://developer.hashicorp.com/vault/docs/platform/k8s/injector/annotations>
    Injector {
        name: "Vault Agent Injector",
        container: "vault-agent",
        keys: [
            "vault.hashicorp.com/agent-requests-cpu",
            "vault.hashicorp.com/agent-limits-cpu",
            "vault.hashicorp.com/agent-requests-mem",
            "vault.hashicorp.com/agent-limits-mem",
        ],
        all_or_none: false,
    },
    // <https://docs.dapr.io/reference/arguments-annotations-overview/>
    Injector {
        name: "Dapr",
        container: "daprd",
        keys: [
            "dapr.io/sidecar-cpu-request",
            "dapr.io/sidecar-cpu-limit",
            "dapr.io/sidecar-memory-request",
            "dapr.io/sidecar-memory-limit",
        ],
        all_or_none: false,
    },
    // <https://developer.hashicorp.com/consul/docs/reference/k8s/annotation-label>
    Injector {
        name: "Consul",
        container: "consul-dataplane",
        keys: [
            "consul.hashicorp.com/sidecar-proxy-cpu-request",
            "consul.hashicorp.com/sidecar-proxy-cpu-limit",
            "consul.hashicorp.com/sidecar-proxy-memory-request",
            "consul.hashicorp.com/sidecar-proxy-memory-limit",
        ],
        all_or_none: false,
    },
];

/// What is known of an injected container.
#[derive(Clone, Debug, PartialEq)]
pub struct Injected {
    /// The decision on it; none where nothing was measured or nothing may be said.
    pub decision: Option<ContainerDecision>,
    /// The size that fits it, or why there is none.
    pub fit: Result<Fit, NoFit>,
}

/// A size for an injected container, for a person to set.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// What injects it.
    pub injector: &'static Injector,
    /// What it would have.
    pub to: Sizes,
}

impl Fit {
    /// The annotations of the workload's pod template that say it. Amounts that stay are among them: an injector may drop its
    /// defaults, or change them.
    pub fn annotations(&self) -> Vec<(&'static str, String)> {
        let values = [
            self.to.cpu_request.map(amount::cpu),
            self.to.cpu_limit.map(amount::cpu),
            self.to.memory_request.map(amount::memory),
            self.to.memory_limit.map(amount::memory),
        ];
        self.injector.keys.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

/// Why no size is given for an injected container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFit {
    /// Nothing was ever measured of it.
    Unmeasured,
    /// The policy leaves containers of this name alone.
    Excluded,
    /// What injects it is not known, so neither is how its size is set.
    UnknownInjector,
    /// It has what it needs.
    Fits,
    /// The decision says nothing.
    Refused(RefuseReason),
    /// The namespace has no room for pods with it.
    NoRoom,
}

/// Decides on all injected containers. `size` is what decides on any container, under these rules.
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
        // No injector documents how to take a limit away.
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

/// Whether the namespace admits pods with these sizes, whether or not the proposal for the other containers is carried out.
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
