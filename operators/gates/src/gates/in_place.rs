//! Whether a running pod can be resized to these sizes, and back to its former ones: the API server changes amounts of
//! a running pod, but removes none; and before Kubernetes 1.34 it lowers no memory limit without a restart.

use std::cmp::Ordering;

use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    PodResize,
    input::{Input, Surroundings},
    sizes::{self, Sized},
};

const CANNOT_BE_UNDONE: &str = "CannotBeUndone";

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "InPlace",
    reasons: &[
        Reason {
            word: "CannotBeRemoved",
            when: "a request or limit of a running pod would be taken away, which the API server refuses",
            opens: "a proposal that keeps it, or applying `status.patch` by hand, which creates new pods",
        },
        Reason {
            word: CANNOT_BE_UNDONE,
            when: "a running pod would be given a request or limit that it does not have: it could not be taken away \
                   again. Before Kubernetes 1.34 also where the policy approved a change that raises a memory limit \
                   and takes something else away: the limit could not be lowered again",
            opens: "applying `status.patch` by hand, which creates new pods; once they have it, changes of it can be \
                    undone. Where a limit rises, also a person's approval, `resizePolicy` `RestartContainer` for \
                    memory, or Kubernetes 1.34",
        },
        Reason {
            word: "MemoryLimitCannotBeLowered",
            when: "a memory limit of a running pod would be lowered, which the API server refuses before Kubernetes \
                   1.34 unless the container's `resizePolicy` for memory is `RestartContainer`",
            opens: "a proposal that keeps the limit, as with `sizing.memory.limit: Keep`; that `resizePolicy`; \
                    applying `status.patch` by hand, which creates new pods; or Kubernetes 1.34",
        },
    ],
    check,
};

/// What creates new pods, which may have any size.
const BY_HAND: &str = "apply status.patch by hand, which creates new pods";

fn check(input: &Input<'_>) -> Option<Blocked> {
    if !input.resizes_in_place() {
        return None;
    }
    let wanted = sizes::wanted(input.proposal).ok()?;
    input.live().find_map(|pod| {
        let containers = sizes::of_pod(pod, &wanted);
        comes_or_goes(&pod.name, &containers).or_else(|| kept_limit(input, &pod.name, &containers))
    })
}

