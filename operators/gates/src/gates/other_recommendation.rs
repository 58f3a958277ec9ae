//! Whether another Recommendation is at the workload: one change at a time, and one size in force.

use crate::{
    facts::Facts,
    gate::{Closing, Gate, Reason, closing},
};

pub(super) const GATE: Gate = Gate {
    name: "OtherRecommendation",
    forward: false,
    reasons: &[
        Reason {
            word: "AnotherUnderWay",
            when: "another Recommendation changes the same workload",
            opens: "the end of that rollout",
        },
        Reason {
            word: "AnotherInForce",
            when: "the size of another Recommendation is in force for the same workload",
            opens: "undoing that one, with `kubectl trimtab undo` or by deleting it",
        },
    ],
    question: ask,
};

fn ask(facts: &Facts<'_>) -> Option<Closing> {
    let (name, under_way) = facts.other?;
    let target = facts.target_name();
    if under_way {
        let message = format!("Recommendation {name} changes {target} at this moment: this waits for the end of that");
        return closing("AnotherUnderWay", message);
    }
    closing(
        "AnotherInForce",
        format!(
            "the size of Recommendation {name} is in force for {target}: have it undone first (kubectl trimtab undo rec/{name})"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked};

    #[test]
    fn closed_while_another_is_there() {
        for (other, expected) in [
            (None, None),
            (Some(("mine", true)), Some("AnotherUnderWay")),
            (Some(("mine", false)), Some("AnotherInForce")),
        ] {
            let mut scene = Scene::new();
            scene.other = other;
            assert_eq!(asked(&GATE, &scene).map(|(reason, _)| reason).as_deref(), expected, "{other:?}");
        }
    }
}
