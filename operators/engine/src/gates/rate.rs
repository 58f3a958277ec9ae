//! Whether the policy allows one more rollout to begin within this hour.

use trimtab_core::text::count;

use crate::{
    gate::{Blocked, Gate, Reason, blocked},
    input::{Common, General},
};

/// The gate.
pub const fn gate<I: General>() -> Gate<I> {
    Gate {
        name: "Rate",
        reasons: &[Reason {
            word: "TooManyStarts",
            when: "as many rollouts of the policy started within the last hour as `limits.maxRolloutsPerHour` allows",
            opens: "an hour after one of them",
        }],
        check: |input| check(&I::common(input)),
    }
}

fn check(common: &Common<'_>) -> Option<Blocked> {
    let (started, most) = (common.started_last_hour, common.limits.max_per_hour);
    if started < most {
        return None;
    }
    blocked(
        "TooManyStarts",
        format!(
            "{} started within the last hour, and the policy allows {most}: waiting (limits.maxRolloutsPerHour)",
            count(started, common.run)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked};

    #[test]
    fn closed_at_the_limit() {
        for (started, expected) in [(0, false), (59, false), (60, true), (61, true)] {
            let mut scene = Scene::new();
            scene.started_last_hour = started;
            assert_eq!(asked(&gate(), &scene).is_some(), expected, "{started}");
        }
    }
}