/// An amount that the pod would lose, or have for the first time.
fn comes_or_goes(pod: &str, containers: &[Sized<'_>]) -> Option<Blocked> {
    containers.iter().find_map(|c| {
        sizes::AMOUNTS.iter().find_map(|(what, amount)| {
            let of = format!("{what} of container {} in pod {pod}", c.name);
            match (amount(&c.from), amount(&c.to)) {
                (Some(_), None) => blocked(
                    "CannotBeRemoved",
                    format!(
                        "{of} would be taken away, which the API server refuses while it runs: keep it, or {BY_HAND}"
                    ),
                ),
                (None, Some(_)) => blocked(
                    CANNOT_BE_UNDONE,
                    format!("{of} is not set now and could not be taken away again while it runs: {BY_HAND}"),
                ),
                _ => None,
            }
        })
    })
}

/// A memory limit that the API server would not lower, now or when the change is undone.
///
/// Where a change only gives more, a limit may rise all the same: if that is undone, pods keep what they were given
/// until they are replaced, which harms none of them. A change that also takes something away may harm, and pods would
/// keep that as well, because the API server refuses a resize as a whole. That risk is a person's to accept.
fn kept_limit(input: &Input<'_>, pod: &str, containers: &[Sized<'_>]) -> Option<Blocked> {
    let workload = input.workload.filter(|_| input.pod_resize == PodResize::KeepsMemoryLimits)?;
    let restarted =
        |name: &str| workload.template.containers.iter().any(|t| *t.name == *name && t.memory_resize_restarts);
    let takes_away = containers.iter().any(Sized::shrinks);
    let rule = "before Kubernetes 1.34 the API server lowers a memory limit of a running pod only if the container's \
                resizePolicy for memory is RestartContainer";
    containers.iter().filter(|c| !restarted(c.name)).find_map(|c| {
        let (from, to) = (c.from.memory_limit?, c.to.memory_limit?);
        let amounts = format!("from {} to {}", sizes::memory(from), sizes::memory(to));
        let of = format!("limits.memory of container {} in pod {pod}", c.name);
        match to.cmp(&from) {
            Ordering::Less => blocked(
                "MemoryLimitCannotBeLowered",
                format!(
                    "{of} would be lowered {amounts}, and {rule}: keep the limit (sizing.memory.limit: Keep in the \
                     policy), set that resizePolicy, {BY_HAND}, or upgrade Kubernetes"
                ),
            ),
            Ordering::Greater if takes_away && !input.approved_by_person => blocked(
                CANNOT_BE_UNDONE,
                format!(
                    "{of} would be raised {amounts} and other amounts of the pod lowered, and none of it could be \
                     undone, because {rule}: a person may approve that; or set that resizePolicy, {BY_HAND}, or \
                     upgrade Kubernetes"
                ),
            ),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use trimtab_core::WorkloadKind::{CronJob, Deployment};
    use trimtab_world::row::ContainerKind;

    use super::*;
    use crate::{
        PodResize::{Absent, Full, KeepsMemoryLimits},
        testkit::{Scene, asked, size},
    };

    #[test]
    fn closed_where_an_amount_comes_or_goes_in_a_running_pod() {
        for (kind, pod_resize, from, to, expected) in [
            (Deployment, Full, ("500m/1", "512Mi/1Gi"), ("1m/2", "1Mi/2Gi"), None),
            (Deployment, Full, ("500m/", "512Mi/"), ("250m/", "256Mi/"), None),
            (Deployment, Full, ("500m/1", "512Mi/1Gi"), ("250m/", "512Mi/1Gi"), Some("CannotBeRemoved")),
            (Deployment, Full, ("500m/1", "512Mi/1Gi"), ("250m/1", "512Mi/"), Some("CannotBeRemoved")),
            (Deployment, Full, ("500m/", "512Mi/1Gi"), ("/", "512Mi/1Gi"), Some("CannotBeRemoved")),
            (Deployment, Full, ("500m/", "512Mi/1Gi"), ("500m/1", "512Mi/1Gi"), Some("CannotBeUndone")),
            (Deployment, Full, ("500m/", "/"), ("500m/", "64Mi/"), Some("CannotBeUndone")),
            // An omitted request defaults to the limit, so it is set.
            (Deployment, Full, ("500m/1", "512Mi/1Gi"), ("/1", "/1Gi"), None),
            // New pods may have anything.
            (Deployment, Absent, ("500m/1", "512Mi/1Gi"), ("250m/", "256Mi/"), None),
            (CronJob, Full, ("500m/", "512Mi/"), ("250m/1", "256Mi/"), None),
        ] {
            let mut scene = Scene::new().of_kind(kind);
            scene.pod_resize = pod_resize;
            scene.resize("app", from.0, from.1);
            scene.proposal = vec![size("app", to.0, to.1)];
            let found = asked(&GATE, &scene).map(|(reason, _)| reason);
            assert_eq!(found.as_deref(), expected, "{kind} {from:?} {to:?}");
        }
    }

    #[test]
    fn closed_where_an_old_server_lowers_no_memory_limit() {
        const LOWERED: Option<&str> = Some("MemoryLimitCannotBeLowered");
        // What the pods have is 500m/1 and 512Mi/1Gi.
        for (kind, pod_resize, restarts, to, expected) in [
            (Deployment, KeepsMemoryLimits, false, ("500m/1", "256Mi/512Mi"), LOWERED),
            (Deployment, KeepsMemoryLimits, false, ("1/2", "512Mi/1023Mi"), LOWERED),
            (Deployment, Full, false, ("500m/1", "256Mi/512Mi"), None),
            (Deployment, Absent, false, ("500m/1", "256Mi/512Mi"), None),
            (Deployment, KeepsMemoryLimits, true, ("500m/1", "256Mi/512Mi"), None),
            // Requests and the CPU limit can be lowered.
            (Deployment, KeepsMemoryLimits, false, ("250m/500m", "256Mi/1Gi"), None),
            // Pods that come and go by themselves are not resized.
            (CronJob, KeepsMemoryLimits, false, ("500m/1", "256Mi/512Mi"), None),
        ] {
            let mut scene = Scene::new().of_kind(kind);
            // A person's approval changes nothing about what the server refuses.
            (scene.pod_resize, scene.approved_by_person) = (pod_resize, true);
            scene.template().containers[0].memory_resize_restarts = restarts;
            scene.proposal = vec![size("app", to.0, to.1)];
            let found = asked(&GATE, &scene).map(|(reason, _)| reason);
            assert_eq!(found.as_deref(), expected, "{kind} {pod_resize:?} {restarts} {to:?}");
        }
    }

    #[test]
    fn the_limit_the_rule_and_the_ways_out_are_named() {
        let mut scene = Scene::new();
        scene.pod_resize = KeepsMemoryLimits;
        scene.add_container("proxy", ContainerKind::Sidecar, "50m/", "64Mi/128Mi");
        scene.template().containers[0].memory_resize_restarts = true;
        scene.proposal = vec![size("app", "500m/1", "256Mi/512Mi"), size("proxy", "50m/", "32Mi/64Mi")];
        let message = asked(&GATE, &scene).map(|(_, message)| message).unwrap_or_default();
        for part in [
            "limits.memory of container proxy in pod web-0 would be lowered from 128Mi to 64Mi",
            "before Kubernetes 1.34",
            "sizing.memory.limit: Keep",
            "resizePolicy for memory is RestartContainer",
            "status.patch by hand",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }

    #[test]
    fn a_memory_limit_that_only_a_restart_lowers_again_rises_with_nothing_else_lost() {
        const UNDONE: Option<&str> = Some("CannotBeUndone");
        for (pod_resize, restarts, by_person, to, expected) in [
            (KeepsMemoryLimits, false, false, ("500m/1", "512Mi/2Gi"), None),
            (KeepsMemoryLimits, false, false, ("1/2", "1Gi/2Gi"), None),
            (KeepsMemoryLimits, false, false, ("250m/1", "512Mi/2Gi"), UNDONE),
            (KeepsMemoryLimits, false, false, ("500m/500m", "512Mi/2Gi"), UNDONE),
            (KeepsMemoryLimits, false, true, ("250m/1", "512Mi/2Gi"), None),
            (KeepsMemoryLimits, true, false, ("250m/1", "512Mi/2Gi"), None),
            (Full, false, false, ("250m/1", "512Mi/2Gi"), None),
        ] {
            let mut scene = Scene::new();
            (scene.pod_resize, scene.approved_by_person) = (pod_resize, by_person);
            scene.template().containers[0].memory_resize_restarts = restarts;
            scene.proposal = vec![size("app", to.0, to.1)];
            let found = asked(&GATE, &scene);
            let reason = found.as_ref().map(|(reason, _)| reason.as_str());
            assert_eq!(reason, expected, "{pod_resize:?} {restarts} person={by_person} {to:?}");
            if let Some((_, message)) = &found {
                let said = message.contains("raised from 1Gi to 2Gi") && message.contains("a person may approve");
                assert!(said, "{message}");
            }
        }
    }
}
