//! Whether the policy allows one more concurrent rollout.

use trimtab_core::text::{count, verb};

use crate::{
    gate::{Blocked, Gate, Reason, blocked},
    input::{Common, General},
};

/// The gate.
pub const fn gate<I: General>() -> Gate<I> {
    Gate {
        name: "Concurrency",
        reasons: &[Reason {
            word: "TooManyRollouts",
            when: "as many rollouts of the policy are in progress as `limits.maxConcurrentRollouts` allows",
            opens: "the end of one of them",
        }],
        check: |input| check(&I::common(input)),
    }
}

fn check(common: &Common<'_>) -> Option<Blocked> {
    let (under_way, most) = (common.under_way, common.limits.max_concurrent);
    if under_way < most {
        return None;
    }
    blocked(
        "TooManyRollouts",
        format!(
            "{} {} in progress, and the policy allows {most} at a time: waiting for one to end \
             (limits.maxConcurrentRollouts)",
            count(under_way, common.run),
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
            assert_eq!(asked(&gate(), &scene).is_some(), expected, "{under_way}");
        }
    }

    #[test]
    fn one_rollout_is_singular() {
        let said = |most: u32| {
            let mut scene = Scene::new();
            (scene.under_way, scene.limits.max_concurrent) = (most, most);
            asked(&gate(), &scene).unwrap().1
        };
        assert!(said(1).starts_with("1 rollout is in progress, and the policy allows 1 at a time: "), "{}", said(1));
        assert!(said(5).starts_with("5 rollouts are in progress, and the policy allows 5 at a time: "), "{}", said(5));
    }
}
