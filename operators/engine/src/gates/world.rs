//! Whether all kinds that the other gates depend on can be watched.

use crate::{
    gate::{Blocked, Gate, Reason, blocked},
    input::{Common, General},
};

/// The gate.
pub const fn gate<I: General>() -> Gate<I> {
    Gate {
        name: "World",
        reasons: &[Reason {
            word: "WorldIncomplete",
            when: "a kind that the gates need cannot be watched",
            opens: "giving Trimtab the permission to list and watch it",
        }],
        check: |input| check(&I::common(input)),
    }
}

fn check(common: &Common<'_>) -> Option<Blocked> {
    if common.unknown_kinds.is_empty() {
        return None;
    }
    let kinds = common.unknown_kinds.join(", ");
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
        assert_eq!(asked(&gate(), &scene), None);
        scene.unknown_kinds = &["PodDisruptionBudget", "LimitRange"];
        let (reason, message) = asked(&gate(), &scene).unwrap_or_default();
        assert_eq!(reason, "WorldIncomplete");
        assert!(message.starts_with("PodDisruptionBudget, LimitRange objects cannot be watched"), "{message}");
    }
}
