//! Whether the workload has been left alone long enough since its last change.

use jiff::SignedDuration;

use trimtab_rollout::gate::{Blocked, Gate, Reason, blocked};

use crate::input::{Input, Surroundings};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Cooldown",
    reasons: &[Reason {
        word: "CoolingDown",
        when: "the workload's last rollout ended less than `limits.cooldown` ago",
        opens: "the time that the message names",
    }],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let ended = input.last_ended?;
    let until = ended.checked_add(SignedDuration::from_secs(input.rules.cooldown_s)).ok()?;
    if input.now >= until {
        return None;
    }
    blocked(
        "CoolingDown",
        format!(
            "the last change of {} ended at {ended}; it is left alone until {until} (limits.cooldown)",
            input.target_name()
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
            assert_eq!(asked(&GATE, &scene).is_some(), expected, "{since:?}");
        }
        let mut scene = Scene::new();
        (scene.last_ended, scene.rules.cooldown_s) = (Some(ago(0)), 0);
        assert_eq!(asked(&GATE, &scene), None);
    }
}
