//! Whether the sizes keep within the LimitRanges of the namespace.

use trimtab_world::row::{LimitRangeItem, LimitRangeScope, Resources};

use crate::{
    facts::Facts,
    gate::{Closing, Gate, Reason, closing},
    sizes::{self, Sized},
};

pub(super) const GATE: Gate = Gate {
    name: "LimitRange",
    forward: false,
    reasons: &[Reason {
        word: "OutsideLimitRange",
        when: "a container that changes, or its pod, would be below the minimum, above the maximum, or beyond the ratio of limit \
               to request of a LimitRange",
        opens: "a proposal within the LimitRange, or another LimitRange",
    }],
    question: ask,
};

fn ask(facts: &Facts<'_>) -> Option<Closing> {
    let shapes = sizes::shapes(facts);
    for range in facts.limit_ranges {
        for item in range.items.iter() {
            let broken = shapes.iter().find_map(|containers| match item.scope {
                LimitRangeScope::Container => containers
                    .iter()
                    .filter(|c| c.from != c.to)
                    .find_map(|c| broken(item, &c.to).map(|what| format!("container {}: {what}", c.name))),
                LimitRangeScope::Pod if containers.iter().all(|c| c.from == c.to) => None,
                LimitRangeScope::Pod => broken(item, &pod(containers)).map(|what| format!("the pod: {what}")),
            });
            if let Some(what) = broken {
                return closing("OutsideLimitRange", format!("LimitRange {} does not allow {what}", range.name));
            }
        }
    }
    None
}

/// What a pod asks for and may use as a whole.
fn pod(containers: &[Sized<'_>]) -> Resources {
    Resources {
        cpu_request: sizes::pod_total(containers, |c| c.to.cpu_request),
        cpu_limit: sizes::pod_total(containers, |c| c.to.cpu_limit),
        memory_request: sizes::pod_total(containers, |c| c.to.memory_request),
        memory_limit: sizes::pod_total(containers, |c| c.to.memory_limit),
    }
}

/// What of `to` the API server would refuse: it asks for a request where there is a minimum, for a limit where there is a
/// maximum, and for both where there is a ratio.
fn broken(item: &LimitRangeItem, to: &Resources) -> Option<String> {
    let ratio = item.max_limit_request_ratio;
    [
        ("cpu", to.cpu_request, to.cpu_limit, item.min.cpu, item.max.cpu, ratio.cpu_thousandths),
        ("memory", to.memory_request, to.memory_limit, item.min.memory, item.max.memory, ratio.memory_thousandths),
    ]
    .into_iter()
    .find_map(|(resource, request, limit, min, max, ratio)| {
        let text = |v: u64| if resource == "cpu" { sizes::cpu(v) } else { sizes::memory(v) };
        let written = |v: Option<u64>| v.map_or_else(|| "nothing".to_owned(), text);
        if let Some(min) = min
            && (request.is_none_or(|r| r < min) || limit.is_some_and(|l| l < min))
        {
            return Some(format!(
                "{resource} {} of at least {}",
                written(request.filter(|r| *r < min).or(limit.filter(|l| *l < min))),
                text(min)
            ));
        }
        if let Some(max) = max
            && (limit.is_none_or(|l| l > max) || request.is_some_and(|r| r > max))
        {
            return Some(format!("{resource} limit {} of at most {}", written(limit), text(max)));
        }
        let most = ratio?;
        let within = request
            .zip(limit)
            .is_some_and(|(r, l)| r > 0 && l > 0 && u128::from(l) * 1000 <= u128::from(r) * u128::from(most));
        let (tenths, rest) = (most / 1000, most % 1000);
        (!within).then(|| {
            format!(
                "{resource} limit {} over request {}, at most {tenths}.{rest:03} times",
                written(limit),
                written(request)
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use trimtab_world::row::{ContainerKind, LimitRatio, ResourceAmounts};

    use super::*;
    use crate::testkit::{Scene, asked, limit_range, size};

    fn amounts(cpu: u64, mib: u64) -> ResourceAmounts {
        let some = |v: u64| (v > 0).then_some(v);
        ResourceAmounts { cpu: some(cpu), memory: some(mib << 20) }
    }

    #[test]
    fn closed_outside_of_what_containers_may_have() {
        for (min, max, cpu_ratio, cpu, memory, expected) in [
            ((100, 64), (0, 0), None, "100m/", "64Mi/", false),
            ((100, 64), (0, 0), None, "99m/", "64Mi/", true),
            ((100, 64), (0, 0), None, "100m/", "63Mi/", true),
            ((100, 64), (0, 0), None, "100m/", "/", true),
            ((0, 0), (1000, 1024), None, "100m/1", "64Mi/1Gi", false),
            ((0, 0), (1000, 1024), None, "100m/1001m", "64Mi/1Gi", true),
            ((0, 0), (1000, 1024), None, "100m/1", "64Mi/1025Mi", true),
            // A maximum asks for a limit.
            ((0, 0), (1000, 0), None, "100m/", "64Mi/", true),
            ((0, 0), (0, 0), Some(2500), "400m/1", "64Mi/", false),
            ((0, 0), (0, 0), Some(2500), "399m/1", "64Mi/", true),
            ((0, 0), (0, 0), Some(2500), "400m/", "64Mi/", true),
        ] {
            let mut scene = Scene::new();
            let mut item = limit_range(LimitRangeScope::Container, amounts(min.0, min.1), amounts(max.0, max.1));
            item.max_limit_request_ratio = LimitRatio { cpu_thousandths: cpu_ratio, memory_thousandths: None };
            scene.limit_range_items = vec![item];
            scene.proposal = vec![size("app", cpu, memory)];
            let found = asked(&GATE, &scene);
            assert_eq!(found.is_some(), expected, "{min:?} {max:?} {cpu_ratio:?} {cpu} {memory}: {found:?}");
        }
    }

    #[test]
    fn closed_outside_of_what_a_pod_may_have_and_never_for_what_stays() {
        let mut scene = Scene::new();
        scene.add_container("proxy", ContainerKind::Sidecar, "100m/100m", "64Mi/64Mi");
        scene.limit_range_items = vec![limit_range(LimitRangeScope::Pod, amounts(0, 0), amounts(1000, 0))];
        scene.proposal = vec![size("app", "500m/900m", "512Mi/1Gi")];
        assert_eq!(asked(&GATE, &scene), None);
        scene.proposal = vec![size("app", "500m/901m", "512Mi/1Gi")];
        let (reason, message) = asked(&GATE, &scene).unwrap_or_default();
        assert_eq!(
            (&*reason, &*message),
            ("OutsideLimitRange", "LimitRange range does not allow the pod: cpu limit 1001m of at most 1")
        );
        // What runs already is over it; that is not for this change to mend.
        scene.proposal = vec![size("app", "500m/1", "512Mi/1Gi")];
        assert_eq!(asked(&GATE, &scene), None);
        // Nor is a container that stays, beside one that changes.
        scene.limit_range_items = vec![limit_range(LimitRangeScope::Container, amounts(200, 0), amounts(0, 0))];
        scene.proposal = vec![size("app", "400m/1", "512Mi/1Gi")];
        assert_eq!(asked(&GATE, &scene), None);
    }
}
