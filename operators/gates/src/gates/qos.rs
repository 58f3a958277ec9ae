//! Whether the pods keep their quality-of-service class, which cannot change while they live.

use trimtab_world::row::QosClass;

use trimtab_engine::gate::{Blocked, Gate, Reason};

use crate::{
    input::{Input, Surroundings},
    sizes,
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "QoS",
    reasons: &[Reason {
        word: "QosClassChange",
        when: "pods that run would get another quality-of-service class, which the API server refuses",
        opens: "a proposal that keeps the class, or applying `status.patch` by hand, which creates new pods",
    }],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    if !input.resizes_in_place() {
        return None;
    }
    let wanted = sizes::wanted(input.proposal).ok()?;
    input.live().find_map(|pod| {
        let containers = sizes::of_pod(pod, &wanted);
        let before = QosClass::of(containers.iter().map(|c| c.from));
        let after = QosClass::of(containers.iter().map(|c| c.to));
        let why = "which the API server refuses while it runs: keep requests equal to limits, or unequal, as now, or \
                   apply status.patch by hand";
        (before != after).then(|| Blocked {
            reason: "QosClassChange",
            message: format!("pod {} would change from {before:?} to {after:?}, {why}", pod.name),
        })
    })
}

#[cfg(test)]
mod tests {
    use trimtab_core::WorkloadKind;
    use trimtab_world::row::ContainerKind;

    use super::*;
    use crate::{
        PodResize,
        testkit::{Scene, asked, size},
    };

    #[test]
    fn closed_where_the_class_of_a_running_pod_would_change() {
        for (from, to, sidecar, expected) in [
            (("500m/1", "512Mi/1Gi"), ("250m/1", "256Mi/1Gi"), None, None),
            (("1/1", "1Gi/1Gi"), ("500m/500m", "512Mi/512Mi"), None, None),
            (("1/1", "1Gi/1Gi"), ("500m/1", "1Gi/1Gi"), None, Some("from Guaranteed to Burstable")),
            (("500m/1", "1Gi/1Gi"), ("1/1", "1Gi/1Gi"), None, Some("from Burstable to Guaranteed")),
            (("/", "/"), ("100m/", "64Mi/"), None, Some("from BestEffort to Burstable")),
            // All containers of the pod count, also those that stay.
            (("500m/1", "1Gi/1Gi"), ("1/1", "1Gi/1Gi"), Some(("50m/", "64Mi/")), None),
            (("/", "/"), ("100m/", "64Mi/"), Some(("50m/", "64Mi/")), None),
            // An omitted request defaults to the limit.
            (("/1", "/1Gi"), ("500m/500m", "512Mi/512Mi"), None, None),
            (("1/1", "1Gi/1Gi"), ("/2", "/2Gi"), None, None),
        ] {
            let mut scene = Scene::new();
            scene.resize("app", from.0, from.1);
            if let Some((cpu, memory)) = sidecar {
                scene.add_container("proxy", ContainerKind::Sidecar, cpu, memory);
            }
            scene.proposal = vec![size("app", to.0, to.1)];
            let found = asked(&GATE, &scene).map(|(_, message)| message);
            match expected {
                None => assert_eq!(found, None, "{from:?} {to:?}"),
                Some(part) => assert!(found.clone().is_some_and(|m| m.contains(part)), "{from:?} {to:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn new_pods_may_have_any_class() {
        let mut scene = Scene::new().of_kind(WorkloadKind::CronJob);
        scene.proposal = vec![size("app", "1/1", "1Gi/1Gi")];
        assert_eq!(asked(&GATE, &scene), None);
        let mut scene = Scene::new();
        scene.proposal = vec![size("app", "1/1", "1Gi/1Gi")];
        assert!(asked(&GATE, &scene).is_some());
        scene.pod_resize = PodResize::Absent;
        assert_eq!(asked(&GATE, &scene), None);
    }
}
