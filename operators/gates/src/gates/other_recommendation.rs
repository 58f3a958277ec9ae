//! Whether another Recommendation holds the workload: one change at a time, and one size in force.

use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::input::{Input, Surroundings};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "OtherRecommendation",
    reasons: &[
        Reason {
            word: "AnotherUnderWay",
            when: "another Recommendation is changing the same workload",
            opens: "the end of that rollout",
        },
        Reason {
            word: "AnotherInForce",
            when: "the size of another Recommendation is in force for the same workload",
            opens: "deleting that one; or undoing it with `kubectl trimtab undo`, after which the back-off runs",
        },
    ],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let (name, under_way) = input.other?;
    let target = input.common.target_name();
    if under_way {
        let message = format!("Recommendation {name} is changing {target} now: waiting for it to end");
        return blocked("AnotherUnderWay", message);
    }
    blocked(
        "AnotherInForce",
        format!(
            "the size of Recommendation {name} is in force for {target}; delete that one, or undo it and wait for the \
             back-off: kubectl trimtab undo rec/{name}"
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
