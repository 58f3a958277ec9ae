//! Whether the only pod of a workload would be restarted without a person's approval.

use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    input::{Input, Surroundings},
    sizes,
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "ResizePolicy",
    reasons: &[Reason {
        word: "WouldRestartSingleReplica",
        when: "a container's `resizePolicy` requires a restart, the workload has one replica, and the policy approved the change",
        opens: "a person's approval, or a second replica",
    }],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let workload = input.workload?;
    if input.approved_by_person || workload.desired > 1 {
        return None;
    }
    let restarted = restarted(input);
    let container = restarted.first()?;
    let what = format!(
        "the resizePolicy of container {container} requires a restart, and {} has one replica",
        input.common.target_name()
    );
    blocked("WouldRestartSingleReplica", what + ": it is unavailable while it restarts; a person may approve that")
}

/// The containers that a resize in place restarts, by their resizePolicy.
pub(super) fn restarted<'a>(input: &Input<'a>) -> Vec<&'a str> {
    let Some(workload) = input.workload.filter(|_| input.resizes_in_place()) else { return Vec::new() };
    let shapes = sizes::shapes(input);
    let changes = |name: &str| {
        let own = || shapes.iter().flatten().filter(|c| c.name == name);
        (own().any(sizes::Sized::cpu_changes), own().any(sizes::Sized::memory_changes))
    };
    workload
        .template
        .containers
        .iter()
        .filter(|t| {
            let (cpu, memory) = changes(&t.name);
            (t.cpu_resize_restarts && cpu) || (t.memory_resize_restarts && memory)
        })
        .map(|t| &*t.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use trimtab_core::WorkloadKind::{CronJob, Deployment};

    use super::*;
    use crate::{
        PodResize::{Absent, Full},
        testkit::{Scene, asked, size},
    };

    #[test]
    fn closed_where_the_only_replica_would_restart() {
        let cpu_only = || size("app", "250m/1", "512Mi/1Gi");
        for (kind, replicas, restarts, by_person, pod_resize, expected) in [
            (Deployment, 1, (true, false), false, Full, true),
            (Deployment, 2, (true, false), false, Full, false),
            (Deployment, 1, (true, false), true, Full, false),
            // Memory stays as it is, so its policy does not matter.
            (Deployment, 1, (false, true), false, Full, false),
            (Deployment, 1, (false, false), false, Full, false),
            (Deployment, 1, (true, false), false, Absent, false),
            (CronJob, 1, (true, false), false, Full, false),
        ] {
            let mut scene = Scene::new().of_kind(kind);
            scene.scale(replicas);
            let container = &mut scene.template().containers[0];
            (container.cpu_resize_restarts, container.memory_resize_restarts) = restarts;
            scene.proposal = vec![cpu_only()];
            (scene.approved_by_person, scene.pod_resize) = (by_person, pod_resize);
            let found = asked(&GATE, &scene).is_some();
            assert_eq!(found, expected, "{kind} {replicas} {restarts:?} person={by_person} {pod_resize:?}");
        }
    }
}
