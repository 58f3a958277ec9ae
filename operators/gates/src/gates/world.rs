//! Whether all kinds can be watched that the other gates look at.

use crate::{
    facts::Facts,
    gate::{Closing, Gate, Reason, closing},
};

pub(super) const GATE: Gate = Gate {
    name: "World",
    forward: false,
    reasons: &[Reason {
        word: "WorldIncomplete",
        when: "a kind that gates look at cannot be watched",
        opens: "giving Trimtab the right to list and watch it",
    }],
    question: ask,
};

fn ask(facts: &Facts<'_>) -> Option<Closing> {
    if facts.unknown_kinds.is_empty() {
        return None;
    }
    let kinds = facts.unknown_kinds.join(", ");
    let why = "so what they forbid is not known: give Trimtab the right to list and watch them";
    closing("WorldIncomplete", format!("{kinds} objects cannot be watched, {why}"))
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
