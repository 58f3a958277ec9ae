//! Whether all kinds that the other gates depend on can be watched.

use trimtab_rollout::gate::{Blocked, Gate, Reason, blocked};

use crate::input::{Input, Surroundings};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "World",
    reasons: &[Reason {
        word: "WorldIncomplete",
        when: "a kind that the gates need cannot be watched",
        opens: "giving Trimtab the permission to list and watch it",
    }],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    if input.unknown_kinds.is_empty() {
        return None;
    }
    let kinds = input.unknown_kinds.join(", ");
    let why = "so what they forbid is not known: give Trimtab the permission to list and watch them";
    blocked("WorldIncomplete", format!("{kinds} objects cannot be watched, {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked};

    #[test]
    fn closed_while_a_kind_is_unknown() {
        let mut scene = Scene::new();
        assert_eq!(asked(&GATE, &scene), None);
        scene.unknown_kinds = &["PodDisruptionBudget", "LimitRange"];
        let (reason, message) = asked(&GATE, &scene).unwrap_or_default();
        assert_eq!(reason, "WorldIncomplete");
        assert!(message.starts_with("PodDisruptionBudget, LimitRange objects cannot be watched"), "{message}");
    }
}
