//! Whether a VerticalPodAutoscaler sizes the same pods: two writers of the same requests undo each other's work.

use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::input::{Input, Surroundings};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "VerticalAutoscaler",
    reasons: &[Reason {
        word: "ManagedByVpa",
        when: "a VerticalPodAutoscaler with an `updateMode` other than `Off` has the workload as its target",
        opens: "`updateMode: \"Off\"` on that VPA, or deleting it",
    }],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let vpa = input.vpas.iter().find(|vpa| vpa.writes())?;
    let (name, mode, target) = (&vpa.name, &vpa.update_mode, input.common.target_name());
    blocked(
        "ManagedByVpa",
        format!(
            "VerticalPodAutoscaler {name} writes the requests of the pods of {target} (updateMode {mode}), and two would \
             undo each other's work: set its updateMode to Off, or delete it"
        ),
    )
}

#[cfg(test)]
mod tests {
    use trimtab_world::row::VpaMode;

    use super::*;
    use crate::testkit::{Scene, asked, vpa};

    #[test]
    fn closed_while_another_writes_requests() {
        for (mode, cpu, memory, expected) in [
            (VpaMode::Always, true, true, true),
            (VpaMode::Initial, false, true, true),
            (VpaMode::Off, true, true, false),
            (VpaMode::Always, false, false, false),
        ] {
            let mut scene = Scene::new();
            scene.vpas = vec![vpa(mode, cpu, memory)];
            let found = asked(&GATE, &scene);
            assert_eq!(found.is_some(), expected, "{mode:?} {found:?}");
        }
        assert_eq!(asked(&GATE, &Scene::new()), None);
    }
}
