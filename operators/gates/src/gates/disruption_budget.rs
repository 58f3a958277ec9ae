//! Whether the disruption budgets of the pods allow the disruptions that the change needs.

use trimtab_api::delivery::DeliveryMode;
use trimtab_core::text::{count, part, verb};
use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    gates::resize_policy,
    input::{Input, Surroundings},
    sizes,
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "DisruptionBudget",
    reasons: &[
        Reason {
            word: "FewerHealthyThanDesired",
            when: "fewer pods are healthy than a PodDisruptionBudget requires, unless the change only gives more and \
                   disturbs no pod",
            opens: "its pods becoming ready",
        },
        Reason {
            word: "SeveralDisruptionBudgets",
            when: "the change needs a restart or new pods, and more than one PodDisruptionBudget guards the pods: Kubernetes \
                   evicts none of them",
            opens: "one budget for these pods",
        },
        Reason {
            word: "NoDisruptionsAllowed",
            when: "the change needs a restart or new pods, and the PodDisruptionBudget allows no disruption now",
            opens: "room in the budget: more replicas, or pods that are ready again",
        },
    ],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let disruption = disruption(input);
    let harmless = disruption.is_none() && !sizes::shapes(input).iter().flatten().any(sizes::Sized::shrinks);
    if let Some(pdb) = input.pdbs.iter().find(|p| p.current_healthy < p.desired_healthy).filter(|_| !harmless) {
        let (name, healthy, desired) = (&pdb.name, pdb.current_healthy, pdb.desired_healthy);
        let pods = count(desired, "healthy pod");
        let what = format!("PodDisruptionBudget {name} requires {pods} and has {healthy}");
        return blocked("FewerHealthyThanDesired", what + ": waiting until its pods are ready");
    }
    let why = disruption?;
    if let [first, second, ..] = input.pdbs {
        let what = format!("PodDisruptionBudgets {} and {} guard the same pods", first.name, second.name);
        return blocked(
            "SeveralDisruptionBudgets",
            format!("{what}, of which Kubernetes evicts none, and {why}: leave one budget for them"),
        );
    }
    let pdb = input.pdbs.iter().find(|p| p.disruptions_allowed == 0)?;
    blocked(
        "NoDisruptionsAllowed",
        format!(
            "{why}, and PodDisruptionBudget {} allows no disruption now: {} {} healthy, {} must be",
            pdb.name,
            part(pdb.current_healthy, pdb.expected_pods, "pod"),
            verb(pdb.expected_pods, "is", "are"),
            pdb.desired_healthy
        ),
    )
}

/// Why the change restarts or replaces pods, if it does. Evicting a pod that its node has no room for does not count:
/// an eviction checks the budget itself, and waits.
fn disruption(input: &Input<'_>) -> Option<String> {
    let kind = input.workload?.id.kind;
    if input.delivery() == Ok(DeliveryMode::Template) && !kind.runs_to_completion() {
        return Some("delivery by Template recreates all pods".to_owned());
    }
    let restarted = resize_policy::restarted(input);
    let first = restarted.first()?;
    Some(format!("the resizePolicy of container {first} requires a restart"))
}

#[cfg(test)]
mod tests {
    use trimtab_api::delivery::DeliveryMode::{Admission, Template};

    use super::*;
    use crate::testkit::{Scene, asked, pdb, size};

    #[test]
    fn what_only_gives_more_in_place_may_start_where_pods_are_not_healthy() {
        let mut scene = Scene::new();
        scene.pdbs = vec![pdb(0, 1, 2)];
        scene.proposal = vec![size("app", "500m/1", "600Mi/2Gi")];
        assert_eq!(asked(&GATE, &scene), None);
        scene.proposal = vec![size("app", "500m/1", "600Mi/1023Mi")];
        assert!(asked(&GATE, &scene).is_some());
        scene.proposal = vec![size("app", "500m/1", "600Mi/2Gi")];
        scene.rules.delivery = Template;
        assert!(asked(&GATE, &scene).is_some_and(|(reason, _)| reason == "FewerHealthyThanDesired"));
    }

    #[test]
    fn closed_without_room_where_pods_are_disturbed() {
        // Allowed, healthy, required.
        for (budgets, mode, restarts, expected) in [
            (vec![], Template, false, None),
            (vec![(1, 3, 2)], Template, true, None),
            (vec![(0, 3, 3)], Admission, false, None),
            (vec![(0, 3, 3)], Admission, true, Some("NoDisruptionsAllowed")),
            (vec![(0, 3, 3)], Template, false, Some("NoDisruptionsAllowed")),
            (vec![(0, 2, 3)], Admission, false, Some("FewerHealthyThanDesired")),
            (vec![(1, 3, 2), (1, 3, 2)], Admission, false, None),
            (vec![(1, 3, 2), (1, 3, 2)], Template, false, Some("SeveralDisruptionBudgets")),
            (vec![(1, 3, 2), (1, 3, 2)], Admission, true, Some("SeveralDisruptionBudgets")),
            (vec![(1, 3, 2), (0, 1, 2)], Admission, true, Some("FewerHealthyThanDesired")),
        ] {
            let mut scene = Scene::new();
            scene.rules.delivery = mode;
            scene.template().containers[0].cpu_resize_restarts = restarts;
            scene.pdbs = budgets.iter().map(|(allowed, healthy, desired)| pdb(*allowed, *healthy, *desired)).collect();
            let found = asked(&GATE, &scene).map(|(reason, _)| reason);
            assert_eq!(found.as_deref(), expected, "{budgets:?} {mode:?} restarts={restarts}");
        }
    }
}
