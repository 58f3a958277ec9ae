//! What the API server derives from a pod's requests and limits: sum, QoS class, LimitRange defaults and violations.
//!
//! In: containers' resources. Out: sums, a class, amounts, violations. Pure. The rules are those of `PodRequests` in
//! `k8s.io/component-helpers/resource`, of `ComputePodQOS`, and of the admission plugin LimitRanger.

use trimtab_core::quantity;

use super::{ContainerKind, LimitRangeItem, Resources};

/// A pod's effective requests and limits: the sum over the containers that run together, or the need of the largest
/// init container plus the sidecars started before it, whichever is more. An amount that no container sets is unset for
/// the pod too.
pub fn pod_total(containers: impl IntoIterator<Item = (ContainerKind, Resources)>) -> Resources {
    let add = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    };
    let (mut apps, mut sidecars, mut starting) = <(Resources, Resources, Resources)>::default();
    for (kind, own) in containers {
        match kind {
            ContainerKind::App => apps = apps.with(own, add),
            ContainerKind::Sidecar => sidecars = sidecars.with(own, add),
            ContainerKind::Init => starting = starting.with(sidecars.with(own, add), Option::max),
        }
    }
    apps.with(sidecars, add).with(starting, Option::max)
}

/// The QoS class, by which the node decides what to evict first. It cannot change during a pod's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QosClass {
    /// Every container has requests equal to limits, for both resources.
    Guaranteed,
    /// Some container has a request or a limit.
    Burstable,
    /// No container has any.
    BestEffort,
}

impl QosClass {
    /// The class of a pod whose containers, of every kind, have these resources.
    pub fn of(containers: impl IntoIterator<Item = Resources>) -> Self {
        // An amount of zero counts as none.
        let set = |v: Option<u64>| v.is_some_and(|v| v > 0);
        let equal = |request: Option<u64>, limit: Option<u64>| set(limit) && request.or(limit) == limit;
        let (mut any, mut guaranteed) = (false, true);
        for r in containers {
            any |= set(r.cpu_request) || set(r.cpu_limit) || set(r.memory_request) || set(r.memory_limit);
            guaranteed &= equal(r.cpu_request, r.cpu_limit) && equal(r.memory_request, r.memory_limit);
        }
        match (any, guaranteed) {
            (false, _) => Self::BestEffort,
            (true, true) => Self::Guaranteed,
            (true, false) => Self::Burstable,
        }
    }

    /// The class as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guaranteed => "Guaranteed",
            Self::Burstable => "Burstable",
            Self::BestEffort => "BestEffort",
        }
    }
}

impl std::str::FromStr for QosClass {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Guaranteed, Self::Burstable, Self::BestEffort].into_iter().find(|c| c.as_str() == text).ok_or(())
    }
}

impl Resources {
    /// Both combined, each amount by `join`.
    fn with(self, other: Self, join: impl Fn(Option<u64>, Option<u64>) -> Option<u64>) -> Self {
        Self {
            cpu_request: join(self.cpu_request, other.cpu_request),
            cpu_limit: join(self.cpu_limit, other.cpu_limit),
            memory_request: join(self.memory_request, other.memory_request),
            memory_limit: join(self.memory_limit, other.memory_limit),
        }
    }

    /// `cpu` or `memory`, where its request is above its limit, which no pod may have.
    pub fn request_above_limit(&self) -> Option<&'static str> {
        let above = |request: Option<u64>, limit: Option<u64>| request.zip(limit).is_some_and(|(r, l)| r > l);
        if above(self.cpu_request, self.cpu_limit) {
            Some("cpu")
        } else if above(self.memory_request, self.memory_limit) {
            Some("memory")
        } else {
            None
        }
    }

    /// The same with defaults of `items` (LimitRange items for containers) filled in where unset; the first item wins.
    pub fn with_defaults<'a>(self, items: impl IntoIterator<Item = &'a LimitRangeItem>) -> Self {
        items.into_iter().fold(self, |r, item| Self {
            cpu_request: r.cpu_request.or(item.default_request.cpu),
            cpu_limit: r.cpu_limit.or(item.default_limit.cpu),
            memory_request: r.memory_request.or(item.default_request.memory),
            memory_limit: r.memory_limit.or(item.default_limit.memory),
        })
    }
}

