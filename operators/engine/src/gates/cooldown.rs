//! Whether the workload has been left alone long enough since its last change.

use jiff::SignedDuration;

use crate::{
    gate::{Blocked, Gate, Reason, blocked},
    input::{Common, General},
};

/// The gate.
pub const fn gate<I: General>() -> Gate<I> {
    Gate {
        name: "Cooldown",
        reasons: &[Reason {
            word: "CoolingDown",
            when: "the workload's last rollout ended less than `limits.cooldown` ago",
            opens: "the time that the message names",
        }],
        check: |input| check(&I::common(input)),
    }
}

fn check(common: &Common<'_>) -> Option<Blocked> {
    let ended = common.last_ended?;
    let until = ended.checked_add(SignedDuration::from_secs(common.limits.cooldown_s)).ok()?;
    if common.now >= until {
        return None;
    }
    blocked(
        "CoolingDown",
        format!(
            "the last change of {} ended at {ended}; it is left alone until {until} (limits.cooldown)",
            common.target_name()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, ago, asked};

    #[test]
    fn closed_until_the_cooldown_is_over() {
        for (since, expected) in [(None, false), (Some(0), true), (Some(86_399), true), (Some(86_400), false)] {
            let mut scene = Scene::new();
            scene.last_ended = since.map(ago);
            assert_eq!(asked(&gate(), &scene).is_some(), expected, "{since:?}");
        }
        let mut scene = Scene::new();
        (scene.last_ended, scene.limits.cooldown_s) = (Some(ago(0)), 0);
        assert_eq!(asked(&gate(), &scene), None);
    }
}
