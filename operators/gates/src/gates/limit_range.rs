//! Whether the sizes are within the LimitRanges of the namespace.

use trimtab_world::row::LimitRangeScope;

use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    input::{Input, Surroundings},
    sizes,
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "LimitRange",
    reasons: &[Reason {
        word: "OutsideLimitRange",
        when: "a container that changes, or its pod, would be below the minimum, above the maximum, or beyond the ratio of limit \
               to request of a LimitRange",
        opens: "a proposal within the LimitRange, or another LimitRange",
    }],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let shapes = sizes::shapes(input);
    for range in input.limit_ranges {
        for item in range.items.iter() {
            let broken = shapes.iter().find_map(|containers| match item.scope {
                LimitRangeScope::Container => containers
                    .iter()
                    .filter(|c| c.from != c.to)
                    .find_map(|c| item.breach(&c.to).map(|what| format!("container {}: {what}", c.name))),
                LimitRangeScope::Pod if containers.iter().all(|c| c.from == c.to) => None,
                LimitRangeScope::Pod => {
                    item.breach(&sizes::pod_total(containers, |c| c.to)).map(|what| format!("the pod: {what}"))
                }
            });
            if let Some(what) = broken {
                return blocked("OutsideLimitRange", format!("LimitRange {} does not allow {what}", range.name));
            }
        }
    }
    None
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
            // A maximum requires a limit.
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
        // What already runs exceeds it; that is not for this change to fix.
        scene.proposal = vec![size("app", "500m/1", "512Mi/1Gi")];
        assert_eq!(asked(&GATE, &scene), None);
        // Nor is an unchanged container next to one that changes.
        scene.limit_range_items = vec![limit_range(LimitRangeScope::Container, amounts(200, 0), amounts(0, 0))];
        scene.proposal = vec![size("app", "400m/1", "512Mi/1Gi")];
        assert_eq!(asked(&GATE, &scene), None);
    }
}