impl LimitRangeItem {
    /// How a container or pod with `has` violates it, such as `cpu limit 2 of at most 1`. It requires a request where
    /// there is a minimum, a limit where there is a maximum, and both where there is a ratio.
    pub fn breach(&self, has: &Resources) -> Option<String> {
        let ratio = self.max_limit_request_ratio;
        let cpu = (has.cpu_request, has.cpu_limit);
        let memory = (has.memory_request, has.memory_limit);
        breach("cpu", quantity::format_cpu, cpu, (self.min.cpu, self.max.cpu, ratio.cpu_thousandths)).or_else(|| {
            let bounds = (self.min.memory, self.max.memory, ratio.memory_thousandths);
            breach("memory", quantity::format_bytes, memory, bounds)
        })
    }
}

fn breach(
    resource: &str,
    text: fn(u64) -> String,
    (request, limit): (Option<u64>, Option<u64>),
    (min, max, ratio): (Option<u64>, Option<u64>, Option<u64>),
) -> Option<String> {
    let written = |v: Option<u64>| v.map_or_else(|| "nothing".to_owned(), text);
    if let Some(min) = min {
        let low = |v: &u64| *v < min;
        if request.is_none_or(|r| low(&r)) || limit.is_some_and(|l| low(&l)) {
            let below = written(request.filter(low).or(limit.filter(low)));
            return Some(format!("{resource} {below} of at least {}", text(min)));
        }
    }
    if let Some(max) = max {
        if request.is_some_and(|r| r > max) {
            return Some(format!("{resource} request {} of at most {}", written(request), text(max)));
        }
        if limit.is_none_or(|l| l > max) {
            return Some(format!("{resource} limit {} of at most {}", written(limit), text(max)));
        }
    }
    let most = ratio?;
    let within = request
        .zip(limit)
        .is_some_and(|(r, l)| r > 0 && l > 0 && u128::from(l) * 1000 <= u128::from(r) * u128::from(most));
    let (whole, rest) = (most / 1000, most % 1000);
    (!within).then(|| {
        let (limit, request) = (written(limit), written(request));
        format!("{resource} limit {limit} over request {request}, at most {whole}.{rest:03} times")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(request: impl Into<Option<u64>>) -> Resources {
        Resources { cpu_request: request.into(), ..Resources::default() }
    }

    #[test]
    fn a_pod_asks_for_what_runs_together_or_for_its_hungriest_start() {
        use ContainerKind::{App, Init, Sidecar};
        for (containers, expected) in [
            (vec![(App, Some(500)), (App, Some(100))], Some(600)),
            (vec![(Sidecar, Some(100)), (App, Some(500))], Some(600)),
            // An init container runs beside the sidecars before it, not beside those after it.
            (vec![(Sidecar, Some(100)), (Init, Some(700)), (App, Some(500))], Some(800)),
            (vec![(Init, Some(700)), (Sidecar, Some(100)), (App, Some(500))], Some(700)),
            (vec![(Sidecar, Some(100)), (Init, Some(900)), (Sidecar, Some(200)), (App, Some(300))], Some(1000)),
            (vec![(App, None), (App, Some(100))], Some(100)),
            (vec![(App, None)], None),
            (vec![(App, Some(0))], Some(0)),
            (vec![(App, Some(u64::MAX)), (App, Some(1))], Some(u64::MAX)),
        ] {
            let total = pod_total(containers.iter().map(|(kind, request)| (*kind, cpu(*request))));
            assert_eq!(total, cpu(expected), "{containers:?}");
        }
    }

    #[test]
    fn the_class_of_a_pod_is_that_of_its_weakest_container() {
        let full =
            |cpu, memory| Resources { cpu_request: cpu, cpu_limit: cpu, memory_request: memory, memory_limit: memory };
        let guaranteed = full(Some(500), Some(1 << 30));
        for (containers, expected) in [
            (vec![guaranteed], QosClass::Guaranteed),
            (vec![guaranteed, guaranteed], QosClass::Guaranteed),
            (vec![Resources { cpu_request: None, ..guaranteed }], QosClass::Guaranteed),
            (vec![guaranteed, cpu(100)], QosClass::Burstable),
            (vec![guaranteed, Resources::default()], QosClass::Burstable),
            (vec![full(Some(500), None)], QosClass::Burstable),
            (vec![Resources::default()], QosClass::BestEffort),
            (vec![full(Some(0), Some(0))], QosClass::BestEffort),
            (vec![], QosClass::BestEffort),
        ] {
            assert_eq!(QosClass::of(containers.clone()), expected, "{containers:?}");
        }
    }
}
