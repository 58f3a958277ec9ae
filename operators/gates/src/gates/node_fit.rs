//! Whether pods that grow in place fit on the nodes where they run.

use std::collections::BTreeMap;

use trimtab_api::{delivery::DeliveryMode, rollout_strategy::IfInfeasible};
use trimtab_world::row::PodRow;

use trimtab_core::text::{first_of, part, verb};
use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    input::{Input, NodeRoom, Surroundings},
    sizes::{self, Sized},
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "NodeFit",
    reasons: &[Reason {
        word: "NodesFull",
        when: "a pod that would grow has no room for it on its node, and `ifInfeasible` is `Undo`: the rollout would be undone, \
               and the proposal never retried. With `Evict`, and delivery by `Admission` or `Template`, such a pod \
               moves",
        opens: "room on the nodes, or `ifInfeasible: Evict`",
    }],
    check,
};

/// The most pods that the message names.
const SHOWN: usize = 3;

fn check(input: &Input<'_>) -> Option<Blocked> {
    let moves = input.rules.if_infeasible == IfInfeasible::Evict
        && matches!(input.delivery(), Ok(DeliveryMode::Admission | DeliveryMode::Template));
    if moves || !input.resizes_in_place() {
        return None;
    }
    let wanted = sizes::wanted(input.proposal).ok()?;
    let mut pods: Vec<&PodRow> = input.live().filter(|p| p.node.is_some()).collect();
    pods.sort_by(|a, b| a.name.cmp(&b.name));
    // What is left on each node once the previous pods have grown.
    let mut left: BTreeMap<&str, (u64, u64)> = input.nodes.iter().map(|n| (&*n.node.name, room(n))).collect();
    let (mut growing, mut stuck) = (0_usize, Vec::new());
    for pod in pods {
        let (cpu, memory) = growth(&sizes::of_pod(pod, &wanted));
        if cpu == 0 && memory == 0 {
            continue;
        }
        growing += 1;
        let node = pod.node.as_deref().unwrap_or("");
        match left.get_mut(node) {
            Some(room) if room.0 >= cpu && room.1 >= memory => *room = (room.0 - cpu, room.1 - memory),
            Some(room) => stuck.push(format!("{} on {node} ({})", pod.name, lacking((cpu, memory), *room))),
            None => stuck.push(format!("{} on {node} (that node is not known)", pod.name)),
        }
    }
    if stuck.is_empty() {
        return None;
    }
    let some = stuck.len();
    let all = part(some, growing, "pod");
    let do_not_fit = verb(growing, "does not fit on its node", "do not fit on their nodes");
    let named = first_of(&stuck, SHOWN);
    blocked(
        "NodesFull",
        format!(
            "{all} that would grow {do_not_fit}: {named}; make room, or let \
                 rolloutStrategy.ifInfeasible be Evict"
        ),
    )
}

/// What pods can still request on a node.
fn room(node: &NodeRoom) -> (u64, u64) {
    let has = node.node.allocatable;
    (has.cpu.saturating_sub(node.cpu_requested), has.memory.saturating_sub(node.memory_requested))
}

/// What a pod would request in addition.
fn growth(containers: &[Sized<'_>]) -> (u64, u64) {
    let (from, to) = (sizes::pod_total(containers, |c| c.from), sizes::pod_total(containers, |c| c.to));
    let more = |from: Option<u64>, to: Option<u64>| to.unwrap_or(0).saturating_sub(from.unwrap_or(0));
    (more(from.cpu_request, to.cpu_request), more(from.memory_request, to.memory_request))
}

fn lacking(need: (u64, u64), room: (u64, u64)) -> String {
    if need.0 > room.0 {
        format!("needs {} more CPU, {} is left", sizes::cpu(need.0), sizes::cpu(room.0))
    } else {
        format!("needs {} more memory, {} is left", sizes::memory(need.1), sizes::memory(room.1))
    }
}

#[cfg(test)]
mod tests {
    use trimtab_core::WorkloadKind;

    use super::*;
    use crate::{
        PodResize,
        testkit::{Scene, asked, node, size},
    };

    // Three pods of 500m and 512Mi, two of them on node-a, one on node-b.
    #[test]
    fn closed_where_a_pod_that_grows_would_be_stuck() {
        let mib = |n: u64| n << 20;
        for (cpu, memory, a, b, expected) in [
            ("600m/1", "512Mi/1Gi", (200, 0), (100, 0), None),
            ("600m/1", "512Mi/1Gi", (199, 0), (100, 0), Some("1 of 3 pods that would grow do not fit on")),
            ("600m/1", "512Mi/1Gi", (99, 0), (100, 0), Some("2 of 3 pods")),
            ("600m/1", "512Mi/1Gi", (0, 0), (0, 0), Some("3 of 3 pods")),
            ("500m/1", "513Mi/1Gi", (0, 2), (0, 1), None),
            ("500m/1", "513Mi/1Gi", (0, 2), (0, 0), Some("needs 1Mi more memory, 0 is left")),
            ("500m/1", "512Mi/1Gi", (0, 0), (0, 0), None),
            ("400m/1", "256Mi/1Gi", (0, 0), (0, 0), None),
            // Limits take no room.
            ("500m/2", "512Mi/4Gi", (0, 0), (0, 0), None),
        ] {
            let mut scene = Scene::new();
            scene.nodes = vec![node("node-a", a.0, mib(a.1)), node("node-b", b.0, mib(b.1))];
            scene.proposal = vec![size("app", cpu, memory)];
            let found = asked(&GATE, &scene).map(|(_, message)| message);
            match expected {
                None => assert_eq!(found, None, "{cpu} {memory} {a:?} {b:?}"),
                Some(part) => assert!(found.clone().is_some_and(|m| m.contains(part)), "{part}: {found:?}"),
            }
        }
    }

    #[test]
    fn open_where_pods_may_move_or_are_not_resized_and_closed_where_a_node_is_unknown() {
        let mut scene = Scene::new();
        scene.nodes.clear();
        scene.proposal = vec![size("app", "600m/1", "512Mi/1Gi")];
        assert!(asked(&GATE, &scene).is_some_and(|(_, m)| m.contains("that node is not known")));
        scene.pod_resize = PodResize::Absent;
        assert_eq!(asked(&GATE, &scene), None);
        scene.pod_resize = PodResize::Full;
        scene.rules.if_infeasible = IfInfeasible::Evict;
        assert_eq!(asked(&GATE, &scene), None);
        scene.rules.delivery = DeliveryMode::Manual;
        assert!(asked(&GATE, &scene).is_some(), "a pod that is evicted would come back with the former size");
        let mut scene = Scene::new().of_kind(WorkloadKind::CronJob);
        scene.nodes.clear();
        scene.proposal = vec![size("app", "600m/1", "512Mi/1Gi")];
        assert_eq!(asked(&GATE, &scene), None);
    }
}
