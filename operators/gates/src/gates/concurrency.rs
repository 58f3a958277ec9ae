//! Whether the policy allows one more concurrent rollout.

use trimtab_rollout::gate::{Blocked, Gate, Reason, blocked};

use crate::input::{Input, Surroundings};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Concurrency",
    reasons: &[Reason {
        word: "TooManyRollouts",
        when: "as many rollouts of the policy are in progress as `limits.maxConcurrentRollouts` allows",
        opens: "the end of one of them",
    }],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let (under_way, most) = (input.under_way, input.rules.max_concurrent);
    if under_way < most {
        return None;
    }
    blocked(
        "TooManyRollouts",
        format!(
            "{under_way} of {most} rollouts are in progress: waiting for one to end (limits.maxConcurrentRollouts)"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked};

    #[test]
    fn closed_at_the_limit() {
        for (under_way, expected) in [(0, false), (4, false), (5, true), (6, true)] {
            let mut scene = Scene::new();
            scene.under_way = under_way;
            assert_eq!(asked(&GATE, &scene).is_some(), expected, "{under_way}");
        }
    }
}
