//! Whether the workload has been left alone long enough since its last change.

use jiff::SignedDuration;

use crate::{
    facts::Facts,
    gate::{Closing, Gate, Reason, closing},
};

pub(super) const GATE: Gate = Gate {
    name: "Cooldown",
    forward: false,
    reasons: &[Reason {
        word: "CoolingDown",
        when: "the workload's last rollout ended less than `limits.cooldown` ago",
        opens: "the time that the message names",
    }],
    question: ask,
};

fn ask(facts: &Facts<'_>) -> Option<Closing> {
    let ended = facts.past.ended?;
    let until = ended.checked_add(SignedDuration::from_secs(facts.rules.cooldown_s)).ok()?;
    if facts.now >= until {
        return None;
    }
    closing(
        "CoolingDown",
        format!(
            "the last change of {} ended at {ended}; it is left alone until {until} (limits.cooldown)",
            facts.target_name()
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
            scene.past.ended = since.map(ago);
            assert_eq!(asked(&GATE, &scene).is_some(), expected, "{since:?}");
        }
        let mut scene = Scene::new();
        (scene.past.ended, scene.rules.cooldown_s) = (Some(ago(0)), 0);
        assert_eq!(asked(&GATE, &scene), None);
    }
}
