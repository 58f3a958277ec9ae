//! Whether a VerticalPodAutoscaler sizes the same pods: two that write the same requests undo each other's work.

use crate::{
    facts::Facts,
    gate::{Closing, Gate, Reason, closing},
};

pub(super) const GATE: Gate = Gate {
    name: "VerticalAutoscaler",
    forward: false,
    reasons: &[Reason {
        word: "ManagedByVpa",
        when: "a VerticalPodAutoscaler with an `updateMode` other than `Off` has the workload as its target",
        opens: "`updateMode: \"Off\"` on that VPA, or deleting it",
    }],
    question: ask,
};

fn ask(facts: &Facts<'_>) -> Option<Closing> {
    let vpa = facts.vpas.iter().find(|vpa| vpa.writes())?;
    let (name, mode, target) = (&vpa.name, &vpa.update_mode, facts.target_name());
    closing(
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
