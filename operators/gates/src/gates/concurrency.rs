//! Whether the policy allows one more concurrent rollout.

use trimtab_core::text::{count, verb};
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
            "{} {} in progress, and the policy allows {most} at a time: waiting for one to end \
             (limits.maxConcurrentRollouts)",
            count(under_way, "rollout"),
            verb(under_way, "is", "are")
        ),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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

    #[test]
    fn one_rollout_is_singular() {
        let said = |most: u32| {
            let mut scene = Scene::new();
            (scene.under_way, scene.rules.max_concurrent) = (most, most);
            asked(&GATE, &scene).unwrap().1
        };
        assert!(said(1).starts_with("1 rollout is in progress, and the policy allows 1 at a time: "), "{}", said(1));
        assert!(said(5).starts_with("5 rollouts are in progress, and the policy allows 5 at a time: "), "{}", said(5));
    }
}
